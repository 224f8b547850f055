/**
 * A release as a JSON-stat 2.0 dataset: what national statistics' tools read. Values are dense, with null where there is
 * none; all that concerns noise stands under `extension`, since the format forbids unknown members elsewhere. No cell
 * may be summed by whoever reads it: totals are their own, with their own smaller error.
 */

import { UNKNOWN_CODE } from "../protocol/plan/cells.ts";
import { type Plan, publishedPeriods } from "../protocol/plan/plan.ts";
import { epsilonAt } from "../protocol/privacy/privacy.ts";
import { measureText } from "../protocol/question/words.ts";
import { readCells } from "../protocol/release/cells.ts";
import { type CellTable, type Release, regionsOf } from "../protocol/release/release.ts";
import { NATION } from "../protocol/values/codes.ts";
import type { Language } from "../protocol/values/language.ts";
import { format, parseRational, toNumber } from "../protocol/values/rational.ts";
import { Refusal } from "../protocol/values/refusal.ts";

type StatCategory = {
  readonly index: readonly string[];
  readonly label: Readonly<Record<string, string>>;
  readonly unit?: Readonly<Record<string, { readonly base: string; readonly decimals: number }>>;
};
type StatDimension = {
  readonly label: string;
  readonly category: StatCategory;
  readonly extension: { readonly elimination: false; readonly show: "code_value" };
};

/** Dense, the last of `id` fastest; arrays under `extension` beside `value` are in its order. */
export type JsonStat = {
  readonly version: "2.0";
  readonly class: "dataset";
  readonly label: string;
  readonly source: string;
  readonly updated: string;
  readonly note: readonly string[];
  readonly role: {
    readonly geo: readonly string[];
    readonly time: readonly string[];
    readonly metric: readonly string[];
  };
  readonly id: readonly string[];
  readonly size: readonly number[];
  readonly dimension: Readonly<Record<string, StatDimension>>;
  readonly value: ReadonlyArray<number | null>;
  readonly status: Readonly<Record<string, string>>;
  readonly extension: object;
};

export type TabledRelease = {
  readonly plan: Plan;
  readonly release: Release;
  readonly releaseId: string;
  readonly cells: CellTable;
  readonly title: string;
  /** Regions' names by code; and how many regions are active in all. */
  readonly regions: ReadonlyMap<string, string>;
  readonly active: number;
};

const WORDS = {
  sv: {
    region: "region",
    time: "period",
    contents: "tabellinnehåll",
    nation: "riket",
    some: (within: number, of: number) => `${within} av ${of} regioner`,
    unknown: "uppgift saknas",
    bin: "klass",
    p: "kvantil",
    persons: "personer",
    share: "andel",
    value: "värde",
    noise:
      "Slumpmässig osäkerhet har tillförts varje tal för att skydda enskilda personer. Tal får inte adderas till nya totaler: varje total redovisas för sig, med mindre osäkerhet. Intervall (95 %) anger osäkerheten av detta slag, och ingen annan.",
    weak: "Status u: osäkert tal, med ett standardfel över 30 % av talet. Status ..: talet är för osäkert för att redovisas.",
    missing: "Regioner som inte är med:",
  },
  en: {
    region: "region",
    time: "period",
    contents: "contents",
    nation: "the nation",
    some: (within: number, of: number) => `${within} of ${of} regions`,
    unknown: "not stated",
    bin: "bin",
    p: "quantile",
    persons: "persons",
    share: "share",
    value: "value",
    noise:
      "Random noise was added to every figure to protect individuals. Figures may not be added up to new totals: each total is published by itself, with less error. Intervals (95 %) state the error of this kind, and of no other.",
    weak: "Status u: unreliable, with a standard error above 30 % of the figure. Status ..: too uncertain to be published.",
    missing: "Regions that are not in it:",
  },
} as const satisfies Record<Language, object>;

const DECIMALS = { count: 1, sum: 1, mean: 2, variance: 2, share: 4, histogram: 1, quantile: 0 } as const;

/** Refuses (`format-unknown`) a release of many tables, of which each is a dataset by itself (`/api/v2/tables`). */
export function jsonStatOf(table: TabledRelease, language: Language): JsonStat {
  if (table.plan.tables !== null)
    throw new Refusal(
      "format-unknown",
      "expected a release of one table; fetch these as /api/v2/tables lists them",
    );
  const { plan, release, cells, title, regions } = table;
  const say = WORDS[language];
  const within = regionsOf(release);
  const nation = within.length === table.active ? say.nation : say.some(within.length, table.active);
  const named = (code: string) => (code === NATION ? nation : (regions.get(code) ?? code));
  const contents = plan.measures.flatMap(({ measure, labels }) =>
    (labels ?? [null]).map((label) => ({
      code: label === null ? measure.id : `${measure.id}:${label}`,
      text: `${measureText(measure, plan.dataset, language)}${label === null ? "" : `, ${measure.kind === "histogram" ? say.bin : say.p} ${label}`}`,
      measure,
    })),
  );
  const units = contents.map(({ code, measure: { kind } }) => {
    const base =
      kind === "count" || kind === "histogram" ? say.persons : kind === "share" ? say.share : say.value;
    return [code, { base, decimals: DECIMALS[kind] }] as const;
  });
  const dimensions: Array<readonly [string, StatDimension]> = [
    ["Region", dimension(say.region, cells.areas, named)],
    ["Tid", dimension(say.time, publishedPeriods(plan), (period) => period)],
    ...plan.dimensions.map(({ column, values }): readonly [string, StatDimension] => {
      const label = plan.dataset.columns[column]?.title?.[language] ?? column;
      const codes = values.map((value) => (value === null ? UNKNOWN_CODE : String(value)));
      return [column, dimension(label, codes, (code) => (code === UNKNOWN_CODE ? say.unknown : code))];
    }),
    [
      "ContentsCode",
      {
        ...dimension(
          say.contents,
          contents.map(({ code }) => code),
          (code) => contents.find((each) => each.code === code)?.text ?? code,
        ),
        category: {
          index: contents.map(({ code }) => code),
          label: Object.fromEntries(contents.map(({ code, text }) => [code, text])),
          unit: Object.fromEntries(units),
        },
      },
    ],
  ];
  const figures = [...readCells(plan, cells)];
  const status = figures.flatMap(({ flag }, at) =>
    flag === null ? [] : [[String(at), flag === "unreliable" ? "u" : flag] as const],
  );
  const missing = release.missing.map(({ region, reason }) => `${named(region)} (${reason})`);
  return {
    version: "2.0",
    class: "dataset",
    label: title,
    source: "Brus",
    updated: release.madeAt,
    note: [say.noise, say.weak, ...(missing.length === 0 ? [] : [`${say.missing} ${missing.join(", ")}.`])],
    role: { geo: ["Region"], time: ["Tid"], metric: ["ContentsCode"] },
    id: dimensions.map(([name]) => name),
    size: dimensions.map(([, { category }]) => category.index.length),
    dimension: Object.fromEntries(dimensions),
    value: figures.map(({ value }) => value),
    status: Object.fromEntries(status),
    extension: {
      noteMandatory: { "0": true },
      px: { aggregallowed: false, language },
      privacy: privacyOf(plan, release),
      release: table.releaseId,
      query: release.query,
      regions: { in: within, missing: release.missing },
      standardError: figures.map(({ se }) => se),
      low: figures.map(({ low }) => low),
      high: figures.map(({ high }) => high),
    },
  };
}

function dimension(label: string, codes: readonly string[], named: (code: string) => string): StatDimension {
  return {
    label,
    category: { index: codes, label: Object.fromEntries(codes.map((code) => [code, named(code)])) },
    extension: { elimination: false, show: "code_value" },
  };
}

function privacyOf(plan: Plan, { release, charge }: Release) {
  const delta = toNumber(parseRational(plan.dataset.budget.delta));
  return {
    mechanism: "discrete Gaussian",
    kind: release,
    unit: plan.dataset.person,
    rho: format(parseRational(charge)),
    epsilon: epsilonAt(toNumber(plan.charge), delta),
    delta,
    per: "region and period",
    intervals: "95 %, noise alone",
  };
}
