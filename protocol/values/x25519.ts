/** Public keys of X25519, as documents name them. */
import { bytesOf, decodedOrNull } from "./bytes.ts";

const FIELD = 2n ** 255n - 19n;

/** A public key of X25519 as the only text of its kind: RFC 7748 would also take u ≥ p, and ignores the top bit. */
export const X25519Key = bytesOf(32).refine((text) => {
  const u = decodedOrNull(text)?.reduceRight((value, byte) => value * 256n + BigInt(byte), 0n) ?? FIELD;
  return u < FIELD;
}, "expected a canonical public key of X25519");
