/**
 * Whether a query is approved: judged here and nowhere else, by a node before it charges, by the coordinator before it
 * puts the query to the nodes, by the audit of a charge, and by the pages, which show what a node will do. A region's
 * rules add to the directory's and can never take from them; what does not open counts for nothing.
 */
import { type Approval, type ApprovalRule, type Judged, rulesFor, ruleWords } from "../question/approval.ts";
import type { Envelope } from "../signing/envelope.ts";
import { Refusal, type RefusalCode } from "../values/refusal.ts";
import { type Federation, rosterOf } from "./directory.ts";
import { type Asked, openApproval } from "./openers.ts";

/** An approval or a decline as it was handed in: opened, or the code of the refusal where it does not open. */
export type HandedIn = { readonly envelope: Envelope; readonly opened: Judged | RefusalCode };

/** Signatures and signers judged by the directory, at an instant: an approval counts until it expires, or its key is revoked. */
export const openApprovals = (
  federation: Federation,
  envelopes: readonly Envelope[],
  now: Date,
): HandedIn[] =>
  envelopes.map((envelope) => {
    try {
      return { envelope, opened: openApproval(federation, envelope, now) };
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return { envelope, opened: error.code };
    }
  });

/** Why one that opens counts for nothing. */
export const USELESS = [
  "other-query",
  "by-requester",
  "other-region",
  "role-not-asked-for",
  "person-of-elsewhere",
  "person-counted",
] as const;
export type Useless = (typeof USELESS)[number];

/**
 * A rule, and the persons who count towards it: each once, however many keys or approvals they have; and the regions that
 * they are of, each once.
 */
export type RuleCount = {
  readonly rule: ApprovalRule;
  readonly persons: readonly string[];
  readonly regions: readonly string[];
};

export const isMet = ({ rule, persons, regions }: RuleCount): boolean =>
  persons.length >= rule.persons && regions.length >= (rule.regions ?? 0);

export type Judgement = {
  /** Never `approved` where no rule of the directory names the dataset: nobody has said who must be asked. */
  readonly verdict: "approved" | "declined" | "missing";
  /** Every rule that applies. Each is judged by itself: one person may count towards several. */
  readonly rules: readonly RuleCount[];
  /** The first rule that is not met; null, too, where the directory has none that applies. */
  readonly missing: RuleCount | null;
  /** What was handed in, in its order; `why` is null of what counts, as an approval or as a decline. */
  readonly handedIn: ReadonlyArray<HandedIn & { readonly why: Useless | RefusalCode | null }>;
};

export type Judging = {
  /** The region whose node is to answer; null for the floor: what must hold whichever region it is. */
  readonly region: string | null;
  /** Rules of its own policy. */
  readonly rules?: readonly ApprovalRule[];
  /**
   * True of a charge that stands in a log: directories once could leave a dataset without a rule, and it then needed no
   * approval. What was right when it was charged stays so to whoever audits it.
   */
  readonly past?: boolean;
};

/**
 * One decline that counts is a no, whoever has approved. At the floor an approval for one region counts, since that
 * region may answer; a decline for one region does not, since the others may.
 */
export function judgeApprovals(
  { directory }: Federation,
  asked: Asked,
  given: readonly HandedIn[],
  { region, rules: own = [], past = false }: Judging,
): Judgement {
  const floor = rulesFor(asked.query, directory.approvalRules);
  const rules = [...floor, ...rulesFor(asked.query, own)];
  const seen = new Set<string>();
  const handedIn = given.map((each) => {
    if (typeof each.opened === "string") return { ...each, why: each.opened };
    const why = whyUseless(each.opened, asked, rules, region);
    const { person, approval } = each.opened;
    if (why !== null || approval.decision === "decline") return { ...each, why };
    const counted = seen.has(`${person} ${approval.role}`);
    seen.add(`${person} ${approval.role}`);
    return { ...each, why: counted ? ("person-counted" as const) : null };
  });
  const counting = handedIn.flatMap(({ opened, why }) =>
    why === null && typeof opened !== "string" ? [opened] : [],
  );
  const counts = rules.map((rule) => countFor(rule, counting, region));
  const missing = counts.find((count) => !isMet(count)) ?? null;
  const declined = counting.some(({ approval }) => approval.decision === "decline");
  const named = floor.length > 0 || past;
  const verdict = declined ? "declined" : missing === null && named ? "approved" : "missing";
  return { verdict, rules: counts, missing, handedIn };
}

function whyUseless(
  { person, personRegion, approval }: Judged,
  { id, requester }: Asked,
  rules: readonly ApprovalRule[],
  region: string | null,
): Useless | null {
  if (approval.query !== id) return "other-query";
  if (person === requester) return "by-requester";
  const decline = approval.decision === "decline";
  const elsewhere = region === null ? decline : approval.region !== region;
  if (approval.region !== "all" && elsewhere) return "other-region";
  // A decline binds in whatever role the directory gives the person: no rule need ask for it.
  if (decline) return null;
  const asking = rules.filter(({ role }) => role === approval.role);
  if (asking.length === 0) return "role-not-asked-for";
  return asking.some((rule) => isFrom(rule, personRegion, region)) ? null : "person-of-elsewhere";
}

const isFrom = (rule: ApprovalRule, personRegion: string | null, region: string | null): boolean =>
  rule.ownRegion !== true || region === null || personRegion === region;

function countFor(rule: ApprovalRule, counting: readonly Judged[], region: string | null): RuleCount {
  const own = counting.filter(
    ({ personRegion, approval }) =>
      approval.decision === "approve" && approval.role === rule.role && isFrom(rule, personRegion, region),
  );
  const regions = new Set(own.flatMap(({ personRegion }) => personRegion ?? []));
  return { rule, persons: own.map(({ person }) => person), regions: [...regions] };
}

/**
 * Refuses (`approval-unfit`) a decision that counts nowhere, whatever the rules: the asker's own, or for a region that is
 * not asked. Whoever signs it chose that region.
 */
export function checkDecision(
  federation: Federation,
  { query, requester }: Pick<Asked, "query" | "requester">,
  { person, approval: { region } }: { readonly person: string; readonly approval: Pick<Approval, "region"> },
): void {
  if (person === requester)
    throw new Refusal("approval-unfit", "expected an approver other than the requester");
  if (region !== "all" && !rosterOf(federation, query).includes(region))
    throw new Refusal("approval-unfit", "expected a decision for all regions, or for one that is asked");
}

/** What is lacking, as a refusal or a finding says it; null where nothing is. */
export function lackIn({ verdict, missing }: Pick<Judgement, "verdict" | "missing">): string | null {
  if (verdict !== "missing") return null;
  if (missing === null)
    return "expected a rule of the directory that names the dataset: without one nobody can approve";
  return `expected ${ruleWords(missing.rule, "en")}, the requester not counted`;
}
