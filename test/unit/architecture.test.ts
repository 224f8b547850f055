/**
 * The direction of dependencies, where the platform may be touched, and the length of functions, as tests. Each rule is
 * first given texts that break it: what sees nothing holds nothing.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { MAY, PROTOCOL, SOLE, STARTS } from "./architecture/layout.ts";
import { circles, longFunctions, platformUses, strayImports, upwardImports } from "./architecture/rules.ts";
import { graphOf, importsOf, type Source, sourcesIn } from "./architecture/source.ts";

const ROOT = join(import.meta.dirname, "../..");
const MOST = 60;

const sources = sourcesIn(
  ROOT,
  Object.keys(MAY).filter((folder) => existsSync(join(ROOT, folder))),
);
const graph = graphOf(sources);
const program = sources.filter(({ file }) => !file.startsWith("test/"));

/** A project of these files and texts. */
const made = (files: Record<string, string>): Source[] =>
  Object.entries(files).map(([file, text]) => ({ file, text }));

test("the sources are read: every folder, static, dynamic and type-only imports, and a worker's address", () => {
  for (const folder of ["protocol", "server", "node", "coordinator", "cli", "dashboards", "test"])
    expect(graph.size, folder).toBeGreaterThan(0);
  expect(graph.get("node/main.ts")).toContain("node/node.ts");
  expect(graph.get("dashboards/src/proof/run.ts")).toContain("dashboards/src/proof/worker.ts");
  const text = `
    import a from "./a.ts"; import type { B } from "./b.ts"; export { c } from "./c.ts"; export * from "./d.ts";
    const e = () => import("./e.ts"); type F = typeof import("./f.ts"); new Worker(new URL("./g.ts", import.meta.url));
    const h = "import('./not.ts')"; // import "./neither.ts"`;
  expect(importsOf({ file: "x.ts", text }).join("")).toBe("./a.ts./b.ts./c.ts./d.ts./e.ts./f.ts./g.ts");
});

test("imports within the project name their files in full", () => {
  for (const [file, names] of graph)
    for (const name of names)
      expect(existsSync(join(ROOT, name)) && /\.(tsx?|json)$/.test(name), `${file} imports ${name}`).toBe(
        true,
      );
});

test("no import runs in a circle", () => {
  const pair = made({
    "a/one.ts": `import type { Two } from "../b/two.ts";`,
    "b/two.ts": `import "../a/one.ts";`,
  });
  expect(circles(graphOf(pair))).toEqual(["a/one.ts → b/two.ts → a/one.ts"]);
  const three = made({
    "a.ts": `import "./b.ts";`,
    "b.ts": `const c = () => import("./c.ts");`,
    "c.ts": `export * from "./a.ts";`,
  });
  expect(circles(graphOf(three))).toEqual(["a.ts → b.ts → c.ts → a.ts"]);
  expect(
    circles(
      graphOf(made({ "a.ts": `import "./b.ts"; import "./c.ts";`, "b.ts": `import "./c.ts";`, "c.ts": "" })),
    ),
  ).toEqual([]);

  expect(circles(graph)).toEqual([]);
});

test.each([
  ["protocol/values/json.ts", "../../publication/cube.ts"],
  ["protocol/values/json.ts", "../../server/http.ts"],
  ["publication/cube.ts", "../server/http.ts"],
  ["server/catalogue.ts", "../publication/cube.ts"],
  ["node/answer/answer.ts", "../../publication/cube.ts"],
  ["node/node.ts", "../coordinator/context.ts"],
  ["coordinator/query/intake.ts", "../../node/node.ts"],
  ["coordinator/query/intake.ts", "../../publication/cube.ts"],
  ["coordinator/api.ts", "../publication/cube.ts"],
  ["journal/main.ts", "../node/node.ts"],
  ["journal/main.ts", "../publication/cube.ts"],
  ["node/node.ts", "../journal/main.ts"],
  ["dashboards/src/data.ts", "../../server/http.ts"],
  ["dashboards/src/data.ts", "../../coordinator/context.ts"],
  ["server/http.ts", "../node/node.ts"],
  ["cli/main.ts", "../dashboards/src/data.ts"],
  ["bench/main.ts", "../dashboards/src/data.ts"],
])("%s may not import %s", (file, name) => {
  expect(
    strayImports(graphOf(made({ [file]: `import type { A } from "${name}";` })), MAY, SOLE),
  ).toHaveLength(1);
});

test("each folder imports only what it may", () => {
  const publish = made({ "coordinator/publish/pages.ts": `import "../../publication/cube.ts";` });
  expect(strayImports(graphOf(publish), MAY, SOLE)).toEqual([]);

  expect(strayImports(graph, MAY, SOLE)).toEqual([]);
});

test.each([
  ["values/json.ts", "../signing/envelope.ts"],
  ["signing/envelope.ts", "../log/merkle.ts"],
  ["log/checkpoint.ts", "../question/query.ts"],
  ["question/query.ts", "../privacy/privacy.ts"],
  ["privacy/privacy.ts", "../plan/plan.ts"],
  ["plan/plan.ts", "../federation/directory.ts"],
  ["federation/directory.ts", "../log/leaf.ts"],
  ["federation/directory.ts", "../release/material.ts"],
  ["log/events.ts", "../release/release.ts"],
  ["release/release.ts", "../secure-sum/messages.ts"],
  ["secure-sum/messages.ts", "../intersection/messages.ts"],
  ["intersection/messages.ts", "../secure-sum/messages.ts"],
  ["secure-sum/messages.ts", "../audit/audit.ts"],
  ["audit/audit.ts", "../wire/routes.ts"],
  ["wire/routes.ts", "../audit/audit.ts"],
])("protocol/%s may not import %s", (file, name) => {
  const broken = graphOf(made({ [`protocol/${file}`]: `import type { A } from "${name}";` }));
  expect(upwardImports(broken, "protocol", PROTOCOL)).toHaveLength(1);
});

test("the rooms of protocol/ stand in layers, and every file in a room", () => {
  const fine = made({
    "protocol/federation/directory.ts": `import "../log/checkpoint.ts"; import "./aside.ts";`,
  });
  expect(upwardImports(graphOf(fine), "protocol", PROTOCOL)).toEqual([]);
  const flat = made({ "protocol/common.ts": "", "protocol/helpers/text.ts": "" });
  expect(upwardImports(graphOf(flat), "protocol", PROTOCOL)).toHaveLength(2);

  expect(upwardImports(graph, "protocol", PROTOCOL)).toEqual([]);
});

test("protocol/ and publication/ run in a browser: no built-in module, no packages but these", () => {
  const allowed = ["zod", "temporal-polyfill", "shamir-secret-sharing"];
  for (const source of sources.filter(({ file }) => /^(protocol|publication)\//.test(file)))
    for (const name of importsOf(source).filter((each) => !each.startsWith(".")))
      expect(allowed.includes(name) || name.startsWith("@noble/"), `${source.file} imports ${name}`).toBe(
        true,
      );
});

test.each([
  ["const at = Date.now();", "Date.now"],
  ["const read = { now: Date.now };", "Date.now"],
  ["const at = new Date();", "new Date()"],
  ["const text = Date();", "new Date()"],
  ["const at = performance.now();", "performance.now"],
  ["const at = process.hrtime.bigint();", "process.hrtime"],
  ["const at = Temporal.Now.instant();", "Now.instant"],
  ["const die = Math.random();", "Math.random"],
  ["import { randomBytes } from 'node:crypto'; const key = randomBytes(32);", "randomBytes"],
  [
    "import { randomFillSync } from 'node:crypto'; const draw = { random: randomFillSync };",
    "randomFillSync",
  ],
  ["crypto.getRandomValues(bytes);", "crypto.getRandomValues"],
  ["const id = globalThis.crypto.randomUUID();", "crypto.randomUUID"],
  ["const answer = await fetch(address);", "fetch"],
  ["const client = clientOf(address, globalThis.fetch);", "globalThis.fetch"],
  ["const effects = { fetch };", "fetch"],
  ["const get = (own = fetch) => own(address);", "fetch"],
  ["const { BRUS_HOST } = process.env;", "process.env"],
  ["const mode = import.meta.env.MODE;", "import.meta.env"],
])("%s touches the platform", (text, what) => {
  const [use] = platformUses({ file: "node/x.ts", text });
  expect(use).toBe(`node/x.ts uses ${what} in line 1`);
});

test.each([
  "const at = new Date(text);",
  "const wait = setTimeout(done, 1000);",
  "async function get(fetch: Fetch) { await fetch(address); return { fetch }; }",
  "const get = ({ fetch, now }: Effects) => fetch(now());",
  "const made = () => { const { fetch } = effects; return fetch(address); };",
  "effects.fetch(address); store.performance(); own.now();",
  "type Effects = { readonly fetch: typeof fetch; readonly now: () => Date };",
  "// Date.now(), fetch\nconst text = 'process.env';",
])("%s does not", (text) => {
  expect(platformUses({ file: "node/x.ts", text })).toEqual([]);
});

test("time, randomness, the network and the environment are met only where a process starts", () => {
  const held = program.filter(
    ({ file }) => !file.startsWith("bench/") && !STARTS.some((start) => start.test(file)),
  );
  expect(held.length).toBeGreaterThan(STARTS.length);

  expect(held.flatMap(platformUses)).toEqual([]);
});

/** A text of so many lines that opens with the first and closes with the last of these. */
const ofLines = (first: string, lines: number, last: string): string =>
  [first, ...Array.from({ length: lines - 2 }, (_, line) => `  ${line};`), last].join("\n");

test.each([
  ["declared", "export async function long() {", "}", "long"],
  ["kept in a variable", "const long = () => {", "};", "long"],
  ["a method", "class Round { long() {", "} }", "long"],
  ["a member", "const round = { long: async () => {", "} };", "long"],
  ["given to another", "app.get(path, (c) => {", "});", "what app.get is given"],
  ["around another", "function outer() { function inner() {} ", "}", "outer"],
])("a function of 61 lines is told, %s; one of 60 is not", (_how, first, last, name) => {
  const told = longFunctions({ file: "node/x.ts", text: ofLines(first, MOST + 1, last) }, MOST);
  expect(told).toEqual([`node/x.ts: ${name} has ${MOST + 1} lines, from line 1`]);
  expect(longFunctions({ file: "node/x.ts", text: ofLines(first, MOST, last) }, MOST)).toEqual([]);
});

test("a component is a function: its markup counts", () => {
  const text = [
    "export function Page() {",
    "  return (<p>",
    ...Array<string>(MOST - 3).fill("    <br />"),
    "  </p>);",
    "}",
  ].join("\n");
  expect(longFunctions({ file: "x.tsx", text }, MOST)).toEqual([
    `x.tsx: Page has ${MOST + 1} lines, from line 1`,
  ]);
});

test("no function is longer than 60 lines", () => {
  expect(program.flatMap((source) => longFunctions(source, MOST))).toEqual([]);
});
