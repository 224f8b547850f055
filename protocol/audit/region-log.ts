/** Replays a region's own log: its charges, its answers' digests and its ledger, recomputed to the last fraction. */

import type { Federation } from "../federation/directory.ts";
import type { Source } from "../log/documents.ts";
import type { Raise } from "../log/finding.ts";
import { extend, type Frontier, rootOfFrontier } from "../log/frontier.ts";
import { type NodeLeaf, readNodeLeaf } from "../log/leaf.ts";
import { openLog, readEntries } from "../log/open-log.ts";
import { isShort } from "../privacy/privacy.ts";
import { isYearAccount, YEAR_TOTAL } from "../question/accounts.ts";
import { ledgerGroupOf } from "../question/catalogue.ts";
import { type Hash, toHex } from "../values/bytes.ts";
import { type Period, yearOf } from "../values/period.ts";
import { add, compare, format, parseRational, type Rational, ZERO } from "../values/rational.ts";
import { Refusal } from "../values/refusal.ts";
import type { Placed } from "./coordinator-log.ts";

export type ChargeLeaf = Extract<NodeLeaf, { kind: "charge" }>;

export type RegionReplay = {
  readonly size: number;
  readonly asOf: number | null;
  readonly charges: Map<Hash, Placed<ChargeLeaf>>;
  /** By query: the region's own answer, and its masked vectors. */
  readonly answers: Map<Hash, Placed<{ id: Hash; time: string }>>;
  /** Refusals that it signed, by their ids. */
  readonly refused: Set<Hash>;
  readonly masked: Map<Hash, Placed<{ query: Hash }>>;
  /** By query: the one set. */
  readonly agreed: Map<Hash, Placed<{ survivors: Hash; session: Hash; attempt: number; time: string }>>;
};

/** A tree of this log that the coordinator's log has, and the place of the entry that says so. */
type SeenTree = { readonly size: number; readonly root: string; readonly place: number };

/** `seen` are the trees that the coordinator's log has of this one: the region's log must have had each. */
export async function replayRegion(
  versions: readonly Federation[],
  source: Source,
  log: string,
  seen: readonly SeenTree[],
  raise: Raise,
): Promise<RegionReplay | null> {
  const opened = await openLog(versions, source, log, raise);
  if (opened === null) return null;
  const replaying: Replaying = {
    log,
    found: {
      size: opened.checkpoint.size,
      asOf: opened.asOf,
      charges: new Map(),
      answers: new Map(),
      refused: new Set(),
      masked: new Map(),
      agreed: new Map(),
    },
    ledger: ledgerOf(versions),
    raise,
  };
  const largest = seen.at(-1)?.size ?? 0;
  if (largest > opened.checkpoint.size)
    raise({
      log,
      leaf: null,
      rule: "log-behind",
      says: `expected at least the ${largest} entries that the coordinator's log has seen`,
    });
  const whole = await readEntries(
    source,
    log,
    opened.checkpoint,
    raise,
    (entry, place) => {
      try {
        takeLeaf(readNodeLeaf(entry), place, replaying);
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        raise({ log, leaf: place, rule: "leaf", says: error.message });
      }
    },
    comparedWith(seen, log, raise),
  );
  return whole ? replaying.found : null;
}

/** What one region's log is replayed into. */
type Replaying = {
  readonly log: string;
  readonly found: RegionReplay;
  readonly ledger: Ledger;
  readonly raise: Raise;
};

/** What was spent of each account and period so far, and what each account may spend of a period. */
type Ledger = {
  readonly spent: Map<string, Rational>;
  readonly budgets: ReadonlyMap<string, Rational>;
};

const ledgerOf = (versions: readonly Federation[]): Ledger => ({
  spent: new Map(),
  budgets: new Map(
    versions
      .flatMap(({ datasets }) => [...datasets.values()])
      .map(({ dataset }) => [ledgerGroupOf(dataset), parseRational(dataset.budget.rhoPerPeriod)]),
  ),
});

/** Raises, as the log is read, every size at which its tree is another than the one that the coordinator's log has seen. */
function comparedWith(
  seen: readonly SeenTree[],
  log: string,
  raise: Raise,
): (before: Frontier, entries: readonly Uint8Array[]) => void {
  const known = new Map(seen.map(({ size, root }) => [size, root]));
  return (before, entries) => {
    let frontier: Frontier = before;
    for (const entry of entries) {
      frontier = extend(frontier, [entry]);
      const root = known.get(frontier.size);
      if (root !== undefined && root !== toHex(rootOfFrontier(frontier)))
        raise({
          log,
          leaf: frontier.size - 1,
          rule: "log-behind",
          says: "expected the tree that the coordinator's log has seen at this size",
        });
    }
  };
}

function takeLeaf(leaf: NodeLeaf, place: number, replaying: Replaying): void {
  const { log, found, raise } = replaying;
  /** Notes a second one of a query; true where it is the first. */
  const first = (of: ReadonlyMap<Hash, unknown>, query: Hash): boolean => {
    if (!of.has(query)) return true;
    raise({ log, leaf: place, rule: "order", says: "expected it once of a query" });
    return false;
  };
  if ("query" in leaf && leaf.kind !== "charge" && leaf.kind !== "refusal") {
    if (!found.charges.has(leaf.query))
      raise({ log, leaf: place, rule: "charge-missing", says: "expected the query's charge before it" });
  }
  switch (leaf.kind) {
    case "started":
    case "lists": // Of whom it is made nobody outside the region can tell.
      return;
    case "refusal":
      found.refused.add(leaf.id);
      return;
    case "charge":
      if (first(found.charges, leaf.query)) takeCharge(leaf, place, replaying);
      return;
    case "answer":
      if (first(found.answers, leaf.query))
        found.answers.set(leaf.query, { place, id: leaf.id, time: leaf.time });
      return;
    case "masked":
      found.masked.set(leaf.id, { place, query: leaf.query });
      return;
    case "agreed":
      // One set of one query, ever.
      if (first(found.agreed, leaf.query)) found.agreed.set(leaf.query, { ...leaf, place });
      return;
  }
}

/** Adds a charge up, and holds what it says of each period to the sum and to the budget. */
function takeCharge(
  leaf: ChargeLeaf,
  place: number,
  { log, found, ledger: { spent, budgets }, raise }: Replaying,
): void {
  // Before anything is added up: balances stay short fractions, and only grow.
  if (bookedBy(leaf).some(({ charge }) => compare(charge, ZERO) <= 0 || !isShort(charge))) {
    raise({
      log,
      leaf: place,
      rule: "charge",
      says: "expected a charge above 0 with at most 12 decimals",
    });
    return;
  }
  found.charges.set(leaf.query, { ...leaf, place });
  for (const { account, period, charge, said } of bookedBy(leaf)) {
    const name = `${account} ${period}`;
    const after = add(spent.get(name) ?? ZERO, charge);
    spent.set(name, after);
    const budget = budgets.get(account);
    if (said !== null && format(after) !== said)
      raise({ log, leaf: place, rule: "ledger", says: `expected ${format(after)} spent of ${name}` });
    // A year's ceiling is the directory's, of the version by which the region judged: `checkCharges` holds it to that.
    else if (!isYearAccount(account) && (budget === undefined || compare(after, budget) > 0))
      raise({ log, leaf: place, rule: "ledger", says: `expected at most the budget of ${name}` });
  }
}

type Booked = {
  readonly account: string;
  readonly period: Period;
  readonly charge: Rational;
  /** What the leaf says stands there then; null where it does not say. */
  readonly said: string | null;
};

/** All that a charge is booked on. One from before there were accounts of years counts in their total all the same. */
function bookedBy({ account, charge: each, periods, accounts }: ChargeLeaf): Booked[] {
  const charge = parseRational(each);
  const own = periods.map(({ period, spent }) => ({ account, period, charge, said: spent }));
  const others =
    accounts?.map(({ charge: its, spent, ...of }) => ({ ...of, charge: parseRational(its), said: spent })) ??
    periods.map(({ period }) => ({ account: YEAR_TOTAL, period: yearOf(period), charge, said: null }));
  return [...own, ...others];
}
