/**
 * Persons on a region's list of those who are not counted, met by an import: rows of the forgotten never come in, and
 * the excluded weigh nothing. Nothing that an import says of itself tells whether there were any.
 */
import type { State } from "../people/list.ts";
import { hmacOf, usePads } from "./stage.ts";
import type { Named, Target } from "./target.ts";

/** The key of the marks, and how each is listed. */
export type Listed = { readonly key: Uint8Array; readonly states: ReadonlyMap<string, State> };

/** Takes the forgotten out of `named`; gives the excluded. */
export async function takeOut({ staging }: Target, named: Named, { key, states }: Listed): Promise<Named> {
  await usePads(staging, "marks", key);
  await staging.run("create or replace temp table listed (mark varchar, state varchar)");
  const appender = await staging.createAppender("listed", null, "temp");
  for (const [mark, state] of states) {
    appender.appendVarchar(mark);
    appender.appendVarchar(state);
    appender.endRow();
  }
  appender.closeSync();
  await staging.run(`create or replace temp table met as select form, pseudonym, state
    from (select form, pseudonym, substr(${hmacOf("marks", "form")}, 1, 32) as mark from ${named.relation}) join listed using (mark)`);
  await staging.run(
    `delete from ${named.relation} where form in (select form from met where state = 'forgotten')`,
  );
  await staging.run("delete from met where state = 'forgotten'");
  return { relation: "met" };
}
