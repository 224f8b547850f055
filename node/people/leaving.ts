/**
 * Who is not counted: persons leave a region's statistics by its list, and from the next question on nothing counts
 * them, whatever is imported, re-keyed or restored. The list is written before the store is: what a process that was
 * killed left undone is done at the next start, before anything is answered.
 */
import { sql } from "kysely";
import { z } from "zod";
import type { NodeLeaf } from "../../protocol/log/leaf.ts";
import type { Dataset } from "../../protocol/question/catalogue.ts";
import { Hash } from "../../protocol/values/bytes.ts";
import { parseJson } from "../../protocol/values/json.ts";
import { Instant, instant } from "../../protocol/values/names.ts";
import { parseWith, Refusal } from "../../protocol/values/refusal.ts";
import { transact } from "../../server/database.ts";
import type { Day } from "../import/identity.ts";
import type { Listed } from "../import/listed.ts";
import { UNFIT } from "../import/old-persons.ts";
import type { Target } from "../import/target.ts";
import type { Fill } from "../random.ts";
import type { NodeStore } from "../store/database.ts";
import {
  dropFact,
  factIn,
  factOf,
  keepFact,
  keepFactIn,
  PSEUDONYM_CHECK,
  UNWRITTEN,
} from "../store/facts.ts";
import { decryptIdentities, type PersonKeys, pseudonymOf } from "../store/people.ts";
import { type ApplyContext, applyAll, applySome, tablesOfPersons } from "./apply.ts";
import { FORMS_OF_TEXT, type Forms, meantBy } from "./forms.ts";
import {
  changed,
  type Entry,
  type List,
  markOf,
  marksKey,
  newList,
  readList,
  revisionOf,
  type State,
  statesBy,
  withLeaf,
  writeList,
} from "./list.ts";

export type LeavingContext = {
  /** Where the keys and the list are: outside the database. */
  readonly folder: string;
  readonly store: NodeStore;
  readonly data: string;
  readonly threads: number;
  readonly now: () => Date;
  readonly random: Fill;
  /** Those in force, and the datasets that the directory names: both change while a node runs. */
  readonly keys: () => PersonKeys;
  readonly datasets: () => readonly Dataset[];
};

export type Change = "exclude" | "include" | "forget";

/** A line that means nobody, or too many: by its number, never by what it says. */
export type BadLine = { readonly line: number; readonly reason: string };

/** Since when somebody is listed, and how; `mark` tells entries apart and says nothing of whom. */
export type Row = { readonly state: State; readonly since: string; readonly mark: string };

const APPLIED = "people-applied";
const LEAF = "people-leaf";
const DAY = 24 * 3600 * 1000;
const Applied = z.strictObject({ revision: z.string(), key: z.string() });
const LastLeaf = z.strictObject({ digest: Hash, time: Instant });

/** A log that leaves are promised to, in the transaction that makes them true. */
export type Promising = {
  readonly promise: (database: NodeStore["kysely"], leaf: NodeLeaf) => Promise<void>;
};

/** The only one who changes a node's list. Whoever calls it lets no import and no re-keying run beside a change. */
export class Leaving {
  readonly #context: LeavingContext;
  readonly #marks: Uint8Array;
  #list: List;
  /** The time of the last leaf, in milliseconds; null before the first. */
  #logged: number | null;
  /** False while the store is not known to be as the list says. */
  #applied = false;
  #listed: { readonly of: readonly Entry[]; readonly listed: Listed | null } | null = null;

  private constructor(context: LeavingContext, marks: Uint8Array, list: List, logged: number | null) {
    this.#context = context;
    this.#marks = marks;
    this.#list = list;
    this.#logged = logged;
  }

  /**
   * Reads the list, or begins one with those whom a store from before lists excludes. Refuses (`lists-older`) a list
   * that lacks what this store, or its log, has seen of it: who left since would come back.
   */
  static async open(context: LeavingContext): Promise<Leaving> {
    const { folder, store, random } = context;
    const marks = marksKey(folder, random);
    const seen = await seenOf(store);
    const read = readList(folder, marks);
    if (!isNewest(read, seen)) throw older();
    const list = read ?? newList(marks, await excludedIn(context, marks), random);
    if (read === null) writeList(folder, list);
    return new Leaving(context, marks, list, seen.leaf === null ? null : Date.parse(seen.leaf.time));
  }

  /**
   * Takes the list that is there, or a new one, for the newest, with those whom the store excludes: once its operator
   * has said that no later one is to be had. Those forgotten since must be listed anew.
   */
  static async accept(context: LeavingContext): Promise<void> {
    const { folder, store, random } = context;
    const marks = marksKey(folder, random);
    const seen = await seenOf(store);
    const list = readList(folder, marks) ?? newList(marks, [], random);
    const known = statesBy(list.entries, ({ pseudonyms }) => pseudonyms);
    const lacking = (await excludedIn(context, marks)).filter(
      ({ pseudonyms }) => !pseudonyms.some((name) => known.has(name)),
    );
    const { revisions, leaves, entries } = list;
    const accepted = {
      ...list,
      revisions: seen.applied === null ? revisions : [...revisions, seen.applied.revision],
      leaves: seen.leaf === null ? leaves : [...leaves, { digest: seen.leaf.digest, salt: "0".repeat(64) }],
    };
    writeList(folder, changed(accepted, [...entries, ...lacking], random));
  }

  /** For imports: how the forms that arrive are listed; null where nobody is. */
  get listed(): Listed | null {
    const { entries } = this.#list;
    if (this.#listed?.of !== entries) {
      const states = statesBy(entries, ({ marks }) => marks);
      this.#listed = { of: entries, listed: entries.length === 0 ? null : { key: this.#marks, states } };
    }
    return this.#listed.listed;
  }

  /** False while the store is not known to be as the list says: nothing is answered then, or who left would count. */
  get applied(): boolean {
    return this.#applied;
  }

  rows(): Row[] {
    return this.#list.entries.map(({ state, since, marks, pseudonyms }) => ({
      state,
      since,
      mark: (marks[0] ?? pseudonyms[0] ?? "").slice(0, 12),
    }));
  }

  /** Brings the store to the list, and its files to the store, where they are not: at the start, and after a re-keying. */
  async settle(): Promise<void> {
    const { applied } = await seenOf(this.#context.store);
    const key = await checkIn(this.#context.store);
    if (applied?.revision !== revisionOf(this.#list) || applied.key !== key) await this.#bringAll();
    this.#applied = true;
    // Who reads the store from before keeps nobody from starting: it is tried again at the next start, and change.
    await this.#rewrite().catch((error: unknown) => {
      if (!(error instanceof Refusal && error.code === "unavailable")) throw error;
    });
  }

  /**
   * Takes persons out, or in again, one a line; gives the lines that it could not take. When it returns, the store is as
   * the list says and, of whom it forgot, its files hold nothing.
   */
  async change(change: Change, lines: readonly string[], strict: boolean): Promise<BadLine[]> {
    const { now } = this.#context;
    const { persons, bad } = this.#read(change, lines, strict);
    if (persons.length === 0) return bad;
    const given = persons.map((forms) =>
      this.#entryOf(forms, change === "forget" ? "forgotten" : "excluded"),
    );
    const { entries, gone } =
      change === "include" ? without(this.#list.entries, given) : withAll(this.#list.entries, given);
    this.#write(entries);
    if (!this.#applied) await this.#bringAll();
    else {
      this.#applied = false;
      const context = this.#applying(instant(now()));
      await applySome(entries, [...given, ...gone], context, (target) => this.#noteApplied(target));
    }
    this.#applied = true;
    await this.#rewrite();
    return bad;
  }

  /**
   * Promises the region's log a digest of the list, where a day has passed since the last: whether it changed or not,
   * and whether anybody is on it. True where it did.
   */
  async promise(log: Promising): Promise<boolean> {
    const { store, now, random } = this.#context;
    const at = now();
    if (this.dueIn() > 0) return false;
    const { list, digest } = withLeaf(this.#list, random);
    this.#put(list);
    const leaf = { kind: "lists", digest, time: instant(at) } as const;
    await transact(store, async (database) => {
      await log.promise(database, leaf);
      const value = JSON.stringify({ digest, time: leaf.time });
      await keepFact(database, LEAF, value);
    });
    this.#logged = at.getTime();
    return true;
  }

  /** Milliseconds until the next leaf is due. */
  dueIn(): number {
    return this.#logged === null ? 0 : Math.max(0, this.#logged + DAY - this.#context.now().getTime());
  }

  #read(change: Change, lines: readonly string[], strict: boolean): { persons: Forms[]; bad: BadLine[] } {
    const today = dayOf(this.#context.now());
    const persons: Forms[] = [];
    const bad: BadLine[] = [];
    for (const [index, text] of lines.entries()) {
      if (text.trim() === "") continue;
      const meant = meantBy(text, today, strict);
      if (meant.persons === null) bad.push({ line: index + 1, reason: meant.reason });
      else if (change === "forget" && meant.persons.length > 1)
        bad.push({ line: index + 1, reason: "person: ten digits that may be two persons'; give twelve" });
      else persons.push(...meant.persons);
    }
    return { persons, bad };
  }

  #entryOf(forms: Forms, state: State): Entry {
    const { keys, now } = this.#context;
    const { pseudonym } = keys();
    return {
      state,
      since: instant(now()),
      marks: forms.map((form) => markOf(this.#marks, form)),
      pseudonyms: forms.map((form) => pseudonymOf(pseudonym, form)),
    };
  }

  #write(entries: readonly Entry[]): void {
    this.#put(changed(this.#list, entries, this.#context.random));
  }

  /** Over this list or an older one alone. Refuses (`lists-older`) where another process has written a later one. */
  #put(list: List): void {
    const { folder } = this.#context;
    const there = readList(folder, this.#marks);
    if (there !== null && !this.#list.revisions.includes(revisionOf(there))) throw older();
    writeList(folder, list);
    this.#list = list;
  }

  #applying(since: string): ApplyContext {
    const { store, data, threads, random, keys, datasets } = this.#context;
    return {
      store,
      data,
      threads,
      random,
      keys: keys(),
      datasets: datasets(),
      marks: this.#marks,
      since,
    };
  }

  async #bringAll(): Promise<void> {
    const context = this.#applying(instant(this.#context.now()));
    await applyAll(this.#list.entries, context, async (target, entries) => {
      if (entries !== this.#list.entries) this.#write(entries);
      await this.#noteApplied(target);
    });
  }

  async #noteApplied(target: Target): Promise<void> {
    const key = String(await factIn(target, PSEUDONYM_CHECK));
    await keepFactIn(target, APPLIED, JSON.stringify({ revision: revisionOf(this.#list), key }));
  }

  /** Where persons were deleted, the files that held them are made anew. */
  async #rewrite(): Promise<void> {
    const { store } = this.#context;
    if ((await factOf(store.kysely, UNWRITTEN)) === null) return;
    const run = async (text: string) =>
      (await sql.raw<Record<string, unknown>>(text).execute(store.kysely)).rows.map(Object.values);
    await store.rewrite(await tablesOfPersons({ run }));
    await transact(store, (database) => dropFact(database, UNWRITTEN));
  }
}

const older = (): Refusal =>
  new Refusal(
    "lists-older",
    "expected the newest people.list.json, with its marks.key: this store, or its log, has seen a later one",
  );

type Seen = {
  readonly applied: z.infer<typeof Applied> | null;
  readonly leaf: z.infer<typeof LastLeaf> | null;
};

const checkIn = async ({ kysely }: NodeStore): Promise<string> =>
  String(await factOf(kysely, PSEUDONYM_CHECK));

/** What the store was brought to, and what of the list stands last in its log. */
async function seenOf({ kysely }: NodeStore): Promise<Seen> {
  const [applied, leaf] = [await factOf(kysely, APPLIED), await factOf(kysely, LEAF)];
  return {
    applied: applied === null ? null : parseWith(Applied, parseJson(applied), APPLIED),
    leaf: leaf === null ? null : parseWith(LastLeaf, parseJson(leaf), LEAF),
  };
}

function isNewest(list: List | null, { applied, leaf }: Seen): boolean {
  if (applied !== null && list?.revisions.includes(applied.revision) !== true) return false;
  return leaf === null || list?.leaves.some(({ digest }) => digest === leaf.digest) === true;
}

/** Those whom a store excludes of itself, by what it knows them by. */
async function excludedIn({ store, keys, now }: LeavingContext, marks: Uint8Array): Promise<Entry[]> {
  const { kysely } = store;
  const persons = await kysely
    .selectFrom("person")
    .selectAll()
    .where("excluded", "is not", null)
    .where("excluded", "<>", UNFIT)
    .execute();
  if (persons.length === 0) return [];
  const wanted = new Set(persons.map(({ id }) => BigInt(id)));
  const forms = new Map<bigint, string>();
  const { encryption } = keys();
  for (const { sealed } of encryption === null
    ? []
    : await kysely.selectFrom("identity").select("sealed").execute())
    for (const { person, identity } of encryption === null ? [] : decryptIdentities(encryption, sealed))
      if (wanted.has(person)) forms.set(person, identity);
  const today = dayOf(now());
  return persons.map(({ id, pseudonym, excluded }) => {
    const form = forms.get(BigInt(id));
    // By every other form as well: a mapping may read the next file otherwise.
    const others = form === undefined ? [] : (meantBy(form, today, false).persons ?? []).flat();
    return {
      state: "excluded",
      since: Instant.safeParse(excluded).data ?? instant(now()),
      marks: form === undefined ? [] : [...new Set([form, ...others])].map((each) => markOf(marks, each)),
      pseudonyms: [String(pseudonym)],
    };
  });
}

/** A day as the number YYYYMMDD. */
const dayOf = (at: Date): Day => Number(at.toISOString().slice(0, 10).replaceAll("-", ""));

/** Entries with these in them, each once; whoever is forgotten stays so. */
function withAll(
  entries: readonly Entry[],
  given: readonly Entry[],
): { entries: readonly Entry[]; gone: readonly Entry[] } {
  const all = [...entries];
  const places = new Map(entries.map(({ marks }, place) => [marks[0], place]));
  for (const entry of given) {
    const place = places.get(entry.marks[0]);
    const before = place === undefined ? undefined : all[place];
    if (place === undefined || before === undefined) {
      places.set(entry.marks[0], all.length);
      all.push(entry);
      continue;
    }
    const state = before.state === "forgotten" ? "forgotten" : entry.state;
    all[place] = {
      state,
      since: state === before.state ? before.since : entry.since,
      marks: [...new Set([...entry.marks, ...before.marks])],
      pseudonyms: [...new Set([...before.pseudonyms, ...entry.pseudonyms])],
    };
  }
  return { entries: all, gone: [] };
}

/**
 * Entries without those that are known by a form of these persons; and these. Of a text
 * that alone: who left as 123 does not come back with 000123.
 */
function without(
  entries: readonly Entry[],
  given: readonly Entry[],
): { entries: readonly Entry[]; gone: readonly Entry[] } {
  const own = ({ marks, pseudonyms }: Entry) =>
    marks.length <= FORMS_OF_TEXT
      ? [...marks.slice(0, 1), ...pseudonyms.slice(0, 1)]
      : [...marks, ...pseudonyms];
  const names = new Set(given.flatMap(own));
  const isGone = ({ marks, pseudonyms }: Entry) => names.has(marks[0] ?? pseudonyms[0] ?? "");
  return { entries: entries.filter((entry) => !isGone(entry)), gone: entries.filter(isGone) };
}
