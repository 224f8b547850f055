/** What each step of a seal was checked on, in a sentence and down to the bytes. */
import type { SealStep } from "../../../../protocol/audit/seal.ts";
import type { Viewed } from "../../../../publication/view.ts";
import { figure, fraction, listed, moment, number, range, useLanguage, useSay } from "../../language.ts";
import { Squares } from "../../parts/step-marks.tsx";
import { ScrolledTable } from "../../parts/table.tsx";
import type { FoundFigure, ShownSeal } from "../../proof/messages.ts";
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

type Evidence = NonNullable<ShownSeal["evidence"]>;
type Of = { readonly evidence: Evidence };

const nameIn = ({ regions }: Evidence, code: string): string =>
  regions.find((each) => each.code === code)?.name ?? code;

/** What was asked, and by whom. */
function Question({ evidence: { query, planned, documents } }: Of) {
  const say = useSay(SAY);
  const language = useLanguage();
  const words = <blockquote class="say q">{planned.words[language]}</blockquote>;
  return (
    <>
      <p>{say.asked(query.requester)}</p>
      {planned.words[language].length < LONG ? (
        words
      ) : (
        <>
          <p class="say given">{query.title}</p>
          <details>
            <summary>{say.words}</summary>
            {words}
          </details>
        </>
      )}
      <details>
        <summary>{say.document(new TextEncoder().encode(documents.query.payload).length)}</summary>
        <Document {...documents.query} />
      </details>
    </>
  );
}

/** Who approved it, in which roles, on what conditions. */
function Approvals({ evidence: { documents } }: Of) {
  const say = useSay(SAY);
  const language = useLanguage();
  const { approvals } = documents;
  const roles = approvals.map(({ approval }) => approval.role);
  const conditions = approvals.flatMap(({ approval }) => approval.conditions);
  return (
    <>
      <p>{say.approvals(approvals.length, listed(roles, language))}</p>
      {conditions.length > 0 && (
        <p>
          {say.conditions}: {conditions.join("; ")}
        </p>
      )}
      <details>
        <summary>{say.documents(approvals.length)}</summary>
        {approvals.map((each) => (
          <Document key={each.id} {...each} />
        ))}
      </details>
    </>
  );
}

/** What it cost, by which plan, and what each region charged. */
function Cost({ evidence }: Of) {
  const say = useSay(SAY);
  const language = useLanguage();
  const { planned, charges } = evidence;
  const vectors = planned.vectors.map(({ id, variance }) => `sigma² ${variance}  ${id}`).join("\n");
  return (
    <>
      <p>{say.cost(fraction(planned.rho, language), number(planned.epsilon, 2, language))}</p>
      <details>
        <summary>{say.plan(number(planned.cells, 0, language))}</summary>
        <pre class="block" tabIndex={0}>
          {`rho ${planned.rho}\n${say.budget} ${planned.budget}\nepsilon ${planned.epsilon.toFixed(3)} (delta ${planned.delta})\n${say.cells} ${planned.cells}\n${say.integers} ${planned.integers}\n${vectors.slice(0, MOST)}`}
        </pre>
      </details>
      <details>
        <summary>{say.charges}</summary>
        <ScrolledTable columns={[say.region, say.charge, say.spent, say.time]}>
          {charges.map(({ region, charge, spent, time }) => (
            <tr key={region}>
              <th scope="row">{nameIn(evidence, region)}</th>
              <td>{fraction(charge, language)}</td>
              <td>{fraction(spent, language)}</td>
              <td>{moment(time, language)}</td>
            </tr>
          ))}
        </ScrolledTable>
      </details>
    </>
  );
}

/** Which regions answered, each with the digest of what it sent, and which did not. */
function Answers({ evidence }: Of) {
  const say = useSay(SAY);
  const language = useLanguage();
  const { national, answers, missing } = evidence.release;
  const answered = new Map([
    ...(national?.survivors ?? []).map(({ region, masked }) => [region, masked] as const),
    ...answers.map(({ region, hash }) => [region, hash] as const),
  ]);
  const of = answered.size + missing.length;
  const silent = missing.map(({ region }) => nameIn(evidence, region));
  return (
    <>
      <p>
        {say.answers(answered.size, of)} {silent.length > 0 && say.missing(listed(silent, language))}
      </p>
      <div class="scroll" tabIndex={0}>
        <Squares done={answered.size} of={of} needed={null} />
      </div>
      <details>
        <summary>{say.digests(answered.size)}</summary>
        <ScrolledTable columns={[say.region, say.digestOf]}>
          {[...answered].map(([region, hash]) => (
            <tr key={region}>
              <th scope="row">{nameIn(evidence, region)}</th>
              <td class="mono">{hash}</td>
            </tr>
          ))}
        </ScrolledTable>
      </details>
    </>
  );
}

type Beside = {
  /** The figure that the seal stands beside, as the release has it. */
  readonly figure: FoundFigure | null;
  readonly view: Viewed | null;
};

/** The figure on the page. A rate is none of the release's. */
function OnPage({ figure: found, view }: Beside) {
  const say = useSay(SAY);
  const language = useLanguage();
  if (found === null || view === null || view.indicator.produced.per !== undefined) return null;
  const { value, low, high } = found;
  if (value === null || low === null || high === null) return null;
  return (
    <div>
      <dt>{say.onPage}</dt>
      <dd>
        <strong>{figure(view.indicator, value, language)}</strong>{" "}
        {range(view.indicator, low, high, language)}
      </dd>
    </div>
  );
}

/** What was published, and what was added up here. */
function Sum({ evidence: { release }, state, ...beside }: Of & Beside & Pick<SealStep, "state">) {
  const say = useSay(SAY);
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
        <OnPage {...beside} />
      </dl>
    </>
  );
}

/** Where in the log it stands, and the proof of it. */
function InLog({ evidence: { inclusion } }: Of) {
  const say = useSay(SAY);
  const language = useLanguage();
  const { index, size, root, proof } = inclusion;
  return (
    <>
      <p>{say.log(number(index, 0, language), number(size, 0, language))}</p>
      <details>
        <summary>{say.proof(proof.length)}</summary>
        <pre class="block" tabIndex={0}>
          {`${say.row} ${index} / ${size}\n${say.root} ${root}\n${proof.map((hash, level) => `${level} ${hash}`).join("\n")}`}
        </pre>
      </details>
    </>
  );
}

/** Which regions vouch for the log, and when each did. */
function Cosignatures({ evidence }: Of) {
  const say = useSay(SAY);
  const language = useLanguage();
  const { cosigned, least, regions, checkpoint } = evidence;
  return (
    <>
      <p>{say.cosigned(cosigned.length, least)}</p>
      <div class="scroll" tabIndex={0}>
        <Squares done={cosigned.length} of={regions.length} needed={least} />
      </div>
      <p class="xs quiet">{say.line(cosigned.length, regions.length, least)}</p>
      <details>
        <summary>{say.cosignatures(cosigned.length)}</summary>
        <ul class="list small">
          {cosigned.map(({ region, time }) => (
            <li key={region}>
              {nameIn(evidence, region)} <span class="quiet">{moment(time * 1000, language)}</span>
            </li>
          ))}
        </ul>
      </details>
      <details>
        <summary>{say.checkpoint}</summary>
        <pre class="block" tabIndex={0}>
          {checkpoint}
        </pre>
      </details>
    </>
  );
}

export function StepEvidence({ step: { name, state }, ...of }: Of & Beside & { readonly step: SealStep }) {
  switch (name) {
    case "question":
      return <Question {...of} />;
    case "approvals":
      return <Approvals {...of} />;
    case "cost":
      return <Cost {...of} />;
    case "answers":
      return <Answers {...of} />;
    case "sum":
      return <Sum state={state} {...of} />;
    case "log":
      return <InLog {...of} />;
    case "cosignatures":
      return <Cosignatures {...of} />;
  }
}
