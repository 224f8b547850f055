/**
 * One PostgreSQL server for all test files: a fresh cluster in a temporary folder, on a Unix socket and a free port
 * of loopback, gone at the end. Where PostgreSQL is not installed, tests that need it are skipped and say so;
 * BRUS_REQUIRE=postgresql makes that a failure.
 */
import { execFileSync } from "node:child_process";
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  export interface ProvidedContext {
    postgres: string | null;
  }
}

const ROOT = "/usr/lib/postgresql";

function binaries(): string | null {
  if (!existsSync(ROOT)) return null;
  const versions = readdirSync(ROOT).filter((version) => existsSync(join(ROOT, version, "bin", "initdb")));
  const newest = versions.sort((a, b) => Number(b) - Number(a))[0];
  return newest === undefined ? null : join(ROOT, newest, "bin");
}

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });

/** The server refuses to run as root: then it runs as the user `postgres` that its package made. */
const asUser = (command: string, args: string[]): void => {
  const root = process.getuid?.() === 0;
  execFileSync(root ? "runuser" : command, root ? ["-u", "postgres", "--", command, ...args] : args, {
    stdio: "ignore",
    cwd: tmpdir(),
    env: { PATH: process.env["PATH"] ?? "/usr/bin:/bin", LC_ALL: "C.UTF-8" },
  });
};

export default async function start(
  project: Pick<TestProject, "provide">,
): Promise<(() => void) | undefined> {
  const required = (process.env["BRUS_REQUIRE"] ?? "").split(",").includes("postgresql");
  const bin = binaries();
  if (bin === null) {
    if (required) throw new Error("BRUS_REQUIRE=postgresql, and no PostgreSQL server is installed");
    console.warn(
      "PostgreSQL is not installed here (apt-get install postgresql): tests that need it are skipped.",
    );
    project.provide("postgres", null);
    return undefined;
  }
  const folder = mkdtempSync(join(tmpdir(), "brus-postgres-"));
  const owner =
    process.getuid?.() === 0 ? Number(execFileSync("id", ["-u", "postgres"], { encoding: "utf8" })) : null;
  if (owner !== null) chownSync(folder, owner, -1);
  const data = join(folder, "data");
  asUser(join(bin, "initdb"), [
    "-D",
    data,
    "-U",
    "brus",
    "-A",
    "trust",
    "--no-sync",
    "-E",
    "UTF8",
    "--locale=C.UTF-8",
  ]);
  const port = await freePort();
  const options = `-p ${port} -k ${folder} -c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=300`;
  asUser(join(bin, "pg_ctl"), ["-D", data, "-w", "-l", join(folder, "log"), "-o", options, "start"]);
  project.provide("postgres", `postgres://brus@127.0.0.1:${port}/postgres`);
  return () => {
    asUser(join(bin, "pg_ctl"), ["-D", data, "-m", "immediate", "stop"]);
    rmSync(folder, { recursive: true, force: true });
  };
}
