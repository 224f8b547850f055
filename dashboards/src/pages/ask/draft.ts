/** A question as it is composed: from choices to a query, its plan, its price and what to expect. No data is touched. */
import { accountsOf } from "../../../../protocol/federation/accounts.ts";
import type { Federation } from "../../../../protocol/federation/directory.ts";
import { planIn } from "../../../../protocol/federation/plan-in.ts";
import type { Plan } from "../../../../protocol/plan/plan.ts";
import { priceOf } from "../../../../protocol/plan/price.ts";
import { requesterAccount } from "../../../../protocol/question/accounts.ts";
import type { Dataset } from "../../../../protocol/question/catalogue.ts";
import type { Filter } from "../../../../protocol/question/filter.ts";
import {
  type Measure,
  NEWEST_EDITION,
  Query,
  type ReleaseKind,
} from "../../../../protocol/question/query.ts";
import {
  type Expected,
  expectedByKind,
  expectedOfBoth,
} from "../../../../protocol/release/expected-error.ts";
import { instant } from "../../../../protocol/values/names.ts";
import { closedAt, ordinalOf, periodAt } from "../../../../protocol/values/period.ts";
import { parseRational, toNumber } from "../../../../protocol/values/rational.ts";
import { parseWith, Refusal } from "../../../../protocol/values/refusal.ts";
import type { Ledgers } from "../../../../protocol/wire/budgets.ts";

export type Condition = {
  readonly column: string;
  readonly values: readonly string[];
  readonly between: readonly [number, number] | null;
};

export type Draft = {
  readonly dataset: string;
  /** `count`, or `kind column`. */
  readonly measures: readonly string[];
  readonly where: readonly Condition[];
  readonly groupBy: readonly string[];
  readonly periods: readonly string[];
  readonly pool: boolean;
  readonly release: ReleaseKind;
  readonly minRegions: number;
  readonly rho: string;
  readonly title: string;
  readonly purpose: string;
};

/** From cheap to exact, as parts of the whole that a period may ever release. */
export const PRICES = [
  "1/2500",
  "1/1000",
  "1/500",
  "1/250",
  "1/100",
  "1/50",
  "1/25",
  "1/20",
  "1/10",
  "1/5",
] as const;

/** ρ for a part of a dataset's budget, with at most 12 decimals, as queries must have it. */
export function rhoOf(dataset: Dataset, part: string): string {
  const budget = parseRational(dataset.budget.rhoPerPeriod);
  const of = parseRational(part);
  return `${budget.n * of.n}/${budget.d * of.d}`;
}

/** The latest closed periods of a dataset, newest first. */
export function closedPeriods({ period: kind, graceDays }: Dataset, now: Date, most: number): string[] {
  const form = {
    year: (d: Date) => `${d.getUTCFullYear()}`,
    quarter: (d: Date) => `${d.getUTCFullYear()}K${Math.floor(d.getUTCMonth() / 3) + 1}`,
    month: (d: Date) => `${d.getUTCFullYear()}M${String(d.getUTCMonth() + 1).padStart(2, "0")}`,
  };
  const current = ordinalOf(kind, form[kind](now)) ?? 0;
  return Array.from({ length: most + 2 }, (_, back) => periodAt(kind, current - back))
    .filter((period) => closedAt(kind, period, graceDays) <= now)
    .slice(0, most);
}

const MEASURE_ID = (kind: string, column: string) =>
  `${column}${kind === "mean" || kind === "share" ? "" : `-${kind}`}`.slice(0, 48);

function measureOf(choice: string): Measure {
  const [kind = "count", column = ""] = choice.split(" ");
  if (kind === "share") return { id: MEASURE_ID(kind, column), kind, predicate: { column, in: [true] } };
  if (kind === "quantile")
    return { id: MEASURE_ID(kind, column), kind, column, probabilities: ["1/4", "1/2", "3/4"] };
  if (kind === "mean" || kind === "sum" || kind === "variance")
    return { id: MEASURE_ID(kind, column), kind, column };
  return { id: "persons", kind: "count" };
}

function filterOf({ where }: Draft, { columns }: Dataset): Filter | undefined {
  const parts = where.flatMap(({ column, values, between }): Filter[] => {
    const kind = columns[column]?.kind;
    if (kind === "integer") return between === null ? [] : [{ column, between: [...between] }];
    if (values.length === 0) return [];
    return [{ column, in: kind === "boolean" ? values.map((value) => value === "true") : [...values] }];
  });
  return parts.length === 0 ? undefined : parts.length === 1 ? parts[0] : { and: parts };
}

/** What stands for the purpose's digest, the nonce and the moment while a question is only composed. */
const PLACEHOLDER = { purpose: `sha256:${"0".repeat(64)}`, nonce: "0".repeat(32) };

export type Filling = {
  readonly requester: string;
  readonly purpose: string;
  readonly nonce: string;
  readonly now: Date;
  readonly hours: number;
};

/** The query of a draft. Refuses what no query may be, saying what was expected. */
export function queryOf(
  draft: Draft,
  federation: Federation,
  bound: Partial<Filling> & { readonly now: Date },
): Query {
  const document = federation.datasets.get(draft.dataset);
  if (document === undefined) throw new Refusal("dataset-unknown", `expected ${draft.dataset}`);
  const { now, hours = 24 } = bound;
  const at = (milliseconds: number) => instant(new Date(now.getTime() + milliseconds));
  const where = filterOf(draft, document.dataset);
  const until = at(hours * 3_600_000);
  return parseWith(
    Query,
    {
      dataset: draft.dataset,
      edition: NEWEST_EDITION,
      directory: federation.hash,
      requester: bound.requester ?? "researcher",
      title: draft.title.trim() === "" ? "–" : draft.title.trim(),
      purpose: bound.purpose ?? PLACEHOLDER.purpose,
      periods: draft.periods.toSorted(),
      ...(where === undefined ? {} : { where }),
      groupBy: draft.groupBy,
      measures: draft.measures.map(measureOf),
      release: draft.release,
      ...(draft.release === "both" ? { nationalPart: "1/2" } : {}),
      regions: "all",
      minRegions: draft.minRegions,
      pool: draft.pool && draft.periods.length > 1,
      rho: draft.rho,
      notBefore: at(-60_000),
      expires: until,
      answerBy: until,
      nonce: bound.nonce ?? PLACEHOLDER.nonce,
    },
    "query",
  );
}

export type Priced = {
  readonly query: Query;
  readonly plan: Plan;
  readonly rho: string;
  /** Of what a region may ever release about a period. */
  readonly part: number;
  readonly epsilon: number;
  readonly cells: number;
  readonly expected: { readonly region: readonly Expected[] | null; readonly nation: readonly Expected[] };
};

/** What was composed so far. */
export type Composed = {
  readonly federation: Federation;
  readonly draft: Draft;
  readonly found: Priced | Refusal;
};

/** Persons in a cell for whom an error is shown: a small group, a county, the nation. */
export const SIZES = [100, 1_000, 10_000] as const;

export function priced(draft: Draft, federation: Federation, now: Date): Priced {
  const query = queryOf(draft, federation, { now });
  const plan = planIn(federation, query);
  const { part, epsilon } = priceOf(plan);
  const regions = federation.directory.nodes.filter(({ status }) => status === "active").length;
  const errors = () => {
    if (draft.release === "both") return expectedOfBoth(plan, regions, SIZES);
    if (draft.release === "national") {
      const regional = planIn(federation, queryOf({ ...draft, release: "regions" }, federation, { now }));
      const { secure, nation } = expectedByKind(regional, plan, regions, SIZES);
      return { region: null, nation: secure ?? nation };
    }
    const { region, nation } = expectedByKind(plan, null, regions, SIZES);
    return { region, nation };
  };
  return {
    query,
    plan,
    rho: draft.rho,
    part,
    epsilon,
    cells: plan.cells * (draft.pool ? 1 : plan.periods.length) * (draft.release === "national" ? 1 : regions),
    expected: errors(),
  };
}

/** What it would cost, as a part of the budget, to have this half-width instead: errors go as one over the root of ρ. */
export const partFor = ({ part }: Pick<Priced, "part">, halfWidth: number, wanted: number): number =>
  part * (halfWidth / wanted) ** 2;

export type Left = {
  readonly region: string;
  /** Parts of the account of which least is left once it is paid: what is spent, and what the question takes. */
  readonly spent: number;
  readonly cost: number;
};

/**
 * How much each region has spent of the account that the question leaves least of: the dataset's in one of its periods,
 * or one of a year's. What one person may ask is left out: nobody has signed yet.
 */
export function spentIn(
  ledgers: Ledgers,
  found: Pick<Priced, "query" | "plan">,
  federation: Federation,
): Left[] {
  const { query, plan } = found;
  const { requester } = query;
  const compartment = plan.dataset.compartment ?? "questions";
  const own = requesterAccount(requester);
  const bookings = accountsOf(federation, plan, { requester, compartment }).filter(
    ({ account }) => account !== own,
  );
  return ledgers.map(({ node, ledger }) => {
    const parts = bookings.map(({ account, period, rho, ceiling }) => {
      const known = ledger.accounts.find((each) => each.group === account && each.period === period);
      const whole = toNumber(ceiling);
      return {
        region: node,
        spent: toNumber(parseRational(known?.spent ?? "0")) / whole,
        cost: toNumber(rho) / whole,
      };
    });
    return parts.reduce((a, b) => (a.spent + a.cost >= b.spent + b.cost ? a : b));
  });
}
