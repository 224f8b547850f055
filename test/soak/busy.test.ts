/**
 * On a slow machine nothing takes part in the outcome but time: `npm test` and the demonstration end well beside busy
 * loops, however long it takes. BRUS_RUNS times each, beside BRUS_LOOPS loops.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "../..");
const numberOf = (name: string, otherwise: number): number => Number(process.env[name] ?? otherwise);

/** What this run of vitest tells its own tests is not for the one that it starts. */
const environment = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(VITEST|BRUS_SOAK$|NODE_ENV$|TEST$|npm_)/.test(name)),
);

async function beside<T>(loops: number, work: () => Promise<T>): Promise<T> {
  const busy: ChildProcess[] = Array.from({ length: loops }, () =>
    spawn(process.execPath, ["-e", "for (;;);"], { stdio: "ignore" }),
  );
  try {
    return await work();
  } finally {
    for (const loop of busy) loop.kill("SIGKILL");
  }
}

/** Runs a command to its end; gives its exit code, and its last lines. */
const run = (command: string, args: readonly string[]): Promise<{ code: number | null; end: string }> =>
  new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: ROOT, env: environment, stdio: ["ignore", "pipe", "pipe"] });
    let end = "";
    const seen = (chunk: Buffer) => {
      end = (end + chunk.toString()).slice(-20_000);
    };
    child.stdout.on("data", seen);
    child.stderr.on("data", seen);
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, end }));
  });

test.each([
  ["npm test", ["test"], numberOf("BRUS_LOOPS", 4), numberOf("BRUS_RUNS", 3)],
  ["npm start -- --once", ["start", "--", "--once"], numberOf("BRUS_LOOPS", 12), numberOf("BRUS_RUNS", 10)],
])("%s ends well, each time", async (name, args, loops, runs) => {
  await beside(loops, async () => {
    for (let each = 1; each <= runs; each++) {
      const { code, end } = await run("npm", args);
      expect(code, end).toBe(0);
      const last = end.trim().split("\n").at(-1);
      console.log(`${name}, ${each} of ${runs}, beside ${loops} busy loops: ${last}`);
    }
  });
});
