/**
 * A federation running in this process, parties speaking real HTTP on loopback: what the demonstration, the flow
 * tests and the benchmarks stand on.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { CoordinatorConfig } from "../../coordinator/config.ts";
import { type RunningCoordinator, startCoordinator } from "../../coordinator/coordinator.ts";
import { systemNoise } from "../../node/answer/noise.ts";
import type { Effects } from "../../node/config.ts";
import { serveLocal } from "../../node/local/local.ts";
import { type RunningNode, startNode } from "../../node/node.ts";
import { systemRandom } from "../../node/random.ts";
import type { Plan } from "../../protocol/plan/plan.ts";
import { type Client, clientOf, type Fetch } from "../../protocol/wire/client.ts";
import { sleep } from "../../server/deadline.ts";
import { type Listening, listen } from "../../server/http.ts";
import { type Logger, loggerOf } from "../../server/logger.ts";
import { steady } from "../../server/retry-fetch.ts";
import { type FederationPlan, type MadeFederation, makeFederation } from "./federation.ts";

export type Network = {
  readonly made: MadeFederation;
  readonly address: string;
  readonly client: Client;
  readonly coordinator: RunningCoordinator;
  readonly nodes: readonly RunningNode[];
  readonly now: () => Date;
  readonly stop: () => Promise<void>;
};

export type NetworkOptions = {
  readonly port?: number;
  /** Tests alone pass another noise than the system's. */
  readonly draw?: (plan: Plan) => bigint[];
  readonly noiseShares?: (plan: Plan, code: string) => Float64Array[];
  /** What stands between a node and the coordinator: tests alone make it fail. */
  readonly fetch?: (code: string) => Fetch;
  /** What stands between the coordinator and witnesses from outside: tests alone make it fail. */
  readonly outside?: Fetch;
  /** Integers an answer may have; only benchmarks lift the protocol's limit. */
  readonly limit?: number;
  readonly now?: () => Date;
  /** A region's own clock, where it is not the network's: tests alone set it wrong. */
  readonly clockOf?: (code: string) => () => Date;
  /** What a region says of its work; errors alone unless a test reads it. */
  readonly loggerOf?: (code: string) => Logger;
  /** What of the coordinator's configuration is another. */
  readonly coordinator?: Partial<CoordinatorConfig>;
  readonly tick?: number;
  /** PostgreSQL addresses by party: `coordinator` or a region's code. */
  readonly databaseUrl?: (party: string) => string | undefined;
  /** Called before each node starts to work, for instance to import. */
  readonly prepare?: (node: RunningNode) => Promise<void>;
};

export async function startNetwork(
  folder: string,
  plan: FederationPlan,
  options: NetworkOptions = {},
): Promise<Network> {
  const now = options.now ?? (() => new Date());
  const made = makeFederation(folder, plan, now(), "http://127.0.0.1:1");
  const coordinator = await startCoordinator(
    { ...made.coordinator, ...storeOf("coordinator", options), ...options.coordinator },
    folder,
    {
      now,
      fetch: options.outside ?? globalThis.fetch,
      logger: loggerOf("coordinator", "error"),
      random: systemRandom,
      ...limitOf(options),
    },
  );
  const listening = await listenNear(coordinator, options.port ?? 0);
  const address = `http://127.0.0.1:${listening.port}`;
  const nodes = await startNodes(made, address, now, options);
  const locals = await serveLocally(nodes);
  for (const node of nodes) void node.work().catch(() => undefined); // A node that stops is seen as missing.
  return {
    made,
    address,
    client: clientOf(address, steady(globalThis.fetch)),
    coordinator,
    nodes,
    now,
    stop: async () => {
      await Promise.all(locals.map((close) => close()));
      const stopped = nodes.map((node) => node.stop());
      await coordinator.stop();
      await Promise.all(stopped);
      await listening.close();
    },
  };
}

const limitOf = ({ limit }: NetworkOptions) => (limit === undefined ? {} : { limit });

function storeOf(party: string, options: NetworkOptions): { databaseUrl?: string } {
  const databaseUrl = options.databaseUrl?.(party);
  return databaseUrl === undefined ? {} : { databaseUrl };
}

/** Every node started, one after the other, and prepared. */
async function startNodes(
  made: MadeFederation,
  address: string,
  now: () => Date,
  options: NetworkOptions,
): Promise<RunningNode[]> {
  const nodes: RunningNode[] = [];
  for (const { code, folder, config: own } of made.nodes) {
    const tick = options.tick ?? own.tick;
    const config = { ...own, coordinator: address, tick, ...storeOf(code, options) };
    writeFileSync(join(folder, "node.json"), `${JSON.stringify(config, null, 2)}\n`);
    nodes.push(await startNode(config, folder, effectsOf(code, now, options)));
  }
  const { prepare } = options;
  if (prepare !== undefined) await twoAtATime(nodes.map((node) => () => prepare(node)));
  return nodes;
}

/** All of it, two at a time: what one waits for of its database, another works. */
export async function twoAtATime(works: ReadonlyArray<() => Promise<void>>): Promise<void> {
  const left = [...works];
  const worker = async () => {
    for (let work = left.shift(); work !== undefined; work = left.shift()) await work();
  };
  await Promise.all([worker(), worker()]);
}

/** What a node has of the world outside it: the system's own, but for what tests put in its place. */
const effectsOf = (code: string, now: () => Date, options: NetworkOptions): Effects => ({
  fetch: options.fetch?.(code) ?? globalThis.fetch,
  now: options.clockOf?.(code) ?? now,
  noise: {
    regional: options.draw ?? systemNoise.regional,
    national: (plan) => options.noiseShares?.(plan, code) ?? systemNoise.national(plan),
  },
  random: systemRandom,
  ...limitOf(options),
  sleep,
  logger: options.loggerOf?.(code) ?? loggerOf(`node-${code}`, "error"),
});

/** Each node's own socket, for those on its machine; gives what closes them. */
async function serveLocally(nodes: readonly RunningNode[]): Promise<Array<() => Promise<void>>> {
  const locals: Array<() => Promise<void>> = [];
  for (const node of nodes) {
    const { code, data } = node.config;
    locals.push(await serveLocal(node, data, loggerOf(`node-${code}`, "error")));
  }
  return locals;
}

/** The port asked for, or a free one where it is taken. */
async function listenNear({ app }: RunningCoordinator, port: number): Promise<Listening> {
  try {
    return await listen(app, "127.0.0.1", port);
  } catch {
    return await listen(app, "127.0.0.1", 0); // Taken by somebody else: any free one will do.
  }
}
