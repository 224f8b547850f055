/** Whose a key is, and what it may sign: by the desk's own directory, before anything is shown to be signed. */
import type { Directory, Federation } from "../protocol/federation/directory.ts";
import type { PublicKey } from "../protocol/signing/ed25519.ts";
import type { KeyPurpose } from "../protocol/signing/envelope.ts";
import { instant } from "../protocol/values/names.ts";
import { Refusal } from "../protocol/values/refusal.ts";

export type Person = Directory["people"][number];

/**
 * The person with this key, if it is for this purpose and in force now, and they have the role. Refuses as a node would:
 * `key-unknown`, `key-wrong-purpose`, `key-revoked`, `key-not-in-force`, `role-missing`.
 */
export function personWith(
  { directory }: Federation,
  key: PublicKey,
  { purpose, role }: { readonly purpose: KeyPurpose; readonly role: string },
  now: Date,
): Person {
  const person = directory.people.find(({ keys }) => keys.some((entry) => entry.key === key));
  const entry = person?.keys.find((each) => each.key === key);
  if (person === undefined || entry === undefined)
    throw new Refusal("key-unknown", "expected a key that the directory names");
  if (entry.purpose !== purpose)
    throw new Refusal("key-wrong-purpose", `expected a key of purpose ${purpose}`);
  const at = instant(now);
  if (entry.revoked !== null && entry.revoked <= at)
    throw new Refusal("key-revoked", "expected a key that is not revoked");
  if (entry.notBefore > at || entry.notAfter <= at)
    throw new Refusal("key-not-in-force", "expected a key whose notBefore and notAfter include now");
  if (!person.roles.includes(role)) throw new Refusal("role-missing", `expected the role ${role}`);
  return person;
}
