/** A checkpoint on its way to a quorum, and the cosignatures that it has gathered. */
import type { Federation } from "../../protocol/federation/directory.ts";
import { cosign, cosignatures, openCheckpoint } from "../../protocol/log/checkpoint.ts";
import { consistencyProof } from "../../protocol/log/merkle.ts";
import { formatSignature, parseNote, type VerifierKey } from "../../protocol/log/note.ts";
import { hashTexts, SKEW_SECONDS } from "../../protocol/log/public-proof.ts";
import {
  COORDINATOR,
  logKeyOf,
  outsideWitnessesOf,
  quorumOf,
  witnessKeyOf,
} from "../../protocol/log/quorum.ts";
import type { Offered } from "../../protocol/log/witness-messages.ts";
import type { Signer } from "../../protocol/signing/envelope.ts";
import { type Hash, toBase64, utf8 } from "../../protocol/values/bytes.ts";
import { Refusal } from "../../protocol/values/refusal.ts";
import { leavesOf } from "../../server/log-tables.ts";
import type { CoordinatorStore } from "../store/database.ts";
import type { Kept, Offer, ShownTree } from "./kept-log.ts";

/**
 * A witness's cosignature of the checkpoint, as one line; null where it is none of its, or of a time that is not now:
 * an old one could be brought again, and one to come would make the log look fresh when it is not.
 */
export function lineOf(
  federation: Federation,
  { checkpoint }: Pick<Offer, "checkpoint">,
  node: string,
  line: string,
  now: Date,
): string | null {
  if (!/^[^\n]+\n$/.test(line)) return null;
  try {
    const note = parseNote(utf8(checkpoint + line));
    const [own] = cosignatures(note, [witnessKeyOf(federation, node)], federation.verify);
    const last = note.signatures.at(-1);
    if (own === undefined || last === undefined) return null;
    return Math.abs(own.time - now.getTime() / 1000) > SKEW_SECONDS ? null : formatSignature(last);
  } catch (error) {
    if (error instanceof Refusal) return null; // Not one: it counts for nothing.
    throw error;
  }
}

/** The coordinator's own cosignature of a region's checkpoint: shown, and never counted. */
export function ownLine(federation: Federation, { checkpoint }: Offer, { sign }: Signer, now: Date): string {
  const { text } = parseNote(utf8(checkpoint));
  const time = Math.floor(now.getTime() / 1000);
  return formatSignature(cosign(text, time, witnessKeyOf(federation, COORDINATOR), sign));
}

/** Cosignature lines that the world is shown of this very checkpoint, of those whose keys are in force. */
export function linesShown(
  federation: Federation,
  shown: ShownTree | null,
  checkpoint: string,
): Pick<Offer, "lines" | "outside"> {
  const text = shown?.checkpoint ?? "";
  const signatures = text.startsWith(checkpoint) ? parseNote(utf8(text)).signatures : [];
  const of = (names: ReadonlyArray<readonly [string, VerifierKey]>): Map<string, string> =>
    new Map(
      names.flatMap(([name, key]) =>
        signatures
          .filter((each) => each.name === key.name && each.id === key.id)
          .map((own) => [name, formatSignature(own)] as const),
      ),
    );
  const regions = federation.directory.nodes.map(
    ({ code }) => [code, witnessKeyOf(federation, code)] as const,
  );
  return {
    lines: of(regions),
    outside: of(outsideWitnessesOf(federation).map(({ name, key }) => [name, key] as const)),
  };
}

/** Whose cosignature an offer that has its quorum still waits for: of witnesses from outside, those that are required. */
export const awaitedFor = (federation: Federation, { outside }: Pick<Offer, "outside">): string[] =>
  outsideWitnessesOf(federation).flatMap(({ name, required }) =>
    required && !outside.has(name) ? [name] : [],
  );

/** True once the quorum has cosigned, and each witness from outside without which nothing is public. */
export const isWitnessed = (federation: Federation, log: string, offer: Offer): boolean =>
  offer.lines.size >= quorumOf(federation, log).least &&
  (log !== COORDINATOR || awaitedFor(federation, offer).length === 0);

/** Entries handed to a witness at a time, and read from the database at a time. */
const MOST_BYTES = 1_000_000;
const MOST_ENTRIES = 2_000;
const STEP = 200;

/** Entries of the coordinator's log from a place on, in base64: at least one, where there is one. */
export async function unreadOf({ kysely }: CoordinatorStore, from: number, to: number): Promise<string[]> {
  const texts: string[] = [];
  let bytes = 0;
  const end = Math.min(to, from + MOST_ENTRIES);
  for (let at = from; at < end; at += STEP) {
    for (const entry of await leavesOf(kysely, COORDINATOR, at, Math.min(end, at + STEP))) {
      bytes += entry.length;
      if (texts.length > 0 && bytes > MOST_BYTES) return texts;
      texts.push(toBase64(entry));
    }
  }
  return texts;
}

/** What lies beside the log of a version of the directory: itself, and its datasets. */
export const filesOf = ({ hash, envelope, datasets }: Federation): Array<readonly [Hash, Uint8Array]> => [
  [hash, utf8(JSON.stringify(envelope))],
  ...[...datasets.values()].map((document) => [document.hash, document.body] as const),
];

/**
 * What is offered to a witness, of logs other than its own, with the proof from the tree that it has cosigned: what
 * lacks a quorum still; and of the coordinator's what it has not read yet, whoever else has cosigned.
 */
export function offersTo(
  node: string,
  seen: ReadonlyMap<string, number>,
  kept: ReadonlyMap<string, Kept>,
): Array<{ readonly log: string; readonly size: number; readonly offer: Offered }> {
  return [...kept].flatMap(([log, { offer, tiles }]) => {
    const from = seen.get(log) ?? 0;
    if (log === node || offer === null) return [];
    const { size, checkpoint } = offer;
    const wanted = !offer.met && !offer.lines.has(node);
    if (!wanted && (log !== COORDINATOR || size <= from)) return [];
    const proof = from === 0 || from >= size ? [] : consistencyProof(from, size, tiles.hashes);
    return [{ log, size, offer: { log, checkpoint, proof: hashTexts(proof) } }];
  });
}

/** True if the log's key in this version has signed the checkpoint: by another's no witness would know it. */
export function isOf(federation: Federation, log: string, checkpoint: string): boolean {
  try {
    openCheckpoint(utf8(checkpoint), logKeyOf(federation, log), federation.verify);
    return true;
  } catch (error) {
    if (error instanceof Refusal) return false;
    throw error;
  }
}

/** One waits for each region: the signal that it has come anew, and has given up the turn before. */
export function turnsOf(): (node: string) => AbortSignal {
  const turns = new Map<string, AbortController>();
  return (node) => {
    turns.get(node)?.abort();
    const mine = new AbortController();
    turns.set(node, mine);
    return mine.signal;
  };
}
