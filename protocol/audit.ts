/**
 * The audit: from a log's files alone, trusting only version 1 of the directory, recomputes everything that can be.
 * It asks nobody's opinion, and cannot show that a region drew its noise or counted true rows. Runs in a browser too.
 */
import { type Hash, toBase64 } from "./bytes.ts";
import { type Federation, readDirectory, readFederation } from "./directory.ts";
import { documentOf, envelopeOf } from "./document.ts";
import type { Verify } from "./ed25519.ts";
import type { Finding } from "./finding.ts";
import { EMPTY, extendHash, rootOfFrontier } from "./frontier.ts";
import { type AuditedRelease, checkRelease, type Tools } from "./held.ts";
import { COORDINATOR } from "./quorum.ts";
import { type Note, openLog, type Source } from "./read-log.ts";
import { Refusal } from "./refusal.ts";
import { type RegionReplay, replayRegion } from "./region-log.ts";
import { type Replay, replay } from "./replay.ts";

export type AuditOptions = Tools & {
  /** The hash of version 1 of the directory: the one thing that is believed. */
  readonly first: Hash;
  readonly verify: Verify;
  readonly now: Date;
  /** Releases that stand before this place were audited before. */
  readonly since?: number;
  readonly onProgress?: (done: number, of: number) => void;
};

export type Audit = {
  readonly holds: boolean;
  readonly findings: readonly Finding[];
  /** Size of the coordinator's log. */
  readonly size: number;
  /** As of when it speaks: the q-th newest cosignature, in POSIX seconds. */
  readonly asOf: number | null;
  readonly releases: readonly AuditedRelease[];
  readonly regions: number;
};

const DAY = 24 * 3600;

/** Throws a refusal only where the directory itself is not to be had; all else is a finding. */
export async function audit(source: Source, options: AuditOptions): Promise<Audit> {
  const findings: Finding[] = [];
  const note: Note = (finding) => void findings.push(finding);
  const federation = await federationFrom(source, options);
  const opened = await openLog(federation, source, COORDINATOR, note);
  const regions = federation.directory.nodes.filter(({ status }) => status === "active");
  if (opened === null)
    return { holds: false, findings, size: 0, asOf: null, releases: [], regions: regions.length };
  const { checkpoint, asOf } = opened;
  const age = options.now.getTime() / 1000 - (asOf ?? 0);
  if (age > DAY)
    note({
      log: COORDINATOR,
      leaf: null,
      rule: "stale",
      says: "expected a quorum of cosignatures within a day",
    });
  const log = await replay(federation, source, checkpoint, note, (place) => {
    if (place % 64 === 0) options.onProgress?.(place, checkpoint.size);
  });
  const own = new Map<string, RegionReplay>();
  for (const { code } of regions) {
    const found = await replayRegion(federation, source, code, log.seen.get(code) ?? [], note);
    if (found !== null) own.set(code, found);
  }
  checkPublicFirst(log, own, note);
  const context = { federation, source, log, own, note, options };
  const releases: AuditedRelease[] = [];
  for (const each of log.releases.filter(({ place }) => place >= (options.since ?? 0)))
    releases.push(await checkRelease(each, context));
  options.onProgress?.(checkpoint.size, checkpoint.size);
  return {
    holds: findings.length === 0,
    findings,
    size: checkpoint.size,
    asOf,
    releases,
    regions: regions.length,
  };
}

async function federationFrom(source: Source, { first, verify }: AuditOptions): Promise<Federation> {
  const envelope = await envelopeOf(source, first);
  if (envelope === null)
    throw new Refusal("directory-unknown", "expected version 1 of the directory beside the log");
  const { datasets } = readDirectory(envelope, verify);
  const bodies = await Promise.all(datasets.map(({ hash }) => documentOf(source, hash)));
  return readFederation(
    envelope,
    bodies.filter((body) => body !== null),
    first,
    verify,
  );
}

/** Each charge names a tree of the coordinator's log; that tree was, and query and approvals stood in it. */
function checkPublicFirst(
  { hashes, queries }: Replay,
  own: ReadonlyMap<string, RegionReplay>,
  note: Note,
): void {
  const charges = [...own]
    .flatMap(([log, { charges: all }]) => [...all.values()].map((charge) => ({ log, charge })))
    .sort((a, b) => a.charge.public.size - b.charge.public.size);
  let frontier = EMPTY;
  for (const { log, charge } of charges) {
    const { size, root } = charge.public;
    const wrong = (says: string) => note({ log, leaf: charge.place, rule: "not-public", says });
    if (size * 32 > hashes.length) {
      wrong(`expected a tree of the coordinator's log; it had no ${size} entries`);
      continue;
    }
    while (frontier.size < size)
      frontier = extendHash(frontier, hashes.slice(frontier.size * 32, frontier.size * 32 + 32));
    if (toBase64(rootOfFrontier(frontier)) !== root) wrong("expected a tree that the coordinator's log had");
    const query = queries.get(charge.query);
    if (query === undefined || query.place >= size)
      wrong("expected the query in the log before it was charged for");
  }
}
