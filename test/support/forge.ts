/** A federation's logs taken apart, changed, and put together again with every key there is: the forger's workbench. */
import type { MadeFederation } from "../../cli/demo/federation.ts";
import type { Federation } from "../../protocol/federation/directory.ts";
import { cosign, openCheckpoint, signCheckpoint } from "../../protocol/log/checkpoint.ts";
import type { Source } from "../../protocol/log/documents.ts";
import { EMPTY, extend, rootOfFrontier } from "../../protocol/log/frontier.ts";
import { checkpointEntry, readLeaf } from "../../protocol/log/leaf.ts";
import { formatSignature } from "../../protocol/log/note.ts";
import { pathIn, readEntries } from "../../protocol/log/open-log.ts";
import { COORDINATOR, logKeyOf, logsOf, witnessKeyOf } from "../../protocol/log/quorum.ts";
import { TILE, tilePath, writeBundle } from "../../protocol/log/tile.ts";
import type { Signer } from "../../protocol/signing/envelope.ts";
import { fromUtf8, toBase64, utf8 } from "../../protocol/values/bytes.ts";
import { signerFrom } from "../../server/keys.ts";

export type Taken = {
  readonly federation: Federation;
  readonly made: MadeFederation;
  /** Entries by log, to be changed in place. */
  readonly logs: Map<string, Uint8Array[]>;
  /** Every other file, by its path. */
  readonly files: Map<string, Uint8Array>;
};

/** All entries of all logs. What else a forgery needs is read from `source` as it is. */
export async function takeApart(
  source: Source,
  federation: Federation,
  made: MadeFederation,
): Promise<Taken> {
  const logs = new Map<string, Uint8Array[]>();
  for (const log of logsOf(federation)) {
    const bytes = await source(pathIn(log, "checkpoint"));
    if (bytes === null) throw new Error(`a checkpoint of ${log}`);
    const { checkpoint } = openCheckpoint(bytes, logKeyOf(federation, log), federation.verify);
    const entries: Uint8Array[] = [];
    await readEntries(
      source,
      log,
      checkpoint,
      () => undefined,
      (entry) => void entries.push(entry),
    );
    logs.set(log, entries);
  }
  return { federation, made, logs, files: new Map() };
}

export const copyOf = (taken: Taken): Taken => ({
  ...taken,
  logs: new Map([...taken.logs].map(([log, entries]) => [log, [...entries]])),
  files: new Map(taken.files),
});

const signerAt = (path: string | undefined, purpose: string): Signer => signerFrom(path ?? "", purpose);

/** A checkpoint of these entries, signed, and cosigned by so many regions. */
export function checkpointOf(
  { federation, made }: Taken,
  log: string,
  entries: readonly Uint8Array[],
  { witnesses = Number.POSITIVE_INFINITY, time = Date.now() / 1000, origin = "" } = {},
): string {
  const frontier = extend(EMPTY, entries);
  const key = logKeyOf(federation, log);
  const config = log === COORDINATOR ? made.coordinator : made.nodes.find(({ code }) => code === log)?.config;
  const note = fromUtf8(
    signCheckpoint(
      { origin: origin === "" ? key.name : origin, size: frontier.size, root: rootOfFrontier(frontier) },
      key,
      signerAt(config?.logKey, "log").sign,
    ),
  );
  const [text = ""] = note.split("\n\n");
  const lines = made.nodes
    .filter(({ code }) => code !== log)
    .slice(0, witnesses)
    .map(({ code, config: { witnessKey } }) =>
      formatSignature(
        cosign(
          `${text}\n`,
          Math.floor(time),
          witnessKeyOf(federation, code),
          signerAt(witnessKey, "witness").sign,
        ),
      ),
    );
  return [note, ...lines].join("");
}

export type Together = {
  /** How many regions cosign each log that was changed; all of them unless said. */
  readonly witnesses?: number;
  readonly time?: number;
  /** Logs whose checkpoints stay as they were. */
  readonly keep?: readonly string[];
  /** Whether the coordinator's log is told what the regions' logs now are. */
  readonly retell?: boolean;
};

/** The files of the changed logs; all others from the source they were taken from. */
export function putTogether(taken: Taken, source: Source, options: Together = {}): Source {
  const { logs, files } = taken;
  if (options.retell === true) retell(taken);
  const made = new Map<string, Uint8Array>(files);
  for (const [log, entries] of logs) {
    for (let index = 0; index * TILE < entries.length; index++) {
      const some = entries.slice(index * TILE, (index + 1) * TILE);
      made.set(pathIn(log, tilePath({ level: "entries", index, width: some.length })), writeBundle(some));
    }
    if (options.keep?.includes(log) !== true && !files.has(pathIn(log, "checkpoint")))
      made.set(pathIn(log, "checkpoint"), utf8(checkpointOf(taken, log, entries, options)));
  }
  return async (path) => made.get(path) ?? (await source(path));
}

/** The coordinator's log says of each region's what it now is: every checkpoint in it made anew. */
function retell(taken: Taken): void {
  const entries = taken.logs.get(COORDINATOR) ?? [];
  for (const [place, entry] of entries.entries()) {
    const leaf = readLeaf(entry);
    if (leaf.kind !== "checkpoint") continue;
    const own = taken.logs.get(leaf.node) ?? [];
    const size = Math.min(own.length, Number(leaf.checkpoint.split("\n")[1]));
    const note = checkpointOf(taken, leaf.node, own.slice(0, size), { witnesses: 0 });
    entries[place] = checkpointEntry(leaf.node, note);
  }
}

/** The tree of the coordinator's log at a size, as a charge names it. */
export const publicAt = (taken: Taken, size: number): { size: number; root: string } => ({
  size,
  root: toBase64(rootOfFrontier(extend(EMPTY, (taken.logs.get(COORDINATOR) ?? []).slice(0, size)))),
});
