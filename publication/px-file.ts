/**
 * A table as a PX file (Statistics Sweden's format of 2013), for PxWin, PxEdit and their kin: keywords, then the figures,
 * stub by stub. Two languages, text in UTF-8.
 */

import { FOCUS_AREAS } from "../protocol/question/indicator.ts";
import { hashOf, utf8 } from "../protocol/values/bytes.ts";
import { LANGUAGES, type Language } from "../protocol/values/language.ts";
import { type Cube, dimensionsOf } from "./cube.ts";
import { notesOf, WORDS } from "./footnotes.ts";
import { contentsIn, decimalsOf } from "./pxweb-dataset.ts";
import { CONTENTS_CODE, chosenOf, type Selected } from "./pxweb-selection.ts";

/** Texts are quoted; a quotation mark within becomes an apostrophe, since the format has no escape. */
const quoted = (text: string): string => `"${text.replaceAll('"', "'").replaceAll(/[\r\n]+/g, " ")}"`;
const list = (texts: readonly string[]): string => texts.map(quoted).join(",");

/** What stands for a figure that is not there. */
const SYMBOLS = { "..": '".."', ":": '"..."', ".": '"."' } as const;

export function pxOf(cube: Cube, selected: Selected, language: Language): string {
  const other = LANGUAGES.find((each) => each !== language) ?? language;
  const lines = [
    ...headOf(cube, [language, other]),
    ...[language, other].flatMap((each) =>
      wordsOf(cube, selected, each, each === language ? "" : `[${each}]`),
    ),
    `LAST-UPDATED=${quoted(stamp(cube.updated))};`,
    'DATASYMBOL1=".";',
    'DATASYMBOL2="..";',
    'DATASYMBOL3="...";',
    "DATA=",
    ...figuresOf(cube, selected),
  ];
  return `${lines.join("\r\n")};\r\n`;
}

/** Keywords that say the same in every language. */
function headOf(cube: Cube, languages: readonly [Language, Language]): string[] {
  const decimals = decimalsOf(cube.indicator);
  return [
    'CHARSET="ANSI";',
    'AXIS-VERSION="2013";',
    'CODEPAGE="utf-8";',
    `LANGUAGE=${quoted(languages[0])};`,
    `LANGUAGES=${list(languages)};`,
    `CREATION-DATE=${quoted(stamp(cube.updated))};`,
    `DECIMALS=${Math.min(6, decimals)};`,
    `SHOWDECIMALS=${Math.min(6, decimals)};`,
    `MATRIX=${quoted(`${cube.id.slice(0, 11)}-${hashOf(utf8(cube.id)).slice(7, 15)}`)};`,
    `TABLEID=${quoted(cube.id)};`,
    "AGGREGALLOWED=NO;",
    "COPYRIGHT=NO;",
    "OFFICIAL-STATISTICS=NO;",
    `SUBJECT-CODE=${quoted(cube.indicator.focus)};`,
  ];
}

/** Keywords in one language; `tag` names it, where it is not the file's first. */
function wordsOf(cube: Cube, selected: Selected, language: Language, tag: string): string[] {
  const { indicator } = cube;
  const dimensions = dimensionsOf(cube);
  const contents = contentsIn(cube, selected);
  const chosen = dimensions.map(({ values }, at) =>
    (selected.places[at] ?? []).map((place) => values[place]),
  );
  const names = [...dimensions.map(({ label }) => label[language]), WORDS[language].contents];
  const values = [
    ...chosen.map((each) => each.map((value) => value?.label[language] ?? "")),
    contents.map((code) => WORDS[language][code]),
  ];
  const codes = [...chosen.map((each) => each.map((value) => value?.code ?? "")), [...contents]];
  const ids = [...dimensions.map(({ code }) => code), CONTENTS_CODE];
  const named = (keyword: string, at: number) => `${keyword}${tag}(${quoted(names[at] ?? "")})`;
  return [
    `SUBJECT-AREA${tag}=${quoted(FOCUS_AREAS[indicator.focus][language])};`,
    `TITLE${tag}=${quoted(cube.label[language])};`,
    `CONTENTS${tag}=${quoted(indicator.name[language])};`,
    `UNITS${tag}=${quoted(indicator.unit[language])};`,
    `STUB${tag}=${list(names.slice(0, -1))};`,
    `HEADING${tag}=${list(names.slice(-1))};`,
    ...values.map((each, at) => `${named("VALUES", at)}=${list(each)};`),
    ...codes.map((each, at) => `${named("CODES", at)}=${list(each)};`),
    ...ids.map((id, at) => `${named("VARIABLECODE", at)}=${quoted(id)};`),
    `${named("TIMEVAL", 1)}=${timesOf(codes[1] ?? [])};`,
    `SOURCE${tag}="Brus";`,
    ...notesOf(cube, language).map((note, at) => `NOTE${at === 0 ? "X" : ""}${tag}=${quoted(note)};`),
  ];
}

/** A line for each place in the table: its figures, or what stands for one that is not there. */
function figuresOf(cube: Cube, selected: Selected): string[] {
  const contents = contentsIn(cube, selected);
  return Array.from(chosenOf(cube, selected), ({ figure }) =>
    contents
      .map((content) => {
        const value = figure[content];
        if (value !== null) return String(value);
        return figure.flag === ":" || figure.flag === "." ? SYMBOLS[figure.flag] : SYMBOLS[".."];
      })
      .join(" "),
  );
}

/** Periods as the format writes them: `TLIST(Q1),"20261"`. */
function timesOf(periods: readonly string[]): string {
  const kind = periods[0]?.includes("K") === true ? "Q1" : periods[0]?.includes("M") === true ? "M1" : "A1";
  return `TLIST(${kind}),${list(periods.map((period) => period.replace(/[KM]/, "")))}`;
}

/** `20261126 21:04`. */
const stamp = (instant: string): string =>
  `${instant.slice(0, 10).replaceAll("-", "")} ${instant.slice(11, 16)}`;
