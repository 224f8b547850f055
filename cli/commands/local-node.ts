/** How commands reach a region's node on this machine: over its socket where it runs, and otherwise through its database. */
import { existsSync } from "node:fs";
import { request } from "node:http";
import { dirname, resolve } from "node:path";
import type { readMapping } from "../../node/import/mapping.ts";
import type { ImportReport } from "../../node/import/request.ts";
import type { LedgerView } from "../../node/local/ledger-view.ts";
import type { RunningNode } from "../../node/node.ts";
import type { BadLine, Row } from "../../node/people/leaving.ts";
import { Problem, parseWith, Refusal } from "../../protocol/values/refusal.ts";
import { readConfig } from "../../server/config.ts";
import { sleep } from "../../server/deadline.ts";
import { loggerOf } from "../../server/logger.ts";

/** What a command asks of a node. */
type Local = {
  readonly import: (
    request: {
      dataset: string;
      mapping: ReturnType<typeof readMapping>;
      path: string;
      dryRun: boolean;
      replace: boolean;
      covers?: string | undefined;
    },
    onProgress: (step: string, done: number, of: number) => void,
  ) => Promise<ImportReport>;
  readonly ledger: () => Promise<LedgerView>;
  /** Tables of datasets that must be imported anew. */
  readonly anew: () => Promise<string[]>;
  readonly rekey: () => Promise<void>;
  readonly revoke: (key: string) => Promise<void>;
  readonly left: () => Promise<readonly Row[]>;
  readonly leave: RunningNode["leave"];
};

/** A node's configuration, and where it listens on this machine. Loaded here: other commands have no use for a node. */
export async function configured(configPath: string) {
  const [{ NodeConfig }, { socketPath }] = await Promise.all([
    import("../../node/config.ts"),
    import("../../node/local/local.ts"),
  ]);
  const config = readConfig(NodeConfig, configPath, process.env);
  const base = dirname(resolve(configPath));
  return { config, base, socket: socketPath(resolve(base, config.data)) };
}

/** Talks to the running node over its socket; where none runs, opens the database itself. */
export async function withNode<T>(
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
    sleep: (milliseconds, signal) => {
      // Somebody waits at a terminal: not for ever, as a node would.
      if (now() > patience) {
        throw new Refusal(
          "unavailable",
          `expected the coordinator at ${config.coordinator}: the directory was never fetched`,
        );
      }
      return sleep(milliseconds, signal);
    },
    logger: loggerOf(`node-${config.code}`, config.logLevel),
  });
  try {
    return await work({
      import: (request, onProgress) =>
        node.import(request, ({ step, done, of }) => onProgress(step, done, of)),
      ledger: () => ledgerView(node),
      anew: () => node.anew(),
      rekey: () => node.rekey(),
      revoke: (key) => node.revoke(key),
      left: async () => node.left(),
      leave: node.leave,
    });
  } finally {
    await node.stop();
  }
}

export const answers = (socket: string): Promise<boolean> =>
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
    anew: async () => JSON.parse(await call(socket, "GET", "/anew")) as string[], // Likewise.
    rekey: async () => {
      await call(socket, "POST", "/rekey");
    },
    revoke: async (key) => {
      await call(socket, "POST", "/revoke", { key });
    },
    // Our own node, over its own socket.
    left: async () => JSON.parse(await call(socket, "GET", "/people")) as Row[],
    leave: async (change, lines, strict) =>
      JSON.parse(await call(socket, "POST", "/people", { change, lines, strict })) as BadLine[],
  };
}

export function call(
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
