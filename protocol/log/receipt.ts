/**
 * Receipts (C2SP tlog-proof v1): that an entry stands in a log, as a text that verifies offline. And the policy by
 * which it does (tlog-policy): which logs, which witnesses, and how many of them must have cosigned.
 */
import type { Federation } from "../federation/directory.ts";
import type { Verify } from "../signing/ed25519.ts";
import { fromUtf8, toBase64, utf8 } from "../values/bytes.ts";
import { Refusal } from "../values/refusal.ts";
import { cosignatures, openCheckpoint, type SignedCheckpoint } from "./checkpoint.ts";
import { leafHash, type TreeHash, verifyInclusion } from "./merkle.ts";
import {
  base64,
  formatVerifierKey,
  malformed,
  NOTE_TYPES,
  parseVerifierKey,
  type VerifierKey,
} from "./note.ts";
import { COORDINATOR, logKeyOf, type OutsideSight, outsideWitnessesOf, quorumOf } from "./quorum.ts";

const HEAD = "c2sp.org/tlog-proof@v1";

export type Receipt = {
  /** Nobody has signed it: for finding one's way, never for trust. */
  readonly extra: Uint8Array | null;
  readonly index: number;
  readonly proof: readonly TreeHash[];
  /** The checkpoint as a signed note, with its cosignatures. */
  readonly checkpoint: Uint8Array;
};

export const formatReceipt = ({ extra, index, proof, checkpoint }: Receipt): string =>
  [
    HEAD,
    ...(extra === null ? [] : [`extra ${toBase64(extra)}`]),
    `index ${index}`,
    ...proof.map(toBase64),
    "",
    fromUtf8(checkpoint),
  ].join("\n");

/**
 * The policy that follows from a federation's directory: its coordinator's log, its regions as witnesses, their quorum.
 * Witnesses from outside are named with their addresses; those that the directory requires are asked for beside the
 * regions, of which as many are needed as ever.
 */
export function policyText(federation: Federation): string {
  const { witnesses, least } = quorumOf(federation, COORDINATOR);
  const named = witnesses.map((key, index) => ({ name: `w${index + 1}`, key: formatVerifierKey(key) }));
  const outside = outsideWitnessesOf(federation).map((each, index) => ({ ...each, called: `o${index + 1}` }));
  const required = outside.filter((each) => each.required);
  return [
    `log ${formatVerifierKey(logKeyOf(federation, COORDINATOR))}`,
    ...named.map(({ name, key }) => `witness ${name} ${key}`),
    ...outside.map(({ called, key, url }) => `witness ${called} ${formatVerifierKey(key)} ${url}`),
    `group regions ${least} ${named.map(({ name }) => name).join(" ")}`,
    ...(required.length === 0
      ? ["quorum regions"]
      : [`group all-of all regions ${required.map(({ called }) => called).join(" ")}`, "quorum all-of"]),
    "",
  ].join("\n");
}

/** For people: which witnesses from outside have seen it, and when, and which have not. Empty where none are named. */
export const outsideText = (seen: readonly OutsideSight[]): string =>
  seen
    .map(({ name, time }) =>
      time === null
        ? `not witnessed from outside by ${name} yet`
        : `witnessed from outside by ${name}${asOfText(time)}`,
    )
    .join("; ");

export function parseReceipt(text: string): Receipt {
  const blank = text.indexOf("\n\n");
  if (blank < 0) throw malformed("a proof, a blank line and a checkpoint");
  const [head, ...lines] = text.slice(0, blank).split("\n");
  if (head !== HEAD) throw malformed(`the first line ${HEAD}`);
  const extra =
    lines[0]?.startsWith("extra ") === true ? base64(lines.shift()?.slice(6) ?? "", "extra data") : null;
  const digits = /^index (0|[1-9]\d{0,15})$/.exec(lines.shift() ?? "")?.[1];
  if (digits === undefined || !Number.isSafeInteger(Number(digits)) || lines.length > 63)
    throw malformed("an index in decimal, and at most 63 hashes");
  const proof = lines.map((line) => base64(line, "a hash"));
  if (proof.some((hash) => hash.length !== 32)) throw malformed("hashes of 32 bytes");
  return { extra, index: Number(digits), proof, checkpoint: utf8(text.slice(blank + 2)) };
}

/** A group witnesses a checkpoint when at least `least` of its members do; a member is a witness or a group. */
type Group = { readonly least: number; readonly members: readonly string[] };

export type LogPolicy = {
  readonly logs: readonly VerifierKey[];
  readonly witnesses: ReadonlyMap<string, VerifierKey>;
  readonly groups: ReadonlyMap<string, Group>;
  /** `none`, or the name of a witness or a group. */
  readonly quorum: string;
};

const MAX_LINES = 10_000;

/** Reads a policy file. Refuses names and keys that stand twice, members that are not defined before, several quorums. */
export function parsePolicy(text: string): LogPolicy {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the specification allows no other than tab and newline.
  if (/[\u0000-\u0008\u000b-\u001f\u007f]/.test(text)) throw malformed("a policy without control characters");
  const lines = text.split("\n");
  if (lines.length > MAX_LINES) throw malformed(`a policy of at most ${MAX_LINES} lines`);
  const logs: VerifierKey[] = [];
  const witnesses = new Map<string, VerifierKey>();
  const groups = new Map<string, Group>();
  const used = new Set<string>();
  let quorum: string | null = null;
  const isFree = (name: string) => name !== "none" && !witnesses.has(name) && !groups.has(name);
  const isKnown = (name: string) => witnesses.has(name) || groups.has(name);
  const fresh = (keys: Iterable<VerifierKey>, key: VerifierKey): VerifierKey => {
    for (const other of keys)
      if (toBase64(other.key) === toBase64(key.key)) throw malformed("each key once in a policy");
    return key;
  };
  for (const line of lines) {
    const [word = "", ...items] = line.split(/[ \t]+/).filter((item) => item !== "");
    if (word === "" || word.startsWith("#")) continue;
    const [name = "", second = "", ...rest] = items;
    if (word === "log" && items.length >= 1 && items.length <= 2) {
      logs.push(fresh(logs, parseVerifierKey(name, [NOTE_TYPES.ed25519])));
    } else if (word === "witness" && items.length >= 2 && items.length <= 3 && isFree(name)) {
      witnesses.set(name, fresh(witnesses.values(), parseVerifierKey(second, [NOTE_TYPES.cosignature])));
    } else if (word === "group" && rest.length >= 1 && isFree(name)) {
      const least =
        second === "any"
          ? 1
          : second === "all"
            ? rest.length
            : /^[1-9]\d{0,4}$/.test(second)
              ? Number(second)
              : 0;
      if (least < 1 || least > rest.length)
        throw malformed("a group of at least as many members as must witness");
      // Listed once at most in the whole file, so that no witness counts twice.
      if (rest.some((member) => !isKnown(member) || used.has(member)) || new Set(rest).size !== rest.length)
        throw malformed("members that are defined before, each in one group");
      for (const member of rest) used.add(member);
      groups.set(name, { least, members: rest });
    } else if (
      word === "quorum" &&
      items.length === 1 &&
      quorum === null &&
      (name === "none" || isKnown(name))
    ) {
      quorum = name;
    } else {
      throw malformed("lines of log, witness, group and one quorum, each name once");
    }
  }
  if (quorum === null) throw malformed("a quorum");
  return { logs, witnesses, groups, quorum };
}

/** True if those whose public keys have cosigned make the quorum. */
export function meetsQuorum(
  { witnesses, groups, quorum }: LogPolicy,
  cosigned: readonly VerifierKey[],
): boolean {
  const ids = new Set(cosigned.map(({ key }) => toBase64(key)));
  const met = (name: string): boolean => {
    const group = groups.get(name);
    if (group !== undefined) return group.members.filter(met).length >= group.least;
    const witness = witnesses.get(name);
    return witness !== undefined && ids.has(toBase64(witness.key));
  };
  return quorum === "none" || met(quorum);
}

/** When it speaks of, for people; a time that no calendar has is left out. */
export const asOfText = (asOf: number | null): string =>
  asOf === null || asOf > 250_000_000_000
    ? ""
    : `, as of ${new Date(asOf * 1000).toISOString().replace(".000", "")}`;

export type Received = SignedCheckpoint & {
  /** When the last of the quorum had cosigned, were they in the order of their times; null where none is needed. */
  readonly asOf: number | null;
};

/** Refuses unless `entry` stands in a log of the policy, in a checkpoint that its quorum has cosigned. */
export function verifyReceipt(
  receipt: Receipt,
  entry: Uint8Array,
  policy: LogPolicy,
  verify: Verify,
): Received {
  const log = policy.logs.find((key) => fromUtf8(receipt.checkpoint).startsWith(`${key.name}\n`));
  if (log === undefined) throw new Refusal("proof-invalid", "expected a checkpoint of a log of the policy");
  const opened = openCheckpoint(receipt.checkpoint, log, verify);
  const cosigned = cosignatures(opened.note, [...policy.witnesses.values()], verify);
  const witnesses = cosigned.map(({ witness }) => witness);
  if (!meetsQuorum(policy, witnesses))
    throw new Refusal("proof-invalid", "expected cosignatures that meet the policy's quorum");
  const { size, root } = opened.checkpoint;
  verifyInclusion(receipt.index, size, leafHash(entry), receipt.proof, root);
  const byTime = cosigned.toSorted((a, b) => a.time - b.time);
  const last = byTime.find((_, index) =>
    meetsQuorum(
      policy,
      byTime.slice(0, index + 1).map(({ witness }) => witness),
    ),
  );
  return { ...opened, asOf: policy.quorum === "none" ? null : (last?.time ?? null) };
}
