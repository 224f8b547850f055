/**
 * The command line: `brus --help` explains each command. Only here are arguments, environment and exit codes. What runs a
 * party is loaded where it is run: a command that only asks starts in half the time.
 */
import { createInterface } from "node:readline/promises";
import { Command, InvalidArgumentError } from "commander";
import { Refusal } from "../protocol/values/refusal.ts";
import { nameOf } from "../server/logger.ts";
import type { Out } from "./client/connect.ts";
import { passphraseFor } from "./client/passphrase.ts";
import { auditCommands } from "./commands/audit.ts";
import { calendarCommands } from "./commands/calendar.ts";
import { deskCommands } from "./commands/desk.ts";
import { directoryCommands } from "./commands/directory.ts";
import { enrolCommands } from "./commands/enrol.ts";
import { keyCommands } from "./commands/keys.ts";
import { logCommands } from "./commands/log.ts";
import { nodeCommands } from "./commands/node.ts";
import { pagesCommands } from "./commands/pages.ts";
import { personCommands } from "./commands/person.ts";
import { queryCommands } from "./commands/query.ts";
import { receiptCommands } from "./commands/receipt.ts";
import { reportCommands } from "./commands/report.ts";

/** What moves a terminal's cursor, turns the direction of writing or is not seen could make a text say something else. */
const UNSEEN = /(?![\t\n])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;
const seen = (text: string): string => text.replace(UNSEEN, "�");

/** Null where standard input is no terminal; no where it ends, or the answer is anything but yes. */
async function askAt(input: NodeJS.ReadStream, question: string): Promise<boolean | null> {
  if (!input.isTTY) return null;
  const lines = createInterface({ input, output: process.stderr });
  const ended = new Promise<string>((resolve) => lines.once("close", () => resolve("")));
  const answer = await Promise.race([lines.question(question), ended]);
  lines.close();
  return /^\s*(y|yes|j|ja)\s*$/i.test(answer);
}

const out: Out = {
  say: (text) => process.stdout.write(`${seen(text)}\n`),
  tell: (text) => process.stderr.write(`${seen(text)}\n`),
  wait: (line) => process.stderr.write(`waiting: ${seen(line)}\n`),
  now: () => new Date(),
  confirm: (question) => askAt(process.stdin, `${seen(question)} [y/N] `),
  opening: {
    passphrase: (path) => passphraseFor(path, program.opts<{ passphraseFile?: string }>().passphraseFile),
    warn: (line) => process.stderr.write(`warning: ${seen(line)}\n`),
  },
};

const whole = (least: number, most: number) => (text: string) => {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < least || value > most) {
    throw new InvalidArgumentError(`expected a whole number from ${least} to ${most}`);
  }
  return value;
};

const program = new Command("brus")
  .description("Federated, differentially private statistics across regions.")
  .version("0.1.0")
  .option("--passphrase-file <file>", "where a sealed key's passphrase is, if it is not to be asked for")
  .configureHelp({ showGlobalOptions: true })
  .showHelpAfterError();

program
  .command("demo")
  .description("a whole federation on this machine: 21 regions answer a question none could answer alone")
  .option("--once", "end after the answer instead of leaving all running")
  .option("--regions <n>", "how many regions", whole(1, 21), 21)
  .option("--rows <n>", "journal rows in all (0: one for every 50 inhabitants)", whole(0, 100_000_000), 0)
  .option("--seed <s>", "seed of the made-up journals (never of the noise)", whole(0, 2 ** 31), 1)
  .option("--port <p>", "the coordinator's port; a free one where it is taken", whole(0, 65_535), 8700)
  .option("--data <dir>", "your own data: a folder with federation.json")
  .option("--json <file>", "write releases and timings there")
  .action(
    async (o: {
      once?: boolean;
      regions: number;
      rows: number;
      seed: number;
      port: number;
      data?: string;
      json?: string;
    }) => {
      const { demo } = await import("./demo/demo.ts");
      const network = await demo({
        ...o,
        once: o.once === true,
        data: o.data ?? null,
        json: o.json ?? null,
        environment: process.env,
        say: out.say,
        wait: out.wait,
      });
      if (network === null) return;
      await new Promise<void>((done) => {
        process.once("SIGINT", () => done());
        process.once("SIGTERM", () => done());
      });
      await network.stop();
    },
  );

keyCommands(program, out);
directoryCommands(program, out);
enrolCommands(program, out);

program
  .command("coordinator")
  .description("run the coordinator: it holds no data")
  .option("--config <file>", "YAML or JSON; each value also by a BRUS_… variable")
  .action(async (o: { config?: string }) => {
    const { runCoordinator } = await import("../coordinator/main.ts");
    await runCoordinator(o.config ?? null, (address) => out.say(`coordinator at ${address}`));
  });
program
  .command("node")
  .description("run a region's node: it opens no port")
  .option("--config <file>", "YAML or JSON; each value also by a BRUS_… variable")
  .action(async (o: { config?: string }) => {
    const { runNode } = await import("../node/main.ts");
    await runNode(o.config ?? null, (code) => out.say(`node ${code} polls`));
  });

nodeCommands(program, out);
personCommands(program, out);
queryCommands(program, out);
deskCommands(program, out);
calendarCommands(program, out);
auditCommands(program, out);
logCommands(program, out);
receiptCommands(program, out);
reportCommands(program, out);
pagesCommands(program, out);

try {
  await program.parseAsync();
  // Pooled connections of fetch would keep a finished command alive for seconds.
  process.exit(process.exitCode ?? 0);
} catch (error) {
  if (!(error instanceof Refusal)) {
    if (process.env["BRUS_DEBUG"] !== undefined) throw error;
    const { kind, at } = nameOf(error);
    process.stderr.write(
      `internal: something unexpected happened (${kind} ${at[0] ?? ""}); BRUS_DEBUG=1 says more\n`,
    );
    process.exit(2);
  }
  // Its words may be the coordinator's, and are one line: another could say what this program says.
  const message = seen(error.message.replaceAll("\n", " "));
  process.stderr.write(`${error.code}: ${message}\n${error.advice}\n`);
  process.exit(1);
}
