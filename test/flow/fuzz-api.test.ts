/**
 * The public interface under a fuzzer that its own description drives: fitting values, values that nearly fit and hostile
 * ones, in every parameter and body. No 5xx, no hang, no status that the description does not name, no refusal without
 * its form. A subset here, more under `npm run soak -- fuzz-api`; and schemathesis where it is installed.
 */
import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Problem } from "../../protocol/values/refusal.ts";
import { HANGING } from "../hangs.ts";
import { type PublishedNetwork, publishedNetwork } from "../support/standing.ts";

const RUNS = process.env["BRUS_SOAK"] === undefined ? 800 : 50_000;
const PYTHON = process.env["BRUS_PYTHON"] ?? "python3";
const hasSchemathesis = spawnSync(PYTHON, ["-c", "import schemathesis"]).status === 0;

type Schema = {
  type?: string | string[];
  enum?: string[];
  minimum?: number;
  items?: Schema;
  properties?: Record<string, Schema>;
};
type Operation = {
  parameters: Array<{ name: string; in: "path" | "query"; style?: string; schema: Schema }>;
  requestBody?: { content: { "application/json": { schema: Schema } } };
  responses: Record<string, unknown>;
};

let published: PublishedNetwork;
let operations: Array<{ path: string; method: string; operation: Operation }> = [];
let codes: string[] = [];

beforeAll(async () => {
  published = await publishedNetwork(["09", "10"], 0.3);
  const api = (await (await published.get("/openapi.json")).json()) as {
    paths: Record<string, Record<string, Operation>>;
  };
  operations = Object.entries(api.paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(() => /^\/(api\/v2|data|kolada|dcat|api\/(indicators|comparisons))/.test(path))
      .map(([method, operation]) => ({ path, method, operation })),
  );
  const { tables } = (await (await published.get("/api/v2/tables?pageSize=1000")).json()) as {
    tables: Array<{ id: string }>;
  };
  codes = tables.slice(0, 5).map(({ id }) => id);
});
afterAll(() => published?.stop());

const HOSTILE = [
  "",
  " ",
  "*",
  "**",
  "***",
  "?",
  "TOP(2)",
  "TOP(-1)",
  "TOP(999999)",
  "TOP(99999999999)",
  "BOTTOM(1,1)",
  "RANGE(a,b)",
  "FROM()",
  "TO(",
  "[",
  "]",
  "[]",
  "[*]",
  "%00",
  "\u0000",
  "__proto__",
  "constructor",
  "toString",
  "../../../etc/passwd",
  "..%2f..",
  "'; drop table release; --",
  '"',
  "\\",
  "\ud800",
  "🦠",
  "å ä ö",
  "NaN",
  "-1",
  "0",
  "1e9",
  "9007199254740993",
  "a".repeat(3000),
  "(".repeat(500),
  "*a".repeat(60),
];
const WORDS = [
  "Region",
  "Tid",
  "sex",
  "age_group",
  "ContentsCode",
  "00",
  "09",
  "2026K3",
  "2024",
  "TotSa",
  "Tot",
  "value",
  "se",
  "sv",
  "en",
];

const texts = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...WORDS) },
  { weight: 2, arbitrary: fc.constantFrom(...HOSTILE) },
  { weight: 1, arbitrary: fc.string({ unit: "grapheme", maxLength: 60 }) },
);

function fitting(schema: Schema): fc.Arbitrary<unknown> {
  const types = [schema.type ?? "string"].flat();
  if (schema.enum !== undefined)
    return fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom(...schema.enum) },
      { weight: 1, arbitrary: texts },
    );
  if (types.includes("integer"))
    return fc.oneof(
      { weight: 3, arbitrary: fc.integer({ min: schema.minimum ?? 0, max: 50 }) },
      { weight: 1, arbitrary: texts },
    );
  if (types.includes("boolean")) return fc.oneof(fc.boolean(), texts);
  if (types.includes("array"))
    return fc.oneof(
      { weight: 5, arbitrary: fc.array(fitting(schema.items ?? {}), { maxLength: 4 }) },
      { weight: 1, arbitrary: fc.jsonValue() },
    );
  if (types.includes("object")) {
    const whole = fc.record(
      Object.fromEntries(
        Object.entries(schema.properties ?? {}).map(([name, each]) => [name, fitting(each)]),
      ),
      { requiredKeys: [] },
    );
    return fc.oneof({ weight: 5, arbitrary: whole }, { weight: 1, arbitrary: fc.jsonValue() });
  }
  return texts;
}

/** Anything that can stand in an address: what cannot be encoded is left out. */
const encoded = (value: unknown): string => encodeURIComponent(String(value).toWellFormed());

const requests = fc.nat().chain((at) => {
  const picked = operations[at % operations.length];
  if (picked === undefined) throw new Error("the description has operations");
  const { operation } = picked;
  const parameters = fc.tuple(
    ...operation.parameters.map((parameter) => {
      const { name, schema, style } = parameter;
      const value =
        parameter.in === "path" && name === "id"
          ? fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...codes) }, { weight: 1, arbitrary: texts })
          : name === "file"
            ? fc.oneof(
                fc
                  .tuple(
                    fc.constantFrom(...codes),
                    fc.constantFrom("csv", "px", "xlsx", "parquet", "json", "csv-metadata.json", "exe"),
                  )
                  .map((parts) => parts.join(".")),
                texts,
              )
            : style === "deepObject"
              ? fc.array(fc.tuple(texts, texts), { maxLength: 5 })
              : fitting(schema);
      return fc
        .option(value, { nil: undefined, freq: 3 })
        .map((made) => ({ parameter, value: made ?? (parameter.in === "path" ? "x" : undefined) }));
    }),
  );
  const { requestBody } = operation;
  const body =
    requestBody === undefined
      ? fc.constant(undefined)
      : fc.oneof(
          fitting(requestBody.content["application/json"].schema).map((each) => JSON.stringify(each)),
          texts,
        );
  return fc.record({ picked: fc.constant(picked), parameters, body });
});

test(`${RUNS} requests: never a 5xx, a hang, or a status that is not described`, async () => {
  const seen = new Map<number, number>();
  await fc.assert(
    fc.asyncProperty(requests, async ({ picked, parameters, body }) => {
      let path = picked.path;
      const query: string[] = [];
      for (const { parameter, value } of parameters) {
        if (parameter.in === "path") path = path.replace(`{${parameter.name}}`, encoded(value) || "x");
        else if (value === undefined) continue;
        else if (parameter.style === "deepObject")
          for (const [key, each] of value as Array<[string, string]>)
            query.push(`${encoded(`${parameter.name}[${key}]`)}=${encoded(each)}`);
        else for (const each of [value].flat()) query.push(`${parameter.name}=${encoded(each)}`);
      }
      const init: RequestInit = { method: picked.method.toUpperCase(), signal: AbortSignal.timeout(HANGING) };
      if (typeof body === "string")
        Object.assign(init, { body, headers: { "content-type": "application/json" } });
      const response = await published.get(`${path}${query.length === 0 ? "" : `?${query.join("&")}`}`, init);
      const text = await response.text();
      seen.set(response.status, (seen.get(response.status) ?? 0) + 1);
      const where = `${picked.method} ${path}?${query.join("&")} ${String(body).slice(0, 200)}`;
      expect(response.status, where).toBeLessThan(500);
      // An address with a slash or a dot segment within is another address.
      if (!(response.status === 404 && text.includes("not-found")))
        expect(Object.keys(picked.operation.responses), where).toContain(String(response.status));
      if (response.status >= 400) expect(Problem.safeParse(JSON.parse(text)).success, where).toBe(true);
    }),
    { numRuns: RUNS, seed: 20261126, endOnFailure: true },
  );
  expect(seen.get(200) ?? 0).toBeGreaterThan(RUNS / 20);
  expect(seen.get(400) ?? 0).toBeGreaterThan(RUNS / 20);
});

test("too many requests are told when to come back", async () => {
  const { httpOf } = await import("../../server/http.ts");
  const { loggerOf } = await import("../../server/logger.ts");
  const app = httpOf(loggerOf("test", "error"), { requestsPerMinute: 3, now: () => new Date() });
  app.get("/", (c) => c.text("here"));
  for (let each = 0; each < 3; each++) expect((await app.request("/")).status).toBe(200);
  const refused = await app.request("/");
  expect(refused.status).toBe(429);
  expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
  expect(await refused.json()).toMatchObject({ code: "rate-limited", status: 429 });
});

test.skipIf(!hasSchemathesis)(
  "schemathesis finds nothing either (skipped where it is not installed)",
  async () => {
    const { execFile } = await import("node:child_process");
    const { promisify } = await import("node:util");
    const args = ["-m", "schemathesis.cli", "run", `${published.network.address}/openapi.json`];
    const only = [
      "--include-path-regex",
      "^/(api/v2|data|kolada|dcat|api/comparisons)",
      "--checks",
      "not_a_server_error,status_code_conformance",
      "--max-examples",
      "20",
      "--phases",
      "fuzzing",
      "--seed",
      "1",
    ];
    const { stdout } = await promisify(execFile)(PYTHON, [...args, ...only], { maxBuffer: 64_000_000 });
    expect(stdout).toMatch(/(\d+) generated, \1 passed/);
  },
);
