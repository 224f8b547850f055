/** A table as JSON-stat with PxWebApi's extensions, in the shape of Statistics Sweden's own answers: its metadata, and the figures that were chosen of it. */
import { definitionOf, FOCUS_AREAS, type Indicator } from "../protocol/question/indicator.ts";
import type { Language } from "../protocol/values/language.ts";
import { type Content, type Cube, type CubeDimension, contentsOf, dimensionsOf } from "./cube.ts";
import { notesOf, privacyIn, WORDS } from "./footnotes.ts";
import { type JsonStat, jsonStatOf, SHOWN_DECIMALS, type StatDimension } from "./json-stat.ts";
import { CONTENTS_CODE, chosenOf, type Selected } from "./pxweb-selection.ts";

/** Decimals that a figure of an indicator is shown with. */
export const decimalsOf = ({ produced }: Indicator): number =>
  produced.by === "measure" ? SHOWN_DECIMALS[produced.measure.kind] : 2;

/** The contents that were chosen, by code. */
export const contentsIn = (cube: Cube, { contents }: Selected): Content[] =>
  contents.map((at) => contentsOf(cube)[at] ?? "value");

/** Of a table, its metadata; with `selected`, the figures chosen. */
export function datasetOf(cube: Cube, language: Language, selected: Selected | null, address: string) {
  const contents = selected === null ? contentsOf(cube) : contentsIn(cube, selected);
  const described = dimensionsOf(cube).map((each, at) =>
    dimensionIn(each, cube, selected?.places[at] ?? null, language),
  );
  const dataset = jsonStatOf({
    label: cube.label[language],
    updated: cube.updated,
    notes: notesOf(cube, language),
    dimensions: [...described, metricOf(cube, contents, language)],
    extension: {
      px: pxOf(cube, described, language),
      contact: [{ raw: "Brus" }],
      privacy: privacyIn(cube),
      direction: cube.indicator.direction,
      official: cube.indicator.official,
      releases: cube.releases.map(({ period, standing }) => ({
        period,
        release: standing.id,
        proof: `${address}/api/releases/${encodeURIComponent(standing.id)}/receipt`,
        missing: standing.release.missing,
      })),
    },
    figures: selected === null ? null : figuresIn(cube, selected, contents),
  });
  return selected === null ? withoutStatus(dataset) : dataset;
}

/** Metadata says nothing of figures' status. */
function withoutStatus({ status: _, ...metadata }: JsonStat): Omit<JsonStat, "status"> {
  return metadata;
}

const pxOf = ({ id, indicator }: Cube, described: readonly StatDimension[], language: Language) => ({
  tableid: id,
  matrix: id,
  decimals: decimalsOf(indicator),
  "official-statistics": false,
  aggregallowed: false,
  copyright: false,
  language,
  contents: indicator.name[language],
  descriptiondefault: false,
  heading: ["Tid", CONTENTS_CODE],
  stub: described.map(({ code }) => code).filter((code) => code !== "Tid"),
  "subject-code": indicator.focus,
  "subject-area": FOCUS_AREAS[indicator.focus][language],
});

function dimensionIn(
  dimension: CubeDimension,
  { regions, periods }: Cube,
  places: readonly number[] | null,
  language: Language,
): StatDimension {
  const { code, label, values } = dimension;
  const shown = places === null ? values : places.flatMap((at) => values[at] ?? []);
  return {
    code,
    label: label[language],
    role: dimension === regions ? "geo" : dimension === periods ? "time" : null,
    values: shown.map((value) => ({ code: value.code, label: value.label[language] })),
    show: dimension === periods ? "code" : "value",
  };
}

function metricOf({ indicator }: Cube, contents: readonly Content[], language: Language): StatDimension {
  const keyed = (text: string) => Object.fromEntries(contents.map((code) => [code, text]));
  const [name, unit, decimals] = [indicator.name, indicator.unit, decimalsOf(indicator)];
  return {
    code: CONTENTS_CODE,
    label: WORDS[language].contents,
    role: "metric",
    values: contents.map((code) => ({
      code,
      label: code === "value" ? name[language] : `${name[language]}, ${WORDS[language][code]}`,
      unit: { base: unit[language], decimals },
    })),
    show: "value",
    extension: {
      measuringType: keyed("Other"),
      priceType: keyed("NotApplicable"),
      adjustment: keyed("None"),
      alternativeText: keyed(definitionOf(indicator, language)),
    },
  };
}

function* figuresIn(cube: Cube, selected: Selected, contents: readonly Content[]) {
  for (const { figure } of chosenOf(cube, selected))
    for (const content of contents) yield { value: figure[content], flag: figure.flag };
}
