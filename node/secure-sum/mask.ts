/**
 * Hides a region's vector: sums times the scale, plus its share of the noise, plus masks that cancel in the sum of
 * all, modulo 2^64. And keeps ready, committed to, the surplus of noise that was planned for missing regions.
 */
import { type Plan, vectorBytes } from "../../protocol/plan/plan.ts";
import { UNITS } from "../../protocol/privacy/privacy.ts";
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
} from "../../protocol/secure-sum/mask.ts";
import { surplusCommitment } from "../../protocol/secure-sum/messages.ts";
import type { Hash } from "../../protocol/values/bytes.ts";
import { hashNatively } from "../../server/primitives.ts";

export type Pieces = { readonly chunks: readonly Uint8Array[]; readonly hashes: readonly Hash[] };
export type Surplus = Pieces & { readonly salt: Uint8Array };

export type MaskedVector = Pieces & {
  /** For each step but the last, the noise of the components above it. */
  readonly surplus: readonly Surplus[];
  readonly commitments: readonly Hash[];
};

export type ToMask = {
  readonly plan: Plan;
  readonly sums: readonly bigint[];
  readonly noise: readonly Float64Array[];
  readonly session: Hash;
  readonly u2: Hash;
  readonly code: string;
  readonly seed: Uint8Array;
  readonly maskKey: Uint8Array;
  /** The other members of U2, with their public mask keys. */
  readonly peers: ReadonlyArray<{ readonly node: string; readonly key: Uint8Array }>;
  readonly primitives: Primitives;
  readonly salt: () => Uint8Array;
};

export function maskVector(input: ToMask): MaskedVector {
  const { plan, sums, noise, session, u2, code, peers, primitives } = input;
  const { noiseShares } = plan;
  if (noiseShares === null) throw new RangeError("expected a plan with a secure sum");
  const length = vectorBytes(plan);
  const stream: Stream = { session, u2, vector: ANSWER, length };
  const masks: Mask[] = [
    { key: selfKey(primitives, input.seed, code, stream), sign: 1 },
    ...peers.map(({ node, key }) => ({
      key: pairKey(primitives, input.maskKey, key, [code, node], stream),
      sign: signOf(code, node),
    })),
  ];
  const bounded = clamped(plan, sums);
  const masked = cut(length, (sum, offset) => {
    sum.addBig(bounded, offset / 8, noiseShares.scale);
    for (const component of noise) sum.addNumbers(component, offset / 8);
    sum.addMasks(masks, primitives, offset, false);
  });
  const surplus = noiseShares.steps.slice(0, -1).map((_, step): Surplus => {
    const above = noise.slice(step + 1);
    const pieces = cut(length, (sum, offset) => {
      for (const component of above) sum.addNumbers(component, offset / 8);
    });
    return { ...pieces, salt: input.salt() };
  });
  const commitments = surplus.map(({ salt, hashes }, step) =>
    surplusCommitment(session, code, step, salt, hashes),
  );
  return { ...masked, surplus, commitments };
}

/** Clamped to what the catalogue says is possible, last of all: the modulus is chosen for that, and no sum may wrap. */
function clamped(plan: Plan, sums: readonly bigint[]): bigint[] {
  const limits = plan.periods.flatMap(() =>
    plan.vectors.flatMap(({ reach, width }) =>
      new Array<bigint>(plan.cells * width).fill(UNITS * reach.largest * BigInt(plan.dataset.maxPersons)),
    ),
  );
  return sums.map((sum, index) => {
    const limit = limits[index] ?? 0n;
    return sum > limit ? limit : sum < -limit ? -limit : sum;
  });
}

/** What is opened when components up to this step are kept; null where nothing is left over. */
export const surplusAbove = ({ surplus }: MaskedVector, step: number): Surplus | null =>
  surplus[step] ?? null;

function cut(length: number, fill: (sum: Sum64, offset: number) => void): Pieces {
  const chunks = pieces(length).map((piece) => {
    const sum = new Sum64(piece.length / 8);
    fill(sum, piece.offset);
    return sum.toBytes();
  });
  return { chunks, hashes: chunks.map(hashNatively) };
}
