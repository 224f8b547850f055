/** Keys that live in this browser, in the origin's own store: Ed25519 by WebCrypto, not extractable. */

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
export const keepKey = (held: HeldKey): Promise<unknown> => inStore("readwrite", (store) => store.put(held));
export const forgetKey = (publicKey: string): Promise<unknown> =>
  inStore("readwrite", (store) => store.delete(publicKey));
