/**
 * The secure sum's documents, and what must hold of them (Bonawitz et al. 2017 over the complete graph, with signed
 * keys and a mandatory agreement round). Nodes judge what the coordinator shows them by this file, and auditors what
 * it kept. Five rounds: advertise, share, mask, agree, open.
 */
import { z } from "zod";
import { answerKeysOf, type Federation } from "../federation/directory.ts";
import type { NoiseShares } from "../privacy/noise-shares.ts";
import { type Envelope, type KindOfRole, type OfKind, ofKind, openEnvelope } from "../signing/envelope.ts";
import { bytesOf, concat, fromHex, Hash, hashOf, utf8 } from "../values/bytes.ts";
import { RegionCode } from "../values/names.ts";
import { Refusal } from "../values/refusal.ts";
import { X25519Key } from "../values/x25519.ts";

export const PHASES = ["advertise", "share", "mask", "agree", "open"] as const;
export type Phase = (typeof PHASES)[number];

export const Attempt = z.int().min(1).max(1000);
const common = { query: Hash, attempt: Attempt, node: RegionCode };
const bound = { ...common, session: Hash };

/** Bytes of a vector, in pieces of a mebibyte, each known by its hash. */
const Chunks = z.array(Hash).min(1).max(64);

/** Round 0: fresh keys of one attempt, for encrypted channels and for masks. */
export const Advert = ofKind(
  "advert",
  z.strictObject({ ...common, directory: Hash, channel: X25519Key, mask: X25519Key }),
);
export type Advert = z.infer<typeof Advert>;

/** Round 1: binds a node to the seed of its own mask, whose shares travel encrypted beside it. */
export const Commitment = ofKind("commitment", z.strictObject({ ...bound, commitment: Hash }));
export type Commitment = z.infer<typeof Commitment>;

/** Round 2: binds a node to its masked vector, and to the surplus of its noise above each step but the last. */
export const Masked = ofKind(
  "masked",
  z.strictObject({ ...bound, u2: Hash, chunks: Chunks, surplus: z.array(Hash).max(8) }),
);
export type Masked = z.infer<typeof Masked>;

/** Round 3: one set of survivors, with the vectors they sent. A node signs one for a query, ever. */
export const Agreement = ofKind("agreement", z.strictObject({ ...bound, u2: Hash, survivors: Hash }));
export type Agreement = z.infer<typeof Agreement>;

const OpenedSecretShare = z.strictObject({ of: RegionCode, share: bytesOf(33) });

/** Round 4: shares of the survivors' seeds and of the missing ones' mask keys, and the node's own surplus. */
export const Opening = ofKind(
  "opening",
  z.strictObject({
    ...bound,
    survivors: Hash,
    self: z.array(OpenedSecretShare).max(255),
    mask: z.array(OpenedSecretShare).max(255),
    surplus: z.strictObject({ salt: bytesOf(32), chunks: Chunks }).nullable(),
  }),
);
export type Opening = z.infer<typeof Opening>;

/** Each phase's message. */
export const MESSAGE = {
  advertise: Advert,
  share: Commitment,
  mask: Masked,
  agree: Agreement,
  open: Opening,
} as const satisfies Record<Phase, OfKind<KindOfRole<"node">>>;

/**
 * In place of a message: the region takes no further part in this attempt. It restarted, and the attempt's secrets are
 * gone; or it will not go on with what it was shown. It says nothing of why, and binds to nothing: it only spares the
 * others the waiting.
 */
export const Withdrawal = ofKind("withdrawal", z.strictObject(common));
export type Withdrawal = z.infer<typeof Withdrawal>;

/** What every message of an attempt is judged by. */
export type Setting = {
  readonly federation: Federation;
  /** The directory that the query is bound to. */
  readonly directory: Hash;
  readonly query: Hash;
  readonly attempt: number;
  /** The regions the query is put to. */
  readonly roster: readonly string[];
  readonly noiseShares: NoiseShares;
};

export type Signed<T> = { readonly id: Hash; readonly payload: T; readonly envelope: Envelope };

/** Once there is a session, every message names it; once there is a second set, that too. */
export type Within = { readonly session?: Hash; readonly u2?: Hash; readonly survivors?: Hash };

/** Opens a message of an attempt: signed by the answer key of a region of the roster, about this query and attempt. */
export function openMessage<
  S extends OfKind<KindOfRole<"node">, { query: Hash; attempt: number; node: string }>,
>(setting: Setting, form: S, envelope: Envelope, within: Within = {}): Signed<z.output<S>> {
  const { federation, roster } = setting;
  const keys = answerKeysOf(federation);
  const { kind } = form;
  const { id, payload, key } = openEnvelope(envelope, form, [...keys.keys()], federation.verify);
  if (!roster.includes(payload.node) || keys.get(key) !== payload.node)
    throw unfit(`a ${kind} signed by the region it names, of those that were asked`);
  if (payload.query !== setting.query || payload.attempt !== setting.attempt)
    throw unfit(`a ${kind} of this query and attempt`);
  const named: Within & { node: string } = payload;
  for (const field of ["session", "u2", "survivors"] as const) {
    if (within[field] !== undefined && named[field] !== within[field])
      throw unfit(`a ${kind} that names the same ${field}`);
  }
  return { id, payload, envelope };
}

export const unfit = (expected: string): Refusal => new Refusal("round-unfit", `expected ${expected}`);

/** Each of a list of messages opened, in the order of their nodes' codes; refuses two of one node. */
function openEach<T extends { node: string }>(
  envelopes: readonly Envelope[],
  one: (envelope: Envelope) => Signed<T>,
): Signed<T>[] {
  const opened = envelopes.map(one).sort((a, b) => (a.payload.node < b.payload.node ? -1 : 1));
  if (new Set(opened.map(({ payload }) => payload.node)).size !== opened.length)
    throw unfit("one message of each region");
  return opened;
}

function checkFloor({ noiseShares }: Setting, count: number): void {
  if (count < noiseShares.survivors)
    throw unfit(
      `at least ${noiseShares.survivors} regions, the threshold or the query's minRegions; ${count} came`,
    );
}

/** U1. Refuses a set below the floor, an advert bound to another directory, and a key that stands there twice. */
export function openAdverts(setting: Setting, envelopes: readonly Envelope[]): Signed<Advert>[] {
  const adverts = openEach(envelopes, (each) => openMessage(setting, Advert, each));
  checkFloor(setting, adverts.length);
  if (adverts.some(({ payload }) => payload.directory !== setting.directory))
    throw unfit("adverts bound to the directory that the query names");
  const keys = adverts.flatMap(({ payload }) => [payload.channel, payload.mask]);
  if (new Set(keys).size !== keys.length) throw unfit("each key once");
  return adverts;
}

/** Known by everything that makes an attempt this one; computed by each node, never taken from the coordinator. */
export const sessionOf = ({ query, attempt }: Setting, adverts: readonly Signed<Advert>[]): Hash =>
  hashOf(
    utf8(
      JSON.stringify([
        "brus session v1",
        query,
        attempt,
        adverts.map(({ id, payload }) => [payload.node, id]),
      ]),
    ),
  );

/** U2, of members of U1. */
export function openCommitments(
  setting: Setting,
  session: Hash,
  u1: readonly string[],
  envelopes: readonly Envelope[],
): Signed<Commitment>[] {
  const opened = openEach(envelopes, (each) => openMessage(setting, Commitment, each, { session }));
  checkFloor(setting, opened.length);
  if (opened.some(({ payload }) => !u1.includes(payload.node))) throw unfit("members of U1");
  return opened;
}

export const u2Of = (session: Hash, commitments: readonly Signed<Commitment>[]): Hash =>
  hashOf(
    utf8(
      JSON.stringify([
        "brus second set v1",
        session,
        commitments.map(({ id, payload }) => [payload.node, id]),
      ]),
    ),
  );

/** U3, of members of U2, each with the digest of what it sent. */
export function openMasked(
  setting: Setting,
  within: { session: Hash; u2: Hash },
  members: readonly string[],
  envelopes: readonly Envelope[],
): Signed<Masked>[] {
  const opened = openEach(envelopes, (each) => openMessage(setting, Masked, each, within));
  checkFloor(setting, opened.length);
  if (opened.some(({ payload }) => !members.includes(payload.node))) throw unfit("members of U2");
  return opened;
}

export type Survivor = { readonly node: string; readonly masked: Hash };

export const survivorsOf = (masked: readonly Signed<Masked>[]): Survivor[] =>
  masked.map(({ id, payload }) => ({ node: payload.node, masked: id }));

/** The one statement that round 3 signs: which vectors, and so whose, are added up. In the order of the codes. */
export const survivorsHash = (session: Hash, u2: Hash, survivors: readonly Survivor[]): Hash =>
  hashOf(
    utf8(
      JSON.stringify(["brus survivors v1", session, u2, survivors.map(({ node, masked }) => [node, masked])]),
    ),
  );

/** Refuses fewer than t distinct members of U3 that have signed this very set. */
export function openAgreements(
  setting: Setting,
  within: { session: Hash; u2: Hash; survivors: Hash },
  survivors: readonly Survivor[],
  envelopes: readonly Envelope[],
): Signed<Agreement>[] {
  const opened = openEach(envelopes, (each) => openMessage(setting, Agreement, each, within));
  if (opened.some(({ payload }) => !survivors.some(({ node }) => node === payload.node)))
    throw unfit("signatures of survivors");
  if (opened.length < setting.noiseShares.threshold)
    throw unfit(`${setting.noiseShares.threshold} signatures of one set; ${opened.length} came`);
  return opened;
}

/** H(session ‖ node ‖ b), shown in round 1; b is 32 fresh random bytes. */
export const seedCommitment = (session: Hash, node: string, seed: Uint8Array): Hash =>
  hashOf(concat(utf8(JSON.stringify(["brus seed v1", session, node])), seed));

/**
 * H(session ‖ node ‖ step ‖ salt ‖ the surplus above that step), shown in round 2. The salt of 32 fresh random bytes
 * is shown only with what is opened: without it the surplus of one cell could be guessed.
 */
export const surplusCommitment = (
  session: Hash,
  node: string,
  step: number,
  salt: Uint8Array,
  chunks: readonly Hash[],
): Hash =>
  hashOf(
    concat(
      utf8(JSON.stringify(["brus surplus v1", session, node, step])),
      salt,
      ...chunks.map((chunk) => fromHex(chunk.slice("sha256:".length))),
    ),
  );
