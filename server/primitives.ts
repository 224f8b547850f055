/**
 * The secure sum's primitives by the platform's own code: X25519, HKDF-SHA-256, AES-256-CTR as a key stream, and
 * ChaCha20-Poly1305 for what one key alone may read. Keys live in memory only, and each is used for one thing once.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  hkdfSync,
} from "node:crypto";
import type { Primitives } from "../protocol/secure-sum/mask.ts";
import { unfit } from "../protocol/secure-sum/messages.ts";
import { concat, fromHex, type Hash, utf8 } from "../protocol/values/bytes.ts";

// RFC 8410: the fixed DER around 32 bytes of X25519 private and public key.
const PKCS8 = fromHex("302e020100300506032b656e04220420");
const SPKI = fromHex("302a300506032b656e032100");

const privateOf = (bytes: Uint8Array) =>
  createPrivateKey({ key: Buffer.from(concat(PKCS8, bytes)), format: "der", type: "pkcs8" });

export const nativePrimitives: Primitives = {
  agree: (privateKey, publicKey) => {
    try {
      const other = createPublicKey({
        key: Buffer.from(concat(SPKI, publicKey)),
        format: "der",
        type: "spki",
      });
      return Uint8Array.from(diffieHellman({ privateKey: privateOf(privateKey), publicKey: other }));
    } catch {
      throw unfit("public keys of X25519 that give a shared secret"); // OpenSSL refuses points of small order.
    }
  },
  publicOf: (privateKey) =>
    Uint8Array.from(
      createPublicKey(privateOf(privateKey)).export({ format: "der", type: "spki" }).subarray(SPKI.length),
    ),
  derive: (secret, salt, info) => new Uint8Array(hkdfSync("sha256", secret, utf8(salt), info, 32)),
  stream: (key, offset, length) => {
    const counter = Buffer.alloc(16);
    counter.writeBigUInt64BE(BigInt(offset / 16), 8);
    const zeros = length <= ZEROS.length ? ZEROS.subarray(0, length) : new Uint8Array(length);
    return createCipheriv("aes-256-ctr", key, counter).update(zeros);
  },
  encrypt: encryptBox,
  decrypt: decryptBox,
};

const ZEROS = new Uint8Array(1 << 20);
/** A box's key is derived for one message between two parties: its nonce may be zero. */
const NONCE = new Uint8Array(12);
const TAG = { authTagLength: 16 };

const NOTHING: Uint8Array = new Uint8Array();

/** Under a key that is used for this one message. `bound` is not in it, and must be the same to decrypt. */
export function encryptBox(key: Uint8Array, plain: Uint8Array, bound = NOTHING): Uint8Array {
  const cipher = createCipheriv("chacha20-poly1305", key, NONCE, TAG);
  cipher.setAAD(bound, { plaintextLength: plain.length });
  return Uint8Array.from(Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]));
}

export function decryptBox(key: Uint8Array, box: Uint8Array, bound = NOTHING): Uint8Array {
  try {
    const cipher = createDecipheriv("chacha20-poly1305", key, NONCE, TAG);
    cipher.setAAD(bound, { plaintextLength: box.length - 16 });
    cipher.setAuthTag(box.subarray(-16));
    return Uint8Array.from(Buffer.concat([cipher.update(box.subarray(0, -16)), cipher.final()]));
  } catch {
    throw unfit("an encrypted box that opens"); // Cut, changed, or encrypted for another key or session.
  }
}

/** The hash of a piece of a vector, as `hashOf` has it, by the platform's own code. */
export const hashNatively = (bytes: Uint8Array): Hash =>
  `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
