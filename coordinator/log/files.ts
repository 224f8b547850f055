/** The files beside and below the log, as the world reads them: what is not one of them is not there. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Federation } from "../../protocol/federation/directory.ts";
import { VERSIONS_PATH, versionsText } from "../../protocol/log/directory-files.ts";
import { documentPath } from "../../protocol/log/documents.ts";
import { parseTilePath, tilePath } from "../../protocol/log/tile.ts";
import { type Hash, utf8 } from "../../protocol/values/bytes.ts";
import { writeWhole } from "../../server/tiles.ts";

export type LogFile = { readonly bytes: Uint8Array; readonly mutable: boolean };

/** Documents are known by their hash: what is written never changes. */
export function keepDocuments(folder: string, documents: ReadonlyArray<readonly [Hash, Uint8Array]>): void {
  for (const [id, bytes] of documents) {
    const path = join(folder, documentPath(id));
    if (!existsSync(path)) writeWhole(path, bytes);
  }
}

/** Where the versions of the directory are to be found beside the log. */
export const keepVersions = (folder: string, federation: Federation): void =>
  writeWhole(join(folder, VERSIONS_PATH), utf8(versionsText(federation)));

/** A file by its path below the log's address; null where there is none. Refuses a path of no kind of file. */
export function readFile(folder: string, path: string, isRegion: (name: string) => boolean): LogFile | null {
  const [, region, rest = path] = /^nodes\/([0-9A-Za-z-]+)\/(.+)$/.exec(path) ?? [];
  if (region !== undefined && !isRegion(region)) return null;
  const document = region === undefined && /^documents\/[0-9a-f]{2}\/[0-9a-f]{62}$/.test(rest);
  // Refuses whatever is not the path of a tile in its one form, and so every way out of the folder.
  const versions = path === VERSIONS_PATH;
  if (rest !== "checkpoint" && !document && !versions) tilePath(parseTilePath(rest));
  const from = join(folder, path);
  return existsSync(from)
    ? { bytes: Uint8Array.from(readFileSync(from)), mutable: rest === "checkpoint" || versions }
    : null;
}
