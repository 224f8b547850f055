/**
 * What an auditor is given, so that the key of their request alone reads it: to whoever else has the request, or the
 * box, it says nothing. X25519 with a fresh key of the sender's, HKDF-SHA-256, ChaCha20-Poly1305.
 */
import { concat, type Hash, utf8 } from "../values/bytes.ts";
import type { Primitives } from "./mask.ts";
import { unfit } from "./messages.ts";

type Pair = Pick<Primitives, "agree" | "publicOf" | "derive" | "encrypt" | "decrypt">;

/** What a box is given for: bound into it, so that none passes for another. The messages, or one piece of a vector. */
export type About = {
  readonly request: Hash;
  readonly piece: readonly [document: Hash, place: number] | null;
};

const PURPOSE = utf8("brus material v1");
const KEY = 32;
const TAG = 16;

const boundTo = ({ request, piece }: About): Uint8Array =>
  utf8(JSON.stringify(["brus material v1", request, ...(piece ?? [])]));

/** A key for one box: no two have the same sender's key. Both public keys are in it, so that neither can be another. */
const keyOf = (
  { derive }: Pair,
  shared: Uint8Array,
  { request }: About,
  sender: Uint8Array,
  to: Uint8Array,
) => derive(shared, request, concat(PURPOSE, sender, to));

/** `fresh` is 32 random bytes, used for this box alone. Refuses (`round-unfit`) a key that gives no secret. */
export function boxFor(
  to: Uint8Array,
  about: About,
  plain: Uint8Array,
  fresh: Uint8Array,
  primitives: Pair,
): Uint8Array {
  const sender = primitives.publicOf(fresh);
  const key = keyOf(primitives, primitives.agree(fresh, to), about, sender, to);
  return concat(sender, primitives.encrypt(key, plain, boundTo(about)));
}

/** Refuses (`round-unfit`) what was encrypted to another key, about something else, or is not whole. */
export function openBox(own: Uint8Array, about: About, box: Uint8Array, primitives: Pair): Uint8Array {
  if (box.length < KEY + TAG) throw unfit("a box that opens");
  const sender = box.slice(0, KEY);
  const shared = primitives.agree(own, sender);
  const key = keyOf(primitives, shared, about, sender, primitives.publicOf(own));
  return primitives.decrypt(key, box.slice(KEY), boundTo(about));
}
