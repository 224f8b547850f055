/** A table as JSON-stat 2.0, with PxWebApi's extensions: its metadata, and the figures that were chosen of it. */
import { epsilonAt } from "../protocol/privacy/privacy.ts";
import { definitionOf, FOCUS_AREAS, type Indicator } from "../protocol/question/indicator.ts";
import type { Language } from "../protocol/values/language.ts";
import { format, parseRational, toNumber } from "../protocol/values/rational.ts";
import { type Content, type Cube, type CubeDimension, contentsOf } from "./cube.ts";
import { CONTENTS_CODE, chosenOf, type Selected } from "./pxweb-selection.ts";

export const WORDS = {
  sv: {
    contents: "tabellinnehåll",
    value: "värde",
    se: "standardfel",
    low: "undre gräns (95 %)",
    high: "övre gräns (95 %)",
    display: "visningstal (avrundat, aldrig negativt)",
    persons: "personer",
    percent: "andel",
    points: "poäng",
    noise:
      "Slumpmässig osäkerhet har tillförts varje tal för att skydda enskilda personer. Tal får inte adderas till nya totaler: varje total redovisas för sig, med mindre osäkerhet. Intervallen (95 %) anger osäkerheten av detta slag, och ingen annan. Tabellerna i ett släpp stämmer med varandra så när som på avrundning.",
    symbols:
      "u: osäkert tal, med ett standardfel över 30 % av talet, eller för andelar och medelvärden av det antal personer som de avser. ..: för osäkert för att redovisas. : (kolon): regionen är inte med i släppet. . (punkt): inte tillämpligt.",
    missing: "Regioner som inte är med i släppet för",
    late: "svarade inte i tid",
    declined: "avböjde",
    shown:
      "Visningstalen är framräknade ur talen: hela, aldrig negativa, och summerar inom varje region; inte mellan regioner. De är snedvridna, och inget ska räknas på dem.",
    population: "Folkmängden är alla åldrars, i regionerna i släppet, april 2026.",
    source: "Källa: Brus",
    help: "Mår du dåligt eller tänker på att ta ditt liv? Ring 112 vid akut fara, eller Mind Självmordslinjen 90101.",
  },
  en: {
    contents: "contents",
    value: "value",
    se: "standard error",
    low: "lower limit (95 %)",
    high: "upper limit (95 %)",
    display: "display figure (whole, never negative)",
    persons: "persons",
    percent: "share",
    points: "points",
    noise:
      "Random noise was added to every figure to protect individuals. Figures may not be added up to new totals: each total is published by itself, with less error. Intervals (95 %) state the error of this kind, and of no other. The tables of a release agree with each other but for rounding.",
    symbols:
      "u: unreliable, with a standard error above 30 % of the figure or, for shares and means, of the number of persons they are of. ..: too uncertain to be published. : (colon): the region is not in the release. . (full stop): not applicable.",
    missing: "Regions that are not in the release of",
    late: "did not answer in time",
    declined: "declined",
    shown:
      "Display figures are made from the figures: whole, never negative, adding up within each region, not between regions. They are biased, and nothing is to be reckoned with them.",
    population: "The population is of all ages, in the regions of the release, April 2026.",
    source: "Source: Brus",
    help: "Are you unwell, or thinking of taking your life? Call 112 in acute danger, or Mind's suicide line 90101 (in Swedish).",
  },
} as const satisfies Record<Language, Record<string, string>>;

/** Decimals that a figure is shown with; the figure itself has those of its release. */
export const decimalsOf = ({ produced }: Indicator): number =>
  produced.by !== "measure"
    ? 2
    : { share: 4, mean: 2, count: 1, sum: 1, variance: 2, histogram: 1, quantile: 0 }[produced.measure.kind];

const SUICIDE = new Set(["suicidal-thoughts", "suicide-rate"]);

/** What everyone must read with the figures, the first of it mandatory. */
export function notesOf({ indicator, releases }: Cube, language: Language): string[] {
  const say = WORDS[language];
  const missing = releases.flatMap(({ period, standing: { release } }) =>
    release.missing.length === 0
      ? []
      : [
          `${period}: ${release.missing.map(({ region, reason }) => `${region} (${reason === "no-answer" ? say.late : say.declined})`).join(", ")}`,
        ],
  );
  return [
    say.noise,
    definitionOf(indicator, language),
    say.symbols,
    ...(missing.length === 0 ? [] : [`${say.missing} ${missing.join("; ")}.`]),
    ...(contentsOf({ indicator }).includes("display") ? [say.shown] : []),
    ...(indicator.produced.by === "measure" && indicator.produced.per !== undefined ? [say.population] : []),
    ...(SUICIDE.has(indicator.id) ? [say.help] : []),
  ];
}

/** The contents that were chosen, by code. */
export const contentsIn = (cube: Cube, { contents }: Selected): Content[] =>
  contents.map((at) => contentsOf(cube)[at] ?? "value");

/** Of a table, its metadata; with `selected`, the figures chosen. Shape as Statistics Sweden's own answers. */
export function datasetOf(cube: Cube, language: Language, selected: Selected | null, address: string) {
  const say = WORDS[language];
  const { dimensions, indicator } = cube;
  const contents: readonly Content[] = selected === null ? contentsOf(cube) : contentsIn(cube, selected);
  const described = dimensions.map(
    (each, index) => [each.code, dimensionIn(each, selected?.places[index] ?? null, language)] as const,
  );
  const decimals = decimalsOf(indicator);
  const keyed = (text: string) => Object.fromEntries(contents.map((code) => [code, text]));
  const metric = {
    label: say.contents,
    category: {
      index: indexed(contents),
      label: Object.fromEntries(
        contents.map((code) => [
          code,
          code === "value" ? indicator.name[language] : `${indicator.name[language]}, ${say[code]}`,
        ]),
      ),
      unit: Object.fromEntries(contents.map((code) => [code, { base: indicator.unit[language], decimals }])),
    },
    extension: {
      elimination: false,
      show: "value",
      codelists: [],
      codeLists: [],
      measuringType: keyed("Other"),
      priceType: keyed("NotApplicable"),
      adjustment: keyed("None"),
      alternativeText: keyed(definitionOf(indicator, language)),
    },
  };
  const notes = notesOf(cube, language);
  const figures = selected === null ? null : figuresIn(cube, selected, contents);
  return {
    version: "2.0",
    class: "dataset",
    label: cube.label[language],
    source: "Brus",
    updated: cube.updated,
    note: notes,
    role: { time: ["Tid"], geo: ["Region"], metric: [CONTENTS_CODE] },
    id: [...described.map(([code]) => code), CONTENTS_CODE],
    size: [...described.map(([, { category }]) => Object.keys(category.index).length), contents.length],
    dimension: { ...Object.fromEntries(described), [CONTENTS_CODE]: metric },
    extension: {
      noteMandatory: { "0": true },
      px: {
        tableid: cube.id,
        matrix: cube.id,
        decimals,
        "official-statistics": false,
        aggregallowed: false,
        copyright: false,
        language,
        contents: indicator.name[language],
        descriptiondefault: false,
        heading: ["Tid", CONTENTS_CODE],
        stub: described.map(([code]) => code).filter((code) => code !== "Tid"),
        "subject-code": indicator.focus,
        "subject-area": FOCUS_AREAS[indicator.focus][language],
      },
      contact: [{ raw: "Brus" }],
      privacy: privacyOf(cube),
      direction: indicator.direction,
      official: indicator.official,
      releases: cube.releases.map(({ period, standing }) => ({
        period,
        release: standing.id,
        proof: `${address}/api/releases/${encodeURIComponent(standing.id)}/receipt`,
        missing: standing.release.missing,
      })),
    },
    ...(figures === null ? { value: [] } : figures),
  };
}

function figuresIn(cube: Cube, selected: Selected, contents: readonly Content[]) {
  const value: Array<number | null> = [];
  const status: Record<string, string> = {};
  for (const { figure } of chosenOf(cube, selected))
    for (const content of contents) {
      const said = figure[content];
      const flag = figure.flag === "unreliable" ? "u" : figure.flag;
      if (flag !== null) status[String(value.length)] = flag;
      value.push(said);
    }
  return { value, status };
}

const indexed = (codes: readonly string[]): Record<string, number> =>
  Object.fromEntries(codes.map((code, at) => [code, at]));

function dimensionIn(
  { label, values, role }: CubeDimension,
  places: readonly number[] | null,
  language: Language,
) {
  const shown = places === null ? values : places.flatMap((at) => values[at] ?? []);
  return {
    label: label[language],
    category: {
      index: indexed(shown.map(({ code }) => code)),
      label: Object.fromEntries(shown.map((value) => [value.code, value.label[language]])),
    },
    // Nobody may add figures up: every total is a code of its own.
    extension: { elimination: false, show: role === "time" ? "code" : "value", codelists: [], codeLists: [] },
  };
}

export function privacyOf({ plan, releases, kind }: Pick<Cube, "plan" | "releases" | "kind">) {
  const delta = toNumber(parseRational(plan.dataset.budget.delta));
  const charge = releases.at(-1)?.standing.release.charge ?? "0";
  const rho = parseRational(charge);
  return {
    mechanism: "discrete Gaussian on residuals of marginals",
    kind,
    unit: plan.dataset.person,
    rho: format(rho),
    epsilon: epsilonAt(toNumber(rho), delta),
    delta,
    per: "region and period, for all tables of the release together",
    intervals: "95 %, noise alone",
  };
}
