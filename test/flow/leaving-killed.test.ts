/**
 * `brus person forget`, killed at each step that leaves something on disk: at the next start the person is either whole,
 * where nothing had been written, or gone, and everybody else counts as before. The command again, and it is done.
 */
import { spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { systemNoise } from "../../node/answer/noise.ts";
import type { NodeConfig } from "../../node/config.ts";
import { type RunningNode, startNode } from "../../node/node.ts";
import { systemRandom } from "../../node/random.ts";
import { sleep } from "../../server/deadline.ts";
import { loggerOf } from "../../server/logger.ts";
import { databaseUrlFor, ENGINES, type Engine, missing, temporaryFolder } from "../support/engines.ts";
import { federationOf } from "../support/federation.ts";
import { HEAD } from "../support/region.ts";

const ROOT = join(import.meta.dirname, "../..");

/** In the order in which they come. */
const STEPS: Readonly<Record<Engine, readonly string[]>> = {
  duckdb: [
    "^before rename to .*people\\.list\\.json",
    "^after rename to .*people\\.list\\.json",
    "^before delete from person",
    "^before commit",
    "^after commit",
    "^before attach",
    "^after copy from",
    "^after detach",
    "^before rename to .*node\\.duckdb",
    "^after rename to .*node\\.duckdb",
    '^before delete from "meta"',
  ],
  postgresql: [
    "^after rename to .*people\\.list\\.json",
    "^before commit",
    "^after commit",
    "^after vacuum .* person",
    '^before delete from "meta"',
  ],
};

const folder = temporaryFolder();
afterAll(() => folder.remove());

let count = 0;

/** A region of three persons, whose node is not running. */
async function madeOn(engine: Engine): Promise<{ folder: string; config: NodeConfig }> {
  const url = await databaseUrlFor(engine);
  const made = join(folder.path, `${engine}-${count++}`);
  mkdirSync(made);
  const text = `${HEAD}\n${["a", "b", "c"].map((person) => `${person},2025K1,1,a,1,true\n`).join("")}`;
  const network = await federationOf(
    made,
    { "01": text },
    { databaseUrl: (party) => (party === "01" ? url : undefined) },
  );
  const [node] = network.nodes;
  if (node === undefined) throw new Error("a region");
  await network.stop();
  return { folder: join(made, "node-01"), config: node.config };
}

/** The region's folder copied, with a configuration that names the copy. */
function copied(
  { folder: from, config }: { folder: string; config: NodeConfig },
  name: string,
): { path: string; config: NodeConfig } {
  const to = join(folder.path, name);
  cpSync(from, to, { recursive: true });
  const own = { ...config, data: join(to, "data"), secrets: to };
  const path = join(to, "node.json");
  writeFileSync(path, JSON.stringify(own));
  return { path, config: own };
}

function forget(config: string, line: string, killAt: string | null): Promise<string> {
  const kill = killAt === null ? [] : ["--import", join(ROOT, "test/support/kill-at.ts")];
  const args = [...kill, join(ROOT, "cli/main.ts"), "person", "forget", "--config", config];
  const child = spawn(join(ROOT, "node_modules/.bin/node"), args, {
    env: { ...process.env, BRUS_KILL_AT: killAt ?? "^$" },
    stdio: ["pipe", "pipe", "ignore"],
  });
  let said = "";
  child.stdout.on("data", (chunk: Buffer) => {
    said += chunk.toString();
  });
  child.stdin.end(`${line}\n`);
  return new Promise((resolve) => child.on("exit", (code, signal) => resolve(signal ?? `${code} ${said}`)));
}

const started = (config: NodeConfig): Promise<RunningNode> =>
  startNode(config, folder.path, {
    fetch: () => Promise.reject(new Error("nobody answers")),
    now: () => new Date(),
    noise: systemNoise,
    random: systemRandom,
    sleep,
    logger: loggerOf("node-01", "error"),
  });

/** How many persons there are, and the rows that they have; and that no file is left half made, or unmade. */
async function heldBy(node: RunningNode): Promise<{ persons: number; rows: number }> {
  const { kysely } = node.store;
  const persons = await kysely.selectFrom("person").select("id").execute();
  const rows = await kysely
    .selectFrom("d_care_1" as never)
    .selectAll()
    .execute();
  const due = await kysely.selectFrom("meta").select("key").where("key", "=", "people-unwritten").execute();
  expect(due).toEqual([]);
  const left = readdirSync(node.config.data).filter((name) => /\.next|\.tmp$/.test(name));
  expect(left).toEqual([]);
  return { persons: persons.length, rows: rows.length };
}

describe.each(ENGINES)("on %s", (engine) => {
  test.skipIf(missing(engine))(
    "killed at each step, and started again",
    async () => {
      let made: Awaited<ReturnType<typeof madeOn>> | null = null;
      for (const [index, step] of STEPS[engine].entries()) {
        // DuckDB's store is in the folder that is copied; each of PostgreSQL's is made anew.
        made = made === null || engine === "postgresql" ? await madeOn(engine) : made;
        const { path, config } = copied(made, `killed-${engine}-${index}`);
        expect(await forget(path, "b", step), step).toBe("SIGKILL");
        const written = readFileSync(join(config.secrets, "people.list.json"), "utf8").includes("forgotten");
        expect(written, step).toBe(!step.startsWith("^before rename to .*people"));
        const node = await started(config);
        expect(await heldBy(node), step).toEqual(written ? { persons: 2, rows: 2 } : { persons: 3, rows: 3 });
        await node.leave("forget", ["b"], false);
        expect(await heldBy(node), step).toEqual({ persons: 2, rows: 2 });
        await node.stop();
      }
    },
    600_000,
  );
});

test.skipIf(missing("duckdb"))("a command says what it did, and by number what it did not take", async () => {
  const { path, config } = copied(await madeOn("duckdb"), "said");
  expect(await forget(path, "b", null)).toMatch(/^0 They are not counted, and the node's tables and files/);
  const said = await forget(path, "null", null);
  expect(said).toMatch(/^1 line 1: person: stands for no one/);
  expect(existsSync(join(config.secrets, "marks.key"))).toBe(true);
});
