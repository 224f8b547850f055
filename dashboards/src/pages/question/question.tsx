/** A question on its way: six stations from signature to release; then the result as chart, table, file and receipt. */
import { useEffect, useState } from "preact/hooks";
import type { Federation } from "../../../../protocol/federation/directory.ts";
import { planIn } from "../../../../protocol/federation/plan-in.ts";
import { Query } from "../../../../protocol/question/query.ts";
import { inWords } from "../../../../protocol/question/words.ts";
import { envelopeId, payloadOrNull } from "../../../../protocol/signing/envelope.ts";
import type { Hash } from "../../../../protocol/values/bytes.ts";
import type { Language } from "../../../../protocol/values/language.ts";
import { parseRational, toNumber } from "../../../../protocol/values/rational.ts";
import { Refusal } from "../../../../protocol/values/refusal.ts";
import type { QueryStatus } from "../../../../protocol/wire/routes.ts";
import { useLabels } from "../../data.ts";
import { countsText, decisionLines } from "../../decision-words.ts";
import { type Decisions, decisionsOn } from "../../decisions.ts";
import { fraction, listed, moment, number, useLanguage, useSay } from "../../language.ts";
import { Heading, Section } from "../../parts/shell.tsx";
import { client } from "../../proof/federation.ts";
import { failureText } from "../../proof/refusal-words.ts";
import { Link } from "../../router.tsx";
import { Result } from "./result.tsx";

const SAY = {
  sv: {
    crumb: "Fråga",
    loading: "Hämtar frågan …",
    words: "Frågan i klartext",
    cost: (rho: string, part: string) => `ρ = ${rho} per period i varje region, ${part} procent av budgeten.`,
    where: "Var den är",
    states: {
      waiting: "Väntar på godkännande.",
      open: "Godkänd, och hos regionerna.",
      released: "Publicerad.",
      failed: "Kunde inte besvaras.",
      declined: "Avslagen.",
      expired: "Löpte ut utan att besvaras. Inget debiterades hos den som inte svarade.",
    },
    signed: "Signerad",
    by: (who: string) => `av ${who}`,
    visible: "Synlig",
    inLog: "i loggen",
    approved: "Godkänd",
    byRules: "enligt reglerna då",
    notRead: "läses inte",
    of: (n: number, of: number) => `${n} av ${of}`,
    sent: "Utskickad",
    to: (n: number) => `till ${n} regioner`,
    answered: "Besvarad",
    published: "Publicerad",
    sealed: "med sigill",
    until: "Svar tas emot till",
    refused: "Avstod",
    result: "Svaret",
    done: "klar",
  },
  en: {
    crumb: "Question",
    loading: "Fetching the question …",
    words: "The question in plain words",
    cost: (rho: string, part: string) =>
      `ρ = ${rho} a period in each region, ${part} per cent of the budget.`,
    where: "Where it is",
    states: {
      waiting: "Waits for approval.",
      open: "Approved, and with the regions.",
      released: "Published.",
      failed: "Could not be answered.",
      declined: "Declined.",
      expired: "Expired without an answer. Whoever did not answer was not charged.",
    },
    signed: "Signed",
    by: (who: string) => `by ${who}`,
    visible: "Visible",
    inLog: "in the log",
    approved: "Approved",
    byRules: "by the rules then",
    notRead: "not read",
    of: (n: number, of: number) => `${n} of ${of}`,
    sent: "Sent",
    to: (n: number) => `to ${n} regions`,
    answered: "Answered",
    published: "Published",
    sealed: "with a seal",
    until: "Answers are taken until",
    refused: "Declined",
    result: "The answer",
    done: "done",
  },
};

/** How often one looks where a question is. */
const EVERY_MS = 2000;
const OVER = new Set(["released", "failed", "declined", "expired"]);

/** The status of a question, looked at again until it has come to an end. */
export function useStatus(id: string): {
  readonly status: QueryStatus | null;
  readonly error: unknown;
  readonly look: () => void;
} {
  const [status, set] = useState<QueryStatus | null>(null);
  const [error, fail] = useState<unknown>(null);
  const [round, look] = useState(0);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let current = true;
    const next = async () => {
      try {
        const found = await client("getQuery", { params: { id: id as Hash } });
        if (!current) return;
        set(found);
        fail(null);
        if (!OVER.has(found.state)) timer = setTimeout(() => void next(), EVERY_MS);
      } catch (caught) {
        if (!current) return;
        fail(caught);
        timer = setTimeout(() => void next(), EVERY_MS * 3);
      }
    };
    void next();
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [id, round]);
  return { status, error, look: () => look((count) => count + 1) };
}

/** Of these the state says all, in the reader's language. */
const TOLD: ReadonlySet<QueryStatus["state"]> = new Set<QueryStatus["state"]>(["released", "declined"]);

export function Question({ federation, id }: { readonly federation: Federation; readonly id: string }) {
  const say = useSay(SAY);
  const language = useLanguage();
  const labels = useLabels();
  const { status, error } = useStatus(id);
  if (status === null || envelopeId(status.query) !== id)
    return (
      <Heading title={say.crumb}>
        <p role="status">{error === null ? say.loading : failureText(error, language)}</p>
      </Heading>
    );
  const query = payloadOrNull(Query, status.query);
  const dataset = query === null ? undefined : federation.datasets.get(query.dataset)?.dataset;
  if (query === null || dataset === undefined) return <Heading title={say.crumb} />;
  const plan = planIn(federation, query);
  const part = (100 * toNumber(plan.charge)) / toNumber(parseRational(dataset.budget.rhoPerPeriod));
  return (
    <>
      <Heading given title={query.title} crumb={<Link to="ask">{say.crumb}</Link>}>
        <p role="status" id="state">
          <strong>{say.states[status.state]}</strong>{" "}
          {status.reason !== null && !TOLD.has(status.state) && <span lang="en">{status.reason}</span>}
        </p>
      </Heading>
      <Section title={say.where}>
        <Where federation={federation} status={status} query={query} />
      </Section>
      <Section title={say.words}>
        <blockquote class="say q">{inWords(query, dataset, language, labels)}</blockquote>
        <p>{say.cost(fraction(query.rho, language), number(part, part < 10 ? 1 : 0, language))}</p>
        <p class="mono small">{id}</p>
      </Section>
      {status.release !== null && (
        <Section title={say.result}>
          <Result federation={federation} id={id as Hash} dataset={dataset} />
        </Section>
      )}
    </>
  );
}

type Followed = {
  readonly federation: Federation;
  readonly status: QueryStatus;
  readonly query: Query;
};

type Station = { readonly label: string; readonly text: string; readonly done: boolean };

/** The stations of a question, each as far as it is known. */
function stationsOf(
  { status: { state, regions }, query }: Followed,
  decisions: Decisions | Refusal,
  language: Language,
): Station[] {
  const say = SAY[language];
  const answered = regions.filter((each) => each.state === "answered").length;
  const released = state === "released";
  const read = !(decisions instanceof Refusal);
  // Of what is released the seal says by which approvals: it judges as of each region's charge.
  const approved = released ? say.byRules : read ? countsText(decisions, language) : say.notRead;
  return [
    { label: say.signed, text: say.by(query.requester), done: true },
    { label: say.visible, text: say.inLog, done: true },
    {
      label: say.approved,
      text: approved,
      done: released || (read && decisions.floor.verdict === "approved"),
    },
    { label: say.sent, text: say.to(regions.length), done: state === "open" || released || answered > 0 },
    { label: say.answered, text: say.of(answered, regions.length), done: released },
    { label: say.published, text: say.sealed, done: released },
  ];
}

function Stations({ stations }: { readonly stations: readonly Station[] }) {
  const say = useSay(SAY);
  return (
    <ol class="follow">
      {stations.map(({ label, text, done }) => (
        <li key={label} class={done ? "done" : ""}>
          <b>
            {label}
            {done && <span class="vh"> ({say.done})</span>}
          </b>
          <span>{text}</span>
        </li>
      ))}
    </ol>
  );
}

/** How far it has come; and who has decided and refused. */
function Where(followed: Followed) {
  const say = useSay(SAY);
  const language = useLanguage();
  const { federation, status, query } = followed;
  const decisions = decisionsOn(status, query, federation, new Date());
  const name = (code: string) => federation.directory.nodes.find((each) => each.code === code)?.name ?? code;
  const refused = status.regions.filter((each) => each.state === "refused");
  return (
    <>
      <Stations stations={stationsOf(followed, decisions, language)} />
      {status.state !== "released" &&
        decisionLines(decisions, name, language).map((line) => <p key={line}>{line}</p>)}
      {refused.length > 0 && (
        <p>
          {say.refused}:{" "}
          {listed(
            refused.map(({ region, code }) => `${name(region)}${code === null ? "" : ` (${code})`}`),
            language,
          )}
        </p>
      )}
      {!OVER.has(status.state) && (
        <p class="small quiet">
          {say.until} {moment(query.answerBy, language)}
        </p>
      )}
    </>
  );
}
