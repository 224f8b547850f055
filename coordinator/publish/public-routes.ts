/** What the public interface takes, for its description: addresses, parameters, and every status it answers with. */
import { ENDINGS, FORMAT_PARAMETERS, FORMATS } from "./formats.ts";

type Schema = Readonly<Record<string, unknown>>;
type Parameter = {
  readonly name: string;
  readonly in: "path" | "query";
  readonly schema: Schema;
  readonly style?: string;
  readonly explode?: boolean;
};

export type PublicRoute = {
  readonly path: string;
  readonly method: "get" | "post";
  readonly says: string;
  readonly parameters: readonly Parameter[];
  /** What a body is, where there is one. */
  readonly body?: Schema;
  readonly type: string;
};

/** 200 and 304 beside these; all refusals are problem+json. */
export const REFUSED = [400, 403, 404, 413, 429, 503] as const;

const text: Schema = { type: "string", maxLength: 200 };
const whole: Schema = { type: "integer", minimum: 1 };
const query = (name: string, schema: Schema): Parameter => ({ name, in: "query", schema });
const path = (name: string, schema: Schema = text): Parameter => ({ name, in: "path", schema });
const lang = query("lang", { type: "string", enum: ["sv", "en"] });
const id = path("id");
const chosen = (name: string): Parameter => ({
  name,
  in: "query",
  style: "deepObject",
  explode: true,
  schema: { type: "object", additionalProperties: { type: "string" } },
});
const written = [
  query("outputFormat", { type: "string", enum: [...FORMATS] }),
  query("outputFormatParams", { type: "array", items: { type: "string", enum: [...FORMAT_PARAMETERS] } }),
];
const placed = ["heading", "stub"].map((name) => query(name, { type: "array", items: { type: "string" } }));
const json = "application/json";
const page = [query("page", whole), query("per_page", whole)];
const list: Schema = { type: "string", maxLength: 500 };

const get = (at: string, says: string, parameters: readonly Parameter[], type = json): PublicRoute => ({
  path: at,
  method: "get",
  says,
  parameters,
  type,
});

export const PUBLIC: readonly PublicRoute[] = [
  get("/api/indicators", "The catalogue of indicators.", []),
  get("/api/v2/config", "PxWebApi 2: what this interface can.", []),
  get("/api/v2/tables", "PxWebApi 2: the tables that are published.", [
    lang,
    query("query", text),
    query("pastDays", whole),
    query("includeDiscontinued", { type: "boolean" }),
    query("pageNumber", whole),
    query("pageSize", whole),
  ]),
  get("/api/v2/tables/{id}", "PxWebApi 2: one table.", [id, lang]),
  get("/api/v2/tables/{id}/metadata", "PxWebApi 2: a table's variables and codes, as JSON-stat.", [
    id,
    lang,
    query("outputFormat", { type: "string", enum: ["json-stat2"] }),
  ]),
  get("/api/v2/tables/{id}/defaultselection", "PxWebApi 2: what is shown unless chosen otherwise.", [
    id,
    lang,
  ]),
  get("/api/v2/tables/{id}/data", "PxWebApi 2: figures of a table.", [
    id,
    lang,
    chosen("valuecodes"),
    chosen("codelist"),
    ...written,
    ...placed,
  ]),
  {
    path: "/api/v2/tables/{id}/data",
    method: "post",
    says: "PxWebApi 2: figures of a table, chosen by a body.",
    parameters: [id, lang, ...written],
    body: {
      type: "object",
      required: ["selection"],
      properties: {
        selection: {
          type: "array",
          items: {
            type: "object",
            required: ["variableCode"],
            properties: {
              variableCode: { type: "string" },
              codelist: { type: ["string", "null"] },
              valueCodes: { type: "array", items: { type: "string" } },
            },
          },
        },
        placement: {
          type: ["object", "null"],
          properties: {
            heading: { type: "array", items: { type: "string" } },
            stub: { type: "array", items: { type: "string" } },
          },
        },
      },
    },
    type: json,
  },
  get("/api/v2/codelists/{id}", "PxWebApi 2: lists of codes to add figures up by; there are none.", [
    id,
    lang,
  ]),
  get(
    "/data/{language}/{file}",
    `A whole table as a file: its id and how it ends (${Object.keys(ENDINGS).join(", ")}, csv-metadata.json).`,
    [path("language", { type: "string", enum: ["sv", "en"] }), path("file")],
    "application/octet-stream",
  ),
  get("/kolada/v3/kpi", "Kolada: the yearly indicators.", [query("title", text), ...page]),
  get("/kolada/v3/kpi/{ids}", "Kolada: indicators by id.", [path("ids", list), ...page]),
  get("/kolada/v3/municipality", "Kolada: regions.", page),
  get("/kolada/v3/municipality/{ids}", "Kolada: regions by id.", [path("ids", list), ...page]),
  get("/kolada/v3/data/kpi/{kpis}/municipality/{areas}", "Kolada: figures.", [
    path("kpis", list),
    path("areas", list),
    ...page,
  ]),
  get("/kolada/v3/data/kpi/{kpis}/year/{years}", "Kolada: figures.", [
    path("kpis", list),
    path("years", list),
    ...page,
  ]),
  get("/kolada/v3/data/kpi/{kpis}/municipality/{areas}/year/{years}", "Kolada: figures.", [
    path("kpis", list),
    path("areas", list),
    path("years", list),
    ...page,
  ]),
  get("/api/comparisons/{id}", "Regions beside each other, and what follows from a table's figures.", [
    id,
    query("period", text),
  ]),
  get("/api/life-expectancy", "Years left at 16 of people with mental illness, from what is released.", []),
  get(
    "/receipt/{id}",
    "That a release stands in the log: a tlog-proof, as the text that others' verifiers read.",
    [id],
    "text/plain",
  ),
  get("/dcat", "The catalogue for the national data portal, as RDF/XML.", [], "application/rdf+xml"),
  get("/dcat/{id}", "What the catalogue says of one table.", [id], "application/rdf+xml"),
  get("/dcat.rdf", "The catalogue for the national data portal, as RDF/XML.", [], "application/rdf+xml"),
  get("/dcat.jsonld", "The catalogue for the national data portal, as JSON-LD.", [], "application/ld+json"),
];
