/**
 * The publication API as the nation's statisticians know it: PxWebApi 2, and whole tables as files at stable addresses.
 * Reads alone; all of it may be kept by anyone.
 */
import { Hono, type Context as HonoContext } from "hono";
import { cors } from "hono/cors";
import { z } from "zod";
import { hashOf, utf8 } from "../protocol/bytes.ts";
import type { Cube } from "../protocol/cube.ts";
import { FOCUS_AREAS } from "../protocol/indicator.ts";
import { datasetOf } from "../protocol/published.ts";
import { parseWith, Refusal } from "../protocol/refusal.ts";
import {
  CONTENTS_CODE,
  defaultSelection,
  MAX_CELLS,
  selectIn,
  VariablesSelection,
} from "../protocol/selection.ts";
import { LANGUAGES, type Language } from "../protocol/words.ts";
import { readBody } from "../server/http.ts";
import {
  checkParameters,
  csvwOf,
  ENDINGS,
  FORMATS,
  type FormatName,
  LICENSE,
  type Written,
  written,
} from "./formats.ts";
import type { Publication, Published } from "./publication.ts";

/** Written answers that are kept: by address, of the current version alone. */
const MOST_KEPT = 500;
const MOST_BYTES = 64_000_000;

export type Pxweb = { readonly publication: Publication; readonly callsPerMinute: number };

export function pxwebOf({ publication, callsPerMinute }: Pxweb): Hono {
  const app = new Hono();
  const kept = keeper();
  app.use(
    "*",
    cors({
      origin: "*",
      allowMethods: ["GET", "HEAD", "POST", "OPTIONS"],
      exposeHeaders: ["ETag", "Retry-After"],
    }),
  );
  /** A read of what is published now: the same for everyone until another release, and so to be kept. */
  const read = async (
    c: HonoContext,
    make: (published: Published) => Written | Promise<Written>,
  ): Promise<Response> => {
    const published = await publication.current();
    const etag = `"${hashOf(utf8(`${published.version} ${c.req.url}`)).slice(7, 39)}"`;
    const headers = { etag, "cache-control": "public, max-age=300", vary: "accept-language" };
    if (c.req.header("if-none-match")?.split(/, */).includes(etag) === true)
      return c.body(null, 304, headers);
    const { body, type } = await kept(published.version, c.req.url, () => make(published));
    return c.body(typeof body === "string" ? body : Uint8Array.from(body), 200, {
      ...headers,
      "content-type": type,
    });
  };
  const json = (value: unknown): Written => ({ body: JSON.stringify(value), type: "application/json" });

  app.get("/api/v2/config", (c) => read(c, () => json(configOf(callsPerMinute))));
  app.get("/api/v2/tables", (c) => read(c, (published) => json(tablesOf(c, published))));
  app.get("/api/v2/tables/:id", (c) =>
    read(c, (published) => {
      const language = languageOf(c);
      return json({ ...tableIn(cubeOf(c, published), language, addressOf(c)), language });
    }),
  );
  app.get("/api/v2/tables/:id/metadata", (c) =>
    read(c, (published) => {
      formatOf(c.req.query("outputFormat"), ["json-stat2"]);
      return json(datasetOf(cubeOf(c, published), languageOf(c), null, addressOf(c)));
    }),
  );
  app.get("/api/v2/tables/:id/defaultselection", (c) =>
    read(c, (published) => {
      const cube = cubeOf(c, published);
      const language = languageOf(c);
      const self = {
        rel: "self",
        hreflang: language,
        href: `${addressOf(c)}/api/v2/tables/${cube.id}/defaultselection?lang=${language}`,
      };
      return json({ ...defaultSelection(cube), language, links: [self] });
    }),
  );
  app.get("/api/v2/tables/:id/data", (c) =>
    read(c, (published) => {
      const cube = cubeOf(c, published);
      return dataOf(c, cube, selectionIn(c, cube));
    }),
  );
  app.post("/api/v2/tables/:id/data", async (c) => {
    const cube = cubeOf(c, await publication.current());
    const asked = await readBody(c, VariablesSelection, "selection");
    const { body, type } = await dataOf(
      c,
      cube,
      asked.selection.length === 0 ? defaultSelection(cube) : asked,
    );
    return c.body(typeof body === "string" ? body : Uint8Array.from(body), 200, { "content-type": type });
  });
  // No table offers lists of codes to add figures up by: there is none to be found.
  app.get("/api/v2/codelists/:id", (c) => {
    languageOf(c);
    throw new Refusal("table-unknown", "expected no list of codes: figures with noise are not added up");
  });
  app.get("/data/:language/:file", (c) => read(c, (published) => fileOf(c, published)));
  return app;
}

/** Keeps what was written of one version; another version begins anew. */
function keeper() {
  let version = "";
  let bytes = 0;
  const all = new Map<string, Promise<Written>>();
  return async (now: string, url: string, make: () => Written | Promise<Written>): Promise<Written> => {
    if (now !== version) {
      all.clear();
      [version, bytes] = [now, 0];
    }
    const known = all.get(url);
    if (known !== undefined) return await known;
    if (all.size >= MOST_KEPT || bytes > MOST_BYTES) {
      all.clear();
      bytes = 0;
    }
    const made = Promise.resolve().then(make);
    all.set(url, made);
    try {
      const result = await made;
      bytes += result.body.length;
      return result;
    } catch (error) {
      all.delete(url);
      throw error;
    }
  };
}

/** Where this interface stands, as whoever asks sees it. */
export const addressOf = (c: HonoContext): string => new URL(c.req.url).origin;

export function languageOf(c: HonoContext): Language {
  const asked = c.req.query("lang") ?? "sv";
  const language = LANGUAGES.find((each) => each === asked);
  if (language === undefined)
    throw new Refusal("language-unknown", `expected one of ${LANGUAGES.join(", ")}`);
  return language;
}

function formatOf(asked: string | undefined, among: readonly FormatName[] = FORMATS): FormatName {
  const format = among.find((each) => each === (asked ?? "json-stat2"));
  if (format === undefined) throw new Refusal("format-unknown", `expected one of ${among.join(", ")}`);
  return format;
}

function cubeOf(c: HonoContext, { cubes }: Published): Cube {
  const cube = cubes.get(c.req.param("id") ?? "");
  if (cube === undefined) throw new Refusal("table-unknown", "expected the id of a table that is published");
  return cube;
}

function configOf(callsPerMinute: number) {
  return {
    apiVersion: "2.2.0",
    appVersion: "1.0.0",
    languages: [
      { id: "sv", label: "Svenska" },
      { id: "en", label: "English" },
    ],
    defaultLanguage: "sv",
    maxDataCells: MAX_CELLS,
    maxCallsPerTimeWindow: callsPerMinute,
    timeWindow: 60,
    license: LICENSE,
    sourceReferences: [
      { language: "sv", text: "Källa: Brus" },
      { language: "en", text: "Source: Brus" },
    ],
    defaultDataFormat: "json-stat2",
    dataFormats: [...FORMATS],
    features: [{ id: "CORS", params: [{ key: "enabled", value: "True" }] }],
  };
}

const UNITS = { year: "Annual", quarter: "Quarterly", month: "Monthly" } as const;

function tableIn(cube: Cube, language: Language, address: string) {
  const { id, label, indicator, dimensions, updated, plan } = cube;
  const periods = dimensions.find(({ role }) => role === "time")?.values ?? [];
  const link = (rel: string, path: string, hreflang: Language = language) => ({
    rel,
    hreflang,
    href: `${address}/api/v2/tables/${id}${path}lang=${hreflang}`,
  });
  const other = LANGUAGES.find((each) => each !== language) ?? language;
  const area = {
    id: indicator.focus,
    label: FOCUS_AREAS[indicator.focus][language],
    sortCode: indicator.focus,
  };
  return {
    id,
    label: label[language],
    description: indicator.numerator[language],
    sortCode: id,
    updated,
    firstPeriod: periods[0]?.code ?? null,
    lastPeriod: periods.at(-1)?.code ?? null,
    category: "public",
    variableNames: [
      ...dimensions.map((each) => each.label[language]),
      language === "sv" ? "tabellinnehåll" : "contents",
    ],
    discontinued: false,
    source: "Brus",
    subjectCode: indicator.focus,
    timeUnit: UNITS[plan.dataset.period],
    paths: [[area]],
    links: [
      link("self", "?"),
      link("alternate", "?", other),
      link("metadata", "/metadata?"),
      link("data", "/data?outputFormat=json-stat2&"),
      { rel: "describedby", hreflang: language, href: `${address}/data/${language}/${id}.csv-metadata.json` },
    ],
  };
}

const whole = (text: string | undefined, least: number, unless: number, what: string): number => {
  if (text === undefined) return unless;
  if (!/^\d{1,9}$/.test(text) || Number(text) < least)
    throw new Refusal("selection-unfit", `expected ${what} of at least ${least}`);
  return Number(text);
};

function tablesOf(c: HonoContext, { cubes }: Published) {
  const language = languageOf(c);
  const address = addressOf(c);
  const words = (c.req.query("query") ?? "")
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "")
    .slice(0, 20);
  const days =
    c.req.query("pastDays") === undefined ? null : whole(c.req.query("pastDays"), 1, 1, "pastDays");
  const discontinued = c.req.query("includeDiscontinued");
  if (discontinued !== undefined && !/^(true|false)$/i.test(discontinued))
    throw new Refusal("selection-unfit", "expected includeDiscontinued to be true or false");
  const since = days === null ? "" : new Date(Date.now() - days * 86_400_000).toISOString();
  const found = [...cubes.values()].filter((cube) => {
    const text = [cube.id, cube.label[language], cube.indicator.numerator[language], cube.indicator.sources]
      .join(" ")
      .toLowerCase();
    return cube.updated >= since && words.every((word) => text.includes(word));
  });
  const size = Math.min(1000, whole(c.req.query("pageSize"), 1, 20, "pageSize"));
  const number = whole(c.req.query("pageNumber"), 1, 1, "pageNumber");
  const pages = Math.max(1, Math.ceil(found.length / size));
  if (number > pages) throw new Refusal("not-found", `expected pageNumber to be at most ${pages}`);
  const href = (page: number) => {
    const url = new URL(c.req.url);
    url.searchParams.set("pageNumber", String(page));
    url.searchParams.set("pageSize", String(size));
    return url.href;
  };
  const link = (rel: string, page: number) => ({ rel, hreflang: language, href: href(page) });
  return {
    language,
    tables: found.slice((number - 1) * size, number * size).map((cube) => tableIn(cube, language, address)),
    page: {
      pageNumber: number,
      pageSize: size,
      totalElements: found.length,
      totalPages: pages,
      links: [
        ...(number < pages ? [link("next", number + 1)] : []),
        ...(number > 1 ? [link("previous", number - 1)] : []),
        link("last", pages),
      ],
    },
    links: [link("self", number)],
  };
}

/** `valuecodes[Region]=01,03` of an address; codes with a comma stand in brackets. */
function selectionIn(c: HonoContext, cube: Cube): VariablesSelection {
  const chosen = [...new URL(c.req.url).searchParams].flatMap(([key, value]) => {
    const match = /^(valuecodes|codelist)\[([^\]]{1,100})\]$/i.exec(key);
    const [, what = "", variableCode = ""] = match ?? [];
    return match === null ? [] : [{ what: what.toLowerCase(), variableCode, value }];
  });
  const lists = chosen.filter(({ what }) => what === "codelist");
  const values = chosen.filter(({ what }) => what === "valuecodes");
  if (values.length === 0 && lists.length === 0) return defaultSelection(cube);
  return {
    selection: [
      ...values,
      ...lists.filter(({ variableCode }) => !values.some((each) => each.variableCode === variableCode)),
    ].map(({ variableCode, value, what }) => ({
      variableCode,
      codelist: lists.find((each) => each.variableCode === variableCode)?.value ?? null,
      valueCodes: what === "valuecodes" ? codesIn(value) : ["*"],
    })),
  };
}

/** Split at commas that stand in no brackets or parentheses. */
function codesIn(text: string): string[] {
  const codes: string[] = [];
  let [depth, from] = [0, 0];
  for (let at = 0; at <= text.length; at++) {
    const letter = text[at];
    if (letter === "[" || letter === "(") depth++;
    if (letter === "]" || letter === ")") depth--;
    if (letter !== undefined && (letter !== "," || depth > 0)) continue;
    const code = text.slice(from, at).trim();
    if (code !== "") codes.push(code);
    from = at + 1;
  }
  return codes;
}

async function dataOf(c: HonoContext, cube: Cube, asked: VariablesSelection): Promise<Written> {
  const language = languageOf(c);
  const format = formatOf(c.req.query("outputFormat"));
  const parameters = new Set(
    (c.req.queries("outputFormatParams") ?? [])
      .flatMap((each) => each.split(","))
      .filter((each) => each !== ""),
  );
  checkParameters(parameters);
  for (const name of ["heading", "stub"]) checkPlacement(c.req.queries(name) ?? [], cube);
  checkPlacement([...(asked.placement?.heading ?? []), ...(asked.placement?.stub ?? [])], cube);
  return await written(format, {
    cube,
    selected: selectIn(cube, asked),
    language,
    parameters,
    address: addressOf(c),
  });
}

/** Where variables stand in a page's table is a client's matter; but they must be the table's. */
function checkPlacement(names: readonly string[], { dimensions }: Cube): void {
  const known = new Set([...dimensions.map(({ code }) => code.toLowerCase()), CONTENTS_CODE.toLowerCase()]);
  if (
    names
      .flatMap((each) => each.split(","))
      .some((name) => name !== "" && !known.has(name.trim().toLowerCase()))
  )
    throw new Refusal("selection-unfit", "expected heading and stub to name the table's variables");
}

const Ending = z.enum(Object.keys(ENDINGS) as [keyof typeof ENDINGS]);

/** A whole table as a file: `/data/sv/taken-seriously.sex.age_group.csv`, and its CSVW description beside it. */
async function fileOf(c: HonoContext, { cubes }: Published): Promise<Written> {
  const language = LANGUAGES.find((each) => each === c.req.param("language"));
  if (language === undefined)
    throw new Refusal("language-unknown", `expected one of ${LANGUAGES.join(", ")}`);
  const file = c.req.param("file") ?? "";
  const described = file.endsWith(".csv-metadata.json");
  const name = described ? file.slice(0, -"-metadata.json".length) : file;
  const dot = name.lastIndexOf(".");
  const cube = cubes.get(name.slice(0, Math.max(0, dot)));
  if (cube === undefined)
    throw new Refusal("table-unknown", "expected the id of a table that is published, and how its file ends");
  if (described) return { body: JSON.stringify(csvwOf(cube, language, name)), type: "application/csvm+json" };
  const ending = parseWith(Ending, name.slice(dot + 1), "file", "format-unknown");
  const selected = {
    places: cube.dimensions.map(({ values }) => values.map((_, at) => at)),
    contents: [0, 1, 2, 3],
  };
  return await written(ENDINGS[ending], {
    cube,
    selected,
    language,
    parameters: new Set(),
    address: addressOf(c),
  });
}
