/**
 * `brus person`: who is not counted in a region's node. Identities come on standard input or in a file, never on the
 * command line, where other users of the machine could read them; and nothing said here quotes one.
 */
import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { Refusal } from "../../protocol/values/refusal.ts";
import type { Out } from "../client/connect.ts";
import { answers, configured, withNode } from "./local-node.ts";

type Configured = { readonly config: string };
type Listed = Configured & { readonly file?: string; readonly personnummer?: boolean };
type Change = "exclude" | "include" | "forget";

const CHANGES: ReadonlyArray<readonly [Change, description: string, done: string]> = [
  [
    "exclude",
    "count these persons in nothing from the next question on; their rows are kept, and weigh nothing",
    "From the next question on they are not counted, whatever is imported, re-keyed or restored. What was released before stands.",
  ],
  [
    "include",
    "count these persons again",
    "From the next question on they are counted. Whoever was forgotten is once their rows are imported anew.",
  ],
  [
    "forget",
    "as exclude, and delete all that the node holds of these persons but a keyed mark, which keeps them out",
    "They are not counted, and the node's tables and files hold nothing of them. What was released before stands. Backups, snapshots, the disk's free blocks and, with PostgreSQL, its write-ahead log, archives and replicas hold what they held until they are recycled: see to those yourself. So do the source files.",
  ],
];

export function personCommands(program: Command, out: Out): void {
  const person = program.command("person").description("who is not counted in a region's node, and who is");
  const sub = (usage: string, description: string) =>
    person
      .command(usage)
      .description(description)
      .requiredOption("--config <file>", "the node's configuration");
  for (const [change, description, done] of CHANGES)
    sub(change, description)
      .option("--file <file>", "identities, one a line; without it, standard input")
      .option("--personnummer", "refuse every line that is no personal or coordination number")
      .action((options: Listed) => leave(change, done, options, out));
  sub(
    "ls",
    "since when each person on the list is excluded or forgotten; of whom they are, a mark alone",
  ).action((options: Configured) => ls(options, out));
  sub(
    "accept",
    "take the list that is there for the newest, where a later one is lost: then list anew whoever left since",
  ).action((options: Configured) => accept(options, out));
}

/** The exit code says when a line was refused; the others are taken. */
async function leave(
  change: Change,
  done: string,
  { config, file, personnummer = false }: Listed,
  { say, now }: Out,
): Promise<void> {
  const lines = linesOf(file);
  const bad = await withNode(config, now, (local) => local.leave(change, lines, personnummer));
  for (const { line, reason } of bad) say(`line ${line}: ${reason}`);
  if (bad.length > 0) process.exitCode = 1;
  say(bad.length === 0 ? done : `Lines that are named were refused. Of the others: ${done}`);
}

function linesOf(file: string | undefined): string[] {
  try {
    // Another encoding's letters would be somebody else's name, and leave out nobody, unseen.
    const text = new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(file ?? 0));
    return text.split(/\r\n|\r|\n/);
  } catch (cause) {
    throw new Refusal(
      "usage",
      "expected identities, one a line, in UTF-8, in a readable file or on standard input",
      {
        cause,
      },
    );
  }
}

/** `brus person ls` */
async function ls({ config }: Configured, { say, now }: Out): Promise<void> {
  const rows = await withNode(config, now, (local) => local.left());
  for (const { since, state, mark } of rows) say(`${since} ${state} ${mark}`);
  say(`${rows.length} on the list. Keep this to yourselves: how many they are is told to nobody.`);
}

/** `brus person accept` */
async function accept({ config: path }: Configured, { say, now }: Out): Promise<void> {
  const [{ acceptList }, { config, base, socket }, { systemRandom }] = await Promise.all([
    import("../../node/people/accept.ts"),
    configured(path),
    import("../../node/random.ts"),
  ]);
  // PostgreSQL lets two processes in: the node would write its own list over this one.
  if (await answers(socket))
    throw new Refusal(
      "unavailable",
      "expected the node to be stopped while its list is taken for the newest",
    );
  await acceptList(config, base, now, systemRandom);
  say(
    "The list that is there is taken for the newest. Before you start the node, list anew whoever was excluded, forgotten or included since it was made: brus person exclude, include, forget.",
  );
}
