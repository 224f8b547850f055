/**
 * Opens a secure sum from what its rounds left: rebuilds the survivors' seeds and the missing regions' mask keys,
 * checks each against what was committed to, and takes masks and surplus noise off the sum, piece by piece. The
 * coordinator does it once, and auditors who are given the same material do it again.
 */
import { combine } from "shamir-secret-sharing";
import { concat, fromBase64, type Hash, toBase64 } from "./bytes.ts";
import {
  ANSWER,
  type Mask,
  type Primitives,
  pairKey,
  pieces,
  type Stream,
  Sum64,
  selfKey,
  signOf,
} from "./mask.ts";
import type { Plan } from "./plan.ts";
import { Refusal } from "./refusal.ts";
import {
  type Advert,
  type Commitment,
  type Masked,
  type Opening,
  type Setting,
  type Signed,
  seedCommitment,
  surplusCommitment,
} from "./session.ts";
import { stepOf } from "./shares.ts";

/** The messages of the attempt whose set was agreed on, each verified. */
export type Material = {
  readonly session: Hash;
  readonly u2: Hash;
  readonly adverts: readonly Signed<Advert>[];
  /** Of U2. */
  readonly commitments: readonly Signed<Commitment>[];
  /** Of the survivors. */
  readonly masked: readonly Signed<Masked>[];
  readonly openings: readonly Signed<Opening>[];
};

export type OpenedSum = {
  /** 8 bytes an integer, period by period: the plan's integers times its scale. */
  readonly bytes: Uint8Array;
  /** Survivors whose surplus noise stays in: they showed none, or not the one they had committed to. */
  readonly unopened: readonly string[];
};

/** `chunk` gives a piece of the vector that a message binds. Refuses where too few shares fit what was committed to. */
export async function openSum(
  setting: Setting,
  plan: Plan,
  material: Material,
  chunk: (document: Hash, place: number) => Promise<Uint8Array>,
  primitives: Primitives,
): Promise<OpenedSum> {
  const length = plan.length * plan.periods.length * 8;
  const masks = await masksOf(setting, material, length, primitives);
  const { opened, unopened } = surplusesOf(setting, material);
  const parts: Uint8Array[] = [];
  for (const [place, piece] of pieces(length).entries()) {
    const sum = new Sum64(piece.length / 8);
    for (const { id } of material.masked) sum.addBytes(await chunk(id, place), 1);
    sum.addMasks(masks, primitives, piece.offset, true);
    for (const id of opened) sum.addBytes(await chunk(id, place), -1);
    parts.push(sum.toBytes());
  }
  return { bytes: concat(...parts), unopened };
}

/** All masks that stand in the sum of the survivors' vectors: their own, and those shared with missing regions. */
async function masksOf(
  setting: Setting,
  { session, u2, adverts, commitments, masked, openings }: Material,
  length: number,
  primitives: Primitives,
): Promise<Mask[]> {
  const { threshold } = setting.shares;
  const of: Stream = { session, u2, vector: ANSWER, length };
  const survivors = masked.map(({ payload }) => payload.node);
  const publicOf = (node: string) =>
    fromBase64(adverts.find(({ payload }) => payload.node === node)?.payload.mask ?? "");
  const sharesOf = (kind: "self" | "mask", node: string) =>
    openings.flatMap(({ payload }) =>
      payload[kind].filter((share) => share.of === node).map(({ share }) => fromBase64(share)),
    );
  const masks: Mask[] = [];
  for (const { payload } of commitments) {
    const { node, commitment } = payload;
    if (survivors.includes(node)) {
      const fits = (seed: Uint8Array) => seedCommitment(session, node, seed) === commitment;
      const seed = await rebuild(sharesOf("self", node), threshold, fits, node);
      masks.push({ key: selfKey(primitives, seed, node, of), sign: 1 });
      continue;
    }
    const key = toBase64(publicOf(node));
    const fits = (secret: Uint8Array) => toBase64(primitives.publicOf(secret)) === key;
    const secret = await rebuild(sharesOf("mask", node), threshold, fits, node);
    for (const other of survivors) {
      const shared = pairKey(primitives, secret, publicOf(other), [node, other], of);
      masks.push({ key: shared, sign: signOf(other, node) });
    }
  }
  return masks;
}

/** The secret that some t of the shares give and that fits; each run of t is tried, since some may be false. */
async function rebuild(
  shares: readonly Uint8Array[],
  threshold: number,
  fits: (secret: Uint8Array) => boolean,
  node: string,
): Promise<Uint8Array> {
  if (shares.length >= threshold) {
    for (let start = 0; start < shares.length; start++) {
      const run = Array.from({ length: threshold }, (_, index) => shares[(start + index) % shares.length]);
      const secret = await combine(run.filter((share) => share !== undefined)).catch(() => null);
      if (secret !== null && fits(secret)) return secret;
      if (shares.length === threshold) break;
    }
  }
  throw new Refusal("round-unfit", `expected ${threshold} shares that give what ${node} committed to`);
}

/** Whose surplus above this D's step is as it was committed to in round 2. */
function surplusesOf(setting: Setting, { session, masked, openings }: Material) {
  const { shares } = setting;
  const step = stepOf(shares, shares.n - masked.length);
  if (step === shares.steps.length - 1) return { opened: [], unopened: [] };
  const opened: Hash[] = [];
  const unopened: string[] = [];
  for (const { payload } of masked) {
    const opening = openings.find((each) => each.payload.node === payload.node);
    const surplus = opening?.payload.surplus ?? null;
    const committed =
      surplus !== null &&
      surplusCommitment(session, payload.node, step, fromBase64(surplus.salt), surplus.chunks) ===
        payload.surplus[step] &&
      surplus.chunks.length === payload.chunks.length;
    if (committed && opening !== undefined) opened.push(opening.id);
    else unopened.push(payload.node);
  }
  return { opened, unopened };
}
