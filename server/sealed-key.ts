/**
 * A private key at rest under a passphrase: scrypt (RFC 7914) makes a key of it that is used for this one box, with
 * ChaCha20-Poly1305 (RFC 8439). Everything that stands beside the box in clear, the public key and its purpose too, is
 * authenticated with it: a file whose purpose was changed does not open.
 */
import { createCipheriv, createDecipheriv, scryptSync } from "node:crypto";
import { z } from "zod";
import { PublicKey } from "../protocol/signing/ed25519.ts";
import { concat, fromBase64, toBase64, utf8 } from "../protocol/values/bytes.ts";
import { Refusal } from "../protocol/values/refusal.ts";

/** 128 MB and a third of a second a guess. */
export const SCRYPT_COST = 2 ** 17;
/** Who writes a file could else have its reader fill a machine's memory: 1 GB. */
const MOST_COST = 2 ** 20;
const [BLOCK, PARALLEL] = [8, 1];
/** Shorter ones are guessed, whatever a guess costs. */
export const SHORTEST_PASSPHRASE = 12;

export const SealedKey = z.strictObject({
  kind: z.literal("ed25519-sealed"),
  version: z.literal(1),
  purpose: z.string().max(50),
  public: PublicKey,
  kdf: z.strictObject({
    name: z.literal("scrypt"),
    n: z
      .int()
      .min(2)
      .max(MOST_COST)
      .refine((n) => Number.isInteger(Math.log2(n)), "expected a power of two"),
    r: z.literal(BLOCK),
    p: z.literal(PARALLEL),
    salt: z.base64().length(44),
  }),
  /** 32 bytes of private key, and a tag of 16. */
  box: z.base64().length(64),
});
export type SealedKey = z.infer<typeof SealedKey>;

/** Each box has a salt of its own and so a key of its own: its nonce may be zero. */
const NONCE = new Uint8Array(12);
const TAG = { authTagLength: 16 };
const TAG_LENGTH = 16;

type Clear = Omit<SealedKey, "box">;

/** No part can hold a line's end: no two files read alike. */
const clearOf = ({ kind, version, purpose, public: key, kdf }: Clear): Uint8Array =>
  utf8(["brus", kind, version, purpose, key, kdf.name, kdf.n, kdf.r, kdf.p, kdf.salt].join("\n"));

/** NFC: the same letters typed on another keyboard are the same passphrase. */
const keyFor = (passphrase: string, { n, r, p, salt }: SealedKey["kdf"]): Uint8Array =>
  scryptSync(passphrase.normalize("NFC"), fromBase64(salt), 32, { N: n, r, p, maxmem: 256 * r * (n + 8) });

/** What a key is sealed with besides the passphrase: 32 bytes of the system's randomness, and the price of a guess. */
export type Sealing = { readonly salt: Uint8Array; readonly cost: number };

/** Seals the private key of a plain file. Refuses (`usage`) a passphrase that is soon guessed. */
export function sealKey(
  plain: { readonly purpose: string; readonly public: PublicKey; readonly private: string },
  passphrase: string,
  { salt, cost }: Sealing,
): SealedKey {
  if (passphrase.length < SHORTEST_PASSPHRASE)
    throw new Refusal("usage", `expected a passphrase of at least ${SHORTEST_PASSPHRASE} characters`);
  const clear: Clear = {
    kind: "ed25519-sealed",
    version: 1,
    purpose: plain.purpose,
    public: plain.public,
    kdf: { name: "scrypt", n: cost, r: BLOCK, p: PARALLEL, salt: toBase64(salt) },
  };
  const cipher = createCipheriv("chacha20-poly1305", keyFor(passphrase, clear.kdf), NONCE, TAG);
  cipher.setAAD(clearOf(clear), { plaintextLength: 32 });
  const box = concat(cipher.update(fromBase64(plain.private)), cipher.final(), cipher.getAuthTag());
  return { ...clear, box: toBase64(box) };
}

/** The private key, base64; null where the passphrase is another, or the file was changed: nobody can tell which. */
export function openSealedKey({ box, ...clear }: SealedKey, passphrase: string): string | null {
  const bytes = fromBase64(box);
  const decipher = createDecipheriv("chacha20-poly1305", keyFor(passphrase, clear.kdf), NONCE, TAG);
  decipher.setAAD(clearOf(clear), { plaintextLength: 32 });
  decipher.setAuthTag(bytes.subarray(-TAG_LENGTH));
  try {
    return toBase64(concat(decipher.update(bytes.subarray(0, -TAG_LENGTH)), decipher.final()));
  } catch {
    return null; // That is the answer, not an error.
  }
}
