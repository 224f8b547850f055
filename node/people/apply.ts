/**
 * Makes a node's store what the list says, in one transaction on either engine: excluded persons' rows weigh nothing,
 * included ones' are weighed anew, and of the forgotten nothing is left. Keeps no number of them.
 */
import type { Dataset } from "../../protocol/question/catalogue.ts";
import { isConflict } from "../../server/database.ts";
import { sleep } from "../../server/deadline.ts";
import { UNFIT } from "../import/old-persons.ts";
import { openTarget, type TargetContext } from "../import/open-target.ts";
import type { Target } from "../import/target.ts";
import { weighAnew } from "../import/weights.ts";
import type { Fill } from "../random.ts";
import { keepFactIn, UNWRITTEN } from "../store/facts.ts";
import { decryptIdentities, encryptIdentities, type PersonKeys, pseudonymOf } from "../store/people.ts";
import { type Entry, markOf, type State, statesBy } from "./list.ts";

export type ApplyContext = TargetContext & {
  readonly keys: PersonKeys;
  readonly marks: Uint8Array;
  readonly datasets: readonly Dataset[];
  readonly random: Fill;
  /** For the row that says since when somebody is excluded. */
  readonly since: string;
};

/** Persons of the store whose state may be another than it was; null of those who are to be counted. */
type Found = Map<bigint, { readonly excluded: boolean; readonly state: State | null }>;

/** What the transaction writes beside, in its place: that this list is the one it was brought to. */
export type Beside = (target: Target) => Promise<void>;

/** Brings to the list those whom these entries, of the list or taken out of it, are about. */
export async function applySome(
  entries: readonly Entry[],
  about: readonly Entry[],
  context: ApplyContext,
  beside: Beside,
): Promise<void> {
  await inTarget(context, async (target) => {
    const names = about.flatMap(({ pseudonyms }) => pseudonyms);
    await bring(target, await byPseudonyms(target, entries, names), context);
    await beside(target);
  });
}

/**
 * Brings everybody to the list: also those whom it knows by marks alone, where identities are kept. Gives entries that
 * also say under which pseudonyms these are in this store.
 */
export async function applyAll(
  entries: readonly Entry[],
  context: ApplyContext,
  beside: (target: Target, entries: readonly Entry[]) => Promise<void>,
): Promise<void> {
  await inTarget(context, async (target) => {
    const known = await namesOf(target, entries, context);
    const found = await byPseudonyms(
      target,
      known,
      known.flatMap(({ pseudonyms }) => pseudonyms),
    );
    const excluded = "select id from person where excluded is not null and excluded <> $1";
    for (const [id] of await target.run(excluded, [UNFIT])) {
      const person = BigInt(String(id));
      if (!found.has(person)) found.set(person, { excluded: true, state: null });
    }
    await bring(target, found, context);
    await beside(target, known);
  });
}

/** All or nothing; once more where another transaction came in between. */
async function inTarget(context: TargetContext, work: (target: Target) => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const target = await openTarget(context);
    try {
      await work(target);
      return await target.commit();
    } catch (error) {
      await target.rollback();
      if (attempt >= 20 || !isConflict(error)) throw error;
      await sleep(50 * attempt);
    }
  }
}

/** So many names go into a statement. */
const PART = 10_000;

function* parts<T>(all: readonly T[]): Generator<readonly T[]> {
  for (let at = 0; at < all.length; at += PART) yield all.slice(at, at + PART);
}

async function byPseudonyms(
  target: Target,
  entries: readonly Entry[],
  names: readonly string[],
): Promise<Found> {
  const states = statesBy(entries, ({ pseudonyms }) => pseudonyms);
  const found: Found = new Map();
  for (const part of parts(names)) {
    const rows = await target.run(
      `select id, cast(pseudonym as varchar), excluded from person
        where pseudonym in (select unnest(cast(string_to_array($1, ',') as uuid[])))`,
      [part.join(",")],
    );
    for (const [id, pseudonym, excluded] of rows)
      found.set(BigInt(String(id)), {
        excluded: excluded !== null,
        state: states.get(String(pseudonym)) ?? null,
      });
  }
  return found;
}

/** The entries with the pseudonyms that their persons have under the key in force, where identities tell. */
async function namesOf(
  target: Target,
  entries: readonly Entry[],
  { keys, marks }: ApplyContext,
): Promise<readonly Entry[]> {
  const { encryption, pseudonym } = keys;
  if (encryption === null || entries.length === 0) return entries;
  const states = statesBy(entries, (entry) => entry.marks);
  const names = new Map<string, string>();
  for await (const { persons } of boxes(target, encryption))
    for (const { identity } of persons) {
      const mark = markOf(marks, identity);
      if (states.has(mark)) names.set(mark, pseudonymOf(pseudonym, identity));
    }
  return entries.map((entry) => {
    const all = new Set([...entry.pseudonyms, ...entry.marks.flatMap((mark) => names.get(mark) ?? [])]);
    return all.size === entry.pseudonyms.length ? entry : { ...entry, pseudonyms: [...all] };
  });
}

/** One box at a time: each holds tens of thousands. */
async function* boxes(target: Target, key: Uint8Array) {
  for (const [chunk] of await target.run("select cast(chunk as varchar) from identity order by chunk")) {
    const name = String(chunk);
    const rows = await target.run("select sealed from identity where chunk = cast($1 as bigint)", [name]);
    for (const [sealed] of rows) yield { chunk: name, persons: decryptIdentities(key, String(sealed)) };
  }
}

async function bring(target: Target, found: Found, context: ApplyContext): Promise<void> {
  const whose = (state: State | null, excluded?: boolean) =>
    [...found].flatMap(([person, each]) =>
      each.state === state && (excluded === undefined || each.excluded === excluded) ? [person] : [],
    );
  const tables = await datasetTables(target);
  await exclude(target, whose("excluded", false), tables, context.since);
  await include(target, whose(null, true), context.datasets);
  await forget(target, whose("forgotten"), tables, context);
}

/** Also of datasets that the directory names no more: a later version may name them again. */
const datasetTables = async (target: Pick<Target, "run">): Promise<string[]> =>
  (
    await target.run(
      "select table_name from information_schema.tables where table_schema = current_schema() and left(table_name, 2) = 'd_'",
    )
  ).map(([name]) => String(name));

const IN = "in (select unnest(cast(string_to_array($1, ',') as bigint[])))";

/** Whoever is excluded weighs nothing, however rows are weighed. */
async function exclude(
  target: Target,
  persons: readonly bigint[],
  tables: readonly string[],
  since: string,
): Promise<void> {
  for (const part of parts(persons)) {
    const list = part.join(",");
    await target.run(`update person set excluded = $2 where id ${IN}`, [list, since]);
    for (const table of tables)
      await target.run(`update ${table} set weight = 0 where weight <> 0 and person ${IN}`, [list]);
  }
}

async function include(
  target: Target,
  persons: readonly bigint[],
  datasets: readonly Dataset[],
): Promise<void> {
  if (persons.length === 0) return;
  for (const part of parts(persons))
    await target.run(`update person set excluded = null where id ${IN}`, [part.join(",")]);
  for (const dataset of datasets) await weighAnew(target, dataset, persons);
}

async function forget(
  target: Target,
  persons: readonly bigint[],
  tables: readonly string[],
  { keys: { encryption }, random }: ApplyContext,
): Promise<void> {
  if (persons.length === 0) return;
  for (const part of parts(persons)) {
    const list = part.join(",");
    for (const table of tables) await target.run(`delete from ${table} where person ${IN}`, [list]);
    await target.run(`delete from person where id ${IN}`, [list]);
  }
  // What a region keeps no more, it cannot open either: then no box is left.
  if (encryption === null) await target.run("delete from identity");
  else await takeOut(target, new Set(persons), encryption, random);
  await keepFactIn(target, UNWRITTEN, "due");
}

/** Every box that holds somebody of these is sealed anew without them. */
async function takeOut(
  target: Target,
  gone: ReadonlySet<bigint>,
  key: Uint8Array,
  random: Fill,
): Promise<void> {
  for await (const { chunk, persons } of boxes(target, key)) {
    const kept = persons.filter(({ person }) => !gone.has(person));
    if (kept.length === persons.length) continue;
    if (kept.length === 0) {
      await target.run("delete from identity where chunk = cast($1 as bigint)", [chunk]);
      continue;
    }
    const plain = JSON.stringify(kept.map(({ person, identity }) => [String(person), identity]));
    await target.run("update identity set sealed = $2 where chunk = cast($1 as bigint)", [
      chunk,
      encryptIdentities(key, plain, random),
    ]);
  }
}

/** The tables in which persons are. */
export const tablesOfPersons = async (target: Pick<Target, "run">): Promise<string[]> => [
  "person",
  "identity",
  ...(await datasetTables(target)),
];
