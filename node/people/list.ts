/**
 * The list of persons who are not counted: a file beside the keys, outside the database and its backups, of keyed marks
 * and never of identities. How long it is, is said to nobody but whoever runs `brus person ls` on this machine.
 */
import { createHmac } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { fromHex, fromUtf8, Hash, hashOf, toHex, utf8 } from "../../protocol/values/bytes.ts";
import { Instant } from "../../protocol/values/names.ts";
import { parseWith, Refusal } from "../../protocol/values/refusal.ts";
import { replaceSecret } from "../../server/disk.ts";
import { readSecret, writeSecret } from "../../server/signing.ts";
import { drawn, type Fill } from "../random.ts";

/** excluded: their rows are kept, at no weight. forgotten: nothing of them is kept, and no row of theirs comes in. */
export const State = z.enum(["excluded", "forgotten"]);
export type State = z.infer<typeof State>;

const Entry = z.strictObject({
  state: State,
  since: Instant,
  /** Of each normal form of the identity; the first is of the one that the person is known by here. */
  marks: z.array(z.string().length(32)).max(20),
  /** What these forms are in the database, under each key for pseudonyms since: copies of it know persons by these alone. */
  pseudonyms: z.array(z.guid()).max(10_000),
});
export type Entry = Readonly<z.infer<typeof Entry>>;

const Leaf = z.strictObject({ digest: Hash, salt: z.string().length(64) });

export const List = z.strictObject({
  kind: z.literal("people"),
  /** Of the key of the marks: under another one nobody would be known again. */
  check: z.string().length(64),
  /** One for each time that it changed: a database that was brought to one that is not here has seen a later list. */
  revisions: z.array(z.string().length(32)).min(1),
  /** What stands of it in the region's own log, each written here before it was promised there. */
  leaves: z.array(Leaf),
  entries: z.array(Entry),
});
export type List = Readonly<z.infer<typeof List>>;

/** So many changes, and days, are remembered. */
const REMEMBERED = 10_000;

/** HMAC-SHA-256 of a normal form, its first 128 bits, under a key that no re-keying changes. */
export const markOf = (key: Uint8Array, form: string): string =>
  createHmac("sha256", key).update(form).digest("hex").slice(0, 32);

const checkOf = (key: Uint8Array): string =>
  createHmac("sha256", key).update("brus key of marks").digest("hex");

export const listPath = (folder: string): string => join(folder, "people.list.json");

/** The key of the marks, made where there is neither key nor list. Refuses (`config-invalid`) a list without its key. */
export function marksKey(folder: string, random: Fill): Uint8Array {
  const path = join(folder, "marks.key");
  if (!existsSync(path) && !existsSync(listPath(folder))) writeSecret(path, `${toHex(drawn(32, random))}\n`);
  const text = fromUtf8(readSecret(path)).trim();
  if (!/^[0-9a-f]{64}$/.test(text))
    throw new Refusal("config-invalid", `expected 64 hexadecimal digits in ${path}`);
  return fromHex(text);
}

export const newList = (key: Uint8Array, entries: readonly Entry[], random: Fill): List => ({
  kind: "people",
  check: checkOf(key),
  revisions: [toHex(drawn(16, random))],
  leaves: [],
  entries: [...entries],
});

/** Null where there is none. Refuses (`config-invalid`) one made under another key. */
export function readList(folder: string, key: Uint8Array): List | null {
  const path = listPath(folder);
  if (!existsSync(path)) return null;
  let json: unknown;
  try {
    json = JSON.parse(fromUtf8(readSecret(path)));
  } catch (cause) {
    if (cause instanceof Refusal) throw cause;
    throw new Refusal("config-invalid", `expected a whole list in ${path}`, { cause });
  }
  const list = parseWith(List, json, "people.list.json", "config-invalid");
  if (list.check !== checkOf(key))
    throw new Refusal("config-invalid", "expected the marks.key that people.list.json was made with");
  return list;
}

/** On disk, all of it or nothing, when it returns. */
export const writeList = (folder: string, list: List): void =>
  replaceSecret(listPath(folder), JSON.stringify(list));

export const revisionOf = ({ revisions }: List): string => revisions.at(-1) ?? "";

/** The list with other entries, as another revision. */
export const changed = (list: List, entries: readonly Entry[], random: Fill): List => ({
  ...list,
  revisions: [...list.revisions, toHex(drawn(16, random))].slice(-REMEMBERED),
  entries: [...entries],
});

/** The list with a digest of it, under salt of its own each time: two of the same list tell nobody that it is the same. */
export function withLeaf(list: List, random: Fill): { readonly list: List; readonly digest: Hash } {
  const salt = toHex(drawn(32, random));
  const digest = hashOf(utf8(`${salt}${JSON.stringify(list.entries)}`));
  return { digest, list: { ...list, leaves: [...list.leaves, { digest, salt }].slice(-REMEMBERED) } };
}

/** How somebody stands in the list by a mark or a pseudonym of theirs: forgotten before excluded. */
export function statesBy(
  entries: readonly Entry[],
  names: (entry: Entry) => readonly string[],
): ReadonlyMap<string, State> {
  const states = new Map<string, State>();
  for (const entry of entries)
    for (const name of names(entry)) if (states.get(name) !== "forgotten") states.set(name, entry.state);
  return states;
}
