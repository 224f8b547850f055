/** Reads a log's files as they come: entries in order, a bundle at a time, held to the checkpoint's root at the end. */
import type { Federation } from "../federation/directory.ts";
import { toHex } from "../values/bytes.ts";
import { Refusal } from "../values/refusal.ts";
import { type Checkpoint, cosignatures, openCheckpoint, parseCheckpoint } from "./checkpoint.ts";
import type { Source } from "./documents.ts";
import type { Raise } from "./finding.ts";
import { EMPTY, extend, type Frontier, rootOfFrontier } from "./frontier.ts";
import { type Note, parseNote } from "./note.ts";
import {
  awaitedText,
  COORDINATOR,
  logKeyOf,
  missingFrom,
  type OutsideSight,
  quorumOf,
  seenFromOutside,
} from "./quorum.ts";
import { readBundle, TILE, tilePath } from "./tile.ts";

/** Where a log lies below a source. */
export const pathIn = (log: string, path: string): string =>
  log === COORDINATOR ? path : `nodes/${log}/${path}`;

export type OpenLog = {
  readonly checkpoint: Checkpoint;
  /** The time of the q-th newest cosignature, in POSIX seconds; null where there is none or none is needed. */
  readonly asOf: number | null;
  readonly outside: readonly OutsideSight[];
};

/** Reads each checkpoint once: what is judged of it is of one tree, whatever is shown to whom asks again. */
export function rememberedCheckpoints(source: Source): Source {
  const known = new Map<string, Promise<Uint8Array | null>>();
  return (path) => {
    if (!path.endsWith("checkpoint")) return source(path);
    const file = known.get(path) ?? source(path);
    known.set(path, file);
    return file;
  };
}

/** What a log's checkpoint says of itself: nothing is verified. */
export async function claimedCheckpoint(source: Source, log: string): Promise<Checkpoint | null> {
  const bytes = await source(pathIn(log, "checkpoint"));
  return bytes === null ? null : parseCheckpoint(parseNote(bytes).text);
}

/**
 * A log's checkpoint and its quorum, judged by the newest of these versions of the directory whose key has signed it;
 * null where there is none.
 */
export async function openLog(
  versions: readonly Federation[],
  source: Source,
  log: string,
  raise: Raise,
): Promise<OpenLog | null> {
  const say = (rule: "file" | "checkpoint" | "quorum", says: string) =>
    raise({ log, leaf: null, rule, says });
  const bytes = await source(pathIn(log, "checkpoint"));
  if (bytes === null) {
    say("file", "expected a checkpoint");
    return null;
  }
  let refusal = "expected a version of the directory";
  let lacking: { readonly open: OpenLog; readonly says: string } | null = null;
  for (const federation of versions.toReversed()) {
    try {
      const key = logKeyOf(federation, log);
      const { checkpoint, note: signed } = openCheckpoint(bytes, key, federation.verify);
      let says = "";
      const seen = quorumTime(federation, log, signed, (_, text) => {
        says = text;
      });
      if (says === "") return { checkpoint, ...seen };
      // Witnessed under an earlier version, perhaps, and not cosigned anew since.
      lacking ??= { open: { checkpoint, ...seen }, says };
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      refusal = error.message;
    }
  }
  if (lacking !== null) {
    say("quorum", lacking.says);
    return lacking.open;
  }
  say("checkpoint", refusal);
  return null;
}

function quorumTime(
  federation: Federation,
  log: string,
  signed: Note,
  say: (rule: "quorum", says: string) => void,
): Pick<OpenLog, "asOf" | "outside"> {
  const { witnesses, least } = quorumOf(federation, log);
  try {
    const times = cosignatures(signed, witnesses, federation.verify)
      .map(({ time }) => time)
      .sort((a, b) => b - a);
    if (times.length < least)
      say("quorum", `expected ${least} regions to have cosigned; ${times.length} have`);
    const outside = seenFromOutside(federation, log, signed);
    const missing = missingFrom(outside);
    if (missing.length > 0) say("quorum", `expected ${awaitedText(missing)}`);
    return { asOf: times[least - 1] ?? null, outside };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    say("quorum", error.message);
    return { asOf: null, outside: [] };
  }
}

/**
 * Calls `each` with every entry and its place, and `grown` with the tree after each bundle. Notes a root that the
 * entries do not give. False where the files end before the tree does.
 */
export async function readEntries(
  source: Source,
  log: string,
  { size, root }: Checkpoint,
  raise: Raise,
  each: (entry: Uint8Array, place: number) => void | Promise<void>,
  grown: (before: Frontier, entries: readonly Uint8Array[]) => void = () => undefined,
): Promise<boolean> {
  let frontier = EMPTY;
  for (let index = 0; index * TILE < size; index++) {
    const entries = await bundleOf(source, log, index, Math.min(TILE, size - index * TILE));
    if (entries === null) {
      raise({ log, leaf: index * TILE, rule: "file", says: "expected whole entries from here on" });
      return false;
    }
    for (const [at, entry] of entries.entries()) await each(entry, index * TILE + at);
    grown(frontier, entries);
    frontier = extend(frontier, entries);
  }
  if (toHex(rootOfFrontier(frontier)) !== toHex(root))
    raise({ log, leaf: null, rule: "root", says: `expected ${size} entries that give the root signed for` });
  return true;
}

/** Partial bundles may have been removed once the full one was there (tlog-tiles). */
async function bundleOf(
  source: Source,
  log: string,
  index: number,
  width: number,
): Promise<readonly Uint8Array[] | null> {
  const tried = width === TILE ? [TILE] : [width, TILE];
  for (const wide of tried) {
    const bytes = await source(pathIn(log, tilePath({ level: "entries", index, width: wide })));
    if (bytes === null) continue;
    try {
      return readBundle(bytes, { width: wide }).slice(0, width);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return null; // Not whole: as good as missing.
    }
  }
  return null;
}
