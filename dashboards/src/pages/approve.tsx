/** What waits for a decision, in plain words with its purpose and price, who else decided, and what is like it. */
import type { ComponentChildren } from "preact";
import type { Federation } from "../../../protocol/federation/directory.ts";
import { planIn } from "../../../protocol/federation/plan-in.ts";
import { priceOf } from "../../../protocol/plan/price.ts";
import type { Query } from "../../../protocol/question/query.ts";
import { inWords } from "../../../protocol/question/words.ts";
import type { Hash } from "../../../protocol/values/bytes.ts";
import type { Language } from "../../../protocol/values/language.ts";
import { Refusal } from "../../../protocol/values/refusal.ts";
import { fetchPurpose } from "../../../protocol/wire/fetch-aside.ts";
import { useLabels, useLoaded } from "../data.ts";
import { countsText, decisionLines } from "../decision-words.ts";
import { type Decisions, decisionsOn } from "../decisions.ts";
import { fraction, moment, number, useLanguage, useSay } from "../language.ts";
import type { PageProps } from "../page.ts";
import { Definitions } from "../parts/definitions.tsx";
import { OldKeys } from "../parts/old-keys.tsx";
import { Heading, Loaded, Section } from "../parts/shell.tsx";
import { DeskLink } from "../parts/your-desk.tsx";
import { client, federation as loadFederation } from "../proof/federation.ts";
import { Link } from "../router.tsx";
import { askedBefore, isAlike } from "./ask/similar.tsx";
import { useStatus } from "./question/question.tsx";

const SAY = {
  sv: {
    title: "Frågor som väntar",
    lede: "Den som godkänner läser frågan, syftet och priset på sin egen signeringsplats (brus desk), ur den förteckning den litar på, och signerar där. Här signeras inget: de här sidorna kommer från samordnaren.",
    desk: "Besluta på din signeringsplats",
    waiting: "Väntar på beslut",
    none: "Ingen fråga väntar.",
    purpose: "Syfte",
    gone: "Syftet är raderat, eller lämnades aldrig.",
    cost: "Pris",
    costText: (part: string, rho: string, epsilon: string) =>
      `${part} procent av vad varje region får lämna ut om varje period (ρ = ${rho}, ε = ${epsilon}). Det som går åt är borta för alla.`,
    asked: "Ställd av",
    until: "Måste besvaras före",
    decided: "Andra har beslutat",
    need: (counts: string) => `Godkännanden: ${counts}.`,
    alike: "Liknande frågor tidigare",
    noAlike: "Inga.",
  },
  en: {
    title: "Questions that wait",
    lede: "Whoever approves reads the question, its purpose and its price at their own desk (brus desk), by the directory that they trust, and signs there. Nothing is signed here: these pages come from the coordinator.",
    desk: "Decide at your desk",
    waiting: "Waiting for a decision",
    none: "No question waits.",
    purpose: "Purpose",
    gone: "The purpose was erased, or was never handed in.",
    cost: "Price",
    costText: (part: string, rho: string, epsilon: string) =>
      `${part} per cent of what each region may release about each period (ρ = ${rho}, ε = ${epsilon}). What is spent is gone for everyone.`,
    asked: "Asked by",
    until: "To be answered before",
    decided: "Others have decided",
    need: (counts: string) => `Approvals: ${counts}.`,
    alike: "Similar questions before",
    noAlike: "None.",
  },
};

type AskedBefore = Awaited<ReturnType<typeof askedBefore>>;

export function page({ overview }: PageProps) {
  const say = useSay(SAY);
  return (
    <>
      <Heading title={say.title}>
        <p>{say.lede}</p>
      </Heading>
      <p class="acts">
        <DeskLink to="approve" class="btn">
          {say.desk}
        </DeskLink>
      </p>
      <Waiting directory1={overview.directory1} />
      <OldKeys />
    </>
  );
}

export type Waits = {
  readonly federation: Federation;
  readonly id: Hash;
  readonly query: Query;
  readonly decisions: Decisions | Refusal;
  /** Looks again where the question is. */
  readonly look: () => void;
};

type Beside = (waits: Waits) => ComponentChildren;

/** Every question that waits; what is done with each is the caller's. */
export function Waiting({
  directory1,
  children,
}: {
  readonly directory1: string;
  readonly children?: Beside;
}) {
  const say = useSay(SAY);
  const loaded = useLoaded("approve", async () => {
    const [federation, asked] = await Promise.all([loadFederation(directory1), askedBefore()]);
    return { federation, asked };
  });
  return (
    <Loaded of={loaded}>
      {({ federation, asked }) => {
        const waiting = asked.filter(({ state }) => state === "waiting");
        if (waiting.length === 0)
          return (
            <Section title={say.waiting}>
              <p>{say.none}</p>
            </Section>
          );
        return (
          <>
            {waiting.map(({ id }) => (
              <WaitingQuestion key={id} id={id} federation={federation} asked={asked} beside={children} />
            ))}
          </>
        );
      }}
    </Loaded>
  );
}

/** The purpose that a question names by its digest; null where it was erased, or never handed in. */
const usePurpose = (id: Hash | null) =>
  useLoaded(id, async () => (id === null ? null : await fetchPurpose(client, id)));

function costText(federation: Federation, query: Query, language: Language): string {
  const { part, epsilon } = priceOf(planIn(federation, query));
  return SAY[language].costText(
    number(100 * part, 100 * part < 10 ? 1 : 0, language),
    fraction(query.rho, language),
    number(epsilon, 2, language),
  );
}

/** Who else has decided, and how many are still needed. */
function decidedText(decisions: Decisions | Refusal, federation: Federation, language: Language): string {
  const { nodes } = federation.directory;
  const name = (code: string) => nodes.find((each) => each.code === code)?.name ?? code;
  const lines = decisionLines(decisions, name, language);
  const need = decisions instanceof Refusal ? [] : [SAY[language].need(countsText(decisions, language))];
  return [...lines, ...need].join(" ");
}

/** Questions of the same data that were asked before. */
function Alike({
  id,
  query,
  asked,
}: {
  readonly id: Hash;
  readonly query: Query;
  readonly asked: AskedBefore;
}) {
  const say = useSay(SAY);
  const columns = query.measures.flatMap((measure) => ("column" in measure ? [measure.column] : []));
  const alike = asked
    .filter((each) => each.id !== id && isAlike(each.query, query.dataset, columns))
    .slice(0, 5);
  if (alike.length === 0) return <>{say.noAlike}</>;
  return (
    <>
      {alike.map((each, at) => (
        <span key={each.id}>
          {at > 0 && ", "}
          <Link to="ask" query={{ q: each.id }}>
            <span class="given">{each.title}</span>
          </Link>
        </span>
      ))}
    </>
  );
}

function WaitingQuestion({
  id,
  federation,
  asked,
  beside,
}: {
  readonly id: Hash;
  readonly federation: Federation;
  readonly asked: AskedBefore;
  readonly beside: Beside | undefined;
}) {
  const say = useSay(SAY);
  const language = useLanguage();
  const labels = useLabels();
  const { status, look } = useStatus(id);
  const query = asked.find((each) => each.id === id)?.query ?? null;
  const purpose = usePurpose(query?.purpose ?? null);
  const dataset = query === null ? undefined : federation.datasets.get(query.dataset)?.dataset;
  if (status === null || query === null || dataset === undefined) return null;
  const decisions = decisionsOn(status, query, federation, new Date());
  return (
    <Section given title={query.title} help={<p>{say.waiting}</p>}>
      <blockquote class="say q">{inWords(query, dataset, language, labels)}</blockquote>
      <Definitions
        rows={[
          [say.purpose, <Loaded of={purpose}>{(text) => text ?? say.gone}</Loaded>],
          [say.cost, costText(federation, query, language)],
          [say.asked, query.requester],
          [say.until, moment(query.answerBy, language)],
          [say.decided, decidedText(decisions, federation, language)],
          [say.alike, <Alike id={id} query={query} asked={asked} />],
        ]}
      />
      {beside?.({ federation, id, query, decisions, look })}
    </Section>
  );
}
