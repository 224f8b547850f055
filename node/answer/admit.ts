/**
 * Admission: everything that must hold before a node charges its ledger, judged from signed documents, the
 * directory it pins and its own policy. Reads no data, so that neither a refusal nor its text can depend on any.
 */
import { accountsOf, type Booking, compartmentOf } from "../../protocol/federation/accounts.ts";
import { judgeApprovals, lackIn, openApprovals } from "../../protocol/federation/approvals.ts";
import { type Federation, isLogged, rosterOf } from "../../protocol/federation/directory.ts";
import { type Asked, openQuery } from "../../protocol/federation/openers.ts";
import { planIn } from "../../protocol/federation/plan-in.ts";
import type { Checkpoint } from "../../protocol/log/checkpoint.ts";
import { type Frontier, rootOfFrontier } from "../../protocol/log/frontier.ts";
import { checkPublic, SKEW_SECONDS } from "../../protocol/log/public-proof.ts";
import { checkClosed, type Plan } from "../../protocol/plan/plan.ts";
import { refOf } from "../../protocol/question/catalogue.ts";
import { Query } from "../../protocol/question/query.ts";
import { type Envelope, payloadOf } from "../../protocol/signing/envelope.ts";
import { type Hash, toHex } from "../../protocol/values/bytes.ts";
import { instant } from "../../protocol/values/names.ts";
import { Refusal, type RefusalCode } from "../../protocol/values/refusal.ts";
import type { WorkItem } from "../../protocol/wire/routes.ts";
import type { ReadCalendar } from "../log/kept-documents.ts";
import { tableOf } from "../store/database.ts";
import { type Delivered, undelivered } from "../store/delivered.ts";
import { ceilingsIn, checkPolicy, type Policy } from "./policy.ts";

export type Admitted = {
  readonly id: Hash;
  readonly query: Query;
  readonly plan: Plan;
  /** The regions the query is put to. */
  readonly roster: readonly string[];
  /** The accounts that are charged, and the most that may come to stand in each. */
  readonly bookings: readonly Booking[];
  /** The checkpoint in which the query, its approvals and the directory stand; null where no logs are kept. */
  readonly seen: Checkpoint | null;
};

export type AdmitContext = {
  readonly federation: Federation;
  readonly code: string;
  readonly policy: Policy | null;
  readonly now: Date;
  /** The coordinator's log as far as this node has read and cosigned it; null where no logs are kept. */
  readonly seen: Frontier | null;
  /** Declines of the query that this node has read in that log, whatever it is shown now. */
  readonly declines: readonly Envelope[];
  /** The periods of each dataset that this region has delivered. */
  readonly delivered: Delivered;
  /** The tables of datasets of which nothing is answered until their files have been imported anew. */
  readonly anew: readonly string[];
  /** Calendars that this node has read there to name the query. */
  readonly calendars: readonly ReadCalendar[];
};

/**
 * A question of which this clock cannot say yet whether it may be answered. It is not refused: a refusal is signed, and
 * stands for ever, and a clock can be mended.
 */
export class Untimely extends Refusal {
  /** When to look again, by this clock. */
  readonly until: Date;
  /** What it would be refused for. */
  readonly reason: RefusalCode;

  constructor(cause: Refusal, until: Date) {
    super("clock-skew", `expected a clock by which this can be judged: ${cause.message}`, { cause });
    this.until = until;
    this.reason = cause.code;
  }
}

/** Said of the clock alone, and never for good: the time comes, and so may another version of the directory. */
const OF_THE_CLOCK: ReadonlySet<RefusalCode> = new Set<RefusalCode>([
  "query-not-yet-valid",
  "directory-expired",
]);
/** Not the region's no in any case: asked again, or passed over. */
const NOT_A_NO: ReadonlySet<RefusalCode> = new Set<RefusalCode>(["unavailable", "query-not-public"]);
/** In milliseconds: how far a clock may be off before the coordinator hears it no more, and when to look again. */
const MAX_SKEW = SKEW_SECONDS * 1000;
const MINUTE = 60_000;

/**
 * The plan of an admitted query, or a refusal. `work` comes from the coordinator, which is not trusted. What would be
 * admitted were this clock off by a quarter of an hour, as it may be, is not refused but `Untimely`.
 */
export function admit(work: WorkItem, context: AdmitContext): Admitted {
  try {
    return judge(work, context);
  } catch (error) {
    if (!(error instanceof Refusal) || NOT_A_NO.has(error.code)) throw error;
    const { now } = context;
    const at = (off: number) => new Date(now.getTime() + off);
    if (OF_THE_CLOCK.has(error.code)) {
      const { notBefore, expires } = payloadOf(Query, work.query); // Verified by then.
      if (expires <= instant(at(-MAX_SKEW))) throw expired(expires);
      throw new Untimely(error, error.code === "query-not-yet-valid" ? new Date(notBefore) : at(MINUTE));
    }
    const may = [-MAX_SKEW, MAX_SKEW].some((off) => isAdmitted(work, { ...context, now: at(off) }));
    throw may ? new Untimely(error, at(MINUTE)) : error;
  }
}

function isAdmitted(work: WorkItem, context: AdmitContext): boolean {
  try {
    return judge(work, context) !== null;
  } catch (error) {
    if (error instanceof Refusal) return false;
    throw error;
  }
}

function judge(work: WorkItem, context: AdmitContext): Admitted {
  const { federation, code, policy, now } = context;
  const asked = openQuery(federation, work.query, now);
  const { query } = asked;
  checkTimes(asked, now);
  const roster = rosterOf(federation, query);
  if (!roster.includes(code)) {
    throw new Refusal("region-unknown", "expected a query that is put to this region");
  }
  const plan = planIn(federation, query);
  const { dataset } = plan;
  checkClosed(plan, now);
  checkPolicy(policy, asked, plan);
  checkApprovals(work, asked, policy, context);
  const seen = isLogged(federation) ? publicIn(work, context) : null;
  checkRows(plan, policy, context);
  // As anyone sees it who is shown the same tree.
  const calendars = context.calendars.filter(({ place }) => place < (seen?.size ?? 0));
  const compartment = compartmentOf(
    federation,
    asked,
    dataset,
    calendars.map(({ envelope }) => envelope),
    now,
  );
  const { requester } = asked;
  const bookings = accountsOf(federation, plan, { requester, compartment }, ceilingsIn(policy));
  return { id: asked.id, seen, query, plan, roster, bookings };
}

/**
 * What is not public is not refused before the world, but passed over: the world does not know of it. What was public
 * too long ago, or lies beyond what this node has read of the log, is for later: a newer directory may stand there.
 */
function publicIn(work: WorkItem, { federation, now, seen }: AdmitContext): Checkpoint {
  try {
    const checkpoint = checkPublic(federation, work, work.proof, now);
    if (
      seen !== null &&
      checkpoint.size === seen.size &&
      toHex(checkpoint.root) !== toHex(rootOfFrontier(seen))
    )
      throw new Refusal("proof-invalid", "expected the tree that this node has cosigned");
    if (checkpoint.size > (seen?.size ?? 0))
      throw new Refusal("unavailable", "expected a tree that this node has read and cosigned");
    return checkpoint;
  } catch (error) {
    if (error instanceof Refusal && error.code === "unavailable") throw error;
    if (!(error instanceof Refusal)) throw error;
    throw new Refusal("query-not-public", error.message, { cause: error });
  }
}

/** By what was declared, and which files came, alone: the rows are not looked at, which could tell of one person. */
function checkRows(plan: Plan, { complete = [] }: Policy, { delivered, anew }: AdmitContext): void {
  if (anew.includes(tableOf(plan.dataset)))
    throw new Refusal("import-anew", "expected rows whose persons are told apart by this version's rule");
  const period = undelivered(plan, delivered, complete);
  if (period !== null)
    throw new Refusal(
      "no-data",
      `expected periods that the region has delivered of ${refOf(plan.dataset)}; ${period} is not`,
    );
}

function checkTimes({ query }: Asked, now: Date): void {
  if (instant(now) < query.notBefore)
    throw new Refusal("query-not-yet-valid", `expected to be asked from ${query.notBefore}`);
  if (instant(now) >= query.expires) throw expired(query.expires);
}

const expired = (expires: string): Refusal =>
  new Refusal("query-expired", `expected to be asked before ${expires}`);

/**
 * The directory's rules and the region's own; one decline is a no, shown or read before. Of one that is both, what was
 * read counts: the relay may show the same payload with a signature that is none.
 */
function checkApprovals(
  { approvals }: WorkItem,
  asked: Asked,
  policy: Policy,
  { federation, code, now, declines }: AdmitContext,
): void {
  const read = new Set(declines.map(({ payload }) => payload));
  const shown = approvals.filter(({ payload }) => !read.has(payload));
  const given = openApprovals(federation, [...declines, ...shown], now);
  const by = { region: code, rules: policy.approvals };
  const judgement = judgeApprovals(federation, asked, given, by);
  if (judgement.verdict === "declined") throw new Refusal("query-declined", "an approver declined the query");
  const lack = lackIn(judgement);
  if (lack !== null) throw new Refusal("approvals-missing", lack);
}
