/**
 * Persons: pseudonyms by keyed hash, identity numbers encrypted for re-keying and intersection only. Both keys live in
 * files outside the database and never leave the node.
 */
import { createCipheriv, createDecipheriv, createHmac } from "node:crypto";
import { existsSync, renameSync } from "node:fs";
import { join } from "node:path";
import { sql } from "kysely";
import { fromBase64, fromHex, fromUtf8, toHex, utf8 } from "../../protocol/values/bytes.ts";
import { Refusal } from "../../protocol/values/refusal.ts";
import { readSecret, writeSecret } from "../../server/signing.ts";
import { drawn, type Fill } from "../random.ts";
import type { NodeStore } from "./database.ts";
import { factOf, keepFact, PSEUDONYM_CHECK } from "./facts.ts";

/** HMAC-SHA-256 keys, 32 bytes each. */
export type HashKeys = {
  readonly pseudonym: Uint8Array;
  /** Of the texts that tell records apart: its own, so that a new key for pseudonyms leaves records what they are. */
  readonly record: Uint8Array;
};

export type PersonKeys = HashKeys & {
  /** AES-256-GCM key that encrypts identity numbers; null where the region does not keep them. */
  readonly encryption: Uint8Array | null;
};

const CHECK = utf8("brus pseudonym key");

/** A pseudonym: the first 128 bits of HMAC-SHA-256(key, identity), which collide for nobody, in the form of a UUID. */
export function pseudonymOf(key: Uint8Array, identity: string): string {
  const hex = createHmac("sha256", key).update(identity).digest("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join(
    "-",
  );
}

/** What is kept of a record's text: enough to know the same record again, of the same person. */
export const recordHashOf = (key: Uint8Array, record: string): string =>
  createHmac("sha256", key).update(record).digest("hex").slice(0, 32);

/** RFC 2104: the key's two pads as hexadecimal, for engines that have SHA-256 but no HMAC. */
export function padsOf(key: Uint8Array): { inner: string; outer: string } {
  const padded = new Uint8Array(64);
  padded.set(key);
  return { inner: toHex(padded.map((byte) => byte ^ 0x36)), outer: toHex(padded.map((byte) => byte ^ 0x5c)) };
}

export type Identified = { readonly person: bigint; readonly identity: string };

/** Encrypts a JSON list of [number, identity] of many persons: nonce, ciphertext and tag, base64. */
export function encryptIdentities(key: Uint8Array, plain: string, random: Fill): string {
  const nonce = drawn(12, random);
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  const encrypted = Buffer.concat([nonce, cipher.update(plain, "utf8"), cipher.final(), cipher.getAuthTag()]);
  return encrypted.toString("base64"); // Megabytes at a time: the platform's own is twenty times as fast as ours.
}

export function decryptIdentities(key: Uint8Array, text: string): Identified[] {
  const encrypted = fromBase64(text);
  const decipher = createDecipheriv("aes-256-gcm", key, encrypted.subarray(0, 12));
  decipher.setAuthTag(encrypted.subarray(-16));
  const plain = Buffer.concat([decipher.update(encrypted.subarray(12, -16)), decipher.final()]);
  const pairs = JSON.parse(fromUtf8(plain)) as Array<[string, string]>; // Our own text: the tag has just proved it.
  return pairs.map(([person, identity]) => ({ person: BigInt(person), identity }));
}

const newSecret = (random: Fill): string => `${toHex(drawn(32, random))}\n`;
const readHex = (path: string): Uint8Array => {
  const text = fromUtf8(readSecret(path)).trim();
  if (!/^[0-9a-f]{64}$/.test(text))
    throw new Refusal("config-invalid", `expected 64 hexadecimal digits in ${path}`);
  return fromHex(text);
};

/**
 * The keys of a node, made at its first start. The database holds a check value of the pseudonym key: a node with
 * another key than its pseudonyms were made with would count everyone twice, and so does not start.
 */
export async function loadPersonKeys(
  folder: string,
  keepIdentities: boolean,
  store: NodeStore,
  random: Fill,
): Promise<PersonKeys> {
  const paths = {
    pseudonym: join(folder, "pseudonym.key"),
    record: join(folder, "record.key"),
    encryption: join(folder, "sealing.key"),
  };
  for (const path of [paths.pseudonym, paths.record])
    if (!existsSync(path)) writeSecret(path, newSecret(random));
  const boxes = await store.kysely.selectFrom("identity").select("chunk").limit(1).execute();
  // A new key would not open what an old one encrypted: then its absence is an error, not a first start.
  if (keepIdentities && !existsSync(paths.encryption) && boxes.length === 0)
    writeSecret(paths.encryption, newSecret(random));
  const encryption = keepIdentities ? readHex(paths.encryption) : null;
  const stored = await factOf(store.kysely, PSEUDONYM_CHECK);
  // A re-keying that died between the database and the file left the new key beside the old.
  const next = `${paths.pseudonym}.next`;
  if (stored !== null && existsSync(next) && checkOf(readHex(next)) === stored)
    renameSync(next, paths.pseudonym);
  const pseudonym = readHex(paths.pseudonym);
  await checkKey(
    store,
    PSEUDONYM_CHECK,
    pseudonym,
    "expected the pseudonym key that this node's persons were made with",
  );
  const record = readHex(paths.record);
  // With another key no record would be known again, and each would stand beside its correction.
  await checkKey(
    store,
    "record-check",
    record,
    "expected the record key that this node's records were hashed with",
  );
  return { pseudonym, record, encryption };
}

/** Writes down a key's check value where there is none. Refuses (`config-invalid`) another key than the one it is of. */
async function checkKey({ kysely }: NodeStore, name: string, key: Uint8Array, says: string): Promise<void> {
  const stored = await factOf(kysely, name);
  if (stored === null) await keepFact(kysely, name, checkOf(key));
  else if (stored !== checkOf(key)) throw new Refusal("config-invalid", says);
}

const checkOf = (key: Uint8Array): string => createHmac("sha256", key).update(CHECK).digest("hex");

/** A new pseudonym key for everyone, in one transaction: persons and weights stay as they are. Gives the new keys. */
export async function rekey(
  folder: string,
  keys: PersonKeys,
  store: NodeStore,
  random: Fill,
): Promise<PersonKeys> {
  if (keys.encryption === null) {
    throw new Refusal(
      "usage",
      "expected a node that keeps encrypted identity numbers; import everything anew instead",
    );
  }
  const encryption = keys.encryption;
  const next = join(folder, "pseudonym.key.next");
  if (!existsSync(next)) writeSecret(next, newSecret(random));
  const pseudonym = readHex(next);
  await store.kysely.transaction().execute(async (transaction) => {
    // No import may add a person meanwhile; within one process they already take turns.
    if (store.pool !== null) await sql`lock table person in share row exclusive mode`.execute(transaction);
    const chunks = await transaction.selectFrom("identity").select("sealed").execute();
    const persons = chunks.flatMap(({ sealed }) => decryptIdentities(encryption, sealed));
    const { total } = await transaction
      .selectFrom("person")
      .select((row) => row.fn.countAll<bigint>().as("total"))
      .executeTakeFirstOrThrow();
    if (BigInt(persons.length) !== BigInt(total)) {
      throw new Refusal(
        "usage",
        "expected an encrypted identity number for every person; import everything anew instead",
      );
    }
    const excluded = new Map(
      (
        await transaction
          .selectFrom("person")
          .select(["id", "excluded"])
          .where("excluded", "is not", null)
          .execute()
      ).map(({ id, excluded }) => [id, excluded]),
    );
    await transaction.deleteFrom("person").execute();
    for (let at = 0; at < persons.length; at += 2000) {
      const part = persons.slice(at, at + 2000).map(({ person, identity }) => ({
        id: person,
        pseudonym: pseudonymOf(pseudonym, identity),
        excluded: excluded.get(person) ?? null,
      }));
      await transaction.insertInto("person").values(part).execute();
    }
    await keepFact(transaction, PSEUDONYM_CHECK, checkOf(pseudonym));
  });
  renameSync(next, join(folder, "pseudonym.key"));
  return { ...keys, pseudonym };
}
