/**
 * A question in plain words, Swedish or English: what an approver reads before signing. Says everything that the
 * query does, and nothing that it does not.
 */
import type { Language } from "../values/language.ts";
import type { Labels } from "../values/text.ts";
import type { Dataset } from "./catalogue.ts";
import type { Filter } from "./filter.ts";
import type { Measure, Query } from "./query.ts";

const PHRASES = {
  sv: {
    count: "antal personer",
    sum: "summan av personernas medelvärden av",
    mean: "medelvärdet av",
    variance: "variansen av",
    share: "andelen för vilka",
    histogram: "fördelningen av",
    quantile: "kvantilerna",
    of: "av",
    by: "uppdelat på",
    tables: "i tabeller som stämmer med varandra, efter",
    total: "totalt",
    counted: "antal personer för vilka",
    where: "bland rader där",
    all: "bland alla rader",
    and: "och",
    or: "eller",
    not: "inte",
    is: "är",
    yes: "ja",
    no: "nej",
    between: "är mellan",
    in: "i",
    regions: "i alla regioner",
    someRegions: "i regionerna",
    nation: "för alla regioner tillsammans",
    someNation: "tillsammans för regionerna",
    both: "i alla regioner och för dem tillsammans",
    someBoth: "var för sig och tillsammans i regionerna",
    atLeast: "Endast summan öppnas, av minst {n} regioner; ingen regions siffror kan ses.",
    split:
      "Av ρ går {part} till den gemensamma summan; regionernas och rikets siffror stäms av mot varandra.",
    pooled: "(perioderna sammanslagna)",
    note: "Varje person väger ett och delas över sina egna rader i perioden; högst fem räknas.",
    nulls: "Saknade värden räknas som 0 i summor.",
  },
  en: {
    count: "number of persons",
    sum: "the sum of persons' averages of",
    mean: "the mean of",
    variance: "the variance of",
    share: "the share for whom",
    histogram: "the distribution of",
    quantile: "the quantiles",
    of: "of",
    by: "broken down by",
    tables: "in tables that agree with each other, by",
    total: "in total",
    counted: "number of persons for whom",
    where: "among rows where",
    all: "among all rows",
    and: "and",
    or: "or",
    not: "not",
    is: "is",
    yes: "yes",
    no: "no",
    between: "is between",
    in: "in",
    regions: "in every region",
    someRegions: "in the regions",
    nation: "for all regions together",
    someNation: "together for the regions",
    both: "in every region and for all of them together",
    someBoth: "one by one and together in the regions",
    atLeast: "Only the sum is opened, of at least {n} regions; no region's figures can be seen.",
    split: "Of ρ, {part} is for the sum of all; the regions' figures and the nation's are reconciled.",
    pooled: "(the periods pooled)",
    note: "Each person weighs one, split over their own rows of the period; at most five count.",
    nulls: "Missing values count as 0 in sums.",
  },
} as const satisfies Record<Language, Record<string, string>>;

type Phrases = (typeof PHRASES)[Language];

/** Codes that `labels` does not name stand as they are. */
export function inWords(query: Query, dataset: Dataset, language: Language, labels: Labels = {}): string {
  const say = PHRASES[language];
  const name = namesIn(dataset, language, labels);
  const measures = query.measures.map((measure) => measureInWords(measure, say, name)).join(", ");
  const grouping = groupingInWords(query, say, name);
  const filter =
    query.where === undefined ? say.all : `${say.where} ${filterInWords(query.where, say, name)}`;
  const where = areaInWords(query, say);
  const periods = `${query.periods.join(", ")}${query.pool ? ` ${say.pooled}` : ""}`;
  const nulls = query.measures.some(({ kind }) => kind === "sum") ? ` ${say.nulls}` : "";
  const text = `${measures}${grouping}, ${filter}, ${say.in} ${dataset.title[language]} ${periods}, ${where}.`;
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${kindInWords(query, say)} ${say.note}${nulls}`;
}

/** What a column is called; with a value, what that is called. */
type Name = (column: string, value?: string) => string;

const namesIn =
  (dataset: Dataset, language: Language, labels: Labels): Name =>
  (column, value) =>
    value === undefined
      ? (dataset.columns[column]?.title?.[language] ?? column)
      : (labels[column]?.[value]?.[language] ?? value);

function groupingInWords({ groupBy, tables }: Query, say: Phrases, name: Name): string {
  if (tables !== undefined) {
    const each = tables.marginals.map((set) =>
      set.length === 0 ? say.total : set.map((column) => name(column)).join(" × "),
    );
    return ` ${say.tables} ${each.join("; ")}`;
  }
  return groupBy.length === 0 ? "" : ` ${say.by} ${groupBy.map((column) => name(column)).join(", ")}`;
}

/** What a measure is of, in words: a table's column head. */
export const measureText = (measure: Measure, dataset: Dataset, language: Language): string => {
  const text = measureInWords(measure, PHRASES[language], namesIn(dataset, language, {}));
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
};

function areaInWords({ regions, release }: Query, say: Phrases): string {
  const [all, some] =
    release === "national"
      ? [say.nation, say.someNation]
      : release === "both"
        ? [say.both, say.someBoth]
        : [say.regions, say.someRegions];
  return regions === "all" ? all : `${some} ${regions.join(", ")}`;
}

/** What a release kind means for who can see what: part of what an approver approves. */
function kindInWords({ release, minRegions, nationalPart }: Query, say: Phrases): string {
  if (release === "national") return ` ${say.atLeast.replace("{n}", String(minRegions))}`;
  return release === "both" ? ` ${say.split.replace("{part}", nationalPart ?? "")}` : "";
}

function measureInWords(measure: Measure, say: Phrases, name: Name): string {
  switch (measure.kind) {
    case "count":
      return measure.where === undefined
        ? say.count
        : `${say.counted} ${filterInWords(measure.where, say, name)}`;
    case "share":
      return `${say.share} ${filterInWords(measure.predicate, say, name)}`;
    case "quantile":
      return `${say.quantile} ${measure.probabilities.join(", ")} ${say.of} ${name(measure.column)}`;
    default:
      return `${say[measure.kind]} ${name(measure.column)}`;
  }
}

function filterInWords(filter: Filter, say: Phrases, name: Name): string {
  if ("not" in filter) return `${say.not} (${filterInWords(filter.not, say, name)})`;
  if ("and" in filter)
    return `(${filter.and.map((part) => filterInWords(part, say, name)).join(` ${say.and} `)})`;
  if ("or" in filter)
    return `(${filter.or.map((part) => filterInWords(part, say, name)).join(` ${say.or} `)})`;
  if ("between" in filter)
    return `${name(filter.column)} ${say.between} ${filter.between[0]} ${say.and} ${filter.between[1]}`;
  const written = (value: string | boolean | number) =>
    value === true ? say.yes : value === false ? say.no : name(filter.column, String(value));
  return `${name(filter.column)} ${say.is} ${filter.in.map(written).join(` ${say.or} `)}`;
}
