/** `brus import`, `brus ledger`, `brus rekey`: what those who run a region's node need. */

import { resolve } from "node:path";
import type { Command } from "commander";
import { readMapping } from "../../node/import/mapping.ts";
import { reportLines } from "../../node/import/request.ts";
import { Refusal } from "../../protocol/values/refusal.ts";
import { meaningText, twiceText } from "../../publication/year-words.ts";
import { readDocument } from "../../server/config.ts";
import type { Out } from "../client/connect.ts";
import { barOf } from "../client/progress.ts";
import { anyPublicOf } from "./directory-words.ts";
import { answers, call, configured, withNode } from "./local-node.ts";

type Configured = { readonly config: string };
type ForMachines = Configured & { readonly json?: boolean };
type Import = ForMachines & {
  readonly dataset: string;
  readonly mapping: string;
  readonly dryRun?: boolean;
  readonly replace?: boolean;
  readonly covers?: string;
};

export function nodeCommands(program: Command, out: Out): void {
  const sub = (usage: string, description: string) =>
    program
      .command(usage)
      .description(description)
      .requiredOption("--config <file>", "the node's configuration");

  sub(
    "import <files...>",
    "take a region's own files into its node; what is rejected is explained in a file beside the database",
  )
    .requiredOption("--dataset <name@version>", "which dataset")
    .requiredOption("--mapping <file>", "how the files' columns become the dataset's")
    .option("--replace", "take a file that was taken before once more, in place of what came of it then")
    .option(
      "--covers <periods>",
      "the periods that are delivered with these files, such as 2026K1 or 2025K3..2026K2; unless said, those that their rows fall in",
    )
    .option("--dry-run", "report what would come in and what would be rejected; keep nothing")
    .option("--json", "for machines")
    .action((files: string[], options: Import) => importFiles(files, options, out));

  sub("ledger", "what a node has been charged, by account and period; recomputes every entry")
    .option("--json", "for machines")
    .action((options: ForMachines) => showLedger(options, out));

  sub(
    "console",
    "the region's own page: prints where a running node serves it, once, on this machine alone",
  ).action((options: Configured) => showConsole(options, out));

  sub("rekey", "give every person in a node a new pseudonym under a new key, in one transaction").action(
    (options: Configured) => rekey(options, out),
  );

  sub("revoke <key>", "revoke a key at this node by hand: nothing that it signs counts here any more").action(
    (key: string, options: Configured) => revoke(key, options, out),
  );
}

/** `brus import`: the exit code says when nothing came of a file. */
async function importFiles(files: string[], options: Import, { say, now }: Out): Promise<void> {
  const { dataset, dryRun = false, replace = false, covers } = options;
  const mapping = readMapping(readDocument(options.mapping));
  await withNode(options.config, now, async (local) => {
    for (const file of files) {
      const request = { dataset, mapping, path: resolve(file), dryRun, replace, covers };
      const bar = barOf(file, 1);
      const report = await local.import(request, (step, done, of) => step === "reading" && bar.set(done, of));
      bar.done();
      if (report.outcome === "nothing" && report.delivered.length === 0) process.exitCode = 1;
      for (const line of options.json === true ? [JSON.stringify(report)] : reportLines(report)) say(line);
    }
  });
}

/** `brus ledger` */
async function showLedger({ config, json }: ForMachines, { say, now }: Out): Promise<void> {
  const { view, anew } = await withNode(config, now, async (local) => ({
    view: await local.ledger(),
    anew: await local.anew(),
  }));
  if (view.broken !== null) process.exitCode = 1;
  if (json === true) return say(JSON.stringify(view));
  say(
    `Node ${view.node}: ${view.head.sequence} entries, ${view.broken === null ? "all recomputed" : `broken at ${view.broken}`}, head ${view.head.hash}`,
  );
  for (const { group, period, spent, budget } of view.accounts)
    say(`  ${group} ${period}: ρ ${spent} spent of ${budget}`);
  for (const table of anew)
    say(`  ${table}: nothing is answered before its files are imported anew (brus import --replace)`);
  for (const { year, spent } of view.years) say(`One person's ${year}: ${meaningText(spent, "en")}`);
  if (view.years.length > 0) say(twiceText("en"));
}

/** `brus console` */
async function showConsole({ config }: Configured, { say }: Out): Promise<void> {
  const { socket } = await configured(config);
  if (!(await answers(socket))) throw new Refusal("unavailable", "expected a node that is running");
  const { address } = JSON.parse(await call(socket, "POST", "/console")) as { address: string };
  say(address);
}

/** `brus rekey` */
async function rekey({ config }: Configured, { say, now }: Out): Promise<void> {
  await withNode(config, now, (local) => local.rekey());
  say("Every person has a new pseudonym; the old key is gone.");
}

/** `brus revoke` */
async function revoke(key: string, { config }: Configured, { say, now }: Out): Promise<void> {
  await withNode(config, now, (local) => local.revoke(anyPublicOf(key)));
  say("Revoked here; the directory says so to the others once a version of it does.");
}
