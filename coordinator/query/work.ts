/** Puts a query before the regions that it asks: once each, in the order of the log. */
import type { CoordinatorStore } from "../store/database.ts";
import { once } from "../store/write.ts";
import { OF_A_CLOCK } from "./stored-state.ts";

/** Puts a query to the nodes: once what they must see of it is public, where a log is kept. */
export async function announce(
  database: CoordinatorStore["kysely"],
  query: string,
  place: number | null,
): Promise<void> {
  if (place === null) return await addWork(database, query);
  await database
    .insertInto("announcement")
    .values({ query, size: place + 1 })
    .execute();
}

/** Puts to the nodes once more what is open and was refused by one of them for its clock alone: it need not be so now. */
export async function announceAnew(store: CoordinatorStore): Promise<void> {
  await once(store, async (database) => {
    const refused = await database
      .selectFrom("query")
      .innerJoin("answer", "answer.query", "query.id")
      .select("query.id")
      .distinct()
      .where("query.state", "in", ["open", "late"])
      .where("answer.kind", "=", "refusal")
      .where("answer.code", "in", OF_A_CLOCK)
      .execute();
    for (const { id } of refused) await addWork(database, id);
  });
}

/** The work list's next entry. Its sequence is the cursor that polls move. */
export async function addWork(database: CoordinatorStore["kysely"], query: string): Promise<void> {
  const { last } = await database
    .selectFrom("work")
    .select((row) => row.fn.max("sequence").as("last"))
    .executeTakeFirstOrThrow();
  await database
    .insertInto("work")
    .values({ sequence: Number(last ?? 0) + 1, query })
    .execute();
}
