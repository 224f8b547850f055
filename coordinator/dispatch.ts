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

/** Opens a query to the nodes. */
export async function dispatch({ id }: Standing, { store }: Context): Promise<void> {
  await transact(store, async (database) => {
    const opened = await database
      .updateTable("query")
      .set({ state: "open" })
      .where("id", "=", id)
      .where("state", "=", "waiting")
      .executeTakeFirst();
    if (opened.numUpdatedRows > 0n) await addWork(database, id);
  });
}

export type WorkList = { cursor: number; work: WorkItem[] };

const MOST = 20;

/** What a node has not read yet, of queries that are open and put to it; and the cursor after it. */
export async function workFor({ node, cursor }: Poll, context: Context): Promise<WorkList> {
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
    .map(({ envelope, approvals }) =>
      parseWith(WorkItem, { query: envelope, approvals: approvals.slice(0, 100) }, "work"),
    );
  return { cursor: entries.at(-1)?.sequence ?? cursor, work };
}

/** Lets polls wait for something new without asking the database again and again. */
export type Bell = {
  readonly ring: () => void;
  readonly wait: (milliseconds: number, signal: AbortSignal) => Promise<void>;
};

export function bell(): Bell {
  let waiting = new Set<() => void>();
  return {
    ring: () => {
      const woken = waiting;
      waiting = new Set();
      for (const wake of woken) wake();
    },
    wait: (milliseconds, signal) =>
      new Promise((resolve) => {
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
