/**
 * Opens a secure sum from what its rounds left: rebuilds the survivors' seeds and the missing regions' mask keys,
 * checks each against what was committed to, and takes masks and surplus noise off the sum, piece by piece. The
 * coordinator does it once, and auditors who are given the same material do it again.
 */
import { combine } from "shamir-secret-sharing";
import { type Plan, vectorBytes } from "../plan/plan.ts";
import { stepOf } from "../privacy/noise-shares.ts";
import type { Envelope } from "../signing/envelope.ts";
import { concat, fromBase64, type Hash, toBase64 } from "../values/bytes.ts";
import { Refusal } from "../values/refusal.ts";
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
import {
  type Advert,
  type Commitment,
  type Masked,
  Opening,
  openAdverts,
  openCommitments,
  openMasked,
  openMessage,
  type Setting,
  type Signed,
  type Survivor,
  seedCommitment,
  sessionOf,
  surplusCommitment,
  survivorsHash,
  survivorsOf,
  u2Of,
} from "./messages.ts";

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

/** The set that was agreed on: whose vectors are added up, and the hash that its members signed. */
export type AgreedOn = { readonly survivors: readonly Survivor[]; readonly survivorsHash: Hash };

/**
 * Reads what the rounds left, from round 0 on: each set is computed from the messages before it, never taken from who
 * shows them. Refuses what a node would have refused.
 */
export function readMaterial(
  setting: Setting,
  shown: Readonly<Record<"adverts" | "commitments" | "masked" | "openings", readonly Envelope[]>>,
): Material & AgreedOn {
  const adverts = openAdverts(setting, shown.adverts);
  const session = sessionOf(setting, adverts);
  const u1 = adverts.map(({ payload }) => payload.node);
  const commitments = openCommitments(setting, session, u1, shown.commitments);
  const u2 = u2Of(session, commitments);
  const second = commitments.map(({ payload }) => payload.node);
  const masked = openMasked(setting, { session, u2 }, second, shown.masked);
  const survivors = survivorsOf(masked);
  const agreed = { survivors, survivorsHash: survivorsHash(session, u2, survivors) };
  const openings = shown.openings.map((each) =>
    openMessage(setting, Opening, each, { session, survivors: agreed.survivorsHash }),
  );
  return { session, u2, adverts, commitments, masked, openings, ...agreed };
}

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
  const length = vectorBytes(plan);
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
  const of: Stream = { session, u2, vector: ANSWER, length };
  const survivors = masked.map(({ payload }) => payload.node);
  const publicOf = (node: string) =>
    fromBase64(adverts.find(({ payload }) => payload.node === node)?.payload.mask ?? "");
  const openers = new Openers(setting.noiseShares.threshold, openings);
  const masks: Mask[] = [];
  for (const { payload } of commitments) {
    const { node, commitment } = payload;
    if (survivors.includes(node)) {
      const fits = (seed: Uint8Array) => seedCommitment(session, node, seed) === commitment;
      masks.push({ key: selfKey(primitives, await openers.rebuild("self", node, fits), node, of), sign: 1 });
      continue;
    }
    const key = toBase64(publicOf(node));
    const fits = (secret: Uint8Array) => toBase64(primitives.publicOf(secret)) === key;
    const secret = await openers.rebuild("mask", node, fits);
    for (const other of survivors) {
      const shared = pairKey(primitives, secret, publicOf(other), [node, other], of);
      masks.push({ key: shared, sign: signOf(other, node) });
    }
  }
  return masks;
}

/** How many sets of t shares are tried for one secret; with three false ones of 21, one in 66 sets has none. */
const MOST_TRIES = 3000;

/** Those who opened: some may give false shares, and are found out by the first secret, so that later ones go fast. */
class Openers {
  readonly #threshold: number;
  readonly #openings: readonly Opening[];
  readonly #false = new Set<string>();

  constructor(threshold: number, openings: readonly Signed<Opening>[]) {
    this.#threshold = threshold;
    this.#openings = openings.map(({ payload }) => payload);
  }

  /** The secret that some t of the shares give and that fits what was committed to. One share of each opener counts. */
  async rebuild(
    kind: "self" | "mask",
    node: string,
    fits: (secret: Uint8Array) => boolean,
  ): Promise<Uint8Array> {
    const held = this.#openings.flatMap((opening) => {
      const share = opening[kind].find((each) => each.of === node)?.share;
      return share === undefined ? [] : [{ opener: opening.node, share: fromBase64(share) }];
    });
    const trusted = held.toSorted(
      (a, b) => Number(this.#false.has(a.opener)) - Number(this.#false.has(b.opener)),
    );
    const tries = trusted.length < this.#threshold ? 0 : trusted.length === this.#threshold ? 1 : MOST_TRIES;
    const order = shuffler(trusted.length);
    for (let attempt = 0; attempt < tries; attempt++) {
      const some = (attempt === 0 ? trusted : order().flatMap((place) => trusted[place] ?? [])).slice(
        0,
        this.#threshold,
      );
      const secret = await combine(some.map(({ share }) => share)).catch(() => null);
      if (secret === null || !fits(secret)) continue;
      if (attempt > 0) await this.#findFalse(some, trusted, fits);
      return secret;
    }
    throw new Refusal(
      "round-unfit",
      `expected ${this.#threshold} shares that give what ${node} committed to`,
    );
  }

  /** A share is true if it gives the same secret in the place of one that is. */
  async #findFalse(
    good: ReadonlyArray<{ opener: string; share: Uint8Array }>,
    all: ReadonlyArray<{ opener: string; share: Uint8Array }>,
    fits: (secret: Uint8Array) => boolean,
  ): Promise<void> {
    for (const each of all) {
      if (good.includes(each)) continue;
      const swapped = [each, ...good.slice(1)].map(({ share }) => share);
      const secret = await combine(swapped).catch(() => null);
      if (secret === null || !fits(secret)) this.#false.add(each.opener);
    }
  }
}

/** Orders of 0 … n−1, one after another, the same on every machine: nothing depends on their being random. */
function shuffler(n: number): () => number[] {
  let state = 1;
  const next = (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const order = Array.from({ length: n }, (_, index) => index);
  return () => {
    for (let last = n - 1; last > 0; last--) {
      const other = next(last + 1);
      [order[last], order[other]] = [order[other] ?? 0, order[last] ?? 0];
    }
    return [...order];
  };
}

/** Whose surplus above this D's step is as it was committed to in round 2. */
function surplusesOf(setting: Setting, { session, masked, openings }: Material) {
  const { noiseShares } = setting;
  const step = stepOf(noiseShares, noiseShares.n - masked.length);
  if (step === noiseShares.steps.length - 1) return { opened: [], unopened: [] };
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
