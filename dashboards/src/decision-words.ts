/** What was decided on a question, in sentences: who, in which role, and what of it counts. Judges nothing. */
import type { HandedIn, Judgement, Useless } from "../../protocol/federation/approvals.ts";
import type { Language } from "../../protocol/values/language.ts";
import { Refusal, type RefusalCode } from "../../protocol/values/refusal.ts";
import type { Decisions } from "./decisions.ts";
import { listed } from "./language.ts";

type Why = Useless | RefusalCode;

const SAY = {
  sv: {
    of: (n: number, of: number, role: string) => `${n} av ${of} (${role})`,
    regions: (n: number, of: number) => `, från ${n} av minst ${of} regioner`,
    noRule: "ingen regel nämner datamängden, och då kan ingen godkänna",
    unread: (code: string) => `Regionerna läser inte frågan (${code}).`,
    approved: (who: string) => `Godkänd av ${who}.`,
    declined: (who: string) => `Avslagen av ${who}.`,
    useless: (what: string) => `Räknas inte: ${what}.`,
    declinedFor: (regions: string) => `Avslagen för ${regions}.`,
    missingFor: (regions: string) => `Inte godkänd för ${regions}.`,
    nobody: "Ingen har beslutat ännu.",
    unknown: "någon",
    why: {
      "other-query": "gäller en annan fråga",
      "by-requester": "ställde frågan",
      "other-region": "gäller inte alla regioner",
      "role-not-asked-for": "i en roll som ingen regel kräver",
      "person-of-elsewhere": "från en annan region",
      "person-counted": "har räknats redan",
      "approval-expired": "har löpt ut",
      "key-revoked": "nyckeln är återkallad",
    } as Readonly<Partial<Record<Why, string>>>,
  },
  en: {
    of: (n: number, of: number, role: string) => `${n} of ${of} (${role})`,
    regions: (n: number, of: number) => `, from ${n} of at least ${of} regions`,
    noRule: "no rule names the dataset, and so nobody can approve",
    unread: (code: string) => `The regions do not read the question (${code}).`,
    approved: (who: string) => `Approved by ${who}.`,
    declined: (who: string) => `Declined by ${who}.`,
    useless: (what: string) => `Not counted: ${what}.`,
    declinedFor: (regions: string) => `Declined for ${regions}.`,
    missingFor: (regions: string) => `Not approved for ${regions}.`,
    nobody: "Nobody has decided yet.",
    unknown: "somebody",
    why: {
      "other-query": "about another question",
      "by-requester": "asked the question",
      "other-region": "not for all regions",
      "role-not-asked-for": "in a role that no rule asks for",
      "person-of-elsewhere": "of another region",
      "person-counted": "counted already",
      "approval-expired": "has expired",
      "key-revoked": "the key is revoked",
    } as Readonly<Partial<Record<Why, string>>>,
  },
};

/** How many of how many, rule by rule. */
export function countsText({ floor }: Decisions, language: Language): string {
  const say = SAY[language];
  if (floor.rules.length === 0) return say.noRule;
  return floor.rules
    .map(({ rule, persons, regions }) => {
      const from =
        rule.regions === undefined ? "" : say.regions(Math.min(regions.length, rule.regions), rule.regions);
      return say.of(Math.min(persons.length, rule.persons), rule.persons, rule.role) + from;
    })
    .join(", ");
}

const roleOf = ({ opened }: HandedIn): string =>
  typeof opened === "string" ? "" : ` (${opened.approval.role})`;

/** Who decided what, and what of it counts, in sentences. */
export function decisionLines(
  decisions: Decisions | Refusal,
  nameOf: (region: string) => string,
  language: Language,
): string[] {
  const say = SAY[language];
  if (decisions instanceof Refusal) return [say.unread(decisions.code)];
  const { floor, otherwise } = decisions;
  const who = (each: HandedIn) =>
    typeof each.opened === "string" ? say.unknown : each.opened.person + roleOf(each);
  const counting = (decision: "approve" | "decline") =>
    floor.handedIn
      .filter(
        ({ opened, why }) =>
          why === null && typeof opened !== "string" && opened.approval.decision === decision,
      )
      .map(who);
  const useless = floor.handedIn.flatMap((each) =>
    each.why === null ? [] : [`${who(each)}: ${say.why[each.why] ?? each.why}`],
  );
  const regions = (verdict: Judgement["verdict"]) =>
    otherwise.filter((each) => each.verdict === verdict).map(({ region }) => nameOf(region));
  const line = (names: readonly string[], words: (text: string) => string) =>
    names.length === 0 ? [] : [words(listed(names, language))];
  const lines = [
    ...line(counting("approve"), say.approved),
    ...line(counting("decline"), say.declined),
    ...line(useless, say.useless),
    ...line(regions("declined"), say.declinedFor),
    ...line(regions("missing"), say.missingFor),
  ];
  return lines.length === 0 ? [say.nobody] : lines;
}
