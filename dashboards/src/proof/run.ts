/** Has the worker check something; the worker lives as long as that takes. */
import { sessionNow } from "./access.ts";
import type { Ask, Asked, Tell } from "./messages.ts";

export function inWorker(
  ask: Ask,
  onProgress: (done: number, of: number) => void,
): { readonly done: Promise<Exclude<Tell, { kind: "progress" }>>; readonly stop: () => void } {
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
  const done = new Promise<Exclude<Tell, { kind: "progress" }>>((resolve) => {
    worker.onmessage = ({ data }: MessageEvent<Tell>) => {
      if (data.kind === "progress") return onProgress(data.done, data.of);
      resolve(data);
      worker.terminate();
    };
    worker.onerror = () => {
      resolve({ kind: "failed", code: "internal", says: "" });
      worker.terminate();
    };
  });
  worker.postMessage({ ask, session: sessionNow() } satisfies Asked);
  return { done, stop: () => worker.terminate() };
}

/** The hash of the first directory that this browser trusts: what its user typed in, or what the page was sent with. */
const PIN = "brus-directory1";
export const pinned = (): string | null => localStorage.getItem(PIN);
export const pin = (hash: string | null): void =>
  hash === null ? localStorage.removeItem(PIN) : localStorage.setItem(PIN, hash);
