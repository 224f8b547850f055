/** A federation that ran under f02469a, as it was left on disk: unpacked for a test, and gone on with by this program. */

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gunzipSync } from "node:zlib";
import pg from "pg";
import { z } from "zod";
import type { Party } from "../../cli/client/ask.ts";
import { CoordinatorConfig } from "../../coordinator/config.ts";
import { startCoordinator } from "../../coordinator/coordinator.ts";
import { systemNoise } from "../../node/answer/noise.ts";
import { NodeConfig } from "../../node/config.ts";
import { type RunningNode, startNode } from "../../node/node.ts";
import { systemRandom } from "../../node/random.ts";
import { Hash } from "../../protocol/values/bytes.ts";
import { type Client, clientOf } from "../../protocol/wire/client.ts";
import type { DatabaseConfig } from "../../server/database.ts";
import { sleep } from "../../server/deadline.ts";
import { listen } from "../../server/http.ts";
import { signerFrom } from "../../server/keys.ts";
import { loggerOf } from "../../server/logger.ts";
import { type Engine, freshDatabase, temporaryFolder } from "./engines.ts";

const FIXTURES = join(import.meta.dirname, "../fixtures/stores-f02469a");
export const REGIONS = ["05", "07", "09", "14"];

/** What the federation was when it was stopped. */
const Left = z.strictObject({
  at: z.string(),
  directory: Hash,
  queries: z.record(z.string(), Hash),
  states: z.record(Hash, z.string()),
  releases: z.record(z.string(), z.strictObject({ release: Hash, cells: z.int() })),
  ledgers: z.record(z.string(), z.unknown()),
  files: z.record(z.string(), z.unknown()),
});
export type Left = z.infer<typeof Left>;

export type Unpacked = {
  readonly folder: string;
  readonly left: Left;
  /** The store of `coordinator`, or of a region. */
  readonly store: (party: string) => { readonly name: string; readonly config: DatabaseConfig };
  readonly person: (id: string, purpose: string) => Party;
  readonly remove: () => void;
};

export async function unpack(engine: Engine): Promise<Unpacked> {
  const { path: folder, remove } = temporaryFolder();
  const from = join(FIXTURES, engine);
  const left = Left.parse(JSON.parse(readFileSync(join(from, "federation.json"), "utf8")));
  const write = (path: string, content: string | Uint8Array) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true, mode: 0o700 });
    writeFileSync(join(folder, path), content, { mode: 0o600 });
  };
  for (const [path, content] of Object.entries(left.files))
    write(path, typeof content === "string" ? content : JSON.stringify(content));
  const urls = new Map<string, string>();
  for (const party of ["coordinator", ...REGIONS]) {
    const [name, file] =
      party === "coordinator"
        ? [party, "coordinator/coordinator.duckdb"]
        : [`node-${party}`, `node-${party}/data/node.duckdb`];
    if (engine === "duckdb") write(file, gunzipSync(readFileSync(join(from, `${name}.duckdb.gz`))));
    else urls.set(party, await restored(readFileSync(join(from, `${name}.sql`), "utf8")));
  }
  return {
    folder,
    left,
    store: (party) => {
      const own = party === "coordinator";
      const data = join(folder, own ? "coordinator" : `node-${party}/data`);
      const config = { data, databaseUrl: urls.get(party), threads: 1, memory: "500MB" };
      return { name: own ? "coordinator" : "node", config };
    },
    person: (id, purpose) => ({ id, signer: signerFrom(join(folder, `keys/${id}.json`), purpose) }),
    remove,
  };
}

async function restored(dump: string): Promise<string> {
  const url = await freshDatabase();
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(dump);
  await client.end();
  return url;
}

export type Resumed = {
  readonly address: string;
  readonly client: Client;
  readonly nodes: readonly RunningNode[];
  readonly stop: () => Promise<void>;
};

/** Starts all parties from what is in the folder, as an operator would. */
export async function resume({ folder, store }: Unpacked, now: () => Date): Promise<Resumed> {
  const read = (path: string): object => JSON.parse(readFileSync(join(folder, path), "utf8"));
  const { databaseUrl } = store("coordinator").config;
  const coordinator = await startCoordinator(
    CoordinatorConfig.parse({ ...read("coordinator.json"), databaseUrl, roundSeconds: 2 }),
    folder,
    { now, fetch: globalThis.fetch, logger: loggerOf("coordinator", "error"), random: systemRandom },
  );
  const listening = await listen(coordinator.app, "127.0.0.1", 0);
  const address = `http://127.0.0.1:${listening.port}`;
  const nodes: RunningNode[] = [];
  for (const code of REGIONS) {
    const base = join(folder, `node-${code}`);
    const { databaseUrl: url } = store(code).config;
    const own = { coordinator: address, databaseUrl: url, tick: 1 };
    const config = NodeConfig.parse({ ...read(`node-${code}/node.json`), ...own });
    const node = await startNode(config, base, {
      fetch: globalThis.fetch,
      now,
      noise: systemNoise,
      random: systemRandom,
      sleep,
      logger: loggerOf(`node-${code}`, "error"),
    });
    nodes.push(node);
  }
  for (const node of nodes) void node.work().catch(() => undefined); // A node that stops is seen as missing.
  return {
    address,
    client: clientOf(address, globalThis.fetch),
    nodes,
    stop: async () => {
      const stopped = nodes.map((node) => node.stop());
      await coordinator.stop();
      await Promise.all(stopped);
      await listening.close();
    },
  };
}
