/**
 * Dispatch: the list of work that nodes read through their polls. Nothing is pushed; a node that was off catches up
 * from its cursor.
 */
import type { Poll } from "../protocol/answer.ts";
import { parseWith } from "../protocol/refusal.ts";
import { WorkItem } from "../protocol/routes.ts";
import { transact } from "../server/database.ts";
import { addWork, type Context } from "./intake.ts";
import { type Standing, standingOf } from "./standing.ts";

export type Dispatcher = { readonly bell: Bell };

/** Opens a query to the nodes, and wakes those that wait. */
export async function dispatch({ id }: Standing, { store, bell }: Context & Dispatcher): Promise<void> {
  await transact(store, async (database) => {
    const opened = await database
      .updateTable("query")
      .set({ state: "open" })
      .where("id", "=", id)
      .where("state", "=", "waiting")
      .executeTakeFirst();
    if (opened.numUpdatedRows > 0n) await addWork(database, id);
  });
  bell.ring();
}

export type WorkList = { cursor: number; work: WorkItem[] };

const MOST = 20;

/** What a node has not read yet, of queries that are open and put to it; and the cursor after it. */
export async function workFor({ node, cursor: from }: Poll, context: Context): Promise<WorkList> {
  const { last } = await context.store.kysely
    .selectFrom("work")
    .select((row) => row.fn.max("sequence").as("last"))
    .executeTakeFirstOrThrow();
  // A cursor beyond the end is of a history that was lost (a restored coordinator): begin anew; answers are idempotent.
  const cursor = from > Number(last ?? 0) ? 0 : from;
  const entries = await context.store.kysely
    .selectFrom("work")
    .innerJoin("query", "query.id", "work.query")
    .select(["work.sequence", "work.query"])
    .where("work.sequence", ">", cursor)
    .where("query.state", "=", "open")
    .orderBy("work.sequence")
    .limit(MOST)
    .execute();
  const standings = await Promise.all(
    [...new Set(entries.map(({ query }) => query))].map((id) => standingOf(id, context)),
  );
  const work = standings
    .filter(({ roster }) => roster.includes(node))
    .map(({ envelope, approvals }) => parseWith(WorkItem, { query: envelope, approvals }, "work"));
  return { cursor: entries.at(-1)?.sequence ?? cursor, work };
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
