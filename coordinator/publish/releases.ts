/** The standing releases that are published: their rows in the store, the newest that stands for each period. */
import { Calendar } from "../../protocol/plan/calendar.ts";
import { payloadOf } from "../../protocol/signing/envelope.ts";
import type { Context } from "../context.ts";
import { calendarsOf } from "../query/calendars.ts";

export type ReleaseRow = {
  readonly id: string;
  readonly query: string;
  readonly envelope: string;
  readonly cells: string;
};

/** The latest public release of each query that a calendar names, without what is large. */
export async function standingRows(
  context: Context,
  isPublic: (place: number | null) => boolean,
): Promise<{ calendars: Calendar[]; rows: Array<{ id: string }> }> {
  const calendars = (await calendarsOf(context)).map((envelope) => payloadOf(Calendar, envelope));
  const named = [...new Set(calendars.flatMap(({ entries }) => entries.map(({ query }) => query)))];
  if (named.length === 0) return { calendars, rows: [] };
  const all = await context.store.kysely
    .selectFrom("release")
    .select(["id", "query", "place", "version"])
    .where("query", "in", named)
    .orderBy("version", "desc")
    .execute();
  const latest = new Map<string, { id: string }>();
  for (const { id, query, place } of all)
    if (isPublic(place) && !latest.has(query)) latest.set(query, { id });
  return { calendars, rows: named.flatMap((query) => latest.get(query) ?? []) };
}

export async function rowsOf(rows: ReadonlyArray<{ id: string }>, { store }: Context): Promise<ReleaseRow[]> {
  if (rows.length === 0) return [];
  return await store.kysely
    .selectFrom("release")
    .innerJoin("query", "query.id", "release.query")
    .select([
      "release.id as id",
      "query.envelope as query",
      "release.envelope as envelope",
      "release.cells as cells",
    ])
    .where(
      "release.id",
      "in",
      rows.map(({ id }) => id),
    )
    .execute();
}
