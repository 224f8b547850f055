/**
 * Dispatch: the list of work that nodes read through their polls. Nothing is pushed; a node that was off catches up
 * from its cursor.
 */
import { dispatchEntry } from "../../protocol/log/leaf.ts";
import type { Poll } from "../../protocol/release/answer.ts";
import type { WorkItem } from "../../protocol/wire/routes.ts";
import { transact } from "../../server/database.ts";
import { MAY_YET_ANSWER } from "../release/combine.ts";
import { isForming, itemIn, roundOf } from "../secure-sum/state.ts";
import { once } from "../store/write.ts";
import { addWork, announce, type Context } from "./intake.ts";
import { type QueryState, shownOf, stateOf } from "./state.ts";

export type Dispatcher = { readonly bell: Bell };

/** Opens a query to the nodes, and wakes those that wait. */
export async function dispatch(
  { id, query, roster }: QueryState,
  { store, bell, now, logs }: Context & Dispatcher,
): Promise<Date> {
  await transact(store, async (database) => {
    const opened = await database
      .updateTable("query")
      .set({ state: "open" })
      .where("id", "=", id)
      .where("state", "=", "waiting")
      .executeTakeFirst();
    if (opened.numUpdatedRows === 0n) return;
    if (query.release !== "regions") {
      const start = { attempt: 1, phase: "advertise" as const, version: 1 };
      const sets = { first: null, second: null, session: null, u2: null, survivors: null };
      const members = JSON.stringify(roster);
      const began = String(now().getTime());
      await database
        .insertInto("round")
        .values({ query: id, ...start, ...sets, members, began })
        .execute();
    }
    await announce(database, id, (await logs?.promise(database, [dispatchEntry(id)], true)) ?? null);
  });
  bell.ring();
  return now();
}

/** Puts to the nodes what has become public since. */
export async function announcePublic({ store, bell, logs }: Context & Dispatcher): Promise<void> {
  if (logs === null) return;
  const size = logs.publicSize;
  const due = await store.kysely
    .selectFrom("announcement")
    .select("query")
    .where("size", "<=", size)
    .execute();
  if (due.length === 0) return;
  await once(store, async (database) => {
    const rows = await database
      .selectFrom("announcement")
      .select("query")
      .where("size", "<=", size)
      .execute();
    for (const query of new Set(rows.map((row) => row.query))) await addWork(database, query);
    await database.deleteFrom("announcement").where("size", "<=", size).execute();
  });
  bell.ring();
}

export type WorkList = { cursor: number; work: WorkItem[] };

const MOST = 20;

/** Cursors after which there was nothing, until the bell rings: nodes that wait ask from the same one again and again. */
const ends = new WeakMap<Bell, { readonly rung: number; readonly cursors: Set<number> }>();

/** What a node has not read yet, of queries that are open and put to it; and the cursor after it. */
export async function workFor(poll: Poll, context: Context & Dispatcher): Promise<WorkList> {
  const { bell } = context;
  const rung = bell.rung();
  const known = ends.get(bell);
  const end = known?.rung === rung ? known : { rung, cursors: new Set<number>() };
  ends.set(bell, end);
  if (end.cursors.has(poll.cursor)) return { cursor: poll.cursor, work: [] };
  const list = await workAfter(poll, context);
  if (list === null) return { cursor: poll.cursor, work: [] };
  if (list.cursor === poll.cursor) end.cursors.add(poll.cursor);
  return list;
}

/** Null while nothing may be answered, whatever there is. */
async function workAfter({ node, cursor }: Poll, context: Context): Promise<WorkList | null> {
  const after = (from: number) =>
    context.store.kysely
      .selectFrom("work")
      .innerJoin("query", "query.id", "work.query")
      .select(["work.sequence", "work.query"])
      .where("work.sequence", ">", from)
      .where("query.state", "in", ["open", "late"])
      .orderBy("work.sequence")
      .limit(MOST)
      .execute();
  // Until the version in force is public no node may answer: the proof would be of another.
  const { logs, directoryPlace } = context;
  if (logs !== null && directoryPlace() >= logs.publicSize) return null;
  let from = cursor;
  let entries = await after(from);
  if (entries.length === 0 && from > 0) {
    const { last } = await context.store.kysely
      .selectFrom("work")
      .select((row) => row.fn.max("sequence").as("last"))
      .executeTakeFirstOrThrow();
    // A cursor beyond the end is of a history that was lost (a restored coordinator): begin anew; answers are idempotent.
    if (from > Number(last ?? 0)) {
      from = 0;
      entries = await after(from);
    }
  }
  const work: WorkItem[] = [];
  for (const id of new Set(entries.map(({ query }) => query))) {
    const item = await itemFor(id, node, context);
    if (item !== null) work.push(item);
  }
  return { cursor: entries.at(-1)?.sequence ?? from, work };
}

/** A query as a node is to see it now; null where it is not put to it, or its round goes on without it. */
async function itemFor(id: string, node: string, context: Context): Promise<WorkItem | null> {
  const round = await roundOf(id, context);
  const member = round === null || round.members.includes(node);
  if (round !== null && member && round.phase !== "advertise") return await itemIn(round, node, context);
  if (round !== null && !member && !isForming(round)) return null;
  const state = await stateOf(id, context);
  if (!state.roster.includes(node)) return null;
  if (round === null) return { ...shownOf(state, context), round: null };
  // Who is not in this attempt may join the next, should there be one; unless it has refused for good.
  const { code } = state.outcomes.find(({ region }) => region === node) ?? { code: null };
  if (!member && code !== null && !MAY_YET_ANSWER.has(code)) return null;
  const attempt = member ? round.attempt : round.attempt + 1;
  return { ...shownOf(state, context), round: { phase: "advertise", attempt } };
}

/** Lets polls wait for something new without asking the database again and again. */
export type Bell = {
  readonly ring: () => void;
  /** How often it has rung: read before looking, so that a ring between looking and waiting is not missed. */
  readonly rung: () => number;
  /** Until it has rung more than `since`, the time is up, or the signal comes. */
  readonly wait: (since: number, milliseconds: number, signal: AbortSignal) => Promise<void>;
};

export function bellOf(): Bell {
  let waiting = new Set<() => void>();
  let count = 0;
  return {
    ring: () => {
      count++;
      const woken = waiting;
      waiting = new Set();
      for (const wake of woken) wake();
    },
    rung: () => count,
    wait: (since, milliseconds, signal) =>
      new Promise((resolve) => {
        if (count > since || signal.aborted) return resolve();
        const wake = () => {
          clearTimeout(timer);
          waiting.delete(wake);
          signal.removeEventListener("abort", wake);
          resolve();
        };
        const timer = setTimeout(wake, milliseconds);
        signal.addEventListener("abort", wake, { once: true });
        waiting.add(wake);
      }),
  };
}
