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
  const { indicator } = cube;
  const dimensions = dimensionsOf(cube);
  const other = LANGUAGES.find((each) => each !== language) ?? language;
  const contents = contentsIn(cube, selected);
  const names = (in_: Language) => [...dimensions.map(({ label }) => label[in_]), WORDS[in_].contents];
  const values = (in_: Language) => [
    ...dimensions.map(({ values: all }, at) =>
      (selected.places[at] ?? []).map((place) => all[place]?.label[in_] ?? ""),
    ),
    contents.map((code) => WORDS[in_][code]),
  ];
  const codes = [
    ...dimensions.map(({ values: all }, at) =>
      (selected.places[at] ?? []).map((place) => all[place]?.code ?? ""),
    ),
    [...contents],
  ];
  const ids = [...dimensions.map(({ code }) => code), CONTENTS_CODE];
  const decimals = decimalsOf(indicator);
  const lines: string[] = [
    'CHARSET="ANSI";',
    'AXIS-VERSION="2013";',
    'CODEPAGE="utf-8";',
    `LANGUAGE=${quoted(language)};`,
    `LANGUAGES=${list([language, other])};`,
    `CREATION-DATE=${quoted(stamp(cube.updated))};`,
    `DECIMALS=${Math.min(6, decimals)};`,
    `SHOWDECIMALS=${Math.min(6, decimals)};`,
    `MATRIX=${quoted(`${cube.id.slice(0, 11)}-${hashOf(utf8(cube.id)).slice(7, 15)}`)};`,
    `TABLEID=${quoted(cube.id)};`,
    "AGGREGALLOWED=NO;",
    "COPYRIGHT=NO;",
    "OFFICIAL-STATISTICS=NO;",
    `SUBJECT-CODE=${quoted(indicator.focus)};`,
  ];
  for (const in_ of [language, other]) {
    const tag = in_ === language ? "" : `[${in_}]`;
    const own = names(in_);
    lines.push(
      `SUBJECT-AREA${tag}=${quoted(FOCUS_AREAS[indicator.focus][in_])};`,
      `TITLE${tag}=${quoted(cube.label[in_])};`,
      `CONTENTS${tag}=${quoted(indicator.name[in_])};`,
      `UNITS${tag}=${quoted(indicator.unit[in_])};`,
      `STUB${tag}=${list(own.slice(0, -1))};`,
      `HEADING${tag}=${list(own.slice(-1))};`,
      ...values(in_).map((each, at) => `VALUES${tag}(${quoted(own[at] ?? "")})=${list(each)};`),
      ...codes.map((each, at) => `CODES${tag}(${quoted(own[at] ?? "")})=${list(each)};`),
      ...ids.map((id, at) => `VARIABLECODE${tag}(${quoted(own[at] ?? "")})=${quoted(id)};`),
      `TIMEVAL${tag}(${quoted(own[1] ?? "")})=${timesOf(codes[1] ?? [])};`,
      `SOURCE${tag}="Brus";`,
      ...notesOf(cube, in_).map((note, at) => `NOTE${at === 0 ? "X" : ""}${tag}=${quoted(note)};`),
    );
  }
  lines.push(
    `LAST-UPDATED=${quoted(stamp(cube.updated))};`,
    'DATASYMBOL1=".";',
    'DATASYMBOL2="..";',
    'DATASYMBOL3="...";',
    "DATA=",
  );
  for (const { figure } of chosenOf(cube, selected))
    lines.push(
      contents
        .map((content) => {
          const value = figure[content];
          if (value !== null) return String(value);
          return figure.flag === ":" || figure.flag === "." ? SYMBOLS[figure.flag] : SYMBOLS[".."];
        })
        .join(" "),
    );
  return `${lines.join("\r\n")};\r\n`;
}

/** Periods as the format writes them: `TLIST(Q1),"20261"`. */
function timesOf(periods: readonly string[]): string {
  const kind = periods[0]?.includes("K") === true ? "Q1" : periods[0]?.includes("M") === true ? "M1" : "A1";
  return `TLIST(${kind}),${list(periods.map((period) => period.replace(/[KM]/, "")))}`;
}

/** `20261126 21:04`. */
const stamp = (instant: string): string =>
  `${instant.slice(0, 10).replaceAll("-", "")} ${instant.slice(11, 16)}`;
