/**
 * What the public reads, read by tools nobody here wrote: jsonstat-toolkit, an RDF parser, a CSVW parser, DuckDB's
 * Parquet reader, PxWebApi's own description, Statistics Sweden's own answers as shapes, and Python's clients where they
 * are installed. Skipped, saying so, where the machine has not what a test needs.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import rdf from "@rdfjs/data-model";
import { Ajv } from "ajv";
import { strFromU8, unzipSync } from "fflate";
import jsonld from "jsonld";
import JSONstat from "jsonstat-toolkit";
import CsvwParser from "rdf-parser-csvw";
import { RdfXmlParser } from "rdfxml-streaming-parser";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse as parseYaml } from "yaml";
import { REGIONS } from "../../cli/demo/regions.ts";
import { REGISTERS, registerOf } from "../../cli/demo/registers.ts";
import { openDuckDb } from "../../server/duckdb.ts";
import { readCsv } from "../support/csv.ts";
import { temporaryFolder } from "../support/engines.ts";
import { readPx } from "../support/px-reader.ts";
import { type PublishedNetwork, publishedNetwork } from "../support/standing.ts";

const SCB = join(import.meta.dirname, "../../../shared/data/scb");
const PYTHON = process.env["BRUS_PYTHON"] ?? "python3";
const has = (module: string) => spawnSync(PYTHON, ["-c", `import ${module}`]).status === 0;

type Category = { index: Record<string, number>; label: Record<string, string> };
type Dataset = {
  id: string[];
  size: number[];
  value: Array<number | null>;
  status?: Record<string, string>;
  note: string[];
  dimension: Record<string, { label: string; category: Category; extension: Record<string, unknown> }>;
  extension: Record<string, unknown>;
};
type Listed = {
  tables: Array<{ id: string; label: string }>;
  page: { totalElements: number; totalPages: number };
};

let published: PublishedNetwork;
let ids: string[] = [];
const json = async <T>(path: string): Promise<T> => {
  const response = await published.get(path);
  expect(response.status, path).toBe(200);
  return (await response.json()) as T;
};
const ALL = "valuecodes[Region]=*&valuecodes[Tid]=*&valuecodes[age_group]=*&valuecodes[ContentsCode]=*";
const ONE = "taken-seriously.by-year.age_group";
const RARE = "suicide-rate.sex.age_group";

beforeAll(async () => {
  published = await publishedNetwork();
  const { tables } = await json<Listed>("/api/v2/tables?pageSize=1000");
  ids = tables.map(({ id }) => id);
});
afterAll(() => published?.stop());

describe("JSON-stat", () => {
  test("jsonstat-toolkit reads every table: dense, every code labelled, its figures where it looks for them", async () => {
    expect(ids.length).toBeGreaterThan(100);
    for (const id of ids) {
      const table = await json<Dataset>(`/data/sv/${id}.json`);
      const read = JSONstat(table as object);
      expect(read.class).toBe("dataset");
      expect(read.n).toBe(table.value.length);
      expect(table.size.reduce((product, each) => product * each, 1)).toBe(table.value.length);
      for (const { category, extension } of Object.values(table.dimension)) {
        expect(extension["elimination"]).toBe(false);
        for (const code of Object.keys(category.index))
          expect(category.label[code], `${id} ${code}`).toBeTruthy();
      }
      expect(read.role).toMatchObject({ geo: ["Region"], time: ["Tid"], metric: ["ContentsCode"] });
      // What a person's year comes to goes with every file: here the budgets', since its directory names no ceiling.
      expect(table.extension["privacy"]).toMatchObject({ personYear: { rho: 5.75, right: 96 } });
      expect(table.note.join(" ")).toMatch(
        /under ett kalenderår: ρ = 5,75 \(ε = 26,6 .*högst 96 gånger av 100/,
      );
    }
    const table = await json<Dataset>(`/data/en/${ONE}.json`);
    const read = JSONstat(table as object);
    const csv = readCsv(await (await published.get(`/data/en/${ONE}.csv`)).text());
    for (const row of csv) {
      const at = (name: string) => row[name] ?? "";
      const place = {
        Region: at("region"),
        Tid: at("period"),
        age_group: at("age group"),
        ContentsCode: "value",
      };
      const { value } = read.Data(place) as { value: number | null };
      expect(value === null ? "" : String(value)).toBe(row["value"]);
    }
  });

  test.skipIf(!existsSync(SCB))(
    "metadata and data have Statistics Sweden's shape (skipped without ../shared)",
    async () => {
      const golden = (name: string) => JSON.parse(readFileSync(join(SCB, name), "utf8")) as Dataset;
      const [metadata, data] = [
        await json<Dataset>(`/api/v2/tables/${ONE}/metadata`),
        await json<Dataset>(`/api/v2/tables/${ONE}/data?${ALL}`),
      ];
      for (const [ours, theirs] of [
        [metadata, golden("TAB6471_metadata.json")],
        [data, golden("TAB6471_data.json")],
      ] as const) {
        expect(Object.keys(ours)).toEqual(expect.arrayContaining(Object.keys(theirs)));
        const { px } = theirs.extension as { px: Record<string, unknown> };
        const own = ours.extension["px"] as Record<string, unknown>;
        for (const [key, value] of Object.entries(px))
          if (key !== "infofile") expect(typeof own[key], key).toBe(typeof value);
        for (const name of ["ContentsCode", "Tid"]) {
          const [mine, scb] = [ours.dimension[name], theirs.dimension[name]];
          expect(Object.keys(mine?.category ?? {})).toEqual(
            expect.arrayContaining(Object.keys(scb?.category ?? {})),
          );
          const keys = Object.keys(scb?.extension ?? {}).filter((key) => key !== "refperiod");
          expect(Object.keys(mine?.extension ?? {})).toEqual(expect.arrayContaining(keys));
        }
      }
      expect(metadata.value).toEqual([]);
      const config = JSON.parse(readFileSync(join(SCB, "config.json"), "utf8")) as object;
      const own = await json<object>("/api/v2/config");
      for (const [key, value] of Object.entries(config))
        expect(typeof (own as Record<string, unknown>)[key], key).toBe(typeof value);
    },
  );

  test.skipIf(!existsSync(SCB))(
    "every answer fits PxWebApi 2's own description (skipped without ../shared)",
    async () => {
      const api = parseYaml(readFileSync(join(SCB, "PxAPI-2.yml"), "utf8")) as Record<string, unknown>;
      // It requires `values` of a variable, and describes `valueCodes`: what is meant is what it describes.
      const { components } = api as {
        components: { schemas: { VariableSelection: { required: string[] } } };
      };
      components.schemas.VariableSelection.required = ["variableCode"];
      const ajv = new Ajv({ strict: false, validateFormats: false, unicodeRegExp: false });
      ajv.addSchema(nullables(api) as object, "px");
      // The description asks for days where Statistics Sweden itself gives instants: as they do, so do we.
      const check = async (path: string, name: string) => {
        const body = JSON.parse(
          JSON.stringify(await json<object>(path)).replaceAll(/(\d{4}-\d\d-\d\d)T[\d:]+Z/g, "$1"),
        ) as object;
        const valid = ajv.validate({ $ref: `px#/components/schemas/${name}` }, body);
        expect(ajv.errors, `${path} as ${name}`).toBeNull();
        expect(valid).toBe(true);
      };
      await check("/api/v2/config", "ConfigResponse");
      await check("/api/v2/tables?pageSize=3&pageNumber=2&lang=en", "TablesResponse");
      await check(`/api/v2/tables/${ONE}?lang=en`, "TableResponse");
      await check(`/api/v2/tables/${ONE}/defaultselection`, "SelectionResponse");
      for (const id of ids.slice(0, 20)) {
        await check(`/api/v2/tables/${id}/metadata`, "Dataset");
        await check(`/api/v2/tables/${id}/data?valuecodes[Tid]=*`, "Dataset");
      }
    },
  );
});

/** OpenAPI 3.0's `nullable` in JSON Schema's words; its other words for people are passed over. */
function nullables(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(nullables);
  if (typeof value !== "object" || value === null) return value;
  const made = Object.fromEntries(Object.entries(value).map(([key, each]) => [key, nullables(each)]));
  if (made["nullable"] === true && typeof made["type"] === "string") made["type"] = [made["type"], "null"];
  delete made["example"];
  if (made["exclusiveMaximum"] === true) delete made["exclusiveMaximum"];
  return made;
}

describe("files", () => {
  test("CSV is read by an independent CSVW parser: types, names, every row", async () => {
    const metadata = await json<{ tableSchema: object; dialect: object }>(
      `/data/en/${ONE}.csv-metadata.json`,
    );
    const csv = await (await published.get(`/data/en/${ONE}.csv`)).text();
    const csvw = "http://www.w3.org/ns/csvw#";
    // The vocabulary's context, so much of it as is used: tests fetch nothing.
    const context = {
      "@vocab": csvw,
      dc: "http://purl.org/dc/terms/",
      xsd: "http://www.w3.org/2001/XMLSchema#",
      columns: { "@id": `${csvw}column`, "@container": "@list" },
      titles: { "@id": `${csvw}title`, "@container": "@language" },
      datatype: { "@id": `${csvw}datatype`, "@type": "@vocab" },
      string: "xsd:string",
      number: "xsd:double",
    };
    const quads = await jsonld.toRDF({ ...metadata, "@context": context });
    type Term = (typeof quads)[number]["object"];
    const term = (each: Term) =>
      each.termType === "NamedNode"
        ? rdf.namedNode(each.value)
        : each.termType === "BlankNode"
          ? rdf.blankNode(each.value)
          : rdf.literal(each.value, each.language ?? rdf.namedNode(each.datatype.value));
    const set = new Quads(
      ...quads.map(
        ({ subject, predicate, object }) => rdf.quad(term(subject), term(predicate), term(object)) as Quad,
      ),
    );
    const rows = new Map<string, Record<string, string>>();
    for await (const quad of new CsvwParser({ metadata: set, baseIRI: "http://example.se/t" }).import(
      Readable.from([csv]),
    )) {
      const { subject, predicate, object } = quad as Quad;
      const [, name] = /^http:\/\/example\.se\/t#(\w+)$/.exec(predicate.value) ?? [];
      if (name !== undefined) rows.set(subject.value, { ...rows.get(subject.value), [name]: object.value });
    }
    const plain = readCsv(csv);
    expect(rows.size).toBe(plain.length);
    [...rows.values()].forEach((row, at) => {
      expect(row["region"]).toBe(plain[at]?.["region"]);
      expect(row["value"] ?? "").toBe(plain[at]?.["value"]);
    });
  });

  test("numbers of persons have a series for display: whole, never negative, adding up in every table", async () => {
    const table = await json<Dataset>("/data/en/journal-users.by-year.sex.unit_type.json");
    const read = JSONstat(table as object);
    expect(Object.keys(table.dimension["ContentsCode"]?.category.index ?? {})).toEqual([
      "value",
      "se",
      "low",
      "high",
      "display",
    ]);
    const at = (sex: string, unit: string, other = "unit_type", from = read): number =>
      (
        from.Data({ Region: "00", Tid: "2025", sex, [other]: unit, ContentsCode: "display" }) as {
          value: number;
        }
      ).value;
    const units = Object.keys(table.dimension["unit_type"]?.category.index ?? {});
    for (const sex of ["TotSa", "1", "2"]) {
      for (const unit of units) expect(Number.isInteger(at(sex, unit)) && at(sex, unit) >= 0).toBe(true);
      expect(units.slice(1).reduce((sum, unit) => sum + at(sex, unit), 0)).toBe(at(sex, "Tot"));
    }
    const other = JSONstat(
      (await json<Dataset>("/data/en/journal-users.by-year.sex.age_group.json")) as object,
    );
    expect(at("1", "Tot", "age_group", other)).toBe(at("1", "Tot"));
  });

  test("a rate is of the population of the regions in the release, not of the whole nation's", async () => {
    const table = await json<Dataset>(
      `/api/v2/tables/${RARE}/data?valuecodes[Tid]=2024&valuecodes[ContentsCode]=value,se`,
    );
    const register = REGISTERS.find(({ dataset }) => dataset === "death@1") ?? expect.fail();
    const codes = ["07", "09", "10"];
    const regions = REGIONS.filter(({ code }) => codes.includes(code));
    const suicides = regions
      .flatMap((region) => readCsv(registerOf(register, region, 1)))
      .filter(({ period, suicide }) => period === "2024" && suicide === "true").length;
    const persons = regions.reduce((sum, { population }) => sum + population, 0);
    const [value, se] = table.value;
    expect(Math.abs((value ?? 0) - (100_000 * suicides) / persons) / (se ?? 1)).toBeLessThan(6);
    expect(((se ?? 0) * persons) / 100_000).toBeLessThan(50);
  });

  test("PX is read back by a reader of its own, in both languages", async () => {
    for (const id of [ONE, RARE, "experience-listening.by-year.sex.unit_type"]) {
      const { keywords, data } = readPx(await (await published.get(`/data/sv/${id}.px`)).text());
      const table = await json<Dataset>(`/data/sv/${id}.json`);
      const said = [...(keywords.get("STUB") ?? []), ...(keywords.get("HEADING") ?? [])];
      expect(said.map((name) => keywords.get(`VALUES("${name}")`)?.length)).toEqual(table.size);
      expect(said.map((name) => keywords.get(`VARIABLECODE("${name}")`)?.[0])).toEqual(table.id);
      expect(keywords.get("AGGREGALLOWED")).toEqual(["NO"]);
      expect(keywords.get("LANGUAGES")).toEqual(["sv", "en"]);
      expect(keywords.get("NOTEX")?.[0]).toMatch(/^Slumpmässig/);
      expect(keywords.get("NOTEX[en]")?.[0]).toMatch(/^Random noise/);
      expect(data).toHaveLength(table.value.length);
      data.forEach((value, at) => {
        const expected = table.value[at];
        if (typeof value === "string") expect(expected).toBeNull();
        else expect(value).toBe(expected);
      });
    }
  });

  test("Parquet is read by DuckDB, Excel opens as a zip of sheets with the figures as numbers", async () => {
    const folder = temporaryFolder();
    const path = join(folder.path, "table.parquet");
    writeFileSync(path, new Uint8Array(await (await published.get(`/data/sv/${ONE}.parquet`)).arrayBuffer()));
    const { instance, connect } = await openDuckDb(":memory:", {
      threads: 1,
      memory: "500MB",
      spill: tmpdir(),
    });
    const connection = await connect();
    const rows = (
      await connection.runAndReadAll(`select "Region", "Tid", age_group, value from read_parquet('${path}')`)
    ).getRows();
    const csv = readCsv(await (await published.get(`/data/sv/${ONE}.csv`)).text());
    expect(rows).toHaveLength(csv.length);
    rows.forEach((row, at) => {
      const { region, period, åldersgrupp, värde } = csv[at] as Record<string, string>; // The file's own head.
      expect(row.map((value) => (value === null ? "" : String(value)))).toEqual([
        region,
        period,
        åldersgrupp,
        värde,
      ]);
    });
    connection.closeSync();
    instance.closeSync();
    folder.remove();
    const zip = unzipSync(new Uint8Array(await (await published.get(`/data/sv/${ONE}.xlsx`)).arrayBuffer()));
    const sheet = strFromU8(zip["xl/worksheets/sheet1.xml"] ?? new Uint8Array());
    expect((sheet.match(/<row /g) ?? []).length).toBeGreaterThan(csv.length);
    const first = csv.find(({ värde }) => värde !== "");
    expect(sheet).toContain(`<v>${first?.["värde"]}</v>`);
  });
});

type Quad = {
  readonly subject: { readonly value: string };
  readonly predicate: { readonly value: string };
  readonly object: { readonly value: string; readonly termType: string };
};
/** As much of an RDF/JS dataset as the parser asks for. */
class Quads extends Array<Quad> {
  get size(): number {
    return this.length;
  }
  match(
    subject?: { value: string } | null,
    predicate?: { value: string } | null,
    object?: { value: string } | null,
  ): Quads {
    return this.filter(
      (quad) =>
        (subject == null || quad.subject.value === subject.value) &&
        (predicate == null || quad.predicate.value === predicate.value) &&
        (object == null || quad.object.value === object.value),
    ) as Quads;
  }
}

describe("DCAT-AP-SE", () => {
  const DCAT = "http://www.w3.org/ns/dcat#";
  const TERMS = "http://purl.org/dc/terms/";
  const MANDATORY: Record<string, string[]> = {
    [`${DCAT}Catalog`]: [
      `${TERMS}title`,
      `${TERMS}description`,
      `${TERMS}publisher`,
      `${DCAT}dataset`,
      `${TERMS}license`,
    ],
    [`${DCAT}Dataset`]: [`${TERMS}title`, `${TERMS}description`, `${TERMS}publisher`],
    [`${DCAT}Distribution`]: [`${DCAT}accessURL`],
    [`${DCAT}DataService`]: [`${TERMS}title`, `${DCAT}endpointURL`],
    "http://xmlns.com/foaf/0.1/Agent": ["http://xmlns.com/foaf/0.1/name"],
    "http://www.w3.org/2006/vcard/ns#Organization": [
      "http://www.w3.org/2006/vcard/ns#fn",
      "http://www.w3.org/2006/vcard/ns#hasEmail",
    ],
  };
  const TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type";

  test("parses, has all that is mandatory, no blank nodes, each agent once; JSON-LD says the same", async () => {
    const text = await (await published.get("/dcat")).text();
    const quads: Quad[] = [];
    for await (const quad of Readable.from([text]).pipe(new RdfXmlParser())) quads.push(quad as Quad);
    const said = new Map<string, Map<string, string[]>>();
    for (const { subject, predicate, object } of quads) {
      const about = said.get(subject.value) ?? new Map<string, string[]>();
      said.set(
        subject.value,
        about.set(predicate.value, [...(about.get(predicate.value) ?? []), object.value]),
      );
    }
    const counts = new Map<string, number>();
    for (const [subject, properties] of said) {
      expect(subject).toMatch(/^http/);
      for (const type of properties.get(TYPE) ?? []) {
        counts.set(type, (counts.get(type) ?? 0) + 1);
        for (const property of MANDATORY[type] ?? [])
          expect(properties.get(property), `${subject} ${property}`).toBeDefined();
      }
    }
    expect(counts.get("http://xmlns.com/foaf/0.1/Agent")).toBe(1);
    expect(counts.get(`${DCAT}Dataset`)).toBe(ids.length);
    for (const distribution of said
      .get([...said.keys()].find((key) => key.includes("/dcat/")) ?? "")
      ?.get(`${DCAT}distribution`) ?? [])
      expect(said.has(distribution)).toBe(true);
    const graph = await jsonld.toRDF(await json<object>("/dcat.jsonld"));
    const key = ({ subject, predicate, object }: Quad) =>
      `${subject.value} ${predicate.value} ${object.value}`;
    expect(new Set(graph.map(key))).toEqual(new Set(quads.map(key)));
  });
});

test("Kolada's shape: key figures, regions and yearly figures by sex, page by page", async () => {
  type Page<T> = { values: T[]; count: number; next_url: string | null };
  const kpis = await json<Page<{ id: string; is_divided_by_gender: boolean }>>("/kolada/v3/kpi");
  expect(kpis.values.map(({ id }) => id)).toEqual(
    expect.arrayContaining(["suicide-rate", "wellbeing-good", "neet-uvas"]),
  );
  const areas = await json<Page<{ id: string; type: string }>>("/kolada/v3/municipality?per_page=2");
  expect(areas.values.map(({ id }) => id)).toEqual(["0000", "0007"]);
  expect(areas.next_url).toMatch(/page=2/);
  const { values } = await json<
    Page<{
      kpi: string;
      municipality: string;
      period: number;
      values: Array<{ gender: string; value: number | null }>;
    }>
  >("/kolada/v3/data/kpi/wellbeing-good/municipality/0000,0009/year/2024");
  expect(values.map(({ municipality }) => municipality)).toEqual(["0000", "0009"]);
  const [nation] = values;
  expect(nation?.values.map(({ gender }) => gender)).toEqual(["T", "M", "K"]);
  const table = await json<Dataset>(
    "/api/v2/tables/wellbeing-good.sex/data?valuecodes[Region]=00&valuecodes[Tid]=2024",
  );
  expect(nation?.values[0]?.value).toBe(table.value[0]);
});

describe("Python's clients (skipped where they are not installed)", () => {
  const python = (script: string): unknown => {
    const { stdout, stderr, status } = spawnSync(PYTHON, ["-c", script], { encoding: "utf8" });
    expect(status, stderr).toBe(0);
    return JSON.parse(stdout);
  };
  test.skipIf(!has("pxweb"))(
    "pxwebpy finds, describes and fetches a table with only the address changed",
    async () => {
      const script = `import json\nfrom pxweb import PxApi\na = PxApi("${published.network.address}/api/v2")\nr = a.get_table_data("${ONE}", value_codes={"Region": "*", "Tid": "*", "age_group": "*", "ContentsCode": ["value"]})\nprint(json.dumps([a.number_of_tables, len(a.get_table_variables("${ONE}")), len(r), r[0]["value"]]))`;
      // The client runs beside this process, which must go on serving it.
      const { execFile } = await import("node:child_process");
      const { promisify } = await import("node:util");
      const { stdout } = await promisify(execFile)(PYTHON, ["-c", script]);
      const [tables, variables, rows, first] = JSON.parse(stdout) as [number, number, number, number];
      expect([tables, variables, rows]).toEqual([ids.length, 4, 4 * 5 * 6]);
      expect(typeof first).toBe("number");
    },
  );
  test.skipIf(!has("pyjstat"))("pyjstat reads a table into a frame", async () => {
    const folder = temporaryFolder();
    const path = join(folder.path, "table.json");
    writeFileSync(path, await (await published.get(`/data/sv/${ONE}.json`)).text());
    const rows = python(
      `import json\nfrom pyjstat import pyjstat\nprint(json.dumps(len(pyjstat.Dataset.read(open("${path}").read()).write("dataframe"))))`,
    );
    expect(rows).toBe(4 * 5 * 6 * 4);
    folder.remove();
  });
});

describe("what clients choose", () => {
  const size = async (query: string) => (await json<Dataset>(`/api/v2/tables/${ONE}/data?${query}`)).size;
  test.each([
    ["the default: all regions, the latest period, totals", "", [4, 1, 1, 1]],
    ["a star, and a question mark for a letter", "valuecodes[Region]=0?&valuecodes[Tid]=202*", [3, 5, 1, 1]],
    ["TOP and BOTTOM, with an offset", "valuecodes[Region]=TOP(2)&valuecodes[Tid]=BOTTOM(3,1)", [2, 3, 1, 1]],
    [
      "RANGE, FROM and TO",
      "valuecodes[Region]=[RANGE(07,10)]&valuecodes[Tid]=FROM(2023)&valuecodes[age_group]=TO(30-44)",
      [3, 3, 3, 1],
    ],
    ["all contents", "valuecodes[Tid]=2025&valuecodes[ContentsCode]=*", [1, 1, 1, 4]],
    ["small letters", "valuecodes[region]=00&valuecodes[tid]=2025", [1, 1, 1, 1]],
  ])("%s", async (_, query, expected) => {
    expect(await size(query)).toEqual(expected);
  });

  test("by POST as by GET; whatever is left out is its total", async () => {
    const body = JSON.stringify({
      selection: [
        { variableCode: "Tid", valueCodes: ["2025"] },
        { variableCode: "Region", valueCodes: ["*"] },
      ],
    });
    const response = await published.get(`/api/v2/tables/${ONE}/data?lang=en&outputFormat=json-stat2`, {
      method: "POST",
      body,
      headers: { "content-type": "application/json" },
    });
    expect(response.status).toBe(200);
    const table = (await response.json()) as Dataset;
    expect(table.size).toEqual([4, 1, 1, 1]);
    expect(table.value).toEqual((await json<Dataset>(`/api/v2/tables/${ONE}/data`)).value);
  });

  test.each([
    ["an unknown table", "/api/v2/tables/no-such/data", 404, "table-unknown"],
    ["an unknown variable", `/api/v2/tables/${ONE}/data?valuecodes[Lan]=01`, 400, "selection-unfit"],
    ["an unknown code", `/api/v2/tables/${ONE}/data?valuecodes[Region]=99`, 400, "selection-unfit"],
    [
      "an expression that is none",
      `/api/v2/tables/${ONE}/data?valuecodes[Region]=TOP(x)`,
      400,
      "selection-unfit",
    ],
    ["too many stars", `/api/v2/tables/${ONE}/data?valuecodes[Tid]=*2*0*`, 400, "selection-unfit"],
    ["an unknown format", `/api/v2/tables/${ONE}/data?outputFormat=html`, 400, "format-unknown"],
    [
      "two ways to show codes",
      `/api/v2/tables/${ONE}/data?outputFormat=csv&outputFormatParams=UseCodes,UseTexts`,
      400,
      "format-unknown",
    ],
    ["an unknown language", "/api/v2/tables?lang=no", 400, "language-unknown"],
    [
      "a list of codes, whose figures would be added up",
      `/api/v2/tables/${ONE}/data?valuecodes[Tid]=*&codelist[age_group]=agg_Alder`,
      400,
      "selection-unfit",
    ],
    [
      "no period, which has no total",
      `/api/v2/tables/${ONE}/data?valuecodes[Region]=00`,
      400,
      "selection-unfit",
    ],
    ["a list of codes", "/api/v2/codelists/agg_Alder", 404, "table-unknown"],
    ["a page beyond the last", "/api/v2/tables?pageNumber=999", 404, "not-found"],
    ["a page of no size", "/api/v2/tables?pageSize=0", 400, "selection-unfit"],
    ["a file of no table", "/data/sv/no-such.csv", 404, "table-unknown"],
    ["a file that ends otherwise", `/data/sv/${ONE}.pdf`, 400, "format-unknown"],
  ])("%s is refused as clients understand", async (_, path, status, code) => {
    const response = await published.get(path);
    expect(response.status).toBe(status);
    expect(response.headers.get("content-type")).toBe("application/problem+json");
    expect(await response.json()).toMatchObject({ status, code, type: `urn:brus:refusal:${code}` });
  });

  test("kept by its ETag until another release; any page may fetch it", async () => {
    const path = `/api/v2/tables/${ONE}/data`;
    const first = await published.get(path, { headers: { origin: "https://elsewhere.se" } });
    const etag = first.headers.get("etag") ?? "";
    expect(first.headers.get("cache-control")).toMatch(/public/);
    expect(first.headers.get("access-control-allow-origin")).toBe("*");
    const again = await published.get(path, { headers: { "if-none-match": etag } });
    expect(again.status).toBe(304);
    expect(await again.text()).toBe("");
    expect((await published.get("/api/v2/config")).headers.get("etag")).not.toBe(etag);
  });
});
