/**
 * Keys that this desk's page makes and signs with. What is lost here is lost: one asks for another key to be registered,
 * and for this one to be revoked.
 */
import { verify } from "../../../protocol/signing/ed25519.ts";
import { type Envelope, keyIdOf, pae } from "../../../protocol/signing/envelope.ts";
import { concat, fromBase64, fromHex, toBase64, utf8 } from "../../../protocol/values/bytes.ts";
import { type HeldKey, heldKeys, keepKey } from "../proof/key-store.ts";

export async function makeKey(now: number): Promise<HeldKey> {
  const pair = (await crypto.subtle.generateKey({ name: "Ed25519" }, false, [
    "sign",
    "verify",
  ])) as CryptoKeyPair;
  const raw = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
  const held = { publicKey: toBase64(raw), key: pair.privateKey, made: now };
  await keepKey(held);
  return held;
}

// RFC 8410: the fixed DER around 32 bytes of an Ed25519 private key.
const PKCS8 = fromHex("302e020100300506032b657004220420");

/** A key of a file that `brus keys new` wrote: kept here as one that cannot be read out again. Null where it is none. */
export async function takeKey(text: string, now: number): Promise<HeldKey | null> {
  try {
    const file = JSON.parse(text) as { kind?: unknown; public?: unknown; private?: unknown };
    if (file.kind !== "ed25519" || typeof file.public !== "string" || typeof file.private !== "string")
      return null;
    const der = Uint8Array.from(concat(PKCS8, fromBase64(file.private)));
    const key = await crypto.subtle.importKey("pkcs8", der, { name: "Ed25519" }, false, ["sign"]);
    // The public key must be the private one's own: a file could else take the place of another's key.
    const said = utf8("brus key");
    const sig = new Uint8Array(await crypto.subtle.sign({ name: "Ed25519" }, key, Uint8Array.from(said)));
    if (!verify(fromBase64(file.public), said, sig)) return null;
    const known = (await heldKeys()).find(({ publicKey }) => publicKey === file.public);
    if (known !== undefined) return known;
    const held = { publicKey: file.public, key, made: now };
    await keepKey(held);
    return held;
  } catch {
    return null; // Whatever it is, it is no key of ours.
  }
}

/** Signs bytes that the desk made ready, as `protocol/signing/envelope.ts` does, with a key that only WebCrypto can use. */
export async function signWith(
  { key, publicKey }: HeldKey,
  { payload, payloadType }: { readonly payload: string; readonly payloadType: string },
): Promise<Envelope> {
  const message = Uint8Array.from(pae(payloadType, fromBase64(payload)));
  const sig = new Uint8Array(await crypto.subtle.sign({ name: "Ed25519" }, key, message));
  return { payload, payloadType, signatures: [{ keyid: keyIdOf(publicKey), sig: toBase64(sig) }] };
}
