/**
 * Versions of the directory: what may follow what. A version is signed by enough of the roots before it and of its
 * own, names the hash of the one before it, and gives no key another owner or another purpose, ever.
 */
import { z } from "zod";
import { checkCatalogue, checkGroups } from "../question/catalogue.ts";
import type { PublicKey, Verify } from "../signing/ed25519.ts";
import { Envelope, envelopeId, signedBy } from "../signing/envelope.ts";
import { fromBase64, type Hash, toBase64 } from "../values/bytes.ts";
import { compare, parseRational } from "../values/rational.ts";
import { Refusal } from "../values/refusal.ts";
import {
  answerKeysOf,
  type Directory,
  datasetsOf,
  type Federation,
  isLogged,
  readDirectory,
  readFederation,
  witnessPublicKey,
} from "./directory.ts";

/** A version of the directory as it travels, with those of its datasets, base64, that are new in it. */
export const VersionDocument = z.strictObject({ directory: Envelope, datasets: z.array(z.string()) });
export type VersionDocument = z.infer<typeof VersionDocument>;

/** What a coordinator hands out: version 1, and those after it, oldest first. */
export const Versions = z.strictObject({ ...VersionDocument.shape, later: z.array(VersionDocument) });
export type Versions = z.infer<typeof Versions>;

const unfit = (expected: string): Refusal => new Refusal("directory-unfit", `expected ${expected}`);

/** Whose each key is and for what, in words that are the same in every version. */
function ownersOf({ roots, coordinator, nodes, people, witnesses = [] }: Directory): Map<PublicKey, string> {
  const owners = new Map<PublicKey, string>();
  for (const key of roots.keys) owners.set(key, "a root");
  for (const [purpose, key] of Object.entries(coordinator))
    if (key !== undefined) owners.set(key, `the coordinator's ${purpose}`);
  for (const { code, keys } of nodes)
    for (const [purpose, key] of Object.entries(keys))
      if (key !== undefined) owners.set(key, `${purpose} of region ${code}`);
  for (const { id, keys } of people)
    for (const { key, purpose } of keys) owners.set(key, `${id} to ${purpose}`);
  for (const { key } of witnesses) owners.set(witnessPublicKey(key), "a witness from outside");
  return owners;
}

/**
 * Refuses (`directory-unfit`) what too few of the roots of the version in force have signed. It looks at bytes alone: to
 * judge the keys of a directory costs a millisecond each, and anyone may hand one in, or out.
 */
export function checkRoots({ directory, revoked, verify }: Federation, envelope: Envelope): void {
  const { keys, threshold } = directory.roots;
  const counting = keys.filter((key) => !revoked.has(key));
  const old = signedBy(envelope, "directory", counting, verify).length;
  if (old < threshold)
    throw unfit(`${threshold} signatures by roots of the version before; ${old} are there`);
}

/**
 * The version after `current`, with the bodies of the datasets that are new in it. Nothing of it is parsed before enough
 * of the roots of `current` have signed it. Refuses (`directory-unfit`) one that
 * does not follow it, that too few of either's roots have signed, that gives a known key to another, takes back a
 * revocation, drops a region (it is paused instead: its log is part of every audit), or changes a known dataset.
 */
export function nextFederation(
  current: Federation,
  envelope: Envelope,
  bodies: readonly Uint8Array[],
): Federation {
  checkRoots(current, envelope);
  return following(current, envelope, bodies);
}

function following(current: Federation, envelope: Envelope, bodies: readonly Uint8Array[]): Federation {
  const { verify, first, limit, revoked, former } = current;
  const directory = readDirectory(envelope, verify, revoked);
  if (directory.version !== current.directory.version + 1 || directory.previous !== current.hash)
    throw unfit(`version ${current.directory.version + 1} of the directory, after ${current.hash}`);
  const versions = [...current.earlier, current];
  checkKeys(directory, versions);
  const codes = new Set(directory.nodes.map(({ code }) => code));
  const dropped = current.directory.nodes.find(({ code }) => !codes.has(code));
  if (dropped !== undefined)
    throw unfit(`region ${dropped.code} still listed, paused if it no longer answers`);
  if (isLogged({ directory }) !== isLogged(current)) throw unfit("logs as before: kept by all, or by none");
  const known = new Map(versions.flatMap(({ datasets }) => [...datasets]));
  const changed = directory.datasets.find(({ dataset, hash }) => (known.get(dataset)?.hash ?? hash) !== hash);
  if (changed !== undefined) throw unfit(`a new version of ${changed.dataset}, not another body of this one`);
  const datasets = datasetsOf(directory, bodies, known);
  // With those that were withdrawn: what was spent of theirs is spent.
  const ever = new Map([...known, ...datasets]);
  checkCatalogue([...ever.values()].map(({ dataset }) => dataset));
  checkGroups(
    [...known.values()].map(({ dataset }) => dataset),
    [...datasets.values()].map(({ dataset }) => dataset),
  );
  checkYear(current.directory, directory);
  const hash = envelopeId(envelope);
  return { hash, first, earlier: versions, envelope, directory, datasets, verify, limit, revoked, former };
}

/** What people were promised of a year is kept: a ceiling may be named, and lowered, and no more. */
function checkYear({ rhoPerYear: before }: Directory, { rhoPerYear: after }: Directory): void {
  if (before === undefined) return;
  if (after === undefined || compare(parseRational(after), parseRational(before)) > 0)
    throw unfit(`rhoPerYear of at most ${before}, as it was promised before`);
}

function checkKeys(directory: Directory, versions: readonly Federation[]): void {
  const owners = ownersOf(directory);
  for (const before of versions) {
    for (const [key, owner] of ownersOf(before.directory)) {
      const now = owners.get(key);
      if (now !== undefined && now !== owner)
        throw unfit(`the key of ${owner} to be nobody else's: one key, one purpose`);
    }
    for (const { key, revoked } of before.directory.people.flatMap((person) => person.keys)) {
      if (revoked === null) continue;
      const entry = directory.people.flatMap((person) => person.keys).find((each) => each.key === key);
      if (entry !== undefined && (entry.revoked === null || entry.revoked > revoked))
        throw unfit("a key that was revoked to stay so");
    }
  }
}

/** The newest version of a directory, each step to it judged, from version 1 pinned by its hash. */
export function readVersions(
  { directory, datasets, later }: Versions,
  pinned: Hash | null,
  verify: Verify,
  limit?: number,
): Federation {
  const first = readFederation(directory, datasets.map(fromBase64), pinned, verify, limit);
  return later.reduce(nextVersion, first);
}

/** The version after `current`, as it travels; refuses as `nextFederation` does. */
export function nextVersion(current: Federation, { directory, datasets }: VersionDocument): Federation {
  checkRoots(current, directory);
  return following(current, directory, datasets.map(fromBase64));
}

/** A version as it travels, with what is new in it. */
function documentOfVersion({ envelope, datasets, earlier }: Federation): VersionDocument {
  const known = new Set(earlier.flatMap((before) => [...before.datasets.keys()]));
  const fresh = [...datasets].filter(([ref]) => !known.has(ref));
  return { directory: envelope, datasets: fresh.map(([, { body }]) => toBase64(body)) };
}

/** All versions as they travel. */
export function documentsOf(federation: Federation): Versions {
  const [first = federation, ...later] = [...federation.earlier, federation];
  return { ...documentOfVersion(first), later: later.map(documentOfVersion) };
}

const spans = new WeakMap<Federation, Map<Hash, Federation>>();

/** A version, for judging what may have been signed under any since the one of this hash. */
export function judgingSince(federation: Federation, hash: Hash): Federation {
  const known = spans.get(federation) ?? new Map<Hash, Federation>();
  spans.set(federation, known);
  const span = known.get(hash) ?? spanning(federation, versionsSince(federation, hash));
  known.set(hash, span);
  return span;
}

/** One version for judging what may have been signed under any of these: the last, with answer keys of each. */
function spanning(last: Federation, versions: readonly Federation[]): Federation {
  if (versions.length <= 1) return last;
  const former = new Map<string, PublicKey[]>();
  for (const version of versions)
    for (const [key, code] of answerKeysOf(version)) former.set(code, [...(former.get(code) ?? []), key]);
  return { ...last, former };
}

/** The versions from the one that something is bound to, to this one. */
export function versionsSince(federation: Federation, hash: Hash): Federation[] {
  const all = [...federation.earlier, federation];
  return all.slice(
    Math.max(
      0,
      all.findIndex((each) => each.hash === hash),
    ),
  );
}
