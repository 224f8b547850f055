/** For approvers: what waits, in plain words with its purpose and price, who else decided, what is like it; two equal answers. */
import { useState } from "preact/hooks";
import { asideId, readAside } from "../../../protocol/federation/aside.ts";
import type { Federation } from "../../../protocol/federation/directory.ts";
import { planIn } from "../../../protocol/federation/plan-in.ts";
import { epsilonAt } from "../../../protocol/privacy/privacy.ts";
import type { Approval } from "../../../protocol/question/approval.ts";
import type { Dataset } from "../../../protocol/question/catalogue.ts";
import type { Query } from "../../../protocol/question/query.ts";
import { inWords } from "../../../protocol/question/words.ts";
import type { Hash } from "../../../protocol/values/bytes.ts";
import type { Language } from "../../../protocol/values/language.ts";
import { instant } from "../../../protocol/values/names.ts";
import { parseRational, toNumber } from "../../../protocol/values/rational.ts";
import { Refusal } from "../../../protocol/values/refusal.ts";
import { useLabels, useLoaded } from "../data.ts";
import { countsText, decisionLines } from "../decision-words.ts";
import { type Decisions, decisionsOn } from "../decisions.ts";
import { fraction, moment, number, useLanguage, useSay } from "../language.ts";
import type { PageProps } from "../page.ts";
import { Definitions } from "../parts/definitions.tsx";
import { KeyBox, type Signing } from "../parts/key-box.tsx";
import { Heading, Loaded, Section } from "../parts/shell.tsx";
import { client, failureText, federation as loadFederation, type PersonOf } from "../proof/federation.ts";
import { signDocumentWith } from "../proof/keys.ts";
import { Link } from "../router.tsx";
import { askedBefore, isAlike } from "./ask/similar.tsx";
import { useStatus } from "./question/question.tsx";

const SAY = {
  sv: {
    title: "Godkänn frågor",
    lede: "Du läser frågan, syftet och priset, och svarar med din signatur. Det du beslutar står i loggen för alltid, med dina skäl.",
    key: "Din nyckel",
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
    conditions: "Villkor, om du har några. Ett per rad; de står i loggen.",
    reason: "Skäl. Krävs för att avslå; står i loggen för alla och för alltid.",
    approve: "Godkänn",
    decline: "Avslå",
    needReason: "Skriv varför du avslår.",
    needKey: "Det går inte att besluta utan en nyckel som förteckningen känner.",
    own: "Du ställde frågan själv, och ditt beslut räknas inte.",
    done: "Ditt beslut är inlämnat och står i loggen.",
  },
  en: {
    title: "Approve questions",
    lede: "You read the question, its purpose and its price, and answer with your signature. What you decide stands in the log for ever, with your reasons.",
    key: "Your key",
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
    conditions: "Conditions, if you have any. One a line; they stand in the log.",
    reason: "Reason. Needed to decline; it stands in the log for everyone and for ever.",
    approve: "Approve",
    decline: "Decline",
    needReason: "Write why you decline.",
    needKey: "You cannot decide without a key that the directory knows.",
    own: "You asked the question yourself, and your decision does not count.",
    done: "Your decision is handed in and stands in the log.",
  },
};

type AskedBefore = Awaited<ReturnType<typeof askedBefore>>;

export function page({ overview }: PageProps) {
  const say = useSay(SAY);
  const [signing, setSigning] = useState<Signing>(null);
  const loaded = useLoaded("approve", async () => {
    const [federation, asked] = await Promise.all([loadFederation(overview.directory1), askedBefore()]);
    return { federation, asked };
  });
  return (
    <>
      <Heading title={say.title}>
        <p>{say.lede}</p>
      </Heading>
      <Loaded of={loaded}>
        {({ federation, asked }) => {
          const waiting = asked.filter(({ state }) => state === "waiting");
          return (
            <>
              <Section title={say.key}>
                <KeyBox federation={federation} purpose="approve" onSigning={setSigning} />
              </Section>
              {waiting.length === 0 && (
                <Section title={say.waiting}>
                  <p>{say.none}</p>
                </Section>
              )}
              {waiting.map(({ id }) => (
                <Waiting key={id} id={id} federation={federation} asked={asked} signing={signing} />
              ))}
            </>
          );
        }}
      </Loaded>
    </>
  );
}

/** The purpose that a question names by its digest; null where it was erased, or never handed in. */
const usePurpose = (id: Hash | null) =>
  useLoaded(id, async () => {
    if (id === null) return null;
    try {
      const { text } = await client("getAside", { params: { id } });
      if (asideId(text) !== id) return null;
      const aside = readAside(text);
      return aside.of === "purpose" ? aside.text : null;
    } catch (error) {
      if (error instanceof Refusal && error.code === "aside-unknown") return null;
      throw error;
    }
  });

function costText(federation: Federation, query: Query, { budget }: Dataset, language: Language): string {
  const charge = toNumber(planIn(federation, query).charge);
  const part = (100 * charge) / toNumber(parseRational(budget.rhoPerPeriod));
  return SAY[language].costText(
    number(part, part < 10 ? 1 : 0, language),
    fraction(query.rho, language),
    number(epsilonAt(charge, toNumber(parseRational(budget.delta))), 2, language),
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

function Waiting({
  id,
  federation,
  asked,
  signing,
}: {
  readonly id: Hash;
  readonly federation: Federation;
  readonly asked: AskedBefore;
  readonly signing: Signing;
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
          [say.cost, costText(federation, query, dataset, language)],
          [say.asked, query.requester],
          [say.until, moment(query.answerBy, language)],
          [say.decided, decidedText(decisions, federation, language)],
          [say.alike, <Alike id={id} query={query} asked={asked} />],
        ]}
      />
      <Decide id={id} query={query} decisions={decisions} signing={signing} onDone={look} />
    </Section>
  );
}

/** In which of a person's roles to decide: one that is still asked for, else any that a rule asks for. */
function roleFor({ roles }: { readonly roles: readonly string[] }, decisions: Decisions | Refusal): string {
  const rules = decisions instanceof Refusal ? [] : decisions.floor.rules;
  const lacking = rules.filter(({ rule, persons }) => persons.length < rule.persons);
  const wanted = [...lacking, ...rules].map(({ rule }) => rule.role);
  return wanted.find((role) => roles.includes(role)) ?? "approver";
}

/** How long an approval counts. */
const DAYS = 7;

/** What was written beside a decision. */
type Remarks = { readonly conditions: string; readonly reason: string };

function approvalOf(
  query: Hash,
  decision: Approval["decision"],
  { person }: PersonOf,
  role: string,
  { conditions, reason }: Remarks,
): Approval {
  return {
    query,
    approver: person.id,
    decision,
    role,
    region: "all",
    conditions: conditions
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => line !== ""),
    expires: instant(new Date(Date.now() + DAYS * 86_400_000)),
    ...(reason.trim() === "" ? {} : { reason: reason.trim() }),
  };
}

function Decide({
  id,
  query,
  decisions,
  signing,
  onDone,
}: {
  readonly id: Hash;
  readonly query: Query;
  readonly decisions: Decisions | Refusal;
  readonly signing: Signing;
  readonly onDone: () => void;
}) {
  const say = useSay(SAY);
  const language = useLanguage();
  const [status, set] = useState("");
  const [remarks, write] = useState<Remarks>({ conditions: "", reason: "" });
  const own = signing?.known.person.id === query.requester;
  const decide = async (decision: Approval["decision"]) => {
    if (signing === null) return;
    const { known, held } = signing;
    if (decision === "decline" && remarks.reason.trim() === "") return set(say.needReason);
    const approval = approvalOf(id, decision, known, roleFor(known.person, decisions), remarks);
    try {
      await client("submitApproval", { body: await signDocumentWith("approval", approval, held) });
      set(say.done);
      onDone();
    } catch (error) {
      set(failureText(error, language));
    }
  };
  return (
    <div>
      {(["conditions", "reason"] as const).map((name) => (
        <label key={name} class="f">
          {say[name]}
          <textarea
            rows={2}
            value={remarks[name]}
            onInput={(event) => write({ ...remarks, [name]: event.currentTarget.value })}
          />
        </label>
      ))}
      <p class="acts">
        {(["approve", "decline"] as const).map((decision) => (
          <button
            key={decision}
            type="button"
            class="btn plain"
            disabled={signing === null || own}
            onClick={() => void decide(decision)}
          >
            {say[decision]}
          </button>
        ))}
      </p>
      <p role="status">{status !== "" ? status : own ? say.own : signing === null ? say.needKey : ""}</p>
    </div>
  );
}
