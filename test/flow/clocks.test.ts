/**
 * Clocks that are off, and too few who witness: what a question waits for is named, to whoever asks for it and in the
 * region's own log; and nothing is refused for good because of a clock, which can be mended.
 */
import { pino } from "pino";
import { afterEach, expect, test } from "vitest";
import { follow } from "../../cli/client/ask.ts";
import type { Network, NetworkOptions } from "../../cli/demo/network.ts";
import { announceAnew } from "../../coordinator/query/work.ts";
import { systemNoise } from "../../node/answer/noise.ts";
import { startNode } from "../../node/node.ts";
import { systemRandom } from "../../node/random.ts";
import type { RefusalNote } from "../../protocol/release/answer.ts";
import { signDocument } from "../../protocol/signing/envelope.ts";
import type { Fetch } from "../../protocol/wire/client.ts";
import type { QueryStatus } from "../../protocol/wire/routes.ts";
import { comparing } from "../../server/clock.ts";
import { sleep } from "../../server/deadline.ts";
import { newKey } from "../../server/signing.ts";
import { clockOf } from "../support/clock.ts";
import { temporaryFolder } from "../support/engines.ts";
import { federationOf, submit } from "../support/federation.ts";

const running: Array<() => Promise<void>> = [];
afterEach(async () => {
  for (const stop of running.splice(0).reverse()) await stop();
});

async function network(codes: readonly string[], options: NetworkOptions, logged = true): Promise<Network> {
  const folder = temporaryFolder();
  const regions = Object.fromEntries(codes.map((code) => [code, ""]));
  const made = await federationOf(folder.path, regions, { logged, ...options });
  running.push(async () => {
    await made.stop();
    folder.remove();
  });
  return made;
}

/** Looks until what is waited for is there. */
async function until(there: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await there())) await new Promise((resolve) => setTimeout(resolve, 50));
}

const statusOf = ({ client }: Network, id: string): Promise<QueryStatus> =>
  client("getQuery", { params: { id } });

/** A log that a test reads, at the level that operators have. */
function readLog() {
  const lines: string[] = [];
  const logger = pino({ level: "info" }, { write: (line: string) => void lines.push(line) });
  return { logger, says: (text: RegExp) => lines.some((line) => text.test(line)) };
}

/** Region 03's clock, this many seconds off until it is mended. */
function wrongClock(seconds: number) {
  let ahead = seconds * 1000;
  const now = () => new Date(Date.now() + ahead);
  return {
    now,
    mend: () => {
      ahead = 0;
    },
  };
}

/** Region 03 alone has this clock, and its log is read. */
const offAt03 = (clock: ReturnType<typeof wrongClock>, log: ReturnType<typeof readLog>) => ({
  clockOf: (code: string) => (code === "03" ? clock.now : () => new Date()),
  loggerOf: (code: string) => (code === "03" ? log.logger : pino({ level: "silent" })),
});

test("a region whose clock is slow refuses nothing: it answers once the clock is mended, also after a restart", async () => {
  const clock = wrongClock(-400);
  const log = readLog();
  const made = await network(["01", "03", "04"], offAt03(clock, log));
  const id = await submit(made, { minRegions: 3 });
  await until(() => log.says(/it waits, and is not refused/));
  expect(log.says(/this clock differs by (399|400) s from the coordinator's: it is behind/)).toBe(true);
  await until(
    async () => (await statusOf(made, id)).regions.filter(({ state }) => state === "answered").length === 2,
  );
  const status = await statusOf(made, id);
  expect(status.state).toBe("open");
  expect(status.regions).toContainEqual({ region: "03", state: "waiting", code: null });
  expect(status.reason).toMatch(/the clock of 03 is (399|400|401) s behind/);

  const slow = made.nodes[1] ?? expect.fail();
  const { folder } = made.made.nodes[1] ?? expect.fail();
  await slow.stop();
  clock.mend();
  const again = await startNode(slow.config, folder, {
    fetch: globalThis.fetch,
    now: clock.now,
    noise: systemNoise,
    random: systemRandom,
    sleep,
    logger: log.logger,
  });
  running.push(() => again.stop());
  void again.work().catch(() => undefined);
  const end = await follow(made.client, id);
  expect(end.state).toBe("released");
  expect(end.regions.map(({ state }) => state)).toEqual(["answered", "answered", "answered"]);
});

test("a clock that is mended while the node runs is all that it takes", async () => {
  const clock = wrongClock(-400);
  const log = readLog();
  const made = await network(["01", "03"], offAt03(clock, log), false);
  const id = await submit(made, { minRegions: 2 });
  await until(() => log.says(/it waits, and is not refused/));
  clock.mend();
  expect((await follow(made.client, id)).state).toBe("released");
  await until(() => log.says(/this clock and the coordinator's agree again/));
});

test("a clock that is set back keeps no node from being answered, though it begins anew under another version", async () => {
  const clock = wrongClock(600);
  const made = await network(["01", "03"], {
    clockOf: (code) => (code === "03" ? clock.now : () => new Date()),
  });
  await until(async () => (await made.client("getBudgets")).budgets.length === 2);
  clock.mend();
  // As by another version of the directory, all that serves under this one ends.
  const node = made.nodes[1] ?? expect.fail();
  const before = node.answerer;
  await node.revoke(newKey("approve").public);
  await until(() => node.answerer !== before);
  expect((await follow(made.client, await submit(made, { minRegions: 2 }))).state).toBe("released");
});

test("a clock that is off by more than is heard is named in the question's status", async () => {
  const clock = wrongClock(1200);
  const log = readLog();
  const made = await network(["01", "03"], offAt03(clock, log), false);
  const id = await submit(made, { minRegions: 2 });
  await until(async () =>
    /the clock of 03 is (1199|1200|1201) s ahead/.test((await statusOf(made, id)).reason ?? ""),
  );
  await until(() => log.says(/this clock differs by (1200|1201) s from the coordinator's: it is ahead/));
});

test("what a region once refused for its clock is put to it anew, while the question is open", async () => {
  const clock = clockOf();
  const made = await network(["01", "03"], { now: clock.now }, false);
  const other = made.nodes[1] ?? expect.fail();
  await other.stop();
  const id = await submit(made, { minRegions: 2 });
  await until(async () => (await statusOf(made, id)).state === "open");
  const { code, signer } = made.made.nodes[1] ?? expect.fail();
  const note: RefusalNote = {
    query: id,
    directory: made.made.hash,
    node: code,
    code: "query-not-yet-valid",
    detail: "expected to be asked later",
    charge: "0",
  };
  await made.client("submitAnswer", { body: signDocument("refusal", note, signer) });
  const { store } = made.coordinator;
  const entries = () => store.kysely.selectFrom("work").select("sequence").where("query", "=", id).execute();
  const before = (await entries()).length;
  await announceAnew(store);
  expect(await entries()).toHaveLength(before + 1);
  // Nobody else's no is asked about again.
  await made.client("submitAnswer", {
    body: signDocument("refusal", { ...note, code: "policy-refuses" }, signer),
  });
  await announceAnew(store);
  expect(await entries()).toHaveLength(before + 1);
});

test("that too few regions witness the log is said while a question waits, when it has failed, and by a node", async () => {
  const clock = clockOf();
  const log = readLog();
  const absent = new Set(["04", "05"]);
  /** They have been told who is who, and are never heard of. */
  const off: Fetch = (url, init) =>
    url.endsWith("/api/directory") ? fetch(url, init) : Promise.reject(new Error("off"));
  const made = await network(["01", "02", "03", "04", "05"], {
    now: clock.now,
    fetch: (code) => (absent.has(code) ? off : globalThis.fetch),
    loggerOf: (code) => (code === "01" ? log.logger : pino({ level: "silent" })),
  });
  const id = await submit(made, { minRegions: 3 });
  await until(async () => /: 3 of 5 do, and 4 are needed/.test((await statusOf(made, id)).reason ?? ""));
  const { state, regions } = await statusOf(made, id);
  expect(state).toBe("open");
  // Whoever waits for the proof that a decision stands in the log is told why there is none.
  await expect(made.client("getProof", { params: { id } })).rejects.toThrow(
    /cosigned as far as entry \d+; too few regions witness the log.*: 3 of 5 do, and 4 are needed/,
  );
  expect(regions.map((each) => each.state)).toEqual(Array(5).fill("waiting"));
  await until(() => log.says(/too few other regions witness this region's log/));
  clock.forward(new Date(clock.now().getTime() + 2 * 3600_000));
  await made.coordinator.look();
  const failed = await follow(made.client, id);
  expect(failed.state).toBe("failed");
  expect(failed.reason).toMatch(/0 of 5 regions answered; minRegions is 3/);
  expect(failed.reason).toMatch(/too few regions witness the log.*: 3 of 5 do, and 4 are needed/);
});

test("clocks that agree are not spoken of, and what has been said is not said again", async () => {
  const said: Array<number | null> = [];
  let theirs = 0;
  const { fetch, ahead } = comparing(
    () => Promise.resolve(new Response("", { headers: { date: new Date(theirs * 1000).toUTCString() } })),
    () => new Date(1_000_000_000),
    (seconds) => said.push(seconds),
  );
  const heard = async (seconds: number) => {
    theirs = 1_000_000 + seconds;
    await fetch("");
    return ahead();
  };
  expect(await heard(29)).toBeNull();
  expect(await heard(400)).toBe(-400);
  expect(await heard(410)).toBe(-400);
  expect(await heard(-400)).toBe(400);
  expect(await heard(0)).toBeNull();
  expect(said).toEqual([-400, 400, null]);
});
