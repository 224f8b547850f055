/** The seven steps, each with what was checked and the bytes it was checked on. */
import type { ComponentChildren } from "preact";
import type { SealStep } from "../../../../protocol/audit/seal.ts";
import type { Viewed } from "../../../../publication/view.ts";
import { clock, day, figure, fraction, listed, number, range, useLanguage, useSay } from "../../language.ts";
import { Squares, StepMark } from "../../parts/step-marks.tsx";
import type { FoundFigure, ShownSeal } from "../../proof/messages.ts";
import { RULE_WORDS, STEP_NAMES } from "../../proof/words.ts";
import { SAY } from "./step-words.ts";

const pretty = (text: string): string => {
  try {
    return JSON.stringify(JSON.parse(text), null, 1);
  } catch {
    return text;
  }
};

/** A question of many measures is read when one asks for it. */
const LONG = 400;

/** From this many characters on a document is cut: the proofs can be downloaded whole. */
const MOST = 20_000;

function Document({
  id,
  place,
  payload,
  envelope,
}: {
  readonly id: string;
  readonly place: number;
  readonly payload: string;
  readonly envelope: {
    readonly payloadType: string;
    readonly signatures: ReadonlyArray<{ readonly keyid: string; readonly sig: string }>;
  };
}) {
  const say = useSay(SAY);
  return (
    <pre class="block" tabIndex={0}>
      {`payloadType ${envelope.payloadType}\n${say.id} ${id}\n${say.row} ${place}\n${envelope.signatures.map(({ keyid, sig }) => `${keyid} ${sig}`).join("\n")}\n\n${pretty(payload).slice(0, MOST)}`}
    </pre>
  );
}

export function Steps({
  seal,
  figure: found,
  view,
}: {
  readonly seal: ShownSeal;
  readonly figure: FoundFigure | null;
  readonly view: Viewed | null;
}) {
  const say = useSay(SAY);
  const language = useLanguage();
  const { evidence } = seal;
  const name = (code: string) => evidence?.regions.find((each) => each.code === code)?.name ?? code;
  const at = (time: number | string) => `${day(time, language)} ${clock(time, language)}`;
  const body = ({ name: step, state }: SealStep): ComponentChildren => {
    if (evidence === null || state === "not reached") return null;
    const { documents, planned, release, charges, inclusion, cosigned, least } = evidence;
    const survivors = release.national?.survivors ?? [];
    const answered = new Map([
      ...survivors.map(({ region, masked }) => [region, masked] as const),
      ...release.answers.map(({ region, hash }) => [region, hash] as const),
    ]);
    const of = answered.size + release.missing.length;
    switch (step) {
      case "question":
        return (
          <>
            <p>{say.asked(evidence.query.requester)}</p>
            {planned.words[language].length < LONG ? (
              <blockquote class="say q">{planned.words[language]}</blockquote>
            ) : (
              <>
                <p class="say given">{evidence.query.title}</p>
                <details>
                  <summary>{say.words}</summary>
                  <blockquote class="say q">{planned.words[language]}</blockquote>
                </details>
              </>
            )}
            <details>
              <summary>{say.document(new TextEncoder().encode(documents.query.payload).length)}</summary>
              <Document {...documents.query} />
            </details>
          </>
        );
      case "approvals":
        return (
          <>
            <p>
              {say.approvals(
                documents.approvals.length,
                listed(
                  documents.approvals.map(({ approval }) => approval.role),
                  language,
                ),
              )}
            </p>
            {documents.approvals.some(({ approval }) => approval.conditions.length > 0) && (
              <p>
                {say.conditions}:{" "}
                {documents.approvals.flatMap(({ approval }) => approval.conditions).join("; ")}
              </p>
            )}
            <details>
              <summary>{say.documents(documents.approvals.length)}</summary>
              {documents.approvals.map((each) => (
                <Document key={each.id} {...each} />
              ))}
            </details>
          </>
        );
      case "cost":
        return (
          <>
            <p>{say.cost(fraction(planned.rho, language), number(planned.epsilon, 2, language))}</p>
            <details>
              <summary>{say.plan(number(planned.cells, 0, language))}</summary>
              <pre class="block" tabIndex={0}>
                {`rho ${planned.rho}\n${say.budget} ${planned.budget}\nepsilon ${planned.epsilon.toFixed(3)} (delta ${planned.delta})\n${say.cells} ${planned.cells}\n${say.integers} ${planned.integers}\n${planned.vectors
                  .map(({ id, variance }) => `sigma² ${variance}  ${id}`)
                  .join("\n")
                  .slice(0, MOST)}`}
              </pre>
            </details>
            <details>
              <summary>{say.charges}</summary>
              <div class="scroll" tabIndex={0}>
                <table>
                  <thead>
                    <tr>
                      <th scope="col">{say.region}</th>
                      <th scope="col">{say.charge}</th>
                      <th scope="col">{say.spent}</th>
                      <th scope="col">{say.time}</th>
                    </tr>
                  </thead>
                  <tbody>
                    {charges.map(({ region, charge, spent, time }) => (
                      <tr key={region}>
                        <th scope="row">{name(region)}</th>
                        <td>{fraction(charge, language)}</td>
                        <td>{fraction(spent, language)}</td>
                        <td>{at(time)}</td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </div>
            </details>
          </>
        );
      case "answers":
        return (
          <>
            <p>
              {say.answers(answered.size, of)}{" "}
              {release.missing.length > 0 &&
                say.missing(
                  listed(
                    release.missing.map(({ region }) => name(region)),
                    language,
                  ),
                )}
            </p>
            <div class="scroll" tabIndex={0}>
              <Squares done={answered.size} of={of} needed={null} />
            </div>
            <details>
              <summary>{say.digests(answered.size)}</summary>
              <div class="scroll" tabIndex={0}>
                <table>
                  <thead>
                    <tr>
                      <th scope="col">{say.region}</th>
                      <th scope="col">{say.digestOf}</th>
                    </tr>
                  </thead>
                  <tbody>
                    {[...answered].map(([region, hash]) => (
                      <tr key={region}>
                        <th scope="row">{name(region)}</th>
                        <td class="mono">{hash}</td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </div>
            </details>
          </>
        );
      case "sum":
        return (
          <>
            <p>{state === "fails" ? say.sumFails : state === "by digest" ? say.sumDigest : say.sum}</p>
            <dl class="def">
              <div>
                <dt>{say.published}</dt>
                <dd class="mono">{release.cells.hash}</dd>
              </div>
              {state !== "fails" && (
                <div>
                  <dt>{say.here}</dt>
                  <dd class="mono">{release.cells.hash}</dd>
                </div>
              )}
              {found !== null &&
                view !== null &&
                found.value !== null &&
                found.low !== null &&
                found.high !== null &&
                view.indicator.produced.per === undefined && (
                  <div>
                    <dt>{say.onPage}</dt>
                    <dd>
                      <strong>{figure(view.indicator, found.value, language)}</strong>{" "}
                      {range(view.indicator, found.low, found.high, language)}
                    </dd>
                  </div>
                )}
            </dl>
          </>
        );
      case "log":
        return (
          <>
            <p>{say.log(number(inclusion.index, 0, language), number(inclusion.size, 0, language))}</p>
            <details>
              <summary>{say.proof(inclusion.proof.length)}</summary>
              <pre class="block" tabIndex={0}>
                {`${say.row} ${inclusion.index} / ${inclusion.size}\n${say.root} ${inclusion.root}\n${inclusion.proof.map((hash, level) => `${level} ${hash}`).join("\n")}`}
              </pre>
            </details>
          </>
        );
      case "cosignatures":
        return (
          <>
            <p>{say.cosigned(cosigned.length, least)}</p>
            <div class="scroll" tabIndex={0}>
              <Squares done={cosigned.length} of={evidence.regions.length} needed={least} />
            </div>
            <p class="xs quiet">{say.line(cosigned.length, evidence.regions.length, least)}</p>
            <details>
              <summary>{say.cosignatures(cosigned.length)}</summary>
              <ul class="list small">
                {cosigned.map(({ region, time }) => (
                  <li key={region}>
                    {name(region)} <span class="quiet">{at(time * 1000)}</span>
                  </li>
                ))}
              </ul>
            </details>
            <details>
              <summary>{say.checkpoint}</summary>
              <pre class="block" tabIndex={0}>
                {evidence.checkpoint}
              </pre>
            </details>
          </>
        );
    }
  };
  return (
    <ol class="steps">
      {seal.steps.map((step, index) => {
        const word = {
          holds: say.holds,
          "by digest": say.digest,
          fails: say.fails,
          "not reached": say.unread,
        }[step.state];
        const tone = { holds: "w-ok", "by digest": "w-un", fails: "w-bad", "not reached": "w-un" }[
          step.state
        ];
        const rules = [...new Set(step.findings.map(({ rule }) => rule))];
        return (
          <li key={step.name} class="step" data-step={step.name} data-state={step.state}>
            <StepMark state={step.state} />
            <div class="sb">
              <div class="sh">
                <h3>
                  {index + 1}. {STEP_NAMES[language][step.name]}
                </h3>
                <span class={tone}>{word}</span>
              </div>
              {rules.map((rule) => (
                <p key={rule}>
                  <strong>{RULE_WORDS[language][rule]}</strong>
                </p>
              ))}
              {body(step)}
              {step.findings.length > 0 && (
                <details>
                  <summary>{say.found}</summary>
                  <ul class="small mono" lang="en">
                    {step.findings.slice(0, 50).map((finding, at_) => (
                      <li key={at_}>
                        {say.where(finding.log, finding.leaf)}: {finding.rule}: {finding.says}
                      </li>
                    ))}
                  </ul>
                </details>
              )}
            </div>
          </li>
        );
      })}
    </ol>
  );
}
