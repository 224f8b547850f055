/**
 * Ed25519 by the platform's own code, for servers and the command line, and files that are their owner's alone.
 * Agrees with `protocol/signing/ed25519.ts` on every edge case: a test pins it. Private keys never leave their file (`server/keys.ts`)
 * and this process.
 */
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  hash,
  type KeyObject,
  sign,
  verify,
} from "node:crypto";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { z } from "zod";
import { isStrict, PublicKey, type Verify } from "../protocol/signing/ed25519.ts";
import type { Signer } from "../protocol/signing/envelope.ts";
import { concat, fromBase64, fromHex, toBase64 } from "../protocol/values/bytes.ts";
import { Refusal } from "../protocol/values/refusal.ts";

// RFC 8410: the fixed DER around 32 bytes of Ed25519 private and public key.
const PKCS8 = fromHex("302e020100300506032b657004220420");
const SPKI = fromHex("302a300506032b6570032100");

const publicKeys = new Map<string, KeyObject>();

function publicKeyOf(bytes: Uint8Array): KeyObject {
  const name = toBase64(bytes);
  const cached = publicKeys.get(name);
  if (cached !== undefined) return cached;
  const key = createPublicKey({ key: Buffer.from(concat(SPKI, bytes)), format: "der", type: "spki" });
  if (publicKeys.size < 10_000) publicKeys.set(name, key);
  return key;
}

/**
 * What has verified lately, by the digest of key, signature and message: the cosignatures of one checkpoint come with
 * every question, answer and turn. Only those very bytes are let through again.
 */
const verified = new Set<string>();
const MOST_VERIFIED = 20_000;
/** Of a longer message the digest takes about as long as verifying it. */
const LONGEST_REMEMBERED = 10_000;

export const nativeVerify: Verify = (publicKey, message, signature) => {
  if (signature.length !== 64 || publicKey.length !== 32) return false;
  if (message.length > LONGEST_REMEMBERED) return verifies(publicKey, message, signature);
  // Key and signature have fixed lengths, so no two triples read alike.
  const name = hash("sha256", Buffer.concat([publicKey, signature, message]), "base64");
  if (verified.has(name)) return true;
  if (!verifies(publicKey, message, signature)) return false;
  const [oldest] = verified;
  if (verified.size >= MOST_VERIFIED && oldest !== undefined) verified.delete(oldest);
  verified.add(name);
  return true;
};

const verifies: Verify = (publicKey, message, signature) =>
  isStrict(publicKey, signature) && verify(null, message, publicKeyOf(publicKey), signature);

/** A private key as its file has it in plain text. Other forms of key files: `server/keys.ts`. */
export const PlainKey = z.strictObject({
  kind: z.literal("ed25519"),
  purpose: z.string().max(50),
  public: PublicKey,
  private: z.string().length(44),
});
export type PlainKey = z.infer<typeof PlainKey>;

export function newKey(purpose: string): PlainKey {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const seed = privateKey.export({ format: "der", type: "pkcs8" }).subarray(PKCS8.length);
  return { kind: "ed25519", purpose, public: publicTextOf(publicKey), private: toBase64(seed) };
}

const publicTextOf = (key: KeyObject): string =>
  toBase64(key.export({ format: "der", type: "spki" }).subarray(SPKI.length));

/** Refuses (`config-invalid`) a private key that is not the public one's: what it signs would verify nowhere. */
export function signerOf(file: PlainKey): Signer {
  const der = Buffer.from(concat(PKCS8, fromBase64(file.private)));
  const key = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  if (publicTextOf(createPublicKey(key)) !== file.public)
    throw new Refusal("config-invalid", "expected a private key that belongs to the public key beside it");
  return { publicKey: file.public, sign: (message) => new Uint8Array(sign(null, message, key)) };
}

/** Writes a file that only its owner can read; refuses to write over one. */
export function writeSecret(path: string, content: string): void {
  try {
    writeFileSync(path, content, { mode: 0o600, flag: "wx" });
  } catch (cause) {
    throw new Refusal(
      "usage",
      existsSync(path)
        ? `expected no file at ${path} yet`
        : `expected to be able to make the new file ${path}`,
      { cause },
    );
  }
}

/** Reads a secret file; refuses one that others than its owner can read. */
export function readSecret(path: string): Uint8Array {
  try {
    if ((statSync(path).mode & 0o077) !== 0) {
      throw new Refusal("config-invalid", `expected ${path} to be readable by its owner alone (chmod 600)`);
    }
    return readFileSync(path);
  } catch (cause) {
    if (cause instanceof Refusal) throw cause;
    throw new Refusal("config-invalid", `expected a readable file at ${path}`, { cause });
  }
}
