/** A table's figures as files: CSV with its CSVW description, Excel, Parquet, PX, JSON-stat. Each carries its release and says what noise is. */
import { stringify } from "csv-stringify/sync";
import { parquetWriteBuffer } from "hyparquet-writer";
import writeExcelFile from "write-excel-file/node";
import type { Language } from "../../protocol/values/language.ts";
import { Refusal } from "../../protocol/values/refusal.ts";
import { type Cube, contentsOf, dimensionsOf } from "../../publication/cube.ts";
import { notesOf, WORDS } from "../../publication/footnotes.ts";
import { pxOf } from "../../publication/px-file.ts";
import { contentsIn, datasetOf } from "../../publication/pxweb-dataset.ts";
import { chosenOf, type Selected } from "../../publication/pxweb-selection.ts";

export const FORMATS = ["json-stat2", "csv", "px", "xlsx", "parquet"] as const;
export type FormatName = (typeof FORMATS)[number];

/** How a whole table's file ends, by format. */
export const ENDINGS = {
  csv: "csv",
  px: "px",
  xlsx: "xlsx",
  parquet: "parquet",
  json: "json-stat2",
} as const satisfies Record<string, FormatName>;

export const LICENSE = "https://creativecommons.org/publicdomain/zero/1.0/";

export const FORMAT_PARAMETERS = [
  "UseCodes",
  "UseTexts",
  "UseCodesAndTexts",
  "IncludeTitle",
  "SeparatorTab",
  "SeparatorSpace",
  "SeparatorSemicolon",
] as const;

export type Written = { readonly body: Uint8Array | string; readonly type: string };

export type Writing = {
  readonly cube: Cube;
  readonly selected: Selected;
  readonly language: Language;
  readonly parameters: ReadonlySet<string>;
  /** Where this interface stands. */
  readonly address: string;
};

export async function written(format: FormatName, writing: Writing): Promise<Written> {
  const { cube, selected, language, address } = writing;
  switch (format) {
    case "json-stat2":
      return { body: JSON.stringify(datasetOf(cube, language, selected, address)), type: "application/json" };
    case "csv":
      return { body: csvOf(writing), type: "text/csv; charset=utf-8" };
    case "px":
      return { body: pxOf(cube, selected, language), type: "application/octet-stream" };
    case "xlsx":
      return {
        body: await xlsxOf(writing),
        type: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
      };
    case "parquet":
      return { body: parquetOf(writing), type: "application/vnd.apache.parquet" };
  }
}

const SEPARATORS: ReadonlyArray<readonly [string, string]> = [
  ["SeparatorTab", "\t"],
  ["SeparatorSpace", " "],
  ["SeparatorSemicolon", ";"],
];
const SHOWN = ["UseCodes", "UseTexts", "UseCodesAndTexts"];

/** Refuses (`format-unknown`) parameters that are none, or that exclude each other. */
export function checkParameters(parameters: ReadonlySet<string>): void {
  const known: ReadonlySet<string> = new Set(FORMAT_PARAMETERS);
  const shown = SHOWN.filter((each) => parameters.has(each)).length;
  const separators = SEPARATORS.filter(([name]) => parameters.has(name)).length;
  if ([...parameters].some((each) => !known.has(each)) || shown > 1 || separators > 1)
    throw new Refusal(
      "format-unknown",
      `expected outputFormatParams among ${FORMAT_PARAMETERS.join(", ")}, one of a kind`,
    );
}

/** A column for each variable, one for each of the contents, and the flag. */
function headOf({ cube, selected, language }: Writing): string[] {
  const say = WORDS[language];
  const contents = contentsIn(cube, selected).map((content) => say[content]);
  return [...dimensionsOf(cube).map(({ label }) => label[language]), ...contents, "status"];
}

type TableCell = string | number | null;

function* rowsOf({ cube, selected, language, parameters }: Writing): Generator<TableCell[]> {
  const contents = contentsIn(cube, selected);
  const texts = parameters.has("UseTexts");
  const both = parameters.has("UseCodesAndTexts");
  const dimensions = dimensionsOf(cube);
  for (const { places, figure } of chosenOf(cube, selected)) {
    const keys = places.map((place, at) => {
      const value = dimensions[at]?.values[place];
      const [code, text] = [value?.code ?? "", value?.label[language] ?? ""];
      return both ? `${code} ${text}` : texts ? text : code;
    });
    yield [
      ...keys,
      ...contents.map((content) => figure[content]),
      figure.flag === "unreliable" ? "u" : figure.flag,
    ];
  }
}

function csvOf(writing: Writing): string {
  const { cube, language, parameters } = writing;
  const delimiter = SEPARATORS.find(([name]) => parameters.has(name))?.[1] ?? ",";
  const title = parameters.has("IncludeTitle") ? [[cube.label[language]]] : [];
  return stringify([...title, headOf(writing), ...rowsOf(writing)], {
    delimiter,
    record_delimiter: "windows",
    // A figure that is not there says so: `..`, as Statistics Sweden does.
    cast: { object: (value) => (value === null ? "" : String(value)) },
  });
}

/** CSV on the Web's description of a table's CSV file, which lies beside it. */
export function csvwOf(cube: Cube, language: Language, url: string) {
  const named = dimensionsOf(cube).map(({ code, label }) => ({
    name: code.toLowerCase(),
    titles: { [language]: label[language] },
    datatype: "string",
    required: true,
  }));
  const say = WORDS[language];
  return {
    "@context": ["http://www.w3.org/ns/csvw", { "@language": language }],
    url,
    "dc:title": { "@value": cube.label[language], "@language": language },
    "dc:description": { "@value": notesOf(cube, language).join(" "), "@language": language },
    "dc:license": { "@id": "http://creativecommons.org/publicdomain/zero/1.0/" },
    "dc:modified": cube.updated.slice(0, 10),
    "dc:source": cube.releases.map(({ standing }) => standing.id).at(-1),
    dialect: { delimiter: ",", header: true, encoding: "utf-8", lineTerminators: ["\r\n", "\n"] },
    tableSchema: {
      columns: [
        ...named,
        ...contentsOf(cube).map((code) => ({
          name: code,
          titles: { [language]: say[code] },
          datatype: "number",
          null: "",
        })),
        { name: "status", titles: { [language]: "status" }, datatype: "string", null: "" },
      ],
      primaryKey: named.map(({ name }) => name),
    },
  };
}

async function xlsxOf(writing: Writing): Promise<Uint8Array> {
  const { cube, language } = writing;
  const texts = { ...writing, parameters: new Set(["UseTexts"]) };
  const cell = (value: TableCell) => (value === null ? null : { value });
  const notes = notesOf(cube, language).map((note) => [cell(note)]);
  const sheet = [
    [{ value: cube.label[language], fontWeight: "bold" as const }],
    [],
    headOf(texts).map((value) => ({ value, fontWeight: "bold" as const })),
    ...[...rowsOf(texts)].map((row) => row.map(cell)),
    [],
    ...notes,
    [cell(`${WORDS[language].source}, ${cube.releases.at(-1)?.standing.id ?? ""}`)],
  ];
  return await writeExcelFile(sheet).toBuffer();
}

function parquetOf(writing: Writing): Uint8Array {
  const { cube, selected } = writing;
  const rows = [...rowsOf({ ...writing, parameters: new Set() })];
  const contents = contentsIn(cube, selected);
  const names = [...dimensionsOf(cube).map(({ code }) => code), ...contents, "status"];
  const numeric = new Set<string>(contents);
  return new Uint8Array(
    parquetWriteBuffer({
      columnData: names.map((name, at) => ({
        name,
        data: rows.map((row) => row[at] ?? null),
        type: numeric.has(name) ? ("DOUBLE" as const) : ("STRING" as const),
        nullable: numeric.has(name) || name === "status",
      })),
      kvMetadata: [
        { key: "title", value: cube.label[writing.language] },
        { key: "release", value: cube.releases.at(-1)?.standing.id ?? "" },
        { key: "note", value: notesOf(cube, writing.language).join(" ") },
      ],
    }),
  );
}
