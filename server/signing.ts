/**
 * Ed25519 by the platform's own code, for servers and the command line, and the files private keys live in.
 * Agrees with `protocol/signing/ed25519.ts` on every edge case: a test pins it. Private keys never leave their file and
 * this process.
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
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { z } from "zod";
import { isStrict, PublicKey, type Verify } from "../protocol/signing/ed25519.ts";
import type { Signer } from "../protocol/signing/envelope.ts";
import { concat, fromBase64, fromHex, toBase64 } from "../protocol/values/bytes.ts";
import { parseJson } from "../protocol/values/json.ts";
import { parseWith, Refusal } from "../protocol/values/refusal.ts";

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

export const KeyFile = z.strictObject({
  kind: z.literal("ed25519"),
  purpose: z.string().max(50),
  public: PublicKey,
  private: z.string().length(44),
});
export type KeyFile = z.infer<typeof KeyFile>;

export function newKey(purpose: string): KeyFile {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const seed = privateKey.export({ format: "der", type: "pkcs8" }).subarray(PKCS8.length);
  const raw = publicKey.export({ format: "der", type: "spki" }).subarray(SPKI.length);
  return { kind: "ed25519", purpose, public: toBase64(raw), private: toBase64(seed) };
}

export function signerOf(file: KeyFile): Signer {
  const der = Buffer.from(concat(PKCS8, fromBase64(file.private)));
  const key = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  return { publicKey: file.public, sign: (message) => new Uint8Array(sign(null, message, key)) };
}

/** Writes a file that only its owner can read; refuses to write over one. */
export function writeSecret(path: string, content: string): void {
  try {
    writeFileSync(path, content, { mode: 0o600, flag: "wx" });
  } catch (cause) {
    throw new Refusal("usage", `expected to be able to make the new file ${path}`, { cause });
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

/** One key file, or several of which the directory names one: so that a key can be replaced without a stop. */
export const KeyFiles = z.union([z.string().max(1000), z.array(z.string().max(1000)).min(1).max(10)]);
export type KeyFiles = z.infer<typeof KeyFiles>;

/** Gives the signer of a public key; refuses (`config-invalid`) where none of the files holds it. */
export type Keyring = (publicKey: PublicKey | undefined) => Signer;

/** Reads key files of one purpose, all at once, so that a mistake in one shows at the start. */
export function keyringOf(files: KeyFiles, purpose: string, at: (path: string) => string): Keyring {
  const signers = [files].flat().map((path) => signerOf(readKey(at(path), purpose)));
  return (publicKey) => {
    const signer = signers.find((each) => each.publicKey === publicKey);
    if (signer !== undefined) return signer;
    throw new Refusal("config-invalid", `expected the ${purpose} key that the directory names`);
  };
}

/** Reads a key file; refuses one made for another purpose: one key, one purpose. */
export function readKey(path: string, purpose: string): KeyFile {
  const key = parseWith(KeyFile, parseJson(readSecret(path)), "key file", "config-invalid");
  if (key.purpose !== purpose) {
    throw new Refusal(
      "key-wrong-purpose",
      `expected a key made for "${purpose}" in ${path}; it is for "${key.purpose}"`,
    );
  }
  return key;
}
