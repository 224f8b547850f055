/**
 * Loaded into a process under test with `--import`: kills it with SIGKILL before or after the first step, a statement or
 * a file that is given its name, that BRUS_KILL_AT matches. The product itself knows nothing of this.
 */
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { DuckDBConnection } from "@duckdb/node-api";
import pg from "pg";

const at = new RegExp(process.env["BRUS_KILL_AT"] ?? "^$");

/** From the first file on that is given its name: what a start does before is not what is tested. */
let armed = false;

function step(what: string): void {
  armed ||= what.startsWith("before rename");
  if (armed && at.test(what)) process.kill(process.pid, "SIGKILL");
}

type Call = (...args: unknown[]) => unknown;
const textOf = (first: unknown): string =>
  typeof first === "string" ? first : ((first as { text?: string }).text ?? "");

/** Patched by name: the point of this file. */
function wrap(target: object, name: string, what: (...args: unknown[]) => string): void {
  const methods = target as Record<string, Call>;
  const original = methods[name];
  if (original === undefined) throw new Error(`expected a method ${name}`);
  methods[name] = function wrapped(this: unknown, ...args: unknown[]) {
    step(`before ${what(...args)}`);
    const result = original.apply(this, args);
    if (!(result instanceof Promise)) {
      step(`after ${what(...args)}`);
      return result;
    }
    return result.then((value: unknown) => {
      step(`after ${what(...args)}`);
      return value;
    });
  };
}

for (const name of ["run", "runAndReadAll"]) wrap(DuckDBConnection.prototype, name, textOf);
wrap(pg.Client.prototype, "query", textOf);
wrap(fs, "renameSync", (_, to) => `rename to ${String(to)}`);
syncBuiltinESMExports();
