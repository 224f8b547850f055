/**
 * The publication API as the nation's statisticians know it: PxWebApi 2, and whole tables as files at stable addresses.
 * Reads alone; all of it may be kept by anyone.
 */
import { Hono, type Context as HonoContext } from "hono";
import { z } from "zod";
import { hashOf, utf8 } from "../../protocol/values/bytes.ts";
import { LANGUAGES } from "../../protocol/values/language.ts";
import { parseWith, Refusal } from "../../protocol/values/refusal.ts";
import { type Cube, contentsOf, dimensionsOf } from "../../publication/cube.ts";
import { datasetOf } from "../../publication/pxweb-dataset.ts";
import {
  CONTENTS_CODE,
  defaultSelection,
  selectIn,
  VariablesSelection,
} from "../../publication/pxweb-selection.ts";
import { readBody } from "../../server/http.ts";
import {
  checkParameters,
  csvwOf,
  ENDINGS,
  FORMATS,
  type FormatName,
  type Written,
  written,
} from "./formats.ts";
import type { Publication, Published } from "./publication.ts";
import { addressOf, configOf, languageOf, tableIn, tablesOf } from "./pxweb-listing.ts";

/** Written answers that are kept: by address, of the current version alone. */
const MOST_KEPT = 500;
const MOST_BYTES = 64_000_000;

export type Pxweb = {
  readonly publication: Publication;
  readonly callsPerMinute: number;
  readonly now: () => Date;
};

export function pxwebOf(pxweb: Pxweb): Hono {
  const app = new Hono();
  const kept = keeper();
  const read = readerOf(pxweb, kept);
  const { callsPerMinute, now } = pxweb;
  app.get("/api/v2/config", (c) => read(c, () => json(configOf(callsPerMinute))));
  app.get("/api/v2/tables", (c) => read(c, (published) => json(tablesOf(c, published, now()))));
  app.get("/api/v2/tables/:id", (c) =>
    read(c, (published) => {
      const language = languageOf(c);
      return json({ ...tableIn(cubeOf(c, published), language, addressOf(c, published)), language });
    }),
  );
  app.get("/api/v2/tables/:id/metadata", (c) =>
    read(c, (published) => {
      formatOf(c.req.query("outputFormat"), ["json-stat2"]);
      return json(datasetOf(cubeOf(c, published), languageOf(c), null, addressOf(c, published)));
    }),
  );
  app.get("/api/v2/tables/:id/defaultselection", (c) =>
    read(c, (published) => json(defaultOf(c, published))),
  );
  app.get("/api/v2/tables/:id/data", (c) =>
    read(c, (published) => {
      const cube = cubeOf(c, published);
      return dataOf(c, cube, selectionIn(c, cube), published);
    }),
  );
  app.post("/api/v2/tables/:id/data", (c) => postedData(c, pxweb, kept));
  // No table offers lists of codes to add figures up by: there is none to be found.
  app.get("/api/v2/codelists/:id", (c) => {
    languageOf(c);
    throw new Refusal("table-unknown", "expected no list of codes: figures with noise are not added up");
  });
  app.get("/data/:language/:file", (c) => read(c, (published) => fileOf(c, published)));
  return app;
}

/** A read of what is published now: the same for everyone until another release, and so to be kept. */
const readerOf =
  ({ publication, now }: Pxweb, kept: Keeper) =>
  async (c: HonoContext, make: (published: Published) => Written | Promise<Written>): Promise<Response> => {
    const published = await publication.current();
    const key = canonical(c, published, now());
    const etag = `"${hashOf(utf8(`${published.version} ${key}`)).slice(7, 39)}"`;
    const headers = { etag, "cache-control": "public, max-age=300" };
    const held = c.req.header("if-none-match")?.split(/, */) ?? [];
    // A proxy that compresses makes a tag weak.
    if (held.some((each) => each.replace(/^W\//, "") === etag)) return c.body(null, 304, headers);
    const { body, type } = await kept(published.version, key, () => make(published));
    return c.body(typeof body === "string" ? body : Uint8Array.from(body), 200, {
      ...headers,
      "content-type": type,
    });
  };

/** Figures by a selection that is too long for an address: kept here by what it says, and by nobody else. */
async function postedData(c: HonoContext, { publication, now }: Pxweb, kept: Keeper): Promise<Response> {
  const published = await publication.current();
  const cube = cubeOf(c, published);
  const asked = await readBody(c, VariablesSelection, "selection");
  const chosen = asked.selection.length === 0 ? defaultSelection(cube) : asked;
  const key = `POST ${canonical(c, published, now())} ${JSON.stringify(chosen)}`;
  const { body, type } = await kept(published.version, key, () => dataOf(c, cube, chosen, published));
  return c.body(typeof body === "string" ? body : Uint8Array.from(body), 200, { "content-type": type });
}

const json = (value: unknown): Written => ({ body: JSON.stringify(value), type: "application/json" });

/** What is shown of a table unless something else is asked for. */
function defaultOf(c: HonoContext, published: Published) {
  const cube = cubeOf(c, published);
  const language = languageOf(c);
  const self = {
    rel: "self",
    hreflang: language,
    href: `${addressOf(c, published)}/api/v2/tables/${cube.id}/defaultselection?lang=${language}`,
  };
  return { ...defaultSelection(cube), language, links: [self] };
}

const PARAMETERS =
  /^(lang|query|pastDays|includeDiscontinued|pageNumber|pageSize|outputFormat|outputFormatParams|heading|stub|(valuecodes|codelist)\[[^\]]{1,100}\])$/i;

/** An address as what it asks for: parameters that mean something, in order. What means nothing makes no other answer. */
function canonical(c: HonoContext, published: Published, now: Date): string {
  const { pathname, searchParams } = new URL(c.req.url);
  const known = [...searchParams].filter(([name]) => PARAMETERS.test(name)).map((pair) => pair.join("="));
  const day = searchParams.has("pastDays") ? now.toISOString().slice(0, 10) : "";
  return [addressOf(c, published), pathname, ...known.sort(), day].join(" ");
}

type Keeper = (version: string, key: string, make: () => Written | Promise<Written>) => Promise<Written>;

/** Keeps what was written of one version, what was asked for longest ago going first; another version begins anew. */
function keeper(): Keeper {
  let version = "";
  let bytes = 0;
  const all = new Map<string, { readonly made: Promise<Written>; size: number }>();
  return async (now, key, make) => {
    if (now !== version) {
      all.clear();
      [version, bytes] = [now, 0];
    }
    const entry = all.get(key) ?? { made: Promise.resolve().then(make), size: 0 };
    const known = all.delete(key);
    all.set(key, entry);
    try {
      const result = await entry.made;
      if (!known) {
        entry.size = result.body.length;
        bytes += entry.size;
      }
      for (const [oldest, { size }] of all) {
        if (all.size <= MOST_KEPT && bytes <= MOST_BYTES) break;
        all.delete(oldest);
        bytes -= size;
      }
      return result;
    } catch (error) {
      all.delete(key);
      throw error;
    }
  };
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

async function dataOf(
  c: HonoContext,
  cube: Cube,
  asked: VariablesSelection,
  published: Published,
): Promise<Written> {
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
    address: addressOf(c, published),
  });
}

/** Where variables stand in a page's table is a client's matter; but they must be the table's. */
function checkPlacement(names: readonly string[], cube: Cube): void {
  const known = new Set([
    ...dimensionsOf(cube).map(({ code }) => code.toLowerCase()),
    CONTENTS_CODE.toLowerCase(),
  ]);
  if (
    names
      .flatMap((each) => each.split(","))
      .some((name) => name !== "" && !known.has(name.trim().toLowerCase()))
  )
    throw new Refusal("selection-unfit", "expected heading and stub to name the table's variables");
}

const Ending = z.enum(Object.keys(ENDINGS) as [keyof typeof ENDINGS]);

/** A whole table as a file: `/data/sv/taken-seriously.sex.age_group.csv`, and its CSVW description beside it. */
async function fileOf(c: HonoContext, published: Published): Promise<Written> {
  const { cubes } = published;
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
    places: dimensionsOf(cube).map(({ values }) => values.map((_, at) => at)),
    contents: contentsOf(cube).map((_, at) => at),
  };
  return await written(ENDINGS[ending], {
    cube,
    selected,
    language,
    parameters: new Set(),
    address: addressOf(c, published),
  });
}
