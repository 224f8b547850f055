/**
 * The audit: from a log's files alone, trusting only version 1 of the directory, recomputes everything that can be.
 * It asks nobody's opinion, and cannot show that a region drew its noise or counted true rows. Runs in a browser too.
 */
import type { Federation } from "../federation/directory.ts";
import type { Checkpoint } from "../log/checkpoint.ts";
import { firstFrom } from "../log/directory-files.ts";
import type { Source } from "../log/documents.ts";
import type { Finding, Raise } from "../log/finding.ts";
import { EMPTY, extendHash, rootOfFrontier } from "../log/frontier.ts";
import { claimedCheckpoint, openLog, rememberedCheckpoints } from "../log/open-log.ts";
import { FRESH_SECONDS, SKEW_SECONDS } from "../log/public-proof.ts";
import { COORDINATOR, type OutsideSight, originOf, quorumOf } from "../log/quorum.ts";
import type { Verify } from "../signing/ed25519.ts";
import { type Hash, toBase64 } from "../values/bytes.ts";
import { Refusal } from "../values/refusal.ts";
import { checkCharges } from "./charges.ts";
import { type Replay, replay } from "./coordinator-log.ts";
import { type RegionReplay, replayRegion } from "./region-log.ts";
import { type AuditedRelease, checkRelease, type Tools } from "./releases.ts";

export type AuditOptions = Tools & {
  /** The hash of version 1 of the directory: the one thing that is believed. */
  readonly first: Hash;
  readonly verify: Verify;
  readonly now: Date;
  /** Releases that stand before this place were audited before. */
  readonly since?: number;
  /** The tree that an earlier audit found to hold: this one must only add to it. Its root in base64. */
  readonly before?: { readonly size: number; readonly root: string };
  readonly onProgress?: (done: number, of: number) => void;
};

export type Audit = {
  readonly holds: boolean;
  readonly findings: readonly Finding[];
  /** What is worth knowing, and breaks no rule. */
  readonly notices: readonly string[];
  /** The coordinator's log, as it was read: two audits of one size have one root (base64). */
  readonly size: number;
  readonly root: string;
  /** As of when it speaks: the q-th newest cosignature, in POSIX seconds. */
  readonly asOf: number | null;
  /** What each witness from outside that the directory names has cosigned of it: shown, and counted in no quorum. */
  readonly outside: readonly OutsideSight[];
  readonly releases: readonly AuditedRelease[];
  /** The version of the directory that is in force at its end. */
  readonly version: number;
  /** How many regions' own logs were read. */
  readonly regions: number;
};

/** Everything that was read and judged before any release is looked at: what an audit and a seal both rest on. */
export type Examined = {
  readonly source: Source;
  readonly log: Replay;
  readonly own: ReadonlyMap<string, RegionReplay>;
  /** The version of the directory in force at the log's end. */
  readonly federation: Federation;
  readonly claimed: Checkpoint;
  readonly asOf: number | null;
  readonly outside: readonly OutsideSight[];
};

type Say = { readonly raise: Raise; readonly notice: (says: string) => void };

/** Null where what is missing would be missed everywhere; a finding says what it is. */
export async function examine(
  files: Source,
  options: AuditOptions,
  { raise, notice }: Say,
): Promise<{
  readonly claimed: Checkpoint | null;
  readonly federation: Federation;
  readonly examined: Examined | null;
}> {
  const source = rememberedCheckpoints(files);
  const first = await firstFrom(source, options.first, options.verify);
  const claimed = await claimedOf(source, first, raise);
  if (claimed === null) return { claimed, federation: first, examined: null };
  const { size } = claimed;
  const log = await replay(first, source, claimed, raise, (place) => {
    if (place % 64 === 0) options.onProgress?.(place, size);
  });
  // Who may sign for it, the log itself says: by the directory in force at its end.
  const federation = log.inForce(size);
  const opened = await openLog([federation], source, COORDINATOR, raise);
  if (!log.whole || opened === null) return { claimed, federation, examined: null };
  checkAge(COORDINATOR, opened.asOf, options.now, raise);
  const own = new Map<string, RegionReplay>();
  const versions = log.versions.map((each) => each.federation);
  for (const { code, status } of federation.directory.nodes) {
    const seen = log.seen.get(code) ?? [];
    if (status !== "active" && seen.length === 0) continue;
    const found = await replayRegion(versions, source, code, seen, raise);
    if (found === null) continue;
    own.set(code, found);
    if (status === "active" && quorumOf(federation, code).least > 0 && found.size > 0)
      checkAge(code, found.asOf, options.now, raise);
  }
  const { later } = checkCharges({ log, own }, raise);
  if (later > 0)
    notice(`${later} charges came after this tree of the coordinator's log: they are for the next audit`);
  const { asOf, outside } = opened;
  return { claimed, federation, examined: { source, log, own, federation, claimed, asOf, outside } };
}

/** Throws a refusal only where the directory itself is not to be had; all else is a finding. */
export async function audit(files: Source, options: AuditOptions): Promise<Audit> {
  const findings: Finding[] = [];
  const notices: string[] = [];
  const raise: Raise = (finding) => void findings.push(finding);
  const notice = (says: string) => void notices.push(says);
  const { claimed, federation, examined } = await examine(files, options, { raise, notice });
  const nothing = { findings, notices, releases: [], regions: 0, version: federation.directory.version };
  if (claimed === null) return { ...nothing, holds: false, size: 0, root: "", asOf: null, outside: [] };
  const { size } = claimed;
  const { before, since = before?.size ?? 0 } = options;
  if (before === undefined && since > size)
    throw new Refusal("usage", `expected a size of at most ${size} to begin after`);
  const { asOf = null, outside = [] } = examined ?? {};
  const summary = { size, root: toBase64(claimed.root), asOf, outside };
  // What is missing here would be missed everywhere: one finding says it.
  if (examined === null) return { ...nothing, ...summary, holds: false };
  const { source, log, own } = examined;
  if (before !== undefined && (before.size > size || before.root !== rootAt(log, before.size)))
    raise({
      log: COORDINATOR,
      leaf: null,
      rule: "root",
      says: `expected to find again the tree of ${before.size} entries that was audited before`,
    });
  const context = { source, log, own, raise, notice, tools: options };
  const due = log.releases.filter(({ place }) => place >= since);
  if (due.length < log.releases.length)
    notice(`${log.releases.length - due.length} releases before entry ${since} were not looked at again`);
  const releases: AuditedRelease[] = [];
  for (const each of due) releases.push(await checkRelease(each, context));
  options.onProgress?.(size, size);
  return { ...nothing, ...summary, holds: findings.length === 0, releases, regions: own.size };
}

function rootAt({ hashAt }: Replay, size: number): string {
  let frontier = EMPTY;
  while (frontier.size < size) frontier = extendHash(frontier, hashAt(frontier.size));
  return toBase64(rootOfFrontier(frontier));
}

/** A log that is shown as it was long ago, or as it will be. */
function checkAge(log: string, asOf: number | null, now: Date, raise: Raise): void {
  const age = now.getTime() / 1000 - (asOf ?? 0);
  if (asOf !== null && age > FRESH_SECONDS)
    raise({ log, leaf: null, rule: "stale", says: "expected a quorum of cosignatures within a day" });
  if (asOf !== null && age < -SKEW_SECONDS)
    raise({ log, leaf: null, rule: "stale", says: "expected no cosignatures of a time to come" });
}

/** What the coordinator's checkpoint says, before anything of it is believed. */
async function claimedOf(source: Source, first: Federation, raise: Raise): Promise<Checkpoint | null> {
  const say = (rule: "file" | "checkpoint", says: string) =>
    raise({ log: COORDINATOR, leaf: null, rule, says });
  try {
    const claimed = await claimedCheckpoint(source, COORDINATOR);
    if (claimed === null) say("file", "expected a checkpoint");
    else if (claimed.origin !== originOf(first.hash, COORDINATOR))
      say("checkpoint", "expected a checkpoint of this log's origin");
    else return claimed;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    say("checkpoint", error.message);
  }
  return null;
}
