/**
 * Stores from before identities had a normal form, brought to it once, in one transaction: persons that are one become
 * one, records are hashed, and everyone's rows are weighed anew. Where identities are not kept nobody can be told apart
 * anew: then the datasets with rows are marked, and answer nothing until these have been imported again.
 */
import type { Dataset } from "../../protocol/question/catalogue.ts";
import type { PeriodKind } from "../../protocol/values/period.ts";
import { Refusal } from "../../protocol/values/refusal.ts";
import type { Fill } from "../random.ts";
import { columnIn, tableOf } from "../store/database.ts";
import { factIn, factOf, keepFactIn, UNWRITTEN } from "../store/facts.ts";
import { decryptIdentities, encryptIdentities, type PersonKeys, pseudonymOf } from "../store/people.ts";
import { markAnew } from "./anew.ts";
import { type Day, identityOf, rulesOf } from "./identity.ts";
import { openTarget, type TargetContext } from "./open-target.ts";
import { foldSql, recordSql } from "./stage.ts";
import { SUMMARY, type Target } from "./target.ts";
import { type Weighing, weighInto, weighingOf } from "./weights.ts";

export type OldPersons = {
  /** Persons who were several and are one. */
  readonly merged: number;
  /** Persons whose identity is none (a spreadsheet shortened it): their rows count no more. */
  readonly unfit: number;
};

type Context = TargetContext & {
  readonly keys: PersonKeys;
  readonly random: Fill;
  readonly datasets: readonly Dataset[];
};

const DONE = "persons-normal";
/** So many persons' rows are weighed at a time. */
const BATCH = 100_000;

/** Brings a store's persons to the normal form if they are not; null where there was nothing to do. */
export async function bringPersons(context: Context): Promise<OldPersons | null> {
  // Looked at first: an import's transaction is much to open at every start.
  if ((await factOf(context.store.kysely, DONE)) !== null) return null;
  const target = await openTarget(context);
  try {
    const done = (await factIn(target, DONE)) !== null;
    const persons = done ? [] : await personsIn(target);
    const came = persons.length === 0 ? null : await bring(target, persons, context);
    // Records stood in clear, and would stay in the files beside their hashes.
    if (came !== null) await keepFactIn(target, UNWRITTEN, "due");
    if (!done) await keepFactIn(target, DONE, "1");
    await target.commit();
    return came;
  } catch (error) {
    await target.rollback();
    throw error;
  }
}

type Old = { readonly id: bigint; readonly pseudonym: string; readonly excluded: string | null };

const personsIn = async ({ run }: Target): Promise<Old[]> =>
  (await run("select cast(id as varchar), cast(pseudonym as varchar), excluded from person")).map(
    ([id, pseudonym, excluded]) => ({
      id: BigInt(String(id)),
      pseudonym: String(pseudonym),
      excluded: excluded == null ? null : String(excluded),
    }),
  );

/** A person as they will be, and who they were. */
type Person = Old & { readonly from: readonly bigint[]; readonly identity: string | null };

async function bring(target: Target, old: readonly Old[], context: Context): Promise<OldPersons> {
  const { keys } = context;
  const tables = await tablesIn(target);
  const datasets = context.datasets.filter((dataset) => tables.includes(tableOf(dataset)));
  const identities = await identitiesIn(target, keys);
  // One that is missing is missing for good: its person's other writings cannot be known.
  const kept = old.every(({ id }) => identities.has(id));
  const persons = kept
    ? joined(old, identities, await lastDays(target, datasets), keys)
    : old.map((person) => ({ ...person, from: [person.id], identity: null }));
  if (kept) await replacePersons(target, persons, context);
  const known = new Set(datasets.map(tableOf));
  const moved = persons.filter(({ id, from }) => from.length > 1 || from[0] !== id);
  for (const dataset of datasets) {
    const weighing = await weighingOf(target, dataset);
    for (let at = 0; at < persons.length; at += BATCH)
      await bringRows(target, dataset, persons.slice(at, at + BATCH), weighing);
    if (!kept || (weighing === "unknown" && moved.length > 0)) await markAnew(target, tableOf(dataset));
  }
  for (const table of tables.filter((name) => !known.has(name))) {
    // Of a dataset that no directory names any more: what its columns mean is not known.
    await markAnew(target, table);
    await target.run(`update ${table} set record = null, weight = 0`);
  }
  const unfit = persons.filter(({ excluded }) => excluded === UNFIT).length;
  return { merged: moved.length, unfit };
}

/** Why a person whose identity is none does not count, whoever leaves or comes back: nobody left by it. */
export const UNFIT = "identity";

async function identitiesIn({ run }: Target, { encryption }: PersonKeys): Promise<Map<bigint, string>> {
  if (encryption === null) return new Map();
  const boxes = await run("select sealed from identity");
  try {
    const pairs = boxes.flatMap(([sealed]) => decryptIdentities(encryption, String(sealed)));
    return new Map(pairs.map(({ person, identity }) => [person, identity]));
  } catch (cause) {
    throw new Refusal("config-invalid", "expected the key that this node's identities were encrypted with", {
      cause,
    });
  }
}

const LAST_DAY = {
  year: (ordinal) => ordinal * 10_000 + 1231,
  quarter: (ordinal) => Math.floor(ordinal / 4) * 10_000 + ((ordinal % 4) + 1) * 300 + 31,
  month: (ordinal) => Math.floor(ordinal / 12) * 10_000 + ((ordinal % 12) + 1) * 100 + 31,
} as const satisfies Record<PeriodKind, (ordinal: number) => Day>;

/** The last day of the latest period that each person has rows in: what is left of their rows' own days. */
async function lastDays({ run }: Target, datasets: readonly Dataset[]): Promise<Map<string, Day>> {
  const days = new Map<string, Day>();
  for (const dataset of datasets) {
    const rows = await run(
      `select cast(person as varchar), max(period) from ${tableOf(dataset)} group by person`,
    );
    for (const [person, period] of rows) {
      const day = LAST_DAY[dataset.period](Number(period));
      days.set(String(person), Math.max(day, days.get(String(person)) ?? 0));
    }
  }
  return days;
}

/** Persons by the normal form of their identity, the least number standing for all; excluded where any of them is. */
function joined(
  old: readonly Old[],
  identities: ReadonlyMap<bigint, string>,
  days: ReadonlyMap<string, Day>,
  keys: PersonKeys,
): Person[] {
  const rules = rulesOf(undefined);
  const last = [...days.values()].reduce((most, day) => Math.max(most, day), 0);
  const byForm = new Map<string, Old[]>();
  const unfit: Person[] = [];
  for (const person of old.toSorted((a, b) => (a.id < b.id ? -1 : 1))) {
    const identity = identities.get(person.id) ?? "";
    const { form } = identityOf(identity, rules, days.get(String(person.id)) ?? last);
    const kin = form === null ? undefined : byForm.get(form);
    if (form === null)
      unfit.push({ ...person, excluded: person.excluded ?? UNFIT, from: [person.id], identity });
    else if (kin === undefined) byForm.set(form, [person]);
    else kin.push(person);
  }
  const fit = [...byForm].flatMap(([form, [first, ...others]]) =>
    first === undefined
      ? []
      : [
          {
            id: first.id,
            pseudonym: pseudonymOf(keys.pseudonym, form),
            excluded: [first, ...others].find(({ excluded }) => excluded !== null)?.excluded ?? null,
            from: [first, ...others].map(({ id }) => id),
            identity: form,
          },
        ],
  );
  return [...fit, ...unfit];
}

/** Everyone under their new pseudonym, and their identities in boxes anew. */
async function replacePersons(
  target: Target,
  persons: readonly Person[],
  { keys, random }: Context,
): Promise<void> {
  await target.run("delete from person");
  await target.run("delete from identity");
  const excluded = (value: string | null) => (value === null ? "null" : `'${value.replaceAll("'", "''")}'`);
  for (let at = 0; at < persons.length; at += 2000) {
    const rows = persons
      .slice(at, at + 2000)
      .map((each) => `(${each.id}, cast('${each.pseudonym}' as uuid), ${excluded(each.excluded)})`);
    await target.run(`insert into person (id, pseudonym, excluded) values ${rows.join(", ")}`);
  }
  if (keys.encryption === null) return;
  for (let at = 0; at < persons.length; at += BATCH) {
    const pairs = persons.slice(at, at + BATCH).map(({ id, identity }) => [String(id), identity]);
    const sealed = encryptIdentities(keys.encryption, JSON.stringify(pairs), random);
    await target.run("insert into identity (chunk, sealed) values (cast($1 as bigint), $2)", [
      String(at / BATCH + 1),
      sealed,
    ]);
  }
}

/**
 * Rows of these persons under their new numbers, records hashed, of one record the latest file's, and weighed anew. Where
 * rows were summed up nobody knows how, sums stay, but for persons who were several: theirs must come anew.
 */
async function bringRows(
  target: Target,
  dataset: Dataset,
  persons: readonly Person[],
  weighing: Weighing,
): Promise<void> {
  const { staging } = target;
  const taken = await target.takeOf(
    dataset,
    persons.flatMap(({ id, from }) => [id, ...from]),
    weighing === "unknown",
  );
  if (taken === null) return;
  await staging.run("create or replace temp table moved (old bigint, person bigint, joins boolean)");
  const appender = await staging.createAppender("moved", null, "temp");
  for (const { id, from } of persons)
    for (const each of from) {
      appender.appendBigInt(each);
      appender.appendBigInt(id);
      appender.appendBoolean(from.length > 1);
      appender.endRow();
    }
  appender.closeSync();
  const columns = Object.keys(dataset.columns).map(columnIn).join(", ");
  const record = `case when k.record is not null then ${recordSql(foldSql("k.record"))} end`;
  await staging.run(`create or replace temp table brought as
    select m.person, period, weight, file, record, ${columns} from (select * replace (${record} as record) from ${taken.relation} k) k
    join moved m on m.old = k.person where not (joins and file = ${SUMMARY})
    qualify record is null or row_number() over (partition by m.person, record order by file desc) = 1`);
  await weighInto(target, dataset, { relation: "brought" }, weighing);
}

const tablesIn = async ({ run }: Target): Promise<string[]> =>
  (
    await run(
      "select table_name from information_schema.tables where table_schema = current_schema() and table_name like 'd\\_%' escape '\\'",
    )
  ).map(([name]) => String(name));
