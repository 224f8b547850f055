/** What one is about to sign, whole: as the desk itself reads it, and nothing of it by another's word. */
import type { ComponentChildren } from "preact";
import type { Language } from "../../../protocol/values/language.ts";
import type { ReadQuestion, Shown } from "../../../protocol/wire/desk.ts";
import { fraction, listed, moment, number, useLanguage, useSay } from "../language.ts";
import { Definitions } from "../parts/definitions.tsx";

const SAY = {
  sv: {
    purpose: "Syfte",
    gone: "Syftet är raderat, eller lämnades aldrig.",
    cost: "Pris",
    costText: (part: string, rho: string, epsilon: string, delta: string) =>
      `${part} procent av vad varje region får lämna ut om varje period (ρ = ${rho}, ε = ${epsilon}, δ = ${delta}). Det som går åt är borta för alla.`,
    how: "Hur svaret lämnas",
    kinds: { regions: "per region", national: "bara riket", both: "per region och för riket" },
    asks: "Ställs till",
    roster: (n: number, least: number, names: string) =>
      `${n} regioner, varav minst ${least} måste svara: ${names}`,
    asked: "Ställd av",
    nobody: "ingen ännu",
    until: "Svar tas emot",
    untilText: (from: string, by: string, last: string) =>
      `från ${from} till ${by}. Ingen region börjar svara efter ${last}.`,
    decision: "Beslut",
    decisions: { approve: "Godkänn", decline: "Avslå" },
    as: (decision: string, role: string, until: string) => `${decision}, som ${role}. Gäller till ${until}.`,
    conditions: "Villkor",
    reason: "Skäl",
    material: "Begäran",
    materialText: "De maskade svaren bakom utgåvan, till dig som granskare. Begäran står i loggen.",
    release: "Utgåva",
    signer: "Du signerar som",
    directory: "Ur förteckningen",
    version: (n: number) => `version ${n}`,
  },
  en: {
    purpose: "Purpose",
    gone: "The purpose was erased, or was never handed in.",
    cost: "Price",
    costText: (part: string, rho: string, epsilon: string, delta: string) =>
      `${part} per cent of what each region may release about each period (ρ = ${rho}, ε = ${epsilon}, δ = ${delta}). What is spent is gone for everyone.`,
    how: "How it is answered",
    kinds: { regions: "by region", national: "the nation alone", both: "by region and of the nation" },
    asks: "Put to",
    roster: (n: number, least: number, names: string) =>
      `${n} regions, of which at least ${least} must answer: ${names}`,
    asked: "Asked by",
    nobody: "nobody yet",
    until: "Answers are taken",
    untilText: (from: string, by: string, last: string) =>
      `from ${from} until ${by}. No region begins to answer after ${last}.`,
    decision: "Decision",
    decisions: { approve: "Approve", decline: "Decline" },
    as: (decision: string, role: string, until: string) =>
      `${decision}, as ${role}. It counts until ${until}.`,
    conditions: "Conditions",
    reason: "Reason",
    material: "Request",
    materialText:
      "The masked answers behind the release, for you as an auditor. The request stands in the log.",
    release: "Release",
    signer: "You sign as",
    directory: "By the directory",
    version: (n: number) => `version ${n}`,
  },
};

type Row = readonly [name: string, said: ComponentChildren];
type Words = (typeof SAY)["sv"];

function questionRows(question: ReadQuestion, say: Words, language: Language): Row[] {
  const { part, rho, epsilon, delta, roster, minRegions, requester, release } = question;
  const at = (instant: string) => moment(instant, language);
  const percent = number(100 * part, 100 * part < 10 ? 1 : 0, language);
  const names = listed(
    roster.map(({ name }) => name),
    language,
  );
  return [
    [say.purpose, question.purpose === null ? say.gone : <Given text={question.purpose} />],
    [say.cost, say.costText(percent, fraction(rho, language), number(epsilon, 2, language), delta)],
    [say.how, say.kinds[release]],
    [say.asks, <span class="given">{say.roster(roster.length, minRegions, names)}</span>],
    [say.asked, requester ?? say.nobody],
    [say.until, say.untilText(at(question.notBefore), at(question.answerBy), at(question.expires))],
  ];
}

function decisionRows(
  { decision, role, expires, conditions, reason }: NonNullable<Shown["decision"]>,
  say: Words,
  language: Language,
): Row[] {
  const said = say.as(say.decisions[decision], role, moment(expires, language));
  return [
    [say.decision, <strong key="decision">{said}</strong>],
    ...conditions.map((text): Row => [say.conditions, <Given key={text} text={text} />]),
    ...(reason === undefined ? [] : [[say.reason, <Given key="reason" text={reason} />] satisfies Row]),
  ];
}

/** What somebody wrote, in whatever language. */
const Given = ({ text }: { readonly text: string }) => <span class="given">{text}</span>;

export function ShownDocument({ shown }: { readonly shown: Shown }) {
  const say = useSay(SAY);
  const language = useLanguage();
  const { question, decision, material, signer, directory } = shown;
  const rows: Row[] = [
    ...(question === null ? [] : questionRows(question, say, language)),
    ...(material === null
      ? []
      : [
          [say.material, say.materialText] satisfies Row,
          [say.release, <span class="mono">{material}</span>] satisfies Row,
        ]),
    ...(decision === null ? [] : decisionRows(decision, say, language)),
    ...(signer === null ? [] : [[say.signer, signer] satisfies Row]),
    [
      say.directory,
      <>
        {say.version(directory.version)} <span class="mono small">{directory.hash}</span>
      </>,
    ],
  ];
  return (
    <>
      {question !== null && (
        <>
          <h3 class="given">{question.title}</h3>
          <blockquote class="say q">{question.words[language]}</blockquote>
        </>
      )}
      <Definitions rows={rows} />
    </>
  );
}
