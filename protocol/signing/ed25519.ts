/**
 * Ed25519 (RFC 8032) with one strict rule for every platform: S < L, canonical encodings, neither the key nor R of small
 * order, and the equation without the cofactor, R compared as bytes. `isStrict` says all of it but the equation, and
 * OpenSSL's equation is this one, so a server may use its native code (`server/signing.ts`) and a browser this one;
 * vectors pin that they agree. No key that was made at random has ever signed anything that this refuses: its R would
 * have had to be the neutral element, whose chance is one in 2^252.
 */
import { ed25519 } from "@noble/curves/ed25519.js";
import { sha512 } from "@noble/hashes/sha2.js";
import { z } from "zod";
import { concat, fromBase64, toHex } from "../values/bytes.ts";

const { Point } = ed25519;
const ORDER = Point.Fn.ORDER;

/** Verifies a signature (64 bytes) of a message by a public key (32 bytes). Never throws. */
export type Verify = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean;

const littleEndian = (bytes: Uint8Array): bigint =>
  bytes.reduceRight((value, byte) => value * 256n + BigInt(byte), 0n);

/** Judging a key costs a millisecond and a directory has hundreds, read by every party: remember the good ones. */
const known = new Set<string>();

/** True for the canonical encoding of a point of the prime-order group other than its neutral element. */
export function isGoodPublicKey(bytes: Uint8Array): boolean {
  const text = toHex(bytes);
  if (known.has(text)) return true;
  try {
    const point = Point.fromBytes(bytes, false);
    if (!point.isTorsionFree() || point.is0()) return false;
  } catch {
    return false; // Not a point: that is the answer, not an error.
  }
  if (known.size < 100_000) known.add(text);
  return true;
}

const NEUTRAL = "0100000000000000000000000000000000000000000000000000000000000000";

/**
 * What must hold of key and signature before the equation is asked, on every platform. With a key of the prime-order
 * group, the R that the equation expects is of that group and canonical; of the points of small order only the neutral
 * element is, so it is the one to refuse by name: platforms differ on it, and nobody signs honestly with it.
 */
export function isStrict(publicKey: Uint8Array, signature: Uint8Array): boolean {
  if (signature.length !== 64 || publicKey.length !== 32 || !isGoodPublicKey(publicKey)) return false;
  return littleEndian(signature.subarray(32)) < ORDER && toHex(signature.subarray(0, 32)) !== NEUTRAL;
}

export const verify: Verify = (publicKey, message, signature) => {
  if (!isStrict(publicKey, signature)) return false;
  const r = signature.subarray(0, 32);
  const s = littleEndian(signature.subarray(32));
  const k = littleEndian(sha512(concat(r, publicKey, message))) % ORDER;
  const a = Point.fromBytes(publicKey, false);
  const expected = Point.BASE.multiplyUnsafe(s).subtract(a.multiplyUnsafe(k)).toBytes();
  return expected.every((byte, index) => byte === r[index]);
};

function isGoodText(text: string): boolean {
  try {
    return isGoodPublicKey(fromBase64(text));
  } catch {
    return false; // Not base64: that is the answer, not an error.
  }
}

/** A public key as it travels: base64 of its 32 bytes, checked once here so that nobody needs to again. */
export const PublicKey = z
  .string()
  .max(44)
  .refine(isGoodText, "expected base64 of an Ed25519 public key of the prime-order group");
export type PublicKey = z.infer<typeof PublicKey>;
