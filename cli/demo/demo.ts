/**
 * `brus demo`: a whole federation on this machine in under a minute. 21 regions with made-up journals, or a folder's
 * own data; coordinator and nodes over real HTTP; a question signed, approved, answered and checked.
 */
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { z } from "zod";
import { Mapping, readMapping } from "../../node/import/mapping.ts";
import type { RunningNode } from "../../node/node.ts";
import type { CalendarDraft } from "../../protocol/plan/calendar.ts";
import {
  type DatasetDocument,
  DatasetRef,
  readDataset,
  writeDataset,
} from "../../protocol/question/catalogue.ts";
import { parseJson } from "../../protocol/values/json.ts";
import { RegionCode } from "../../protocol/values/names.ts";
import { parseWith, Refusal } from "../../protocol/values/refusal.ts";
import { textOf } from "../../protocol/values/text.ts";
import type { Following } from "../client/ask.ts";
import { writeText } from "../client/connect.ts";
import { resultText } from "../client/print.ts";
import { barOf } from "../client/progress.ts";
import { auditFrom, auditText } from "../commands/audit.ts";
import { sourceOf } from "../log/source.ts";
import { askAll, askBothWays, federationIn } from "./both-ways.ts";
import { CARE_EXPERIENCE, CARE_EXPERIENCE_MAPPING, DEMO_QUERY, journalOf, RARE_QUERY } from "./journals.ts";
import { type Network, startNetwork } from "./network.ts";
import { REGIONS } from "./regions.ts";
import { demoCalendar, registersOf, standingDatasets, standingText } from "./standing-releases.ts";

export type DemoOptions = {
  readonly once: boolean;
  readonly regions: number;
  readonly rows: number;
  readonly seed: number;
  readonly port: number;
  readonly data: string | null;
  readonly json: string | null;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly say: (line: string) => void;
  /** Told what is waited for, where nothing has changed for a while. */
  readonly wait: (line: string) => void;
};

type Import = { readonly dataset: string; readonly mapping: Mapping; readonly path: string };
type Scenario = {
  readonly name: string;
  readonly datasets: readonly DatasetDocument[];
  readonly regions: ReadonlyArray<{
    readonly code: string;
    readonly name: string;
    readonly imports: () => Import[];
  }>;
  readonly queries: readonly unknown[];
  /** A question to ask in both ways, of the regions and of the nation alone. */
  readonly rare: object | null;
  /** Standing releases; null where there are none. */
  readonly calendar: CalendarDraft | null;
  readonly approvals: number;
};

const FileName = z.string().min(1).max(1000);
const FederationFile = z.strictObject({
  datasets: z.array(FileName).min(1).max(100),
  regions: z
    .array(
      z.strictObject({
        code: RegionCode,
        name: textOf(100),
        imports: z
          .array(
            z.strictObject({
              dataset: z.string().max(60),
              mapping: FileName,
              files: z.array(FileName).min(1).max(1000),
            }),
          )
          .max(100),
      }),
    )
    .min(1)
    .max(1000),
  queries: z.array(FileName).min(1).max(100),
  approvals: z.int().min(1).max(20),
});

/** Runs the demonstration; gives the running network, or null once it has ended with `once`. */
export async function demo(options: DemoOptions): Promise<Network | null> {
  const { say } = options;
  const started = performance.now();
  const timings: Record<string, number> = {};
  const lap = (name: string, since: number) => {
    timings[name] = Math.round(performance.now() - since) / 1000;
  };
  const folder = mkdtempSync(join(tmpdir(), "brus-demo-"));
  const clean = () => rmSync(folder, { recursive: true, force: true });
  process.once("exit", clean);
  // Ctrl-C before the answer must leave neither keys nor journals behind; after it, whoever waits takes over.
  const leave = () => process.exit(130);
  process.once("SIGINT", leave);
  process.once("SIGTERM", leave);
  if (options.json !== null) writeText(options.json, "");
  const scenario =
    options.data === null ? madeUp(options, folder) : fromFolder(options.data, options.environment);

  say(
    `Brus: ${scenario.regions.length} regions, each with its own journal, and a coordinator that holds no data.`,
  );
  const bar = barOf("Starting regions and importing their journals", scenario.regions.length);
  const notes: string[] = [];
  const network = await startNetwork(
    folder,
    { ...scenario, approvers: Math.max(2, scenario.approvals) },
    {
      port: options.port,
      prepare: async (node) => {
        await importAll(node, scenario, options.data, notes);
        bar.step();
      },
    },
  );
  bar.done();
  lap("start", started);
  for (const note of notes) say(note);

  const releases = [];
  const following = { onWait: options.wait };
  for (const draft of scenario.queries) {
    const asking = performance.now();
    const { text, release } = await askOne(network, scenario, draft, following);
    releases.push(release);
    lap(`query-${releases.length}`, asking);
    say(text);
  }
  if (scenario.rare !== null) {
    const asking = performance.now();
    const { text, both } = await askBothWays(network, scenario.approvals, scenario.rare, following);
    for (const { status, asked, query, result } of both)
      releases.push({
        id: status.release,
        query: asked,
        title: query.title,
        cells: result.cells,
        document: result.envelope,
      });
    lap("both-ways", asking);
    say(text);
  }
  if (scenario.calendar !== null) {
    const standing = performance.now();
    say(await standingText(network, scenario.calendar, scenario.approvals, following));
    lap("standing", standing);
  }
  const auditing = performance.now();
  const verdict = await auditFrom(sourceOf(network.address), network.made.hash, new Date());
  say(auditText(verdict));
  say("");
  lap("audit", auditing);
  lap("total", started);
  if (options.json !== null) writeFileSync(options.json, `${JSON.stringify({ releases, timings })}\n`);
  if (options.once) {
    say(
      `Done in ${(timings["total"] ?? 0).toFixed(1)} s. Without --once all of it is left running for you to ask more.`,
    );
    await network.stop();
    clean();
    return null;
  }
  process.off("SIGINT", leave);
  process.off("SIGTERM", leave);
  say(
    `Open the pages:  ${network.address}/sv/  (in English: ${network.address}/en/, description of the API: ${network.address}/openapi.json)`,
  );
  say(`Keys and configuration: ${folder}`);
  const last = network.made.nodes.at(-1);
  if (last !== undefined)
    say(`A region's own page:  ./brus console --config ${join(last.folder, "node.json")}`);
  say(
    `Ask your own:  ./brus query sign FILE --key ${folder}/keys/researcher.json --coordinator ${network.address}`,
  );
  say(`Check it all:  ./brus audit ${network.address} --directory1 ${network.made.hash}`);
  say("Ctrl-C ends it.");
  return network;
}

function madeUp({ regions: count, rows, seed }: DemoOptions, folder: string): Scenario {
  const chosen = REGIONS.slice(0, count);
  const population = chosen.reduce((sum, region) => sum + region.population, 0);
  const sources = join(folder, "journals");
  mkdirSync(sources, { mode: 0o700 });
  return {
    name: "Brus demonstration",
    datasets: [writeDataset(CARE_EXPERIENCE), ...standingDatasets()],
    regions: chosen.map((region) => ({
      ...region,
      imports: () => {
        const path = join(sources, `${region.code}.csv`);
        const share = rows === 0 ? region.population / 50 : (rows * region.population) / population;
        writeFileSync(path, journalOf(region, Math.max(1, Math.round(share)), seed), { mode: 0o600 });
        return [
          { dataset: "care-experience@1", mapping: readMapping(CARE_EXPERIENCE_MAPPING), path },
          ...registersOf(sources, region, seed, rows === 0 ? 1 : (50 * rows) / population),
        ];
      },
    })),
    queries: [{ ...DEMO_QUERY, minRegions: Math.min(DEMO_QUERY.minRegions, chosen.length) }],
    // A secure sum of one region would be that region's figure.
    rare:
      chosen.length < 2
        ? null
        : { ...RARE_QUERY, minRegions: Math.min(RARE_QUERY.minRegions, chosen.length) },
    calendar: demoCalendar(chosen.length),
    approvals: 2,
  };
}

function fromFolder(folder: string, environment: Readonly<Record<string, string | undefined>>): Scenario {
  const base = resolve(folder);
  const read = (name: string): Uint8Array => {
    try {
      return readFileSync(resolve(base, withVariables(name, environment)));
    } catch (cause) {
      throw new Refusal("config-invalid", `expected a readable file ${name} in ${folder}`, { cause });
    }
  };
  const file = parseWith(
    FederationFile,
    parseJson(read("federation.json")),
    "federation.json",
    "config-invalid",
  );
  const datasets = file.datasets.map((name) => readDataset(read(name)));
  const latest = new Map(
    datasets.map(({ dataset }) => [dataset.dataset, `${dataset.dataset}@${dataset.version}`]),
  );
  return {
    name: "Brus demonstration on your data",
    datasets,
    regions: file.regions.map(({ code, name, imports }) => ({
      code,
      name,
      imports: () =>
        imports.flatMap(({ dataset, mapping, files }) => {
          const parsed = parseWith(Mapping, parseJson(read(mapping)), mapping, "mapping-unfit");
          const ref = parseWith(DatasetRef, latest.get(dataset) ?? dataset, "dataset");
          return files.map((each) => ({
            dataset: ref,
            mapping: parsed,
            path: resolve(base, withVariables(each, environment)),
          }));
        }),
    })),
    queries: file.queries.map((name) => parseJson(read(name))),
    rare: null,
    calendar: null,
    approvals: file.approvals,
  };
}

/** `${NAME}` in a path stands for an environment variable, so that data need not lie beside the description. */
function withVariables(path: string, environment: Readonly<Record<string, string | undefined>>): string {
  return path.replaceAll(/\$\{([A-Z_][A-Z0-9_]*)\}/g, (_, name: string) => {
    const value = environment[name];
    if (value === undefined)
      throw new Refusal("usage", `expected the variable ${name} to say where ${path} is`);
    return value;
  });
}

async function importAll(
  node: RunningNode,
  scenario: Scenario,
  data: string | null,
  notes: string[],
): Promise<void> {
  const region = scenario.regions.find(({ code }) => code === node.config.code);
  for (const each of region?.imports() ?? []) {
    const report = await node.import({ ...each, dryRun: false }, () => undefined);
    if (report.rejected > 0 && report.rejects !== null) {
      // The demonstration's own folder goes away with it: the reasons are for whoever brought the data.
      const kept =
        data === null
          ? report.rejects
          : join(resolve(data), "rejects", `${node.config.code}-${basename(report.rejects)}`);
      if (data !== null) {
        mkdirSync(dirname(kept), { recursive: true });
        copyFileSync(report.rejects, kept);
      }
      notes.push(
        `${node.config.code}: ${report.rows} rows taken from ${report.file}, ${report.rejected} rejected (why: ${kept})`,
      );
    }
  }
}

async function askOne(network: Network, scenario: Scenario, draft: unknown, following: Following) {
  const { query, asked, status, result } = await askAll(network, scenario.approvals, draft, following);
  const { release, envelope, cells } = result;
  const took = status.regions.filter(({ state }) => state === "answered").length;
  const text = [
    "",
    `“${query.title}”, signed by a researcher, approved by ${scenario.approvals}, answered by ${took} of ${status.regions.length} regions:`,
    resultText(result, federationIn(network)),
    release.national === null
      ? "Checked here: the release's signature, each region's, and that the table is the sum of their answers."
      : `Checked here: the release's signature, and that ${release.national.agreements.length} regions signed which vectors it is the sum of.`,
    "",
  ].join("\n");
  return {
    text,
    release: { id: status.release, query: asked, title: query.title, cells, document: envelope },
  };
}
