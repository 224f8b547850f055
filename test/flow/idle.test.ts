/**
 * What a coordinator does while nothing happens: one look a minute at what is due, whether it holds no query or a year's
 * calendars; no plan, no signature verified. And what it does when something happens: that query's step, and no other's.
 * Statements, plans and verifications are counted; no time is measured.
 */
import { readFileSync } from "node:fs";
import { DuckDBConnection } from "@duckdb/node-api";
import { sql } from "kysely";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { fillQuery, signApproval, signQuery } from "../../cli/client/ask.ts";
import { type MadeFederation, makeFederation } from "../../cli/demo/federation.ts";
import { type RunningCoordinator, startCoordinator } from "../../coordinator/coordinator.ts";
import { drawn, systemRandom } from "../../node/random.ts";
import { readFederation } from "../../protocol/federation/directory.ts";
import { planIn } from "../../protocol/federation/plan-in.ts";
import { writeDataset } from "../../protocol/question/catalogue.ts";
import { writeVector } from "../../protocol/release/answer.ts";
import { Envelope, envelopeId, signDocument } from "../../protocol/signing/envelope.ts";
import { toHex } from "../../protocol/values/bytes.ts";
import { instant } from "../../protocol/values/names.ts";
import { format } from "../../protocol/values/rational.ts";
import { temporaryFolder } from "../support/engines.ts";
import { CARE, CHEAP_SEAL, DRAFT } from "../support/federation.ts";

const counted = vi.hoisted(() => ({ plans: 0, verified: 0 }));
vi.mock(import("../../protocol/plan/plan.ts"), async (original) => {
  const real = await original();
  const planOf: typeof real.planOf = (...given) => {
    counted.plans++;
    return real.planOf(...given);
  };
  return { ...real, planOf };
});
vi.mock(import("../../server/signing.ts"), async (original) => {
  const real = await original();
  const nativeVerify: typeof real.nativeVerify = (...given) => {
    counted.verified++;
    return real.nativeVerify(...given);
  };
  return { ...real, nativeVerify };
});

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const START = Date.parse("2026-06-01T12:00:00Z");
const LOOK = /^select "id", "due" from "query"/;
/** That a poll is spent: read, written, in a transaction of its own. */
const SPENT = /^(begin transaction|commit|(select|update) .*"poll")/;
const STATE = /^select \* from "query" where "id" = /;

let time = START;
const now = (): Date => new Date(time);
/** Statements since the last time they were taken; and how many are on their way. */
let statements: string[] = [];
let underWay = 0;
let turns = 0;

beforeEach(() => {
  time = START;
  turns = 0;
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval"] });
  const run = DuckDBConnection.prototype.runAndReadAll;
  vi.spyOn(DuckDBConnection.prototype, "runAndReadAll").mockImplementation(async function (
    this: DuckDBConnection,
    ...given
  ) {
    statements.push(given[0]);
    underWay++;
    turns++;
    try {
      return await run.apply(this, given);
    } finally {
      underWay--;
    }
  });
});
const running: Array<() => Promise<void>> = [];
afterEach(async () => {
  for (const stop of running.splice(0).reverse()) await stop();
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** Until no statement is on its way, nor was one begun while this looked: what one brings about comes within a turn. */
async function quiet(): Promise<void> {
  for (let still = 0, seen = -1; still < 20; still++) {
    if (underWay > 0 || turns !== seen) still = 0;
    seen = turns;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function pass(milliseconds: number): Promise<void> {
  await quiet();
  time += milliseconds;
  await vi.advanceTimersByTimeAsync(milliseconds);
  await quiet();
}

/** What is written may have to wait for a timer. */
async function done<T>(work: Promise<T>): Promise<T> {
  let ended = false;
  const settle = () => {
    ended = true;
  };
  work.then(settle, settle);
  while (!ended) {
    await new Promise((resolve) => setImmediate(resolve));
    await vi.advanceTimersByTimeAsync(1);
  }
  return await work;
}

function take() {
  const taken = { statements, plans: counted.plans, verified: counted.verified };
  statements = [];
  counted.plans = 0;
  counted.verified = 0;
  return taken;
}

type Coordinator = {
  readonly made: MadeFederation;
  readonly coordinator: RunningCoordinator;
  readonly post: (path: string, body: unknown) => Promise<unknown>;
  readonly stop: () => Promise<void>;
  /** Stops, and starts anew on the same database. */
  readonly again: () => Promise<Coordinator>;
};

async function coordinatorOf(): Promise<Coordinator> {
  const folder = temporaryFolder();
  running.push(async () => folder.remove());
  const dataset = writeDataset(CARE);
  const regions = ["01", "03"].map((code) => ({ code, name: code }));
  const plan = {
    name: "Idle",
    regions,
    datasets: [dataset],
    approvals: 1,
    logged: true,
    sealCost: CHEAP_SEAL,
  };
  const made = makeFederation(folder.path, plan, now(), "http://127.0.0.1:1");
  const start = async (): Promise<Coordinator> => {
    const logger = pino({ level: "silent" });
    const coordinator = await done(
      startCoordinator(made.coordinator, folder.path, {
        now,
        fetch: globalThis.fetch,
        logger,
        random: systemRandom,
      }),
    );
    let stopped = false;
    const stop = async () => {
      if (!stopped) await done(coordinator.stop());
      stopped = true;
    };
    running.push(stop);
    const post = async (path: string, body: unknown) => {
      const init = {
        method: "POST",
        body: JSON.stringify(body),
        headers: { "content-type": "application/json" },
      };
      const response = await done(Promise.resolve(coordinator.app.request(path, init)));
      expect(response.status, await response.clone().text()).toBe(200);
      return await response.json();
    };
    const again = async () => {
      await stop();
      return await start();
    };
    return { made, coordinator, post, stop, again };
  };
  return await start();
}

type Times = { readonly notBefore: number; readonly answerBy: number; readonly expires: number };

/** Asked, and approved if it is to be; gives its id. */
async function asked({ made, post }: Coordinator, approved: boolean, times: Times): Promise<string> {
  const said = Object.fromEntries(
    Object.entries(times).map(([name, after]) => [name, instant(new Date(START + after))]),
  );
  const query = fillQuery({ ...DRAFT, ...said }, made.hash, made.researcher.id, now(), systemRandom);
  const envelope = signQuery(query, made.researcher.signer);
  await post("/api/queries", envelope);
  const id = envelopeId(envelope);
  const [approver] = made.approvers;
  if (approver === undefined) throw new Error("a federation has an approver");
  const expires = instant(new Date(START + 300 * DAY));
  if (approved) await post("/api/approvals", signApproval(id, approver, now(), { expires }));
  return id;
}

/** 01 answers; 03 stays away. */
async function answered({ made, post }: Coordinator, id: string): Promise<void> {
  const { directoryFile, datasetFiles } = made.coordinator;
  const envelope = Envelope.parse(JSON.parse(readFileSync(directoryFile, "utf8")));
  const verify = () => true;
  const bodies = datasetFiles.map((path) => readFileSync(path));
  const federation = readFederation(envelope, bodies, null, verify);
  const query = fillQuery(DRAFT, made.hash, made.researcher.id, now(), systemRandom);
  const { charge } = planIn(federation, query);
  const vector = writeVector([60n]);
  const answer = { query: id, directory: made.hash, node: "01", charge: format(charge), vector };
  const [first] = made.nodes;
  if (first === undefined) throw new Error("a federation has a node");
  await post("/api/answers", signDocument("answer", answer, first.signer));
}

/** As many more as it says, that stand where this one does: so many at once would be written for minutes. */
async function repeat({ coordinator }: Coordinator, id: string, times: number): Promise<void> {
  const { kysely } = coordinator.store;
  const copies = sql`(select unnest(generate_series(1, ${times})) as copy)`;
  await sql`insert into query select id || copy, * exclude (id, copy) from query, ${copies} where id = ${id}`.execute(
    kysely,
  );
  for (const table of ["approval", "answer"])
    await sql`insert into ${sql.table(table)}
      select query || copy, * exclude (query, copy) from ${sql.table(table)}, ${copies} where query = ${id}`.execute(
      kysely,
    );
}

const statesOf = async ({ coordinator }: Coordinator) => {
  const rows = await coordinator.store.kysely.selectFrom("query").select(["id", "state"]).execute();
  return new Map(rows.map(({ id, state }) => [id, state]));
};

/** Ten minutes in which nothing happens, but that both regions ask for work. */
async function idle(coordinator: Coordinator, cursor: number) {
  await pass(5_000); // What was begun is ended: leaves are signed for.
  await pass(5_000);
  const ask = async () => {
    for (const { code, signer } of coordinator.made.nodes) {
      const nonce = toHex(drawn(16, systemRandom));
      const poll = { node: code, cursor, wait: 0, time: instant(now()), nonce };
      expect(await coordinator.post("/api/poll", signDocument("poll", poll, signer))).toMatchObject({
        work: [],
      });
    }
  };
  await ask(); // The first keeps the heads of the ledgers, and finds the end of the work.
  await quiet();
  take();
  for (let minute = 0; minute < 10; minute++) {
    await ask();
    await pass(MINUTE);
  }
  const { statements: all, plans, verified } = take();
  const looks = all.filter((each) => LOOK.test(each));
  const spent = all.filter((each) => SPENT.test(each)).length;
  const others = all.filter((each) => !LOOK.test(each) && !SPENT.test(each));
  return { looks: looks.length, spent, others, plans, verified };
}

/** A look a minute, and twenty polls: whose each is, what it says, and that it is spent. */
const NOTHING = { others: [], plans: 0, verified: 2 * 20, spent: 4 * 20 };

test("three hundred queries that wait cost what none does; what comes to one of them costs one step", async () => {
  const empty = await coordinatorOf();
  const none = await idle(empty, 0);
  expect(none).toMatchObject(NOTHING);
  expect(none.looks).toBeGreaterThan(5);
  expect(none.looks).toBeLessThan(15);
  await empty.stop();

  time = START;
  let full = await coordinatorOf();
  const far = { notBefore: 200 * DAY, answerBy: 210 * DAY, expires: 270 * DAY };
  const standing = { notBefore: -MINUTE, answerBy: DAY, expires: 60 * DAY };
  const unapproved = await asked(full, false, far);
  const waiting = await asked(full, true, far);
  const soon = await asked(full, true, { ...far, notBefore: 3 * DAY });
  const late = await asked(full, true, standing);
  await quiet();
  expect((await statesOf(full)).get(late)).toBe("open");
  time = START + 2 * DAY;
  await pass(MINUTE);
  await answered(full, late);
  await quiet();
  const states = await statesOf(full);
  expect([unapproved, waiting, soon, late].map((id) => states.get(id))).toEqual([
    ...["waiting", "waiting", "waiting", "late"],
  ]);
  await repeat(full, unapproved, 99);
  await repeat(full, waiting, 98);
  await repeat(full, late, 99);
  expect(await statesOf(full)).toHaveProperty("size", 300);

  expect(await idle(full, 1)).toMatchObject({ ...NOTHING, looks: none.looks });

  // Another process looks at each once, and then is as idle: it plans nothing, and judges those that wait.
  take();
  full = await full.again();
  await quiet();
  const started = take();
  expect(started.statements.filter((each) => STATE.test(each))).toHaveLength(300);
  expect(started.plans).toBe(0);
  expect(await idle(full, 1)).toMatchObject({ ...NOTHING, looks: none.looks });

  // One whose time has come is put to the regions; no other is so much as read.
  take();
  time += DAY;
  await pass(MINUTE);
  expect((await statesOf(full)).get(soon)).toBe("open");
  const opened = take();
  expect(opened.statements.filter((each) => STATE.test(each))).toHaveLength(2);
  expect(opened.plans).toBe(0);
});
