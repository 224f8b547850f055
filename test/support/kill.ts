/**
 * Loaded into a process under test with `--import`: counts its steps (every statement that changes its database and
 * every request it sends, before and after) once it is armed, and kills it with SIGKILL at the one that BRUS_KILL_AT
 * names. What a read finds changes nothing that outlives the process: a kill there leaves what a kill at the next
 * write leaves, so reads are no steps. The product itself knows nothing of this.
 */
import { appendFileSync } from "node:fs";
import { DuckDBConnection } from "@duckdb/node-api";
import pg from "pg";

const killAt = Number(process.env["BRUS_KILL_AT"] ?? 0);
const trace = process.env["BRUS_KILL_TRACE"];
/** A node is armed by the first work it is handed; a coordinator by the first query it takes in. */
const armedBy = process.env["BRUS_KILL_ARM"] ?? "work";
let armed = false;
let steps = 0;

const IDLE = /^(before|after) (select|begin)\b/;

function step(what: string): void {
  if (!armed || IDLE.test(what)) return;
  steps++;
  if (steps !== killAt) return;
  if (trace !== undefined) appendFileSync(trace, `${steps} ${what}\n`);
  process.kill(process.pid, "SIGKILL");
}

type Call = (...args: unknown[]) => unknown;

function wrap(target: object, name: string): void {
  const methods = target as Record<string, Call>; // Patched by name: the point of this file.
  const original = methods[name];
  if (original === undefined) throw new Error(`expected a method ${name}`);
  methods[name] = async function wrapped(this: unknown, ...args: unknown[]) {
    const [first] = args;
    const what = typeof first === "string" ? first : ((first as { text?: string }).text ?? name);
    if (armedBy === "query" && what.includes('insert into "query"')) armed = true;
    step(`before ${what}`);
    const result = await original.apply(this, args);
    step(`after ${what}`);
    return result;
  };
}

wrap(DuckDBConnection.prototype, "runAndReadAll");
const query = pg.Client.prototype.query as unknown as Call;
// Promises only: Kysely and our import use no callbacks; streams of COPY pass through.
(pg.Client.prototype as unknown as Record<string, Call>)["query"] = function wrapped(
  this: unknown,
  ...args: unknown[]
) {
  const [first] = args;
  const text = typeof first === "string" ? first : (first as { text?: string }).text;
  if (text === undefined || args.some((arg) => typeof arg === "function")) return query.apply(this, args);
  if (armedBy === "query" && text.includes('insert into "query"')) armed = true;
  step(`before ${text}`);
  return (query.apply(this, args) as Promise<unknown>).then((result) => {
    step(`after ${text}`);
    return result;
  });
};

const realFetch = globalThis.fetch;
globalThis.fetch = async (input, init) => {
  const url = String(input);
  step(`before ${url}`);
  const response = await realFetch(input, init);
  if (armedBy === "work" && url.endsWith("/api/poll") && response.ok) {
    const body = (await response.clone().json()) as { work: unknown[] };
    if (body.work.length > 0) armed = true;
  }
  step(`after ${url}`);
  return response;
};
