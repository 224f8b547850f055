/**
 * Takes a copy of everything that an audit needs, so that it can be done offline: all logs, the documents beside them,
 * and, for auditors of the directory, what stands behind secure sums.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { Federation } from "../../protocol/federation/directory.ts";
import { VERSIONS_PATH, versionsText } from "../../protocol/log/directory-files.ts";
import { documentPath, envelopeOf, type Source } from "../../protocol/log/documents.ts";
import { readLeaf } from "../../protocol/log/leaf.ts";
import { pathIn } from "../../protocol/log/open-log.ts";
import { COORDINATOR, openWitnessed } from "../../protocol/log/quorum.ts";
import { readBundle, tilePath, tilesBetween } from "../../protocol/log/tile.ts";
import { MaterialMessages } from "../../protocol/release/material.ts";
import { Release } from "../../protocol/release/release.ts";
import type { GivenMaterial } from "../../protocol/secure-sum/recompute.ts";
import { documentId, Envelope, envelopeId, payloadOf } from "../../protocol/signing/envelope.ts";
import { Hash, hashOf, utf8 } from "../../protocol/values/bytes.ts";
import { parseJson } from "../../protocol/values/json.ts";
import { parseWith, Refusal } from "../../protocol/values/refusal.ts";
import { hashNatively } from "../../server/primitives.ts";
import { writeWhole } from "../../server/tiles.ts";

/** Copies what is not there yet; a checkpoint last, so that what it names is there. `onFile` is called after each. */
export async function mirror(
  source: Source,
  folder: string,
  federation: Federation,
  onFile: (done: number) => void = () => undefined,
): Promise<void> {
  let done = 0;
  const copy = async (
    path: string,
    needed: boolean,
    fits: (bytes: Uint8Array) => boolean = () => true,
  ): Promise<Uint8Array | null> => {
    const to = join(folder, path);
    // Written whole or not at all, and never changed under its path.
    if (existsSync(to)) return Uint8Array.from(readFileSync(to));
    const bytes = await source(path);
    if (bytes !== null && !fits(bytes))
      throw new Refusal("signature-invalid", `expected the document that ${path} names`);
    if (bytes !== null) writeWhole(to, bytes);
    else if (needed) throw new Refusal("unavailable", `expected the file ${path} of the log`);
    onFile(++done);
    return bytes;
  };
  const documents = new Set<Hash>([
    ...[...federation.earlier, federation].flatMap(({ hash, directory }) => [
      hash,
      ...directory.datasets.map((dataset) => dataset.hash),
    ]),
  ]);
  const checkpoints = new Map<string, Uint8Array>();
  // The coordinator's first: what it has seen of the others is then not ahead of them.
  for (const log of [COORDINATOR, ...federation.directory.nodes.map(({ code }) => code)]) {
    const checkpoint = await source(pathIn(log, "checkpoint"));
    if (checkpoint === null) continue;
    // With its quorum: no size that a single key made up is copied.
    const size = sizeOf(federation, log, checkpoint);
    for (const tile of tilesBetween(0, size)) {
      const bytes = await copy(pathIn(log, tilePath(tile)), true);
      if (log !== COORDINATOR || tile.level !== "entries" || bytes === null) continue;
      for (const leaf of readBundle(bytes, tile).map(readLeaf))
        if ("document" in leaf && (leaf.document === null || leaf.kind === "release")) documents.add(leaf.id);
    }
    checkpoints.set(log, checkpoint);
  }
  for (const id of documents) {
    // Masked vectors are known by their digests alone: not every document is there for everyone.
    const bytes = await copy(documentPath(id), false, (given) => isNamed(id, given));
    if (bytes === null) continue;
    const more = await behind(join(folder), id);
    for (const each of more) documents.add(each);
  }
  writeWhole(join(folder, VERSIONS_PATH), utf8(versionsText(federation)));
  for (const [log, checkpoint] of checkpoints)
    writeWhole(join(folder, pathIn(log, "checkpoint")), checkpoint);
}

/** Of a checkpoint that was witnessed under one of the versions: the newest by whose keys it is. */
function sizeOf(federation: Federation, log: string, checkpoint: Uint8Array): number {
  let refusal: unknown;
  for (const version of [federation, ...federation.earlier.toReversed()]) {
    try {
      return openWitnessed(version, log, checkpoint).checkpoint.size;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      refusal ??= error;
    }
  }
  throw refusal;
}

/** A document is known by the hash of its bytes: as they are, as a dataset's, or as those that an envelope signs. */
function isNamed(id: Hash, bytes: Uint8Array): boolean {
  if (hashOf(bytes) === id || documentId("dataset", bytes) === id) return true;
  try {
    return envelopeId(parseWith(Envelope, parseJson(bytes), "document")) === id;
  } catch (error) {
    if (error instanceof Refusal) return false;
    throw error;
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
    return envelope === null ? null : payloadOf(Release, envelope);
  } catch (error) {
    if (error instanceof Refusal) return null; // Another kind of document.
    throw error;
  }
}

const materialPath = (release: Hash): string => `material/${release.slice("sha256:".length)}.json`;
/** Apart from what the world may read: whoever serves the folder leaves `material` out. */
const piecePath = (hash: Hash): string => `material/pieces/${hash.slice("sha256:".length)}`;

const KeptMaterial = z.strictObject({
  messages: MaterialMessages,
  /** By message, the hashes of its pieces. */
  pieces: z.array(z.tuple([Hash, z.array(Hash).max(64)])).max(1000),
});

/** Keeps what an auditor was given, pieces of vectors under their own hash. */
export async function keepMaterial(
  folder: string,
  release: Hash,
  given: GivenMaterial,
  pieces: ReadonlyMap<Hash, readonly Hash[]>,
): Promise<void> {
  for (const [document, chunks] of pieces)
    for (const [place, hash] of chunks.entries()) {
      const to = join(folder, piecePath(hash));
      if (existsSync(to)) continue;
      const bytes = await given.piece(document, place);
      if (hashNatively(bytes) === hash) writeWhole(to, bytes);
    }
  const kept = { messages: given.messages, pieces: [...pieces] };
  writeWhole(join(folder, materialPath(release)), utf8(JSON.stringify(kept)));
}

/** What a folder keeps from before; null where it keeps nothing. An address never has it: it is not for the world. */
export async function keptMaterial(folder: string, release: Hash): Promise<GivenMaterial | null> {
  const path = join(folder, materialPath(release));
  if (!existsSync(path)) return null;
  const { messages, pieces } = parseWith(KeptMaterial, parseJson(readFileSync(path)), "material");
  const bound = new Map(pieces);
  return {
    messages,
    piece: async (document, place) => {
      const hash = bound.get(document)?.[place];
      const file = hash === undefined ? "" : join(folder, piecePath(hash));
      if (!existsSync(file))
        throw new Refusal("signature-invalid", "expected a piece of a masked vector beside the log");
      return Uint8Array.from(readFileSync(file));
    },
  };
}
