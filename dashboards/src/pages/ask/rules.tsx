/** Who must approve a question, by the directory's rules, and how long there is to answer. */
import type { Federation } from "../../../../protocol/federation/directory.ts";
import { rulesFor, ruleWords } from "../../../../protocol/question/approval.ts";
import { listed, upper, useLanguage, useSay } from "../../language.ts";
import { Definitions } from "../../parts/definitions.tsx";

const SAY = {
  sv: {
    approvals: "Godkänns av",
    more: "Den som frågar räknas inte. Varje region kan kräva mer.",
    answer: "Svarstid",
    hours: (n: number) => `${n} timmar`,
  },
  en: {
    approvals: "Approved by",
    more: "Whoever asks is not counted. Each region may ask for more.",
    answer: "Time to answer",
    hours: (n: number) => `${n} hours`,
  },
};

/** How long approvers and regions have, from when it is signed at a desk. */
const HOURS = 24;

export function Rules({
  federation,
  draft,
}: {
  readonly federation: Federation;
  readonly draft: { readonly dataset: string };
}) {
  const say = useSay(SAY);
  const language = useLanguage();
  const rules = rulesFor(draft, federation.directory.approvalRules);
  return (
    <Definitions
      rows={[
        [
          say.approvals,
          `${upper(
            listed(
              rules.map((rule) => ruleWords(rule, language)),
              language,
            ),
          )}. ${say.more}`,
        ],
        [say.answer, say.hours(HOURS)],
      ]}
    />
  );
}
