/**
 * Who keeps which log, who witnesses it, and how many must have: from the directory alone. Only nodes' witness keys
 * count; whose own log it is does not witness it for the quorum.
 */
import { type Federation, witnessPublicKey } from "../federation/directory.ts";
import { thresholdsOf } from "../privacy/noise-shares.ts";
import { fromBase64, type Hash } from "../values/bytes.ts";
import { Refusal } from "../values/refusal.ts";
import { cosignatures, openCheckpoint, type SignedCheckpoint } from "./checkpoint.ts";
import { NOTE_TYPES, type Note, parseVerifierKey, type VerifierKey, verifierKey } from "./note.ts";

/** `coordinator`, or a region's code. */
export const COORDINATOR = "coordinator";

/** A log's origin: the federation's, by the hash of version 1 of its directory, and whose log it is. */
export const originOf = (first: Hash, log: string): string =>
  `brus.log/${first.slice("sha256:".length, "sha256:".length + 16)}/${log}`;

/** Keys are checked once each: that a key is of the prime-order group costs a millisecond. */
const checked = new WeakMap<Federation, Map<string, VerifierKey>>();

function onceChecked(federation: Federation, name: string, make: () => VerifierKey): VerifierKey {
  const known = checked.get(federation) ?? new Map<string, VerifierKey>();
  checked.set(federation, known);
  const key = known.get(name) ?? make();
  known.set(name, key);
  return key;
}

export const logKeyOf = (federation: Federation, log: string): VerifierKey =>
  onceChecked(federation, `log ${log}`, () => makeLogKey(federation, log));

function makeLogKey({ directory, first, revoked }: Federation, log: string): VerifierKey {
  const key =
    log === COORDINATOR
      ? directory.coordinator.log
      : directory.nodes.find(({ code }) => code === log)?.keys.log;
  if (key === undefined)
    throw new Refusal("key-unknown", "expected a log that the directory names a key for");
  if (revoked.has(key)) throw new Refusal("key-revoked", "expected a log's key that is not revoked here");
  return verifierKey(originOf(first, log), NOTE_TYPES.ed25519, fromBase64(key));
}

/** The witness key of a region, or of the coordinator. */
export const witnessKeyOf = (federation: Federation, who: string): VerifierKey =>
  onceChecked(federation, `witness ${who}`, () => makeWitnessKey(federation, who));

function makeWitnessKey({ directory, first }: Federation, who: string): VerifierKey {
  const key =
    who === COORDINATOR
      ? directory.coordinator.witness
      : directory.nodes.find(({ code }) => code === who)?.keys.witness;
  if (key === undefined) throw new Refusal("key-unknown", "expected a witness whose key the directory names");
  return verifierKey(originOf(first, `${who}/witness`), NOTE_TYPES.cosignature, fromBase64(key));
}

/** The logs of a federation: the coordinator's, then each region's, paused ones too: what they did stays to be read. */
export const logsOf = ({ directory }: Pick<Federation, "directory">): string[] => [
  COORDINATOR,
  ...directory.nodes.map(({ code }) => code),
];

const activeOf = ({ directory }: Federation): string[] =>
  directory.nodes.filter(({ status }) => status === "active").map(({ code }) => code);

/** The witnesses that count for a log, and how many of them make a quorum: 2q > n + c_mask, of which one is the log's own. */
export function quorumOf(
  federation: Federation,
  log: string,
): { readonly witnesses: readonly VerifierKey[]; readonly least: number } {
  const active = activeOf(federation);
  const { threshold } = thresholdsOf(active.length);
  const counting = active.filter((code) => code !== log && !isRevoked(federation, code));
  return {
    witnesses: counting.map((code) => witnessKeyOf(federation, code)),
    least: log === COORDINATOR ? threshold : threshold - 1,
  };
}

const isRevoked = ({ directory, revoked }: Federation, who: string): boolean => {
  const key = directory.nodes.find(({ code }) => code === who)?.keys.witness;
  return key !== undefined && revoked.has(key);
};

/** A witness from outside the federation that the directory names: asked and shown, never counted in the quorum. */
export type OutsideWitness = {
  readonly name: string;
  readonly key: VerifierKey;
  readonly url: string;
  /** Nothing is public before it has cosigned. */
  readonly required: boolean;
};

/** Those whose keys are not revoked here. They see the coordinator's log, which names each tree of the regions'. */
export const outsideWitnessesOf = (federation: Federation): OutsideWitness[] =>
  (federation.directory.witnesses ?? [])
    .filter(({ key }) => !federation.revoked.has(witnessPublicKey(key)))
    .map(({ name, key: text, url, required = false }) => {
      const parse = () => parseVerifierKey(text, [NOTE_TYPES.cosignature]);
      return { name, key: onceChecked(federation, `outside ${text}`, parse), url, required };
    });

/** What a checkpoint says of one of them: when it had cosigned, in POSIX seconds; null where it has not. */
export type OutsideSight = Pick<OutsideWitness, "name" | "required"> & { readonly time: number | null };

/**
 * What each witness from outside has cosigned of a note of this log; none are asked about a region's. Refuses a note
 * with a cosignature of one of them that does not verify.
 */
export function seenFromOutside(federation: Federation, log: string, note: Note): OutsideSight[] {
  const named = log === COORDINATOR ? outsideWitnessesOf(federation) : [];
  return named.map(({ name, key, required }) => {
    const [own] = cosignatures(note, [key], federation.verify);
    return { name, required, time: own?.time ?? null };
  });
}

/** Those without whose cosignature it is not public. */
export const missingFrom = (seen: readonly OutsideSight[]): string[] =>
  seen.filter(({ required, time }) => required && time === null).map(({ name }) => name);

/** For people: who is waited for. */
export const awaitedText = (names: readonly string[]): string =>
  `the cosignature of ${names.join(", ")}, from outside the federation, which the directory requires`;

export type Witnessed = SignedCheckpoint & {
  /** When the quorum stood: the time of its q-th newest cosignature, in POSIX seconds; null where none is needed. */
  readonly asOf: number | null;
  readonly cosigned: number;
  readonly outside: readonly OutsideSight[];
};

/**
 * A checkpoint of this log with the quorum's cosignatures, each verified; refuses one with fewer, or without that of a
 * witness from outside that the directory requires.
 */
export function openWitnessed(federation: Federation, log: string, bytes: Uint8Array): Witnessed {
  const opened = openCheckpoint(bytes, logKeyOf(federation, log), federation.verify);
  const { witnesses, least } = quorumOf(federation, log);
  const times = cosignatures(opened.note, witnesses, federation.verify).map(({ time }) => time);
  if (times.length < least)
    throw new Refusal("proof-invalid", `expected ${least} regions to have cosigned; ${times.length} have`);
  const outside = seenFromOutside(federation, log, opened.note);
  const missing = missingFrom(outside);
  if (missing.length > 0) throw new Refusal("proof-invalid", `expected ${awaitedText(missing)}`);
  const newest = times.toSorted((a, b) => b - a);
  const asOf = least === 0 ? null : (newest[least - 1] ?? null);
  return { ...opened, asOf, cosigned: times.length, outside };
}
