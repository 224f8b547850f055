/** The clockwork by itself: a query is looked at after an event, or when its instant has come, and at no other time. */
import { pino } from "pino";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { Clockwork, type Due } from "../../../coordinator/clockwork.ts";
import {
  type CoordinatorDatabase,
  type CoordinatorStore,
  prepareCoordinator,
} from "../../../coordinator/store/database.ts";
import { Refusal } from "../../../protocol/values/refusal.ts";
import { openStore } from "../../../server/database.ts";
import { temporaryFolder } from "../../support/engines.ts";

const folder = temporaryFolder();
let store: CoordinatorStore;
beforeAll(async () => {
  const config = { data: folder.path, threads: 1, memory: "1GB" };
  store = await openStore<CoordinatorDatabase>("coordinator", config);
  await prepareCoordinator(store);
});
afterAll(async () => {
  await store.close();
  folder.remove();
});

const START = Date.parse("2026-06-01T12:00:00Z");
const SECOND = 1_000;
const DAY = 24 * 3600 * SECOND;
let time = START;
const at = (milliseconds: number): Date => new Date(START + milliseconds);
const stopping: Clockwork[] = [];

beforeEach(async () => {
  time = START;
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  await store.kysely.deleteFrom("query").execute();
});
afterEach(async () => {
  for (const each of stopping.splice(0)) await each.stop();
  vi.restoreAllMocks(); // First: a spy on a timer that is restored later would bring back the one that stood still.
  vi.useRealTimers();
});

type Step = (id: string) => Due | Promise<Due>;

/** A clockwork whose steps are the test's, with the ids of the queries it looked at. */
function clockwork(step: Step) {
  const looked: string[] = [];
  const made = new Clockwork({
    store,
    now: () => new Date(time),
    logger: pino({ level: "silent" }),
    step: async (id) => {
      looked.push(id);
      return await step(id);
    },
  });
  stopping.push(made);
  return { clockwork: made, looked };
}

async function add(
  ids: string | readonly string[],
  due: Date | null,
  state: "waiting" | "late" | "released" = "waiting",
) {
  const said = {
    envelope: "",
    title: "",
    purpose: "",
    received: "",
    reason: null,
    release: null,
    place: null,
  };
  const at = due === null ? null : BigInt(due.getTime());
  const rows = [ids].flat().map((id) => ({ id, state, due: at, ...said }));
  await store.kysely.insertInto("query").values(rows).execute();
}

async function dueOf(id: string): Promise<Date | null> {
  const row = await store.kysely
    .selectFrom("query")
    .select("due")
    .where("id", "=", id)
    .executeTakeFirstOrThrow();
  return row.due === null ? null : new Date(Number(row.due));
}

/** Until it is so: what is waited for are steps and statements, never a clock. */
async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setImmediate(resolve));
}

/** Lets the clock run, timer by timer, with what each brings about; a look at what is due is one statement. */
async function pass(milliseconds: number, { look }: { look: { mock: { results: unknown[] } } }) {
  const end = time + milliseconds;
  while (time < end) {
    const before = look.mock.results.length;
    const step = Math.min(SECOND, end - time);
    time += step;
    await vi.advanceTimersByTimeAsync(step);
    await Promise.all(look.mock.results.slice(before).map((each) => (each as { value: unknown }).value));
  }
}

const spied = (made: Clockwork) => ({ look: vi.spyOn(made, "look") });

test("a query is looked at when its instant has come, and not before", async () => {
  await add("a", null);
  const { clockwork: made, looked } = clockwork(() => (time < START + 90 * SECOND ? at(90 * SECOND) : null));
  const spies = spied(made);
  made.nudge("a");
  await until(async () => (await dueOf("a"))?.getTime() === START + 90 * SECOND);
  await pass(89 * SECOND, spies);
  expect(looked).toEqual(["a"]);
  await pass(SECOND, spies);
  await until(async () => (await dueOf("a")) === null);
  await pass(10 * 60 * SECOND, spies);
  expect(looked).toEqual(["a", "a"]);
});

test("events that come while a step runs bring one more, and none is missed", async () => {
  for (const id of ["a", "b", "c"]) await add(id, null);
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const { clockwork: made, looked } = clockwork(async () => {
    if (looked.length === 1) await held;
    return null;
  });
  made.nudge("a");
  await until(() => looked.length === 1);
  for (const id of ["a", "b", "a", "a", "b", "c"]) made.nudge(id);
  release();
  await until(() => looked.includes("c"));
  expect(looked).toEqual(["a", "a", "b", "c"]);
});

test("once it is stopped it takes no step more, and the one that is under way is finished", async () => {
  await add("a", null);
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const { clockwork: made, looked } = clockwork(async () => {
    await held;
    return at(DAY);
  });
  made.nudge("a");
  await until(() => looked.length === 1);
  made.nudge("a");
  const stopped = made.stop();
  made.nudge("b");
  release();
  await stopped;
  expect(looked).toEqual(["a"]);
  expect(await dueOf("a")).toEqual(at(DAY));
});

test("a query that came further is looked at again at once", async () => {
  await add("a", null);
  const steps = [at(0), at(-SECOND), at(DAY)];
  const { clockwork: made, looked } = clockwork(() => steps.shift() ?? null);
  made.nudge("a");
  await until(async () => (await dueOf("a"))?.getTime() === START + DAY);
  expect(looked).toEqual(["a", "a", "a"]);
});

test("a step that fails is tried again, each time later, at last every five minutes; and the instant is kept", async () => {
  await add("a", null);
  let fails = true;
  const tried: number[] = [];
  const { clockwork: made } = clockwork(() => {
    tried.push((time - START) / SECOND);
    if (!fails) return null;
    if (tried.length % 2 === 0) throw new Error("a disk is full");
    throw new Refusal("unavailable", "an answer came in meanwhile");
  });
  const spies = spied(made);
  made.nudge("a");
  const waits = [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300];
  for (const wait of waits) {
    await until(async () => (await dueOf("a"))?.getTime() === time + wait * SECOND);
    await pass(wait * SECOND, spies);
  }
  await until(() => tried.length === 12);
  expect(tried.slice(1).map((each, index) => each - (tried[index] ?? 0))).toEqual(waits);
  // Once it succeeds the next failure is a first one.
  fails = false;
  made.nudge("a");
  await until(async () => (await dueOf("a")) === null);
  fails = true;
  made.nudge("a");
  await until(async () => (await dueOf("a"))?.getTime() === time + SECOND);
});

test("another process looks at what is due; and at the start at all that is not over", async () => {
  await add("over", null, "released");
  await add("past", at(-DAY));
  await add("now", at(0), "late");
  await add("later", at(DAY));
  await add("never", null, "late");
  const { clockwork: made, looked } = clockwork((id) => (id === "later" ? at(DAY) : null));
  await made.look();
  await until(() => looked.length === 2);
  expect(looked).toEqual(["past", "now"]);
  looked.length = 0;
  await made.nudgeAll();
  await until(() => looked.length === 4);
  expect(looked.sort()).toEqual(["later", "never", "now", "past"]);
});

test("more that are due than are read at a time are all looked at", async () => {
  const ids = Array.from({ length: 250 }, (_, index) => `q${index}`);
  await add(ids, at(-DAY));
  const { clockwork: made, looked } = clockwork(() => null);
  const spies = spied(made);
  await made.look();
  for (const count of [100, 200, 250]) {
    await until(async () => {
      const rows = await store.kysely.selectFrom("query").select("id").where("due", "is", null).execute();
      return rows.length === count;
    });
    await pass(SECOND, spies);
  }
  expect([...looked].sort()).toEqual([...ids].sort());
});

test("it sleeps a minute at most: no timer overflows, and a clock that was set forward is noticed", async () => {
  await add("a", null);
  const armed = vi.spyOn(globalThis, "setTimeout");
  const { clockwork: made, looked } = clockwork(() => (looked.length === 1 ? at(36_500 * DAY) : null));
  const spies = spied(made);
  made.nudge("a");
  await until(async () => (await dueOf("a")) !== null);
  await pass(3 * 60 * SECOND, spies);
  expect(looked).toEqual(["a"]);
  const waits = armed.mock.calls.map(([, milliseconds]) => milliseconds ?? 0);
  expect(waits.length).toBeGreaterThan(0);
  expect(Math.max(...waits)).toBeLessThanOrEqual(60 * SECOND);
  time += 40_000 * DAY;
  await pass(60 * SECOND, spies);
  await until(() => looked.length === 2);
});
