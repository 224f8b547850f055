/**
 * What every charge in a region's log is held to, released or not: the query was public and approved when the region
 * was asked, the cost is the plan's, and the region was among those asked.
 */
import { accountsOf, type Booking, compartmentOf, isYearsOverQuarters } from "../federation/accounts.ts";
import { judgeApprovals, lackIn, openApprovals } from "../federation/approvals.ts";
import { type Federation, rosterOf } from "../federation/directory.ts";
import { type Asked, openQuery } from "../federation/openers.ts";
import { planIn } from "../federation/plan-in.ts";
import type { Raise, Rule } from "../log/finding.ts";
import { EMPTY, extendHash, rootOfFrontier } from "../log/frontier.ts";
import { checkClosed, type Plan } from "../plan/plan.ts";
import { ledgerGroupOf } from "../question/catalogue.ts";
import { toBase64 } from "../values/bytes.ts";
import { instant } from "../values/names.ts";
import { compare, format, parseRational } from "../values/rational.ts";
import { Refusal } from "../values/refusal.ts";
import type { Placed, Replay } from "./coordinator-log.ts";
import type { ChargeLeaf, RegionReplay } from "./region-log.ts";

export type Charged = { readonly region: string; readonly charge: Placed<ChargeLeaf> };

/** Between a region's deciding and its writing down. */
const SLACK = 60_000;

/** Which of all charges were made after the coordinator's log was read: they are for the next audit. */
export function checkCharges(
  { log, own }: { readonly log: Replay; readonly own: ReadonlyMap<string, RegionReplay> },
  raise: Raise,
): { readonly later: number } {
  const all = [...own]
    .flatMap(([region, { charges }]) => [...charges.values()].map((charge): Charged => ({ region, charge })))
    .sort((a, b) => a.charge.public.size - b.charge.public.size);
  let frontier = EMPTY;
  let later = 0;
  for (const charged of all) {
    const { region, charge } = charged;
    const { size, root } = charge.public;
    const wrong = (rule: Rule, says: string) => raise({ log: region, leaf: charge.place, rule, says });
    if (size > log.size) {
      // What the coordinator's log has seen of the region's cannot hold what came after it.
      const seen = log.seen.get(region)?.at(-1)?.size ?? 0;
      if (charge.place >= seen) later++;
      else wrong("not-public", `expected a tree of the coordinator's log; it had no ${size} entries`);
      continue;
    }
    while (frontier.size < size) frontier = extendHash(frontier, log.hashAt(frontier.size));
    if (toBase64(rootOfFrontier(frontier)) !== root)
      wrong("not-public", "expected a tree that the coordinator's log had");
    checkCharge(charged, { log }, wrong);
  }
  return { later };
}

/** A region judges by the newest version in the tree that it was shown. */
const judging = (
  log: Pick<Replay, "inForce">,
  { public: { size } }: Pick<ChargeLeaf, "public">,
): Federation => log.inForce(size - 1);

function checkCharge(
  charged: Charged,
  logs: { readonly log: Replay },
  wrong: (rule: Rule, says: string) => void,
): void {
  const { log } = logs;
  const { region, charge } = charged;
  const federation = judging(log, charge);
  const asked = log.queries.get(charge.query);
  if (asked === undefined || asked.place >= charge.public.size) {
    wrong("not-public", "expected the query in the log before it was charged for");
    return;
  }
  const dispatched = log.dispatched.get(charge.query);
  if (dispatched === undefined || dispatched < asked.place || dispatched >= charge.public.size)
    wrong("not-public", "expected the query to be put to the regions in the log, before it was charged for");
  const { query } = asked;
  try {
    const plan = planIn(federation, query);
    if (!rosterOf(federation, query).includes(region)) wrong("charge", "expected a region that was asked");
    if (
      charge.charge !== format(plan.charge) ||
      charge.account !== ledgerGroupOf(plan.dataset) ||
      charge.periods.map(({ period }) => period).join() !== plan.periods.join()
    )
      wrong("charge", `expected ${format(plan.charge)} for each period of the query`);
    checkAccounts(charged, plan, log, wrong);
    checkClosed(plan, new Date(charge.time));
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    wrong("plan", error.message);
  }
  const late = instant(new Date(Date.parse(charge.time) - SLACK)) >= query.expires;
  if (charge.time < query.notBefore || late)
    wrong("order", `expected a charge between ${query.notBefore} and ${query.expires}`);
  const why = whyNotApproved(logs, charged);
  if (why !== null) wrong("approvals", why);
}

/**
 * The accounts that the charge was booked on besides are those that follow from public documents, and none has passed
 * what it may come to. A region from before there were such named none: right where there is none but its years' total,
 * which counts it all the same.
 */
function checkAccounts(
  { charge }: Charged,
  plan: Plan,
  log: Pick<Replay, "inForce" | "queries" | "calendars">,
  wrong: (rule: Rule, says: string) => void,
): void {
  const federation = judging(log, charge);
  const parted = federation.directory.rhoPerYear !== undefined;
  if (charge.accounts === undefined && !parted && !isYearsOverQuarters(federation, plan.dataset)) return;
  const { requester } = log.queries.get(charge.query)?.query ?? { requester: "" };
  const calendars = (log.calendars.get(charge.query) ?? []).filter(({ place }) => place < charge.public.size);
  const asked = { id: charge.query, requester };
  const besidesBy = (counting: typeof calendars): Booking[] => {
    const envelopes = counting.map(({ envelope }) => envelope);
    const compartment = compartmentOf(federation, asked, plan.dataset, envelopes, new Date(charge.time));
    return accountsOf(federation, plan, { requester, compartment }).filter(
      ({ account, period }) => account !== charge.account || !plan.periods.includes(period),
    );
  };
  const listed = (charge.accounts ?? []).map(
    ({ account, period, charge }) => `${account} ${period}: ${charge}`,
  );
  const linesOf = (list: readonly Booking[]) =>
    list.map(({ account, period, rho }) => `${account} ${period}: ${format(rho)}`);
  const strict = besidesBy(calendars.filter(({ early }) => !early));
  // What the coordinator has put too early is its own fault, found at its entry: a region may have kept it.
  const kept = calendars.some(({ early }) => early) ? besidesBy(calendars) : strict;
  const besides = linesOf(kept).join() === listed.join() ? kept : strict;
  const expected = linesOf(besides);
  if (listed.join() !== expected.join()) wrong("charge", `expected to be booked on ${expected.join(", ")}`);
  for (const { account, period, spent } of charge.accounts ?? []) {
    const ceiling = besides.find((each) => each.account === account && each.period === period)?.ceiling;
    if (ceiling !== undefined && compare(parseRational(spent), ceiling) > 0)
      wrong("ledger", `expected at most ${format(ceiling)} of ${account} ${period}`);
  }
}

/** What was missing, of what stood in the log that the region was shown, at the time of its charge; null where nothing was. */
export function whyNotApproved(
  { log }: { readonly log: Pick<Replay, "inForce" | "queries" | "approvals"> },
  {
    region,
    charge,
  }: { readonly region: string; readonly charge: Pick<ChargeLeaf, "query" | "time" | "public"> },
): string | null {
  const federation = judging(log, charge);
  const asked = log.queries.get(charge.query);
  if (asked === undefined) return "expected the query in the log";
  const at = new Date(charge.time);
  let judged: Asked;
  try {
    judged = openQuery(federation, asked.envelope, at);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return `the query: ${error.message}`;
  }
  const shown = (log.approvals.get(charge.query) ?? []).filter(({ place }) => place < charge.public.size);
  const given = openApprovals(
    federation,
    shown.map(({ envelope }) => envelope),
    at,
  );
  const judgement = judgeApprovals(federation, judged, given, { region, past: true });
  return judgement.verdict === "declined" ? "expected no approver to have declined" : lackIn(judgement);
}
