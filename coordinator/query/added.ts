/**
 * How much one person may add to the log in a day: enough for calendars of a hundred questions and all that is said of
 * them, and no more, since a log is for ever and every region reads all of it. Whoever holds a key could fill it.
 */
import { instant } from "../../protocol/values/names.ts";
import { Refusal } from "../../protocol/values/refusal.ts";
import type { CoordinatorStore } from "../store/database.ts";

/** Queries, calendars, decisions and requests of one person, by whichever key, in a day (UTC). */
export const MOST_A_DAY = 1000;

/**
 * Counts one more, in the transaction that adds it to the log. Refuses (`daily-limit`) what is one too many.
 * `person` is who signed it, as the directory knows them.
 */
export async function countAdded(
  database: CoordinatorStore["kysely"],
  person: string,
  now: Date,
): Promise<void> {
  const day = instant(now).slice(0, "2026-01-01".length);
  const own = { person, day };
  const row = await database
    .selectFrom("added")
    .select("documents")
    .where((is) => is.and(own))
    .executeTakeFirst();
  const documents = (row?.documents ?? 0) + 1;
  if (documents > MOST_A_DAY)
    throw new Refusal(
      "daily-limit",
      `expected at most ${MOST_A_DAY} documents of one person in a day; this is one more`,
    );
  if (row !== undefined) {
    await database
      .updateTable("added")
      .set({ documents })
      .where((is) => is.and(own))
      .execute();
    return;
  }
  // What was added on other days is asked no more.
  await database.deleteFrom("added").where("person", "=", person).execute();
  await database
    .insertInto("added")
    .values({ ...own, documents })
    .execute();
}
