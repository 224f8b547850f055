/**
 * Takes a copy of everything that an audit needs, so that it can be done offline: all logs, the documents beside them,
 * and, for auditors of the directory, what stands behind secure sums.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Hash } from "../protocol/bytes.ts";
import { utf8 } from "../protocol/bytes.ts";
import { parseCheckpoint } from "../protocol/checkpoint.ts";
import type { Federation } from "../protocol/directory.ts";
import { documentPath, envelopeOf } from "../protocol/document.ts";
import { unwrap } from "../protocol/envelope.ts";
import { parseJson } from "../protocol/json.ts";
import { readLeaf } from "../protocol/leaf.ts";
import { MaterialMessages } from "../protocol/material.ts";
import type { GivenMaterial } from "../protocol/national.ts";
import { parseNote } from "../protocol/note.ts";
import { COORDINATOR, logsOf } from "../protocol/quorum.ts";
import { pathIn, type Source } from "../protocol/read-log.ts";
import { parseWith, Refusal } from "../protocol/refusal.ts";
import { Release } from "../protocol/release.ts";
import { readBundle, tilePath, tilesBetween } from "../protocol/tile.ts";
import { hashNatively } from "../server/secure.ts";
import { writeWhole } from "../server/tiles.ts";

/** Copies what is not there yet; a checkpoint last, so that what it names is there. `onFile` is called after each. */
export async function mirror(
  source: Source,
  folder: string,
  federation: Federation,
  onFile: (done: number) => void = () => undefined,
): Promise<void> {
  let done = 0;
  const copy = async (path: string, needed: boolean): Promise<Uint8Array | null> => {
    const to = join(folder, path);
    if (existsSync(to)) return Uint8Array.from(readFileSync(to));
    const bytes = await source(path);
    if (bytes !== null) writeWhole(to, bytes);
    else if (needed) throw new Refusal("unavailable", `expected the file ${path} of the log`);
    onFile(++done);
    return bytes;
  };
  const documents = new Set<Hash>([
    federation.hash,
    ...federation.directory.datasets.map(({ hash }) => hash),
  ]);
  // The coordinator's first: what it has seen of the others is then not ahead of them.
  for (const log of logsOf(federation)) {
    const checkpoint = await source(pathIn(log, "checkpoint"));
    if (checkpoint === null) continue;
    const { size } = parseCheckpoint(parseNote(checkpoint).text);
    for (const tile of tilesBetween(0, size)) {
      const bytes = await copy(pathIn(log, tilePath(tile)), true);
      if (log !== COORDINATOR || tile.level !== "entries" || bytes === null) continue;
      for (const leaf of readBundle(bytes, tile).map(readLeaf))
        if ("document" in leaf && (leaf.document === null || leaf.kind === "release")) documents.add(leaf.id);
    }
    writeWhole(join(folder, pathIn(log, "checkpoint")), checkpoint);
  }
  for (const id of documents) {
    // Masked vectors are known by their digests alone: not every document is there for everyone.
    const bytes = await copy(documentPath(id), false);
    if (bytes === null) continue;
    const more = await behind(join(folder), id);
    for (const each of more) documents.add(each);
  }
}

/** What a release names beside itself. */
async function behind(folder: string, id: Hash): Promise<Hash[]> {
  const release = await releaseIn(folder, id);
  if (release === null) return [];
  const { answers, cells, national } = release;
  return [
    cells.hash,
    ...answers.map(({ hash }) => hash),
    ...(national === null ? [] : [national.sum, ...national.agreements.map(({ hash }) => hash)]),
  ];
}

async function releaseIn(folder: string, id: Hash): Promise<Release | null> {
  const read: Source = async (path) =>
    existsSync(join(folder, path)) ? Uint8Array.from(readFileSync(join(folder, path))) : null;
  try {
    const envelope = await envelopeOf(read, id);
    return envelope === null
      ? null
      : parseWith(Release, parseJson(unwrap(envelope, "release").body), "release");
  } catch (error) {
    if (error instanceof Refusal) return null; // Another kind of document.
    throw error;
  }
}

const materialPath = (release: Hash): string => `material/${release.slice("sha256:".length)}.json`;

/** Keeps what an auditor was given, pieces of vectors under their own hash. */
export async function keepMaterial(
  folder: string,
  release: Hash,
  given: GivenMaterial,
  pieces: ReadonlyMap<Hash, readonly Hash[]>,
): Promise<void> {
  for (const [document, chunks] of pieces)
    for (const [place, hash] of chunks.entries()) {
      const to = join(folder, documentPath(hash));
      if (existsSync(to)) continue;
      const bytes = await given.piece(document, place);
      if (hashNatively(bytes) === hash) writeWhole(to, bytes);
    }
  writeWhole(
    join(folder, materialPath(release)),
    utf8(JSON.stringify({ messages: given.messages, pieces: [...pieces] })),
  );
}

/** What a folder keeps from before; null where it keeps nothing. An address never has it: it is not for the world. */
export async function keptMaterial(folder: string, release: Hash): Promise<GivenMaterial | null> {
  const path = join(folder, materialPath(release));
  if (!existsSync(path)) return null;
  const bytes = readFileSync(path);
  const { messages, pieces } = JSON.parse(new TextDecoder().decode(bytes)) as {
    messages: unknown;
    pieces: Array<[Hash, Hash[]]>;
  };
  const bound = new Map(pieces);
  return {
    messages: parseWith(MaterialMessages, messages, "material"),
    piece: async (document, place) => {
      const hash = bound.get(document)?.[place];
      const file = hash === undefined ? "" : join(folder, documentPath(hash));
      if (!existsSync(file))
        throw new Refusal("signature-invalid", "expected a piece of a masked vector beside the log");
      return Uint8Array.from(readFileSync(file));
    },
  };
}
