/** The release of one question as JSON-stat, with all that its figures are: value, error and interval, side by side. */
import { UNKNOWN_CODE } from "../protocol/plan/cells.ts";
import { type Plan, publishedPeriods } from "../protocol/plan/plan.ts";
import type { Meaning } from "../protocol/privacy/meaning.ts";
import { measureText } from "../protocol/question/words.ts";
import { readCells } from "../protocol/release/cells.ts";
import { type CellTable, type Release, regionsOf } from "../protocol/release/release.ts";
import { NATION } from "../protocol/values/codes.ts";
import type { Language } from "../protocol/values/language.ts";
import { Refusal } from "../protocol/values/refusal.ts";
import { missingNotes, privacyOf, WORDS, yearNote } from "./footnotes.ts";
import { type JsonStat, jsonStatOf, SHOWN_DECIMALS, type StatDimension } from "./json-stat.ts";

export type TabledRelease = {
  readonly plan: Plan;
  readonly release: Release;
  readonly releaseId: string;
  readonly cells: CellTable;
  readonly title: string;
  /** Regions' names by code; and how many regions are active in all. */
  readonly regions: ReadonlyMap<string, string>;
  readonly active: number;
  /** What all that a region may release of one person in a year comes to. */
  readonly year: Meaning;
};

const SAY = {
  sv: {
    region: "region",
    time: "period",
    nation: "riket",
    some: (within: number, of: number) => `${within} av ${of} regioner`,
    unknown: "uppgift saknas",
    bin: "klass",
    p: "kvantil",
    persons: "personer",
    share: "andel",
    value: "värde",
  },
  en: {
    region: "region",
    time: "period",
    nation: "the nation",
    some: (within: number, of: number) => `${within} of ${of} regions`,
    unknown: "not stated",
    bin: "bin",
    p: "quantile",
    persons: "persons",
    share: "share",
    value: "value",
  },
} as const satisfies Record<Language, object>;

/** Refuses (`format-unknown`) a release of many tables, of which each is a dataset by itself (`/api/v2/tables`). */
export function queryDatasetOf(table: TabledRelease, language: Language): JsonStat {
  const { plan, release, cells, title, regions } = table;
  if (plan.tables !== null)
    throw new Refusal(
      "format-unknown",
      "expected a release of one table; fetch these as /api/v2/tables lists them",
    );
  const figures = [...readCells(plan, cells)];
  const periods = publishedPeriods(plan).join(", ");
  const named = (code: string): string => regions.get(code) ?? code;
  const { noise, symbols } = WORDS[language];
  return jsonStatOf({
    label: title,
    updated: release.madeAt,
    notes: [
      noise,
      symbols,
      yearNote(table.year, language),
      ...missingNotes([{ period: periods, missing: release.missing }], named, language),
    ],
    dimensions: [areasOf(table, language), ...groupsOf(plan, language), metricOf(plan, language)],
    figures,
    extension: {
      px: { aggregallowed: false, language },
      privacy: privacyOf(plan, release.release, release.charge, table.year),
      release: table.releaseId,
      query: release.query,
      regions: { in: regionsOf(release), missing: release.missing },
      standardError: figures.map(({ se }) => se),
      low: figures.map(({ low }) => low),
      high: figures.map(({ high }) => high),
    },
  });
}

function areasOf({ release, cells, regions, active }: TabledRelease, language: Language): StatDimension {
  const say = SAY[language];
  const within = regionsOf(release).length;
  // The nation only where no region is left out.
  const nation = within === active ? say.nation : say.some(within, active);
  const values = cells.areas.map((code) => ({
    code,
    label: code === NATION ? nation : (regions.get(code) ?? code),
  }));
  return { code: "Region", label: say.region, role: "geo", values, show: "code_value" };
}

function groupsOf(plan: Plan, language: Language): StatDimension[] {
  const say = SAY[language];
  const periods = publishedPeriods(plan).map((code) => ({ code, label: code }));
  return [
    { code: "Tid", label: say.time, role: "time", values: periods, show: "code_value" },
    ...plan.dimensions.map(
      ({ column, values }): StatDimension => ({
        code: column,
        label: plan.dataset.columns[column]?.title?.[language] ?? column,
        role: null,
        values: values.map((code) =>
          code === null ? { code: UNKNOWN_CODE, label: say.unknown } : { code, label: code },
        ),
        show: "code_value",
      }),
    ),
  ];
}

function metricOf({ measures, dataset }: Plan, language: Language): StatDimension {
  const say = SAY[language];
  const values = measures.flatMap(({ measure, labels }) => {
    const { id, kind } = measure;
    const text = measureText(measure, dataset, language);
    const base =
      kind === "count" || kind === "histogram" ? say.persons : kind === "share" ? say.share : say.value;
    const unit = { base, decimals: SHOWN_DECIMALS[kind] };
    if (labels === null) return [{ code: id, label: text, unit }];
    const part = kind === "histogram" ? say.bin : say.p;
    return labels.map((label) => ({ code: `${id}:${label}`, label: `${text}, ${part} ${label}`, unit }));
  });
  const label = WORDS[language].contents;
  return { code: "ContentsCode", label, role: "metric", values, show: "code_value" };
}
