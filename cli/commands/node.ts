/** `brus import`, `brus ledger`, `brus rekey`: what those who run a region's node need. */
import { existsSync } from "node:fs";
import { request } from "node:http";
import { dirname, resolve } from "node:path";
import type { Command } from "commander";
import { readMapping } from "../../node/import/mapping.ts";
import type { ImportReport } from "../../node/import/request.ts";
import type { LedgerView } from "../../node/local/ledger-view.ts";
import type { RunningNode } from "../../node/node.ts";
import { PublicKey } from "../../protocol/signing/ed25519.ts";
import { Problem, parseWith, Refusal } from "../../protocol/values/refusal.ts";
import { readConfig, readDocument } from "../../server/config.ts";
import { loggerOf } from "../../server/logger.ts";
import type { Out } from "../client/connect.ts";
import { barOf } from "../client/progress.ts";
import { publicOf } from "./directory-words.ts";

export function nodeCommands(program: Command, { say, now }: Out): void {
  program
    .command("import <files...>")
    .description(
      "take a region's own files into its node; what is rejected is explained in a file beside the database",
    )
    .requiredOption("--config <file>", "the node's configuration")
    .requiredOption("--dataset <name@version>", "which dataset")
    .requiredOption("--mapping <file>", "how the files' columns become the dataset's")
    .option("--replace", "take a file that was taken before once more, in place of what came of it then")
    .option("--dry-run", "report what would come in and what would be rejected; keep nothing")
    .option("--json", "for machines")
    .action(
      async (
        files: string[],
        o: {
          config: string;
          dataset: string;
          mapping: string;
          dryRun?: boolean;
          replace?: boolean;
          json?: boolean;
        },
      ) => {
        const mapping = readMapping(readDocument(o.mapping));
        await withNode(o.config, now, async (local) => {
          for (const file of files) {
            const request = {
              dataset: o.dataset,
              mapping,
              path: resolve(file),
              dryRun: o.dryRun === true,
              replace: o.replace === true,
            };
            const bar = barOf(file, 1);
            const report = await local.import(
              request,
              (step, done, of) => step === "reading" && bar.set(done, of),
            );
            bar.done();
            if (report.outcome === "nothing") process.exitCode = 1;
            if (o.json === true) say(JSON.stringify(report));
            else
              say(
                `${report.file}: ${report.outcome}, ${report.rows} rows in, ${report.rejected} rejected${report.rejects === null ? "" : ` (${report.rejects})`}`,
              );
          }
        });
      },
    );
  program
    .command("ledger")
    .description("what a node has been charged, by account and period; recomputes every entry")
    .requiredOption("--config <file>", "the node's configuration")
    .option("--json", "for machines")
    .action(async (o: { config: string; json?: boolean }) => {
      const view = await withNode(o.config, now, (local) => local.ledger());
      if (o.json === true) return say(JSON.stringify(view));
      say(
        `Node ${view.node}: ${view.head.sequence} entries, ${view.broken === null ? "all recomputed" : `broken at ${view.broken}`}, head ${view.head.hash}`,
      );
      for (const { group, period, spent, budget } of view.accounts)
        say(`  ${group} ${period}: ρ ${spent} spent of ${budget}`);
      if (view.broken !== null) process.exitCode = 1;
    });
  program
    .command("console")
    .description("the region's own page: prints where a running node serves it, once, on this machine alone")
    .requiredOption("--config <file>", "the node's configuration")
    .action(async (o: { config: string }) => {
      const { socket } = await configured(o.config);
      if (!(await answers(socket))) throw new Refusal("unavailable", "expected a node that is running");
      const { address } = JSON.parse(await call(socket, "POST", "/console")) as { address: string };
      say(address);
    });
  program
    .command("rekey")
    .description("give every person in a node a new pseudonym under a new key, in one transaction")
    .requiredOption("--config <file>", "the node's configuration")
    .action(async (o: { config: string }) => {
      await withNode(o.config, now, (local) => local.rekey());
      say("Every person has a new pseudonym; the old key is gone.");
    });

  program
    .command("revoke <key>")
    .description("revoke a key at this node by hand: nothing that it signs counts here any more")
    .requiredOption("--config <file>", "the node's configuration")
    .action(async (key: string, o: { config: string }) => {
      const revoked = parseWith(PublicKey, publicOf(key), "key", "usage");
      await withNode(o.config, now, (local) => local.revoke(revoked));
      say("Revoked here; the directory says so to the others once a version of it does.");
    });
}

type Local = {
  readonly import: (
    request: {
      dataset: string;
      mapping: ReturnType<typeof readMapping>;
      path: string;
      dryRun: boolean;
      replace: boolean;
    },
    onProgress: (step: string, done: number, of: number) => void,
  ) => Promise<ImportReport>;
  readonly ledger: () => Promise<LedgerView>;
  readonly rekey: () => Promise<void>;
  readonly revoke: (key: string) => Promise<void>;
};

/** A node's configuration, and where it listens on this machine. Loaded here: other commands have no use for a node. */
async function configured(configPath: string) {
  const [{ NodeConfig }, { socketPath }] = await Promise.all([
    import("../../node/config.ts"),
    import("../../node/local/local.ts"),
  ]);
  const config = readConfig(NodeConfig, configPath, process.env);
  const base = dirname(resolve(configPath));
  return { config, base, socket: socketPath(resolve(base, config.data)) };
}

/** Talks to the running node over its socket; where none runs, opens the database itself. */
async function withNode<T>(
  configPath: string,
  now: () => Date,
  work: (local: Local) => Promise<T>,
): Promise<T> {
  const { config, base, socket } = await configured(configPath);
  if (await answers(socket)) return await work(overSocket(socket));
  const [{ startNode }, { systemNoise }, { systemRandom }, { ledgerView }] = await Promise.all([
    import("../../node/node.ts"),
    import("../../node/answer/noise.ts"),
    import("../../node/random.ts"),
    import("../../node/local/ledger-view.ts"),
  ]);
  const patience = new Date(now().getTime() + 10_000);
  const node: RunningNode = await startNode(config, base, {
    fetch: globalThis.fetch,
    now,
    noise: systemNoise,
    random: systemRandom,
    sleep: (milliseconds) => {
      // Somebody waits at a terminal: not for ever, as a node would.
      if (now() > patience) {
        throw new Refusal(
          "unavailable",
          `expected the coordinator at ${config.coordinator}: the directory was never fetched`,
        );
      }
      return new Promise((done) => setTimeout(done, milliseconds));
    },
    logger: loggerOf(`node-${config.code}`, config.logLevel),
  });
  try {
    return await work({
      import: (request, onProgress) =>
        node.import(request, ({ step, done, of }) => onProgress(step, done, of)),
      ledger: () => ledgerView(node),
      rekey: () => node.rekey(),
      revoke: (key) => node.revoke(key),
    });
  } finally {
    await node.stop();
  }
}

const answers = (socket: string): Promise<boolean> =>
  existsSync(socket)
    ? call(socket, "GET", "/datasets").then(
        () => true,
        () => false,
      )
    : Promise.resolve(false);

function overSocket(socket: string): Local {
  return {
    import: async (body, onProgress) => {
      let report: ImportReport | null = null;
      await call(socket, "POST", "/import", body, (text) => {
        const line = JSON.parse(text) as {
          progress?: { step: string; done: number; of: number };
          report?: ImportReport;
          problem?: unknown;
        };
        if (line.progress !== undefined) onProgress(line.progress.step, line.progress.done, line.progress.of);
        if (line.report !== undefined) report = line.report;
        if (line.problem !== undefined)
          throw Refusal.fromProblem(parseWith(Problem, line.problem, "problem"));
      });
      if (report === null) throw new Refusal("unavailable", "expected the node to finish the import");
      return report;
    },
    ledger: async () => JSON.parse(await call(socket, "GET", "/ledger")) as LedgerView, // Our own node, over its own socket.
    rekey: async () => {
      await call(socket, "POST", "/rekey");
    },
    revoke: async (key) => {
      await call(socket, "POST", "/revoke", { key });
    },
  };
}

function call(
  socketPath: string,
  method: string,
  path: string,
  body?: unknown,
  onLine?: (line: string) => void,
): Promise<string> {
  return new Promise((done, fail) => {
    const sent = request(
      { socketPath, method, path, headers: { "content-type": "application/json" } },
      (response) => {
        let text = "";
        let pending = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => {
          if (onLine === undefined || (response.statusCode ?? 500) >= 400) {
            text += chunk;
            return;
          }
          const lines = (pending + chunk).split("\n");
          pending = lines.pop() ?? "";
          try {
            for (const line of lines) onLine(line);
          } catch (error) {
            fail(error);
          }
        });
        response.on("error", fail);
        response.on("end", () => {
          if ((response.statusCode ?? 500) < 400) return done(text);
          const problem = Problem.safeParse(JSON.parse(text || "{}"));
          fail(
            problem.success
              ? Refusal.fromProblem(problem.data)
              : new Refusal("unavailable", "expected an answer from the node"),
          );
        });
      },
    );
    sent.on("error", fail);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
