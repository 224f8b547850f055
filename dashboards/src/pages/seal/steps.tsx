/** The seven steps, each with how it came out, what was found, and what it was checked on. */
import type { SealStep } from "../../../../protocol/audit/seal.ts";
import type { Viewed } from "../../../../publication/view.ts";
import { useLanguage, useSay } from "../../language.ts";
import { StepMark } from "../../parts/step-marks.tsx";
import type { FoundFigure, ShownSeal } from "../../proof/messages.ts";
import { RULE_WORDS, STEP_NAMES } from "../../proof/words.ts";
import { StepEvidence } from "./evidence.tsx";
import { SAY } from "./step-words.ts";

type Of = {
  readonly seal: ShownSeal;
  readonly figure: FoundFigure | null;
  readonly view: Viewed | null;
};

const TONES = { holds: "w-ok", "by digest": "w-un", fails: "w-bad", "not reached": "w-un" } as const;

/** What does not hold, in the words of whoever looks for it. */
function Findings({ findings }: Pick<SealStep, "findings">) {
  const say = useSay(SAY);
  return (
    <details>
      <summary>{say.found}</summary>
      <ul class="small mono" lang="en">
        {findings.slice(0, 50).map((finding, at) => (
          <li key={at}>
            {say.where(finding.log, finding.leaf)}: {finding.rule}: {finding.says}
          </li>
        ))}
      </ul>
    </details>
  );
}

function Step({
  step,
  index,
  seal: { evidence },
  ...beside
}: Of & { readonly step: SealStep; readonly index: number }) {
  const say = useSay(SAY);
  const language = useLanguage();
  const { name, state, findings } = step;
  const word = { holds: say.holds, "by digest": say.digest, fails: say.fails, "not reached": say.unread }[
    state
  ];
  return (
    <li class="step" data-step={name} data-state={state}>
      <StepMark state={state} />
      <div class="sb">
        <div class="sh">
          <h3>
            {index + 1}. {STEP_NAMES[language][name]}
          </h3>
          <span class={TONES[state]}>{word}</span>
        </div>
        {[...new Set(findings.map(({ rule }) => rule))].map((rule) => (
          <p key={rule}>
            <strong>{RULE_WORDS[language][rule]}</strong>
          </p>
        ))}
        {evidence !== null && state !== "not reached" && (
          <StepEvidence step={step} evidence={evidence} {...beside} />
        )}
        {findings.length > 0 && <Findings findings={findings} />}
      </div>
    </li>
  );
}

export function Steps(of: Of) {
  return (
    <ol class="steps">
      {of.seal.steps.map((step, index) => (
        <Step key={step.name} step={step} index={index} {...of} />
      ))}
    </ol>
  );
}
