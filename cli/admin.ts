/** `brus keys`, `brus directory`, `brus import`, `brus ledger`, `brus rekey`: what those who run a part need. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { dirname, resolve } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import type { ImportReport } from "../node/import.ts";
import { type LedgerView, ledgerView, socketPath } from "../node/local.ts";
import { readMapping } from "../node/mapping.ts";
import { NodeConfig, type RunningNode, startNode } from "../node/node.ts";
import { systemNoise } from "../node/noise.ts";
import { fromBase64 } from "../protocol/bytes.ts";
import { readDataset, refOf } from "../protocol/catalogue.ts";
import { Directory } from "../protocol/directory.ts";
import { Envelope, envelopeId, seal } from "../protocol/envelope.ts";
import { parseJson } from "../protocol/json.ts";
import { instant } from "../protocol/query.ts";
import { Problem, parseWith, Refusal } from "../protocol/refusal.ts";
import { readConfig, readDocument } from "../server/config.ts";
import { loggerOf } from "../server/log.ts";
import { KeyFile, newKey, readKey, signerOf, writeSecret } from "../server/signing.ts";
import { barOf } from "./progress.ts";
import { type Out, readBytes } from "./query.ts";

const YEAR = 365 * 24 * 3600 * 1000;

export function keyCommands(program: Command, { say }: Out): void {
  const keys = program.command("keys").description("make signing keys");
  keys
    .command("new <file>")
    .description("make a key and write it to a new file that only you can read; prints the public part")
    .addOption(
      new Option("--purpose <purpose>", "one key, one purpose")
        .choices(["root", "release", "answer", "log", "witness", "ask", "approve", "audit"])
        .makeOptionMandatory(),
    )
    .option("--json", "for machines")
    .action((file: string, options: { purpose: string; json?: boolean }) => {
      const key = newKey(options.purpose);
      writeSecret(file, `${JSON.stringify(key, null, 2)}\n`);
      say(options.json === true ? JSON.stringify({ public: key.public }) : key.public);
    });
}

/** The public part of a key given as itself or as a key file. */
const publicOf = (text: string): string =>
  existsSync(text) ? parseWith(KeyFile, parseJson(readFileSync(text)), "key file", "usage").public : text;

export function directoryCommands(program: Command, { say, now }: Out): void {
  const directory = program.command("directory").description("make and read version 1 of the directory");
  const write = (file: string, value: unknown, root: string) => {
    const envelope = seal(
      "directory",
      parseWith(Directory, value, "directory"),
      signerOf(readKey(root, "root")),
    );
    writeFileSync(file, JSON.stringify(envelope));
    say(envelopeId(envelope));
  };
  const payload = (file: string) =>
    parseWith(
      Directory,
      parseJson(fromBase64(parseWith(Envelope, parseJson(readBytes(file)), "envelope").payload)),
      "directory",
    );

  directory
    .command("init <file>")
    .description("start a directory; prints its hash, which changes until all have been added")
    .requiredOption("--name <name>", "the federation's name")
    .requiredOption("--root <key file>", "the root key that signs it")
    .requiredOption("--release <key>", "the coordinator's release key: base64, or its key file")
    .requiredOption("--node <code=name=key...>", "the first regions, each code=name=answer key", collect, [])
    .requiredOption("--approvals <n>", "how many distinct approvers each query needs", approvers)
    .action(
      (
        file: string,
        o: { name: string; root: string; release: string; node: string[]; approvals: number },
      ) => {
        if (existsSync(file)) throw new Refusal("usage", `expected no file at ${file} yet`);
        const times = { validFrom: instant(now()), expires: instant(new Date(now().getTime() + YEAR)) };
        const value = {
          version: 1,
          previous: null,
          name: o.name,
          ...times,
          roots: { keys: [readKey(o.root, "root").public], threshold: 1 },
          coordinator: { release: publicOf(o.release) },
          nodes: o.node.map(nodeEntry),
          people: [],
          datasets: [],
          approvalRules: [{ dataset: "*", role: "approver", persons: o.approvals }],
        };
        write(file, value, o.root);
      },
    );

  directory
    .command("add <file>")
    .description("add regions, people and datasets before the directory is pinned; prints the new hash")
    .requiredOption("--root <key file>", "the root key that signs it")
    .option("--node <code=name=key>", "a region: code, name, answer key", collect, [])
    .option("--researcher <id=key>", "a person who asks", collect, [])
    .option("--approver <id=key>", "a person who approves", collect, [])
    .option("--dataset <file>", "a dataset", collect, [])
    .action(
      (
        file: string,
        o: { root: string; node: string[]; researcher: string[]; approver: string[]; dataset: string[] },
      ) => {
        const before = payload(file);
        if (!before.roots.keys.includes(readKey(o.root, "root").public)) {
          throw new Refusal("key-unknown", "expected the key of one of the directory's roots");
        }
        const person = (role: string, purpose: string) => (text: string) => {
          const [id = "", key = ""] = split(text, 2);
          const notAfter = instant(new Date(now().getTime() + YEAR));
          return {
            id,
            roles: [role],
            region: null,
            keys: [{ key: publicOf(key), purpose, notBefore: instant(now()), notAfter, revoked: null }],
          };
        };
        const datasets = o.dataset.map((path) => readDataset(readBytes(path)));
        const value = {
          ...before,
          nodes: [...before.nodes, ...o.node.map(nodeEntry)],
          people: [
            ...before.people,
            ...o.researcher.map(person("researcher", "ask")),
            ...o.approver.map(person("approver", "approve")),
          ],
          datasets: [
            ...before.datasets,
            ...datasets.map(({ dataset, hash }) => ({ dataset: refOf(dataset), hash })),
          ],
        };
        write(file, value, o.root);
      },
    );

  directory
    .command("show <file>")
    .description("who is who")
    .option("--json", "for machines")
    .action((file: string, options: { json?: boolean }) => {
      const envelope = parseWith(Envelope, parseJson(readBytes(file)), "envelope");
      const value = payload(file);
      if (options.json === true) return say(JSON.stringify({ hash: envelopeId(envelope), ...value }));
      say(
        `${value.name}, version ${value.version}, ${envelopeId(envelope)}\nvalid ${value.validFrom} to ${value.expires}`,
      );
      for (const { code, name, status } of value.nodes) say(`  region ${code} ${name}: ${status}`);
      for (const { id, roles, keys } of value.people)
        say(`  person ${id}: ${roles.join(", ")}; ${keys.length} key(s)`);
      for (const { dataset, hash } of value.datasets) say(`  dataset ${dataset} ${hash}`);
      for (const rule of value.approvalRules)
        say(`  approvals: ${rule.persons} × ${rule.role} for ${rule.dataset}`);
    });
}

const approvers = (text: string): number => {
  if (!/^([1-9]|1\d|20)$/.test(text)) throw new InvalidArgumentError("expected a whole number from 1 to 20");
  return Number(text);
};

const collect = (value: string, before: string[]): string[] => [...before, value];

function split(text: string, parts: number): string[] {
  const pieces = text.split("=");
  // Base64 ends in "=": the last part takes the rest.
  const all = [...pieces.slice(0, parts - 1), pieces.slice(parts - 1).join("=")];
  if (all.length !== parts || all.some((part) => part === ""))
    throw new Refusal("usage", `expected ${parts} parts joined by =`);
  return all;
}

const nodeEntry = (text: string) => {
  const [code = "", name = "", key = ""] = split(text, 3);
  return { code, name, status: "active", keys: { answer: publicOf(key) } };
};

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
    .command("rekey")
    .description("give every person in a node a new pseudonym under a new key, in one transaction")
    .requiredOption("--config <file>", "the node's configuration")
    .action(async (o: { config: string }) => {
      await withNode(o.config, now, (local) => local.rekey());
      say("Every person has a new pseudonym; the old key is gone.");
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
};

/** Talks to the running node over its socket; where none runs, opens the database itself. */
async function withNode<T>(
  configPath: string,
  now: () => Date,
  work: (local: Local) => Promise<T>,
): Promise<T> {
  const config = readConfig(NodeConfig, configPath, process.env);
  const base = dirname(resolve(configPath));
  const socket = socketPath(resolve(base, config.data));
  if (await answers(socket)) return await work(overSocket(socket));
  const patience = new Date(now().getTime() + 10_000);
  const node: RunningNode = await startNode(config, base, {
    fetch: globalThis.fetch,
    now,
    draw: systemNoise,
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
