/** Generated catalogues, tables and queries that fit each other, for properties. */
import fc from "fast-check";
import type { z } from "zod";
import { planTables } from "../../protocol/plan/tables.ts";
import { type Column, type Dataset, writeDataset } from "../../protocol/question/catalogue.ts";
import type { Filter } from "../../protocol/question/filter.ts";
import { EDITIONS, type Measure, type Query, type Tables } from "../../protocol/question/query.ts";
import type { Row, Value } from "./oracle.ts";

const category: fc.Arbitrary<Column> = fc.record({
  kind: fc.constant("category" as const),
  values: fc.uniqueArray(fc.constantFrom("a", "b", "c", "85+", "16-29", "å ö", "it's", '"q"', "1", "x|y"), {
    minLength: 1,
    maxLength: 4,
  }),
  nullable: fc.boolean(),
});
const boolean: fc.Arbitrary<Column> = fc.record({
  kind: fc.constant("boolean" as const),
  nullable: fc.boolean(),
});
const integer = (span: number): fc.Arbitrary<Column> =>
  fc
    .tuple(
      fc.oneof(fc.integer({ min: -20, max: 20 }), fc.constantFrom(-2_147_483_647, 2_147_480_000, 1_000_000)),
      fc.integer({ min: 1, max: span }),
      fc.boolean(),
    )
    .map(([min, width, nullable]) => ({
      kind: "integer" as const,
      min,
      max: Math.min(2_147_483_647, min + width),
      nullable,
    }));

export const columns: fc.Arbitrary<Record<string, Column>> = fc
  .tuple(
    category,
    fc.array(fc.oneof(category, boolean, integer(8), integer(3000)), { minLength: 1, maxLength: 3 }),
  )
  .map(([first, rest]) => Object.fromEntries([first, ...rest].map((column, index) => [`c${index}`, column])));

const valueIn = (column: Column): fc.Arbitrary<Value> => {
  const value: fc.Arbitrary<Value> =
    column.kind === "category"
      ? fc.constantFrom(...column.values)
      : column.kind === "boolean"
        ? fc.boolean()
        : fc.oneof(fc.integer({ min: column.min, max: column.max }), fc.constantFrom(column.min, column.max));
  return column.nullable === true
    ? fc.oneof({ weight: 4, arbitrary: value }, { weight: 1, arbitrary: fc.constant(null) })
    : value;
};

export const PERIODS = ["2025K1", "2025K2", "2025K3"] as const;

const rowsOf = (cols: Record<string, Column>, most: number): fc.Arbitrary<Row[]> =>
  fc.array(
    fc.record({
      person: fc.constantFrom("p1", "p2", "p3", "p4", "a, b", 'say "hi"', "ö"),
      period: fc.constantFrom(...PERIODS),
      values: fc.record(
        Object.fromEntries(Object.entries(cols).map(([name, column]) => [name, valueIn(column)])),
      ),
    }),
    { maxLength: most },
  );

const leafOf = (name: string, column: Column): fc.Arbitrary<Filter> => {
  if (column.kind === "category")
    return fc.subarray([...column.values], { minLength: 1 }).map((values) => ({ column: name, in: values }));
  if (column.kind === "boolean")
    return fc.subarray([true, false], { minLength: 1 }).map((values) => ({ column: name, in: values }));
  const inside = fc.integer({ min: column.min, max: column.max });
  return fc.oneof(
    fc
      .uniqueArray(inside, { minLength: 1, maxLength: 4 })
      .map((values): Filter => ({ column: name, in: values })),
    fc
      .tuple(inside, inside)
      .map(([a, b]): Filter => ({ column: name, between: [Math.min(a, b), Math.max(a, b)] })),
  );
};

export const filterOf = (cols: Record<string, Column>): fc.Arbitrary<Filter> => {
  const leaf = fc.oneof(...Object.entries(cols).map(([name, column]) => leafOf(name, column)));
  const { node } = fc.letrec<{ node: Filter }>((tie) => ({
    node: fc.oneof(
      { maxDepth: 3 },
      leaf,
      fc.record({ not: tie("node") }),
      fc.record({ and: fc.array(tie("node"), { minLength: 1, maxLength: 3 }) }),
      fc.record({ or: fc.array(tie("node"), { minLength: 1, maxLength: 3 }) }),
    ),
  }));
  return node;
};

type Bare = Measure extends infer M ? (M extends Measure ? Omit<M, "id"> : never) : never;

const measureOf = (cols: Record<string, Column>): fc.Arbitrary<Bare> => {
  const all = Object.entries(cols);
  const integers = all.filter(([, column]) => column.kind === "integer");
  const small = integers.filter(([, column]) => column.kind === "integer" && column.max - column.min < 50);
  const options: fc.Arbitrary<Bare>[] = [
    fc.constant({ kind: "count" }),
    filterOf(cols).map((predicate): Bare => ({ kind: "share", predicate })),
    ...all
      .filter(([, column]) => column.kind !== "integer" || column.max - column.min < 50)
      .map(([column]) => fc.constant<Bare>({ kind: "histogram", column })),
    ...integers.flatMap(([column]) =>
      (["sum", "mean", "variance"] as const).map((kind) => fc.constant<Bare>({ kind, column })),
    ),
    ...integers.map(([name, column]) => {
      const { min, max } = column as Extract<Column, { kind: "integer" }>; // Filtered to integers above.
      return fc.uniqueArray(fc.integer({ min: min + 1, max }), { maxLength: 3 }).map(
        (edges): Bare => ({
          kind: "histogram",
          column: name,
          edges: [min, ...edges.sort((a, b) => a - b)],
        }),
      );
    }),
    ...small.map(([column]) =>
      fc.constant<Bare>({ kind: "quantile", column, probabilities: ["0.25", "1/2"] }),
    ),
  ];
  return fc.oneof(...options);
};

/** The total, each column and each pair; null where none has two categories. */
function tablesOver(names: readonly string[], dataset: Dataset): Tables | null {
  const wide = names.filter((name) => {
    const column = dataset.columns[name];
    return column?.kind === "category" && column.values.length + (column.nullable === true ? 1 : 0) > 1;
  });
  if (wide.length === 0) return null;
  const pairs = wide.flatMap((a, at) => wide.slice(at + 1).map((b) => [a, b]));
  const sets = [[], ...wide.map((name) => [name]), ...pairs];
  return planTables(
    dataset,
    sets.map((columns) => ({ columns })),
    "least-sum",
  );
}

export type Case = {
  readonly dataset: z.input<typeof Dataset>;
  readonly rows: Row[];
  readonly queries: readonly Query[];
};

export const HASH = `sha256:${"0".repeat(64)}`;

/** What is asked of a dataset, before the dataset has its name. */
const askedOf = (cols: Record<string, Column>) => {
  const groupable = Object.entries(cols).flatMap(([column, { kind }]) =>
    kind === "category" ? [column] : [],
  );
  return fc.record({
    where: fc.option(filterOf(cols), { nil: undefined }),
    groupBy: fc.shuffledSubarray(groupable),
    measures: fc.array(measureOf(cols), { minLength: 1, maxLength: 4 }),
    periods: fc.subarray([...PERIODS], { minLength: 1 }),
    tabled: fc.boolean(),
    edition: fc.constantFrom(...EDITIONS),
  });
};
type Asked = ReturnType<typeof askedOf> extends fc.Arbitrary<infer A> ? A : never;

function queryAbout(
  dataset: Dataset,
  { where, groupBy, measures: all, periods, tabled, edition }: Asked,
): Query {
  const tables = tabled ? tablesOver(groupBy, dataset) : null;
  const fit = all.filter(({ kind }) => tables === null || (kind !== "histogram" && kind !== "quantile"));
  const measures: Bare[] = fit.length === 0 ? [{ kind: "count" }] : fit;
  return queryOf({
    dataset: `${dataset.dataset}@1`,
    edition,
    periods,
    ...(tables === null ? { groupBy } : { groupBy: [], tables }),
    measures: measures.map((measure, index) => ({ id: `m${index}`, ...measure }) as Measure), // The id completes it.
    ...(where === undefined ? {} : { where }),
  });
}

/** A table and so many queries of it. `name` makes datasets of one run distinct where they share a database. */
export const caseOf = (name: () => string, queries: number, most = 40): fc.Arbitrary<Case> =>
  columns.chain((cols) =>
    fc
      .record({
        rows: rowsOf(cols, most),
        asked: fc.array(askedOf(cols), { minLength: queries, maxLength: queries }),
      })
      .map(({ rows, asked }): Case => {
        const draft = {
          dataset: name(),
          version: 1,
          title: { sv: "Genererad", en: "Generated" },
          person: "one person within one region",
          period: "quarter" as const,
          rowsPerPerson: 5 as const,
          maxPersons: 1000,
          columns: cols,
          budget: { rhoPerPeriod: "10", delta: "1e-9" },
        };
        const { dataset } = writeDataset(draft);
        return { rows, dataset: draft, queries: asked.map((each) => queryAbout(dataset, each)) };
      }),
  );

/** A query that is whole, but for what a test is about. */
export const queryOf = (part: Partial<Query>): Query => ({
  dataset: "care@1",
  directory: HASH,
  requester: "researcher",
  title: "A test",
  purpose: "To test",
  periods: ["2025K1"],
  groupBy: [],
  measures: [{ id: "n", kind: "count" }],
  release: "regions",
  regions: "all",
  minRegions: 1,
  pool: false,
  rho: "1/10",
  notBefore: "2026-01-01T00:00:00Z",
  expires: "2036-01-01T00:00:00Z",
  answerBy: "2036-01-01T00:00:00Z",
  nonce: "0".repeat(32),
  ...part,
});

/** Rows as a CSV that the plainest mapping reads. */
export function csvOf(rows: readonly Row[], dataset: z.input<typeof Dataset>): string {
  const names = Object.keys(dataset.columns);
  const quote = (value: Value) => (value === null ? "" : `"${String(value).replaceAll('"', '""')}"`);
  return `${["person", "period", ...names].join(",")}\n${rows
    .map(({ person, period, values }) =>
      [quote(person), period, ...names.map((name) => quote(values[name] ?? null))].join(","),
    )
    .map((line) => `${line}\n`)
    .join("")}`;
}

export const plainMapping = (dataset: z.input<typeof Dataset>) => ({
  person: "person",
  period: { column: "period" },
  columns: Object.fromEntries(Object.keys(dataset.columns).map((name) => [name, { column: name }])),
});
