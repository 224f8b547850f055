/**
 * `brus demo`: a whole federation on this machine. 21 regions with made-up journals, or a folder's
 * own data; coordinator and nodes over real HTTP; a question signed, approved, answered and checked.
 */
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { warningText } from "../../node/import/request.ts";
import type { RunningNode } from "../../node/node.ts";
import { Refusal } from "../../protocol/values/refusal.ts";
import { pagesHere } from "../../server/built-pages.ts";
import type { Following } from "../client/ask.ts";
import { writeText } from "../client/connect.ts";
import { resultText } from "../client/print.ts";
import { barOf } from "../client/progress.ts";
import { auditFrom, auditText } from "../commands/audit.ts";
import { sourceOf } from "../log/source.ts";
import { type AskedBothWays, askAll, askBothWays, federationIn } from "./both-ways.ts";
import { type Part, partsOf } from "./by-delivery.ts";
import { type Network, startNetwork, twoAtATime } from "./network.ts";
import { fromFolder, type Import, madeUp, type Scenario } from "./scenario.ts";
import { standingText } from "./standing-releases.ts";

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

/** A demonstration that runs: its network, what it shows, and how long each step of it took. */
type Running = {
  readonly network: Network;
  readonly scenario: Scenario;
  readonly watch: Watch;
  readonly following: Following;
  readonly say: (line: string) => void;
};

/** Runs the demonstration; gives the running network, or null once it has ended with `once`. */
export async function demo(options: DemoOptions): Promise<Network | null> {
  const { say } = options;
  const watch = watchOf();
  const { folder, clean, handOver } = ownFolder();
  if (options.json !== null) writeText(options.json, "");
  const scenario =
    options.data === null ? madeUp(options, folder) : fromFolder(options.data, options.environment);
  say(
    `Brus: ${scenario.regions.length} regions, each with its own journal, and a coordinator that holds no data.`,
  );
  const network = await started(folder, scenario, options);
  watch.lap("start", 0);

  const running = { network, scenario, watch, following: { onWait: options.wait }, say };
  const { releases: first, asked } = await askEach(running);
  const releases = [...first, ...(await askTheRare(running))];
  await runTheCalendar(running);
  if (asked > 0) await auditAll(running); // Where nothing could be asked, nothing stands in a log.
  watch.lap("total", 0);
  if (options.json !== null)
    writeFileSync(options.json, `${JSON.stringify({ releases, timings: watch.timings })}\n`);

  if (!options.once) {
    handOver();
    sayWhatIsLeft(network, folder, say);
    return network;
  }
  say(
    `Done in ${(watch.timings["total"] ?? 0).toFixed(1)} s. Without --once all of it is left running for you to ask more.`,
  );
  await network.stop();
  clean();
  return null;
}

/** Seconds that steps took, by their names, each from a moment that `now` gave; 0 is when the watch was started. */
type Watch = {
  readonly timings: Readonly<Record<string, number>>;
  readonly now: () => number;
  readonly lap: (name: string, since: number) => void;
};

function watchOf(): Watch {
  const began = performance.now();
  const timings: Record<string, number> = {};
  const now = () => performance.now() - began;
  return {
    timings,
    now,
    lap: (name, since) => {
      timings[name] = Math.round(now() - since) / 1000;
    },
  };
}

/**
 * A folder for keys and journals that goes away with the process. Ctrl-C before the answer must leave nothing behind;
 * after it, once this is handed over, whoever waits takes over.
 */
function ownFolder() {
  const folder = mkdtempSync(join(tmpdir(), "brus-demo-"));
  const clean = () => rmSync(folder, { recursive: true, force: true });
  process.once("exit", clean);
  const leave = () => process.exit(130);
  process.once("SIGINT", leave);
  process.once("SIGTERM", leave);
  const handOver = () => {
    process.off("SIGINT", leave);
    process.off("SIGTERM", leave);
  };
  return { folder, clean, handOver };
}

/** All parties running, the regions' files taken in; what was rejected is said. */
async function started(
  folder: string,
  scenario: Scenario,
  { port, data, say }: DemoOptions,
): Promise<Network> {
  const bar = barOf("Starting regions and importing their journals", scenario.regions.length);
  const notes: string[] = [];
  const prepare = async (node: RunningNode) => {
    const region = scenario.regions.find(({ code }) => code === node.config.code);
    await importAll(node, region?.imports() ?? [], data, notes);
    bar.step();
  };
  const plan = { ...scenario, approvers: Math.max(2, scenario.approvals), pages: pagesHere() };
  const network = await startNetwork(folder, plan, { port, prepare });
  bar.done();
  for (const note of notes) say(note);
  return network;
}

/** Takes a region's files into its node; what was rejected is said in the notes, with where the reasons are. */
async function importAll(
  node: RunningNode,
  imports: readonly Import[],
  data: string | null,
  notes: string[],
): Promise<void> {
  for (const each of imports) {
    const report = await node.import({ ...each, dryRun: false }, () => undefined);
    for (const warning of report.warnings)
      notes.push(`${node.config.code}: ${report.file}: ${warningText(warning)}`);
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
        `${node.config.code}: ${report.rows} rows of ${report.persons} persons taken from ${report.file}, ${report.rejected} rejected (why: ${kept})`,
      );
    }
  }
}

/** What the file that `json` names is told of a release. */
const releasedBy = ({ query, asked, status, result }: AskedBothWays) => ({
  id: status.release,
  query: asked,
  title: query.title,
  cells: result.cells,
  document: result.envelope,
});

/** Each question, in parts where regions have not delivered the same, to its release; and how many were asked. */
async function askEach({ network, scenario, watch, following, say }: Running) {
  const releases = [];
  let asked = 0;
  for (const [at, draft] of scenario.queries.entries()) {
    const asking = watch.now();
    for (const part of await partsOf(draft, network)) {
      if (part.delivered) asked++;
      const done = await askPart(part, { network, scenario, watch, following, say });
      if (done !== null) releases.push(releasedBy(done));
    }
    watch.lap(`query-${at + 1}`, asking);
  }
  return { releases, asked };
}

/** A part of a question, to its release; null, and why, where regions have not delivered what it is about. */
async function askPart(
  { draft, periods, delivered }: Part,
  { network, scenario, following, say }: Running,
): Promise<AskedBothWays | null> {
  const named = periods === null ? "" : `${periods.join(", ")}: `;
  if (!delivered) {
    say(`${named}no region has delivered it, and so nobody is asked.`);
    return null;
  }
  try {
    const done = await askAll(network, scenario.approvals, draft, following);
    say(releaseText(done, named, network, scenario));
    return done;
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== "no-data") throw error;
    say(`${named}${error.message}.`);
    return null;
  }
}

function releaseText(
  { query, status, result }: AskedBothWays,
  named: string,
  network: Network,
  scenario: Scenario,
): string {
  const { release } = result;
  const took = status.regions.filter(({ state }) => state === "answered").length;
  return [
    "",
    `${named}“${query.title}”, signed by a researcher, approved by ${scenario.approvals}, answered by ${took} of ${status.regions.length} regions:`,
    resultText(result, federationIn(network)),
    release.national === null
      ? "Checked here: the release's signature, each region's, and that the table is the sum of their answers."
      : `Checked here: the release's signature, and that ${release.national.agreements.length} regions signed which vectors it is the sum of.`,
    "",
  ].join("\n");
}

/** Something rare, of the regions and of the nation alone. */
async function askTheRare({ network, scenario, watch, following, say }: Running) {
  if (scenario.rare === null) return [];
  const asking = watch.now();
  const { text, both } = await askBothWays(network, scenario.approvals, scenario.rare, following);
  watch.lap("both-ways", asking);
  say(text);
  return both.map(releasedBy);
}

/** What only the calendar is of, into each region's node, and then the calendar, to its releases. */
async function runTheCalendar({ network, scenario, watch, following, say }: Running): Promise<void> {
  if (scenario.calendar === null) return;
  const importing = watch.now();
  const bar = barOf("Importing the regions' registers", scenario.regions.length);
  const importers = scenario.regions.map(({ code, later }) => async () => {
    const node = network.nodes.find(({ config }) => config.code === code);
    if (node !== undefined) await importAll(node, later(), null, []);
    bar.step();
  });
  await twoAtATime(importers);
  bar.done();
  watch.lap("registers", importing);
  const running = watch.now();
  say(await standingText(network, scenario.calendar, scenario.approvals, following));
  watch.lap("standing", running);
}

async function auditAll({ network, watch, say }: Running): Promise<void> {
  const auditing = watch.now();
  const verdict = await auditFrom(sourceOf(network.address, fetch), network.made.hash, new Date());
  say(auditText(verdict));
  say("");
  watch.lap("audit", auditing);
}

/** What whoever watched can do now, with all of it left running. */
function sayWhatIsLeft({ address, made }: Network, folder: string, say: (line: string) => void): void {
  say(
    `Open the pages:  ${address}/sv/  (in English: ${address}/en/, description of the API: ${address}/openapi.json)`,
  );
  say(`Keys and configuration: ${folder}`);
  const last = made.nodes.at(-1);
  if (last !== undefined)
    say(`A region's own page:  ./brus console --config ${join(last.folder, "node.json")}`);
  say(`Enrol once:  ./brus enrol ${address} --directory ${made.hash}`);
  say(`Ask your own:  ./brus query sign FILE --key ${folder}/keys/researcher.json --coordinator ${address}`);
  say(`Or at a desk of your own:  ./brus desk --coordinator ${address} --directory ${made.hash}`);
  say(`Check it all:  ./brus audit ${address} --directory1 ${made.hash}`);
  say("Ctrl-C ends it.");
}
