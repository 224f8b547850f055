/** Whose a key is, and what it may sign: by the desk's own directory, before anything is shown to be signed. */
import { type Federation, holderOf, type Person } from "../protocol/federation/directory.ts";
import { checkInForce } from "../protocol/federation/openers.ts";
import type { PublicKey } from "../protocol/signing/ed25519.ts";
import type { KeyPurpose } from "../protocol/signing/envelope.ts";
import { Refusal } from "../protocol/values/refusal.ts";

/**
 * The person with this key, if it is for this purpose and in force now, and they have the role. Refuses as a node would:
 * `key-unknown`, `key-wrong-purpose`, `key-revoked`, `key-not-in-force`, `role-missing`.
 */
export function personWith(
  federation: Federation,
  key: PublicKey,
  { purpose, role }: { readonly purpose: KeyPurpose; readonly role: string },
  now: Date,
): Person {
  const holder = holderOf(federation.directory, key);
  if (holder === null) throw new Refusal("key-unknown", "expected a key that the directory names");
  const { person, entry } = holder;
  if (entry.purpose !== purpose)
    throw new Refusal("key-wrong-purpose", `expected a key of purpose ${purpose}`);
  checkInForce(federation, entry, now);
  if (!person.roles.includes(role)) throw new Refusal("role-missing", `expected the role ${role}`);
  return person;
}
