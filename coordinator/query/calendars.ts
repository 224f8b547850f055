/** Release calendars: signed lists of queries that were handed in, kept and logged so that everyone knows what is to come. */

import { CALENDAR_ROLE, checkSpending } from "../../protocol/federation/accounts.ts";
import { openByPerson } from "../../protocol/federation/openers.ts";
import { documentEntry, holdsDocument } from "../../protocol/log/leaf.ts";
import { Calendar, checkIndicators } from "../../protocol/plan/calendar.ts";
import type { Envelope } from "../../protocol/signing/envelope.ts";
import type { Hash } from "../../protocol/values/bytes.ts";
import { instant } from "../../protocol/values/names.ts";
import { Refusal } from "../../protocol/values/refusal.ts";
import type { Catalogue } from "../../server/catalogue.ts";
import { type Context, storedEnvelope, storedQuery } from "../context.ts";
import { once } from "../store/write.ts";
import { countAdded } from "./added.ts";
import { planned } from "./plans.ts";

/** Judges and keeps a calendar whose queries were handed in before, by the same person. Seen before, it is harmless. */
export async function takeCalendar(
  envelope: Envelope,
  context: Context,
  catalogue: { readonly hash: Hash; readonly known: Catalogue["indicators"] },
): Promise<Hash> {
  const { federation, store, now, logs } = context;
  const { id, payload: calendar, person } = openByPerson(federation(), envelope, Calendar, now());
  // Kept under an earlier catalogue of indicators, perhaps: it was judged then.
  const kept = await store.kysely.selectFrom("calendar").select("id").where("id", "=", id).executeTakeFirst();
  if (kept !== undefined) return id;
  if (federation().directory.rhoPerYear !== undefined) checkYearly(id, envelope, person.roles);
  if (calendar.indicators !== catalogue.hash)
    throw new Refusal(
      "measure-unfit",
      `expected the catalogue of indicators that is published, ${catalogue.hash}`,
    );
  const rows = await store.kysely
    .selectFrom("query")
    .select(["id", "envelope"])
    .where(
      "id",
      "in",
      calendar.entries.map(({ query }) => query),
    )
    .execute();
  const queries = new Map(rows.map((row) => [row.id, storedQuery(row.envelope)]));
  const plans = calendar.entries.map(({ query: named, dataset, periods, release, at }) => {
    const query = queries.get(named);
    if (query === undefined)
      throw new Refusal("query-unknown", "expected a calendar of queries that were handed in");
    const says =
      query.requester === calendar.requester &&
      query.dataset === dataset &&
      query.release === release &&
      query.notBefore === at &&
      query.periods.join() === periods.join();
    if (!says || query.tables === undefined)
      throw new Refusal(
        "schema-mismatch",
        "expected entries that say what their queries do, asked by the same person",
      );
    checkIndicators(query, catalogue.known);
    return planned(named, query, federation()).plan;
  });
  checkSpending(federation(), plans, calendar);
  await once(store, async (database) => {
    const before = await database.selectFrom("calendar").select("id").where("id", "=", id).executeTakeFirst();
    if (before !== undefined) return;
    if (logs !== null) await countAdded(database, person.id, now());
    await logs?.document(database, "calendar", id, envelope);
    await database
      .insertInto("calendar")
      .values({ id, envelope: JSON.stringify(envelope), received: instant(now()) })
      .execute();
  });
  return id;
}

/** What draws on the calendar's part of a year: signed by a person who may, and whole in an entry, where regions read it. */
function checkYearly(id: Hash, envelope: Envelope, roles: readonly string[]): void {
  if (!roles.includes(CALENDAR_ROLE))
    throw new Refusal("role-missing", `expected the role ${CALENDAR_ROLE} of who signs a calendar`);
  if (!holdsDocument(documentEntry("calendar", id, envelope)))
    throw new Refusal("too-large", "expected a calendar that fits into an entry of the log");
}

/** All calendars, oldest first. */
export async function calendarsOf({ store }: Context): Promise<Envelope[]> {
  const rows = await store.kysely
    .selectFrom("calendar")
    .select("envelope")
    .orderBy("received")
    .orderBy("id")
    .execute();
  return rows.map(({ envelope }) => storedEnvelope(envelope));
}
