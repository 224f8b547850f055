/**
 * Replays the coordinator's log: every entry read and its document judged, and what the releases will be held to kept
 * in a few hundred bytes each. Nothing is asked of the coordinator.
 */
import type { Federation } from "../federation/directory.ts";
import { openByCoordinator, openByNode, openSigned } from "../federation/openers.ts";
import { type Checkpoint, openCheckpoint } from "../log/checkpoint.ts";
import { nextFrom } from "../log/directory-files.ts";
import { envelopeOf, type Source } from "../log/documents.ts";
import type { Raise } from "../log/finding.ts";
import { type DocumentKind, type Leaf, readLeaf } from "../log/leaf.ts";
import { leafHash } from "../log/merkle.ts";
import { readEntries } from "../log/open-log.ts";
import { COORDINATOR, logKeyOf } from "../log/quorum.ts";
import { Calendar } from "../plan/calendar.ts";
import { Approval } from "../question/approval.ts";
import { Query } from "../question/query.ts";
import { RefusalNote } from "../release/answer.ts";
import { MaterialRequest } from "../release/material.ts";
import { Release } from "../release/release.ts";
import { type Envelope, envelopeId, payloadOf } from "../signing/envelope.ts";
import { type Hash, toHex, utf8 } from "../values/bytes.ts";
import { Refusal } from "../values/refusal.ts";

export type Placed<T> = T & { readonly place: number };

/** What a replay leaves: small records by id, each with its place. */
export type Replay = {
  /** Versions of the directory, oldest first. */
  readonly versions: ReadonlyArray<Placed<{ federation: Federation }>>;
  /** The version that is in force for what stands at this place. */
  readonly inForce: (place: number) => Federation;
  readonly queries: Map<Hash, Placed<{ query: Query; envelope: Envelope }>>;
  /** By query. */
  readonly approvals: Map<Hash, Array<Placed<{ id: Hash; envelope: Envelope }>>>;
  /**
   * By query that they name: those that an entry holds whole, as every region has read them. `early` are those whose
   * signer no version names that is in force at their place: regions that had read a later one by then have kept them.
   */
  readonly calendars: Map<Hash, Array<Placed<{ envelope: Envelope; early: boolean }>>>;
  readonly dispatched: Map<Hash, number>;
  readonly answers: Map<Hash, number>;
  readonly releases: Array<Placed<{ id: Hash; release: Release }>>;
  /** By region: the checkpoints of its own log that the coordinator's log has seen, in order. */
  readonly seen: Map<string, Array<Placed<{ size: number; root: string }>>>;
  /** By query and region, as `query region`. */
  readonly refusals: Map<string, Array<Placed<{ id: Hash; code: string }>>>;
  /** How many entries were read, and the hash of each leaf. */
  readonly size: number;
  readonly hashAt: (place: number) => Uint8Array;
  /** False where the files ended before the tree did. */
  readonly whole: boolean;
};

type Found = Omit<Replay, "size" | "hashAt" | "whole" | "inForce" | "versions"> & {
  readonly versions: Array<Placed<{ federation: Federation }>>;
};
/** Leaf hashes are kept together, so many at a time: an object each would take five times the memory. */
const BLOCK = 4096;

export async function replay(
  first: Federation,
  source: Source,
  checkpoint: Checkpoint,
  raise: Raise,
  onEntry: (place: number) => void = () => undefined,
): Promise<Replay> {
  const found: Found = {
    versions: [{ place: 0, federation: first }],
    queries: new Map(),
    approvals: new Map(),
    calendars: new Map(),
    dispatched: new Map(),
    answers: new Map(),
    refusals: new Map(),
    releases: [],
    seen: new Map(),
  };
  const blocks: Uint8Array[] = [];
  let size = 0;
  const whole = await readEntries(source, COORDINATOR, checkpoint, raise, async (entry, place) => {
    if (place % BLOCK === 0) blocks.push(new Uint8Array(BLOCK * 32));
    blocks.at(-1)?.set(leafHash(entry), (place % BLOCK) * 32);
    size = place + 1;
    onEntry(place);
    let leaf: Leaf;
    try {
      leaf = readLeaf(entry);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      raise({ log: COORDINATOR, leaf: place, rule: "leaf", says: error.message });
      return;
    }
    try {
      await take(leaf, place, { source, found, raise });
    } catch (error) {
      if (!(error instanceof Refusal) || error.status >= 500) throw error;
      raise({ log: COORDINATOR, leaf: place, rule: ruleOf(error), says: error.message });
    }
  });
  const hashAt = (place: number): Uint8Array => {
    const start = (place % BLOCK) * 32;
    return blocks[Math.floor(place / BLOCK)]?.slice(start, start + 32) ?? new Uint8Array(32);
  };
  const inForce = (place: number): Federation =>
    found.versions.findLast((version) => version.place <= place)?.federation ?? first;
  return { ...found, inForce, size, hashAt, whole };
}

/** So many entries after a version comes, what was taken in just before it may still be logged. */
const LATE = 100;

/** By the version in force; or by the one before, for what was taken in just as another came. */
function byVersions<T>({ versions }: Found, place: number, judge: (federation: Federation) => T): T {
  const [last, before] = versions.toReversed();
  if (last === undefined) throw new RangeError("expected a version of the directory");
  try {
    return judge(last.federation);
  } catch (error) {
    if (!(error instanceof Refusal) || before === undefined || place > last.place + LATE) throw error;
    try {
      return judge(before.federation);
    } catch {
      throw error;
    }
  }
}

const MALFORMED: ReadonlySet<string> = new Set(["json-malformed", "schema-mismatch", "envelope-malformed"]);
const ruleOf = ({ code }: Refusal): "document" | "signature" =>
  MALFORMED.has(code) ? "document" : "signature";

type Taking = {
  readonly source: Source;
  readonly found: Found;
  readonly raise: Raise;
};

async function take(leaf: Leaf, place: number, taking: Taking): Promise<void> {
  const { found, raise } = taking;
  const wrong = (rule: "order" | "query-missing" | "document", says: string) =>
    raise({ log: COORDINATOR, leaf: place, rule, says });
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
  if (leaf.kind === "directory") await takeVersion(leaf.id, envelope, place, taking);
  else judge(leaf.kind, leaf, envelope, place, taking);
}

async function takeVersion(
  id: Hash,
  envelope: Envelope,
  place: number,
  { source, found, raise }: Taking,
): Promise<void> {
  const last = found.versions.at(-1)?.federation;
  if (last === undefined || (place === 0 && id === last.first)) return;
  const wrong = (rule: "order" | "directory", says: string) =>
    raise({ log: COORDINATOR, leaf: place, rule, says });
  if (place === 0 || id === last.first) return wrong("order", "expected version 1 of the directory, first");
  try {
    found.versions.push({ place, federation: await nextFrom(source, last, envelope) });
  } catch (error) {
    if (!(error instanceof Refusal) || error.status >= 500) throw error;
    wrong("directory", error.message);
  }
}

/** Documents whose signers' standing depends on time are judged with what they belong to; here, what is theirs alone. */
function judge(
  kind: Exclude<DocumentKind, "directory">,
  { id, document }: Pick<Extract<Leaf, { document: unknown }>, "id" | "document">,
  envelope: Envelope,
  place: number,
  { found, raise }: Taking,
): void {
  const wrong = (rule: "order" | "query-missing", says: string) =>
    raise({ log: COORDINATOR, leaf: place, rule, says });
  switch (kind) {
    case "query": {
      const query = byVersions(found, place, (each) => openSigned(each, envelope, Query).payload);
      if (found.queries.has(id)) wrong("order", "expected a query once");
      else found.queries.set(id, { place, query, envelope });
      return;
    }
    case "approval": {
      const { query } = byVersions(found, place, (each) => openSigned(each, envelope, Approval).payload);
      if (!found.queries.has(query)) wrong("query-missing", "expected the query before its approval");
      add(found.approvals, query, { place, id, envelope });
      return;
    }
    case "refusal": {
      const { payload } = byVersions(found, place, (each) => openByNode(each, envelope, RefusalNote));
      if (!found.queries.has(payload.query))
        wrong("query-missing", "expected the query before a refusal of it");
      add(found.refusals, `${payload.query} ${payload.node}`, { place, id, code: payload.code });
      return;
    }
    case "release": {
      const { payload } = byVersions(found, place, (each) => openByCoordinator(each, envelope, Release));
      const before = found.releases.findLast(({ release }) => release.query === payload.query);
      if (!follows(payload, before))
        wrong("order", "expected one release of a query, or a version of it that only adds regions");
      found.releases.push({ place, id, release: payload });
      return;
    }
    case "calendar":
      if (!keepCalendar(envelope, place, document !== null, found))
        wrong("query-missing", "expected a calendar's queries before it");
      return;
    case "request":
      byVersions(found, place, (each) => openSigned(each, envelope, MaterialRequest));
      return;
    case "answer":
      return;
  }
}

/** False where it names a query that does not stand before it. One that is not held whole counts for nobody. */
function keepCalendar(envelope: Envelope, place: number, whole: boolean, found: Found): boolean {
  const { entries } = payloadOf(Calendar, envelope);
  const keep = (early: boolean): void => {
    for (const { query } of whole ? entries : []) add(found.calendars, query, { place, envelope, early });
  };
  try {
    byVersions(found, place, (each) => openSigned(each, envelope, Calendar));
  } catch (error) {
    keep(true);
    throw error;
  }
  keep(false);
  return entries.every(({ query }) => found.queries.has(query));
}

/** A release is a query's first; or it follows the one before, with all its answers and more. */
function follows(
  { supersedes, release, answers }: Release,
  before: { id: Hash; release: Release } | undefined,
): boolean {
  if (before === undefined || supersedes === null) return before === undefined && supersedes === null;
  const now = new Set(answers.map(({ hash }) => hash));
  const kept = before.release.answers.every(({ hash }) => now.has(hash));
  return (
    release === "regions" && supersedes === before.id && kept && now.size > before.release.answers.length
  );
}

function takeCheckpoint(
  { node, checkpoint: text }: Extract<Leaf, { kind: "checkpoint" }>,
  place: number,
  { found, raise }: Taking,
): void {
  const { checkpoint } = byVersions(found, place, (each) =>
    openCheckpoint(utf8(text), logKeyOf(each, node), each.verify),
  );
  const before = found.seen.get(node)?.at(-1);
  const [size, root] = [checkpoint.size, toHex(checkpoint.root)];
  if (before !== undefined && (before.size > size || (before.size === size && before.root !== root)))
    raise({
      log: COORDINATOR,
      leaf: place,
      rule: "log-behind",
      says: `expected the log of ${node} to grow`,
    });
  else add(found.seen, node, { place, size, root });
}

function add<K, V>(to: Map<K, V[]>, key: K, value: V): void {
  const list = to.get(key);
  if (list === undefined) to.set(key, [value]);
  else list.push(value);
}
