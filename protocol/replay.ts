/**
 * Replays the coordinator's log: every entry read and its document judged, and what the releases will be held to kept
 * in a few hundred bytes each. Nothing is asked of the coordinator.
 */
import { RefusalNote } from "./answer.ts";
import { Approval } from "./approval.ts";
import { type Hash, toHex, utf8 } from "./bytes.ts";
import { type Checkpoint, openCheckpoint } from "./checkpoint.ts";
import type { Federation } from "./directory.ts";
import { openByNode } from "./directory.ts";
import { envelopeOf } from "./document.ts";
import { type Envelope, envelopeId, open, unwrap } from "./envelope.ts";
import { parseJson } from "./json.ts";
import { type DocumentKind, type Leaf, readLeaf } from "./leaf.ts";
import { leafHash } from "./merkle.ts";
import { Query } from "./query.ts";
import { COORDINATOR, logKeyOf } from "./quorum.ts";
import { type Note, readEntries, type Source } from "./read-log.ts";
import { parseWith, Refusal } from "./refusal.ts";
import { Release } from "./release.ts";

export type Placed<T> = T & { readonly place: number };

/** What a replay leaves: small records by id, each with its place. */
export type Replay = {
  readonly queries: Map<Hash, Placed<{ query: Query; envelope: Envelope }>>;
  /** By query. */
  readonly approvals: Map<Hash, Array<Placed<{ id: Hash; envelope: Envelope }>>>;
  readonly dispatched: Map<Hash, number>;
  readonly answers: Map<Hash, number>;
  readonly releases: Array<Placed<{ id: Hash; release: Release }>>;
  /** By region: the checkpoints of its own log that the coordinator's log has seen, in order. */
  readonly seen: Map<string, Array<Placed<{ size: number; root: string }>>>;
  /** Hashes of all leaves, 32 bytes each, in order. */
  readonly hashes: Uint8Array;
  readonly whole: boolean;
};

export async function replay(
  federation: Federation,
  source: Source,
  checkpoint: Checkpoint,
  note: Note,
  onEntry: (place: number) => void = () => undefined,
): Promise<Replay> {
  const found = {
    queries: new Map(),
    approvals: new Map(),
    dispatched: new Map(),
    answers: new Map(),
    releases: [],
    seen: new Map(),
    hashes: new Uint8Array(checkpoint.size * 32),
  } satisfies Omit<Replay, "whole"> as Omit<Replay, "whole">;
  const whole = await readEntries(source, COORDINATOR, checkpoint, note, async (entry, place) => {
    found.hashes.set(leafHash(entry), place * 32);
    onEntry(place);
    try {
      await take(readLeaf(entry), place, { federation, source, found, note });
    } catch (error) {
      if (!(error instanceof Refusal) || error.status >= 500) throw error;
      const rule = error.code === "log-malformed" || error.code === "json-malformed" ? "leaf" : "signature";
      note({ log: COORDINATOR, leaf: place, rule, says: error.message });
    }
  });
  return { ...found, whole };
}

type Taking = {
  readonly federation: Federation;
  readonly source: Source;
  readonly found: Omit<Replay, "whole">;
  readonly note: Note;
};

async function take(leaf: Leaf, place: number, taking: Taking): Promise<void> {
  const { found, note } = taking;
  const wrong = (rule: "order" | "query-missing" | "document", says: string) =>
    note({ log: COORDINATOR, leaf: place, rule, says });
  switch (leaf.kind) {
    case "dispatch": {
      if (!found.queries.has(leaf.id))
        wrong("query-missing", "expected the query before it is put to the regions");
      if (found.dispatched.has(leaf.id)) wrong("order", "expected a query to be put to the regions once");
      else found.dispatched.set(leaf.id, place);
      return;
    }
    case "checkpoint":
      return takeCheckpoint(leaf, place, taking);
    case "answer":
      if (!found.answers.has(leaf.id)) found.answers.set(leaf.id, place);
      return;
    default:
  }
  const envelope = leaf.document ?? (await envelopeOf(taking.source, leaf.id));
  if (envelope === null || envelopeId(envelope) !== leaf.id)
    return wrong("document", `expected the ${leaf.kind} that the entry names`);
  judge(leaf.kind, leaf.id, envelope, place, taking);
}

/** Documents whose signers' standing depends on time are judged with what they belong to; here, what is theirs alone. */
function judge(
  kind: DocumentKind,
  id: Hash,
  envelope: Envelope,
  place: number,
  { federation, found, note }: Taking,
): void {
  const wrong = (rule: "order" | "query-missing", says: string) =>
    note({ log: COORDINATOR, leaf: place, rule, says });
  switch (kind) {
    case "directory":
      if (place !== 0 || id !== federation.first)
        wrong("order", "expected version 1 of the directory, first");
      return;
    case "query": {
      const query = parseWith(Query, parseJson(unwrap(envelope, "query").body), "query");
      if (found.queries.has(id)) wrong("order", "expected a query once");
      else found.queries.set(id, { place, query, envelope });
      return;
    }
    case "approval": {
      const { query } = parseWith(Approval, parseJson(unwrap(envelope, "approval").body), "approval");
      if (!found.queries.has(query)) wrong("query-missing", "expected the query before its approval");
      found.approvals.set(query, [...(found.approvals.get(query) ?? []), { place, id, envelope }]);
      return;
    }
    case "refusal": {
      const { payload } = openByNode(federation, envelope, "refusal", RefusalNote);
      if (!found.queries.has(payload.query))
        wrong("query-missing", "expected the query before a refusal of it");
      return;
    }
    case "release": {
      const keys = [federation.directory.coordinator.release];
      const { payload } = open(envelope, "release", Release, keys, federation.verify);
      if (found.releases.some(({ release }) => release.query === payload.query))
        wrong("order", "expected one release of a query");
      found.releases.push({ place, id, release: payload });
      return;
    }
    case "request":
    case "answer":
      return;
  }
}

function takeCheckpoint(
  { node, checkpoint: text }: Extract<Leaf, { kind: "checkpoint" }>,
  place: number,
  { federation, found, note }: Taking,
): void {
  const { checkpoint } = openCheckpoint(utf8(text), logKeyOf(federation, node), federation.verify);
  const before = found.seen.get(node) ?? [];
  if ((before.at(-1)?.size ?? 0) > checkpoint.size)
    note({ log: COORDINATOR, leaf: place, rule: "log-behind", says: `expected the log of ${node} to grow` });
  found.seen.set(node, [...before, { place, size: checkpoint.size, root: toHex(checkpoint.root) }]);
}
