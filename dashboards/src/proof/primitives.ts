/** The secure sum's primitives as a browser has them, at once: the same as `server/primitives.ts` has of the platform; a test holds the two together. */
import { ctr } from "@noble/ciphers/aes.js";
import { chacha20poly1305 } from "@noble/ciphers/chacha.js";
import { x25519 } from "@noble/curves/ed25519.js";
import { hkdf } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import type { Primitives } from "../../../protocol/secure-sum/mask.ts";
import { unfit } from "../../../protocol/secure-sum/messages.ts";
import { utf8 } from "../../../protocol/values/bytes.ts";

export const browserPrimitives: Primitives = {
  agree: (privateKey, publicKey) => {
    try {
      return x25519.getSharedSecret(privateKey, publicKey);
    } catch {
      throw unfit("public keys of X25519 that give a shared secret"); // A point of small order.
    }
  },
  publicOf: (privateKey) => x25519.getPublicKey(privateKey),
  derive: (secret, salt, info) => hkdf(sha256, secret, utf8(salt), info, 32),
  stream: (key, offset, length) => {
    const counter = new Uint8Array(16);
    new DataView(counter.buffer).setBigUint64(8, BigInt(offset / 16));
    return ctr(key, counter).encrypt(new Uint8Array(length));
  },
  encrypt: (key, plain, bound) => chacha20poly1305(key, NONCE, bound).encrypt(plain),
  decrypt: (key, box, bound) => {
    try {
      return chacha20poly1305(key, NONCE, bound).decrypt(box);
    } catch {
      throw unfit("an encrypted box that opens");
    }
  },
};

const NONCE = new Uint8Array(12);
