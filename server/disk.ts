/** What must be on disk, all of it or nothing, before anything is done that rests on it. */
import { closeSync, fsyncSync, openSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/** A file's content, or the names in a folder, are on disk when it returns. */
export function syncPath(path: string): void {
  const handle = openSync(path, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** A file that only its owner can read has this content, or the one it had. */
export function replaceSecret(path: string, content: string): void {
  writeFileSync(`${path}.tmp`, content, { mode: 0o600, flush: true });
  renameSync(`${path}.tmp`, path);
  syncPath(dirname(path));
}
