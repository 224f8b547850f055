/** The federation as its log shows it, from version 1 of the directory, whose hash alone is believed. */
import type { Federation } from "../../protocol/federation/directory.ts";
import { parseCheckpoint } from "../../protocol/log/checkpoint.ts";
import { federationFrom } from "../../protocol/log/directory-files.ts";
import type { Source } from "../../protocol/log/documents.ts";
import { readLeaf } from "../../protocol/log/leaf.ts";
import { parseNote } from "../../protocol/log/note.ts";
import { readEntries } from "../../protocol/log/open-log.ts";
import { COORDINATOR } from "../../protocol/log/quorum.ts";
import { Hash } from "../../protocol/values/bytes.ts";
import { parseWith, Refusal } from "../../protocol/values/refusal.ts";
import { nativeVerify } from "../../server/signing.ts";

/** The hash of directory 1: as it is given, or as the log itself says, and then it is not pinned. */
export async function firstOf(source: Source, given: string | undefined): Promise<Hash> {
  if (given !== undefined) return parseWith(Hash, given, "--directory1", "usage");
  const bytes = await source("checkpoint");
  if (bytes === null) throw new Refusal("usage", "expected a log with a checkpoint");
  const { size: entries, root } = parseCheckpoint(parseNote(bytes).text);
  let first: Hash | null = null;
  const place = { origin: "", size: Math.min(entries, 1), root };
  await readEntries(
    source,
    COORDINATOR,
    { ...place, size: Math.min(entries, 256) },
    () => undefined,
    (entry, at) => {
      if (at === 0) {
        const leaf = readLeaf(entry);
        if (leaf.kind === "directory") first = leaf.id;
      }
    },
  );
  if (first === null)
    throw new Refusal("usage", "expected --directory1: the log does not begin with a directory");
  return first;
}

export const federationIn = (source: Source, first: Hash): Promise<Federation> =>
  federationFrom(source, first, nativeVerify);
