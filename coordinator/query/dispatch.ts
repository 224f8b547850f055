/**
 * Dispatch: opens a query to the regions that it asks, and puts it on their list of work once what they must see of it is
 * public. Nothing is pushed; a node that was off catches up from its cursor.
 */
import { dispatchEntry } from "../../protocol/log/leaf.ts";
import { transact } from "../../server/database.ts";
import type { Bell } from "../bell.ts";
import type { Context } from "../context.ts";
import { once } from "../store/write.ts";
import type { QueryState } from "./stored-state.ts";
import { addWork, announce } from "./work.ts";

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
