/**
 * Keys that live in this browser: Ed25519 by WebCrypto, not extractable, kept in IndexedDB. What is lost here is lost: one
 * asks for another key to be registered, and for this one to be revoked.
 */
import { verify } from "../../../protocol/signing/ed25519.ts";
import { type Envelope, type Kind, keyIdOf, pae, payloadType } from "../../../protocol/signing/envelope.ts";
import { concat, fromBase64, fromHex, toBase64, utf8 } from "../../../protocol/values/bytes.ts";

export type HeldKey = {
  /** Base64 of 32 bytes: also its name. */
  readonly publicKey: string;
  readonly key: CryptoKey;
  readonly made: number;
};

const STORE = "keys";

function opened(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open("brus", 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "publicKey" });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () =>
      reject(request.error ?? new Error("expected to be able to keep keys in this browser"));
  });
}

async function inStore<T>(
  mode: IDBTransactionMode,
  work: (store: IDBObjectStore) => IDBRequest<T>,
): Promise<T> {
  const database = await opened();
  try {
    return await new Promise<T>((resolve, reject) => {
      const transaction = database.transaction(STORE, mode);
      const request = work(transaction.objectStore(STORE));
      // Kept once the transaction is, not before.
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () =>
        reject(transaction.error ?? new Error("expected to be able to keep keys in this browser"));
    });
  } finally {
    database.close();
  }
}

export const heldKeys = (): Promise<HeldKey[]> =>
  inStore("readonly", (store) => store.getAll() as IDBRequest<HeldKey[]>);
export const forgetKey = (publicKey: string): Promise<unknown> =>
  inStore("readwrite", (store) => store.delete(publicKey));

export async function makeKey(now: number): Promise<HeldKey> {
  const pair = (await crypto.subtle.generateKey({ name: "Ed25519" }, false, [
    "sign",
    "verify",
  ])) as CryptoKeyPair;
  const raw = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
  const held = { publicKey: toBase64(raw), key: pair.privateKey, made: now };
  await inStore("readwrite", (store) => store.put(held));
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
    await inStore("readwrite", (store) => store.put(held));
    return held;
  } catch {
    return null; // Whatever it is, it is no key of ours.
  }
}

/** Signs a document as `protocol/signing/envelope.ts` does, with a key that only WebCrypto can use. */
export async function signDocumentWith(
  kind: Kind,
  payload: unknown,
  { key, publicKey }: HeldKey,
): Promise<Envelope> {
  const body = utf8(JSON.stringify(payload));
  const type = payloadType(kind);
  const sig = await crypto.subtle.sign({ name: "Ed25519" }, key, Uint8Array.from(pae(type, body)));
  return {
    payload: toBase64(body),
    payloadType: type,
    signatures: [{ keyid: keyIdOf(publicKey), sig: toBase64(new Uint8Array(sig)) }],
  };
}
