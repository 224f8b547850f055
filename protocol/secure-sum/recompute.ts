/**
 * What anyone can check of a release's secure sum from what is public, and what an auditor who is given the masked
 * vectors can recompute of it.
 */
import { type Federation, rosterOf } from "../federation/directory.ts";
import { planIn } from "../federation/plan-in.ts";
import { vectorBytes } from "../plan/plan.ts";
import { releasedVariance, stepOf } from "../privacy/noise-shares.ts";
import type { Query } from "../question/query.ts";
import type { NationalSum } from "../release/areas.ts";
import type { MaterialMessages } from "../release/material.ts";
import type { Release } from "../release/release.ts";
import type { Envelope } from "../signing/envelope.ts";
import { decodeVector, type Hash, hashOf } from "../values/bytes.ts";
import { format } from "../values/rational.ts";
import { Refusal } from "../values/refusal.ts";
import type { Primitives } from "./mask.ts";
import { openAgreements, type Setting, survivorsHash } from "./messages.ts";
import { openSum, readMaterial } from "./open-sum.ts";

export type Summed = { readonly query: Query; readonly id: Hash };

const unlike = (expected: string): Refusal => new Refusal("signature-invalid", `expected ${expected}`);

/**
 * That at least the threshold of regions signed this very set of vectors, that their number is not below the floor,
 * that scale and noise are the plan's, and that the bytes are those the release is bound to. That they *are* the sum of
 * those vectors, an auditor recomputes (`recomputeSum`).
 */
export function checkNational(
  federation: Federation,
  { query, id }: Summed,
  { national }: Release,
  agreements: readonly Envelope[],
  bytes: Uint8Array,
): NationalSum {
  const plan = planIn(federation, query);
  const { noiseShares } = plan;
  if (national === null || noiseShares === null) throw unlike("a release with a secure sum");
  const { attempt, session, u2, openings } = national;
  const roster = rosterOf(federation, query);
  const survivors = national.survivors.map(({ region, masked }) => ({ node: region, masked }));
  const codes = survivors.map(({ node }) => node);
  if (codes.length < noiseShares.survivors || codes.some((node) => !roster.includes(node)))
    throw unlike(`a sum of at least ${noiseShares.survivors} regions`);
  const within = { session, u2, survivors: survivorsHash(session, u2, survivors) };
  openAgreements(
    { federation, directory: query.directory, query: id, attempt, roster, noiseShares },
    within,
    survivors,
    agreements,
  );
  if (hashOf(bytes) !== national.sum || bytes.length !== vectorBytes(plan))
    throw unlike("the sum that the release is bound to, as long as the plan says");
  const openers = openings.map(({ region }) => region);
  if (new Set(openers).size !== openers.length || openers.some((node) => !codes.includes(node)))
    throw unlike("openings of survivors, one each");
  const unopened = codes.length - openings.filter(({ surplus }) => surplus).length;
  const noise = noiseShares.vectors.map((_, vector) =>
    format(releasedVariance(noiseShares, vector, noiseShares.n - codes.length, unopened)),
  );
  if (
    national.scale !== noiseShares.scale.toString() ||
    national.noise.length !== noise.length ||
    national.noise.some(({ variance }, vector) => variance !== noise[vector])
  )
    throw unlike("the scale and the noise that the plan says");
  return { sum: decodeVector(bytes), survivors: codes, unopened };
}

export type Recomputed = { readonly survivors: readonly string[]; readonly unopened: readonly string[] };

/** What an auditor is given: the rounds' messages, and pieces of vectors by their hash. */
export type GivenMaterial = {
  readonly messages: MaterialMessages;
  readonly piece: (document: Hash, place: number) => Promise<Uint8Array>;
};

/** The pieces of vectors that stand behind a sum: by message, the hashes of its pieces. */
export const boundOf = (setting: Setting, messages: MaterialMessages): ReadonlyMap<Hash, readonly Hash[]> =>
  boundBy(setting, messages).bound;

/** How many pieces of vectors stand behind a sum. */
export const piecesOf = (setting: Setting, messages: MaterialMessages): number =>
  [...boundOf(setting, messages).values()].reduce((sum, chunks) => sum + chunks.length, 0);

function boundBy(setting: Setting, messages: MaterialMessages) {
  const material = readMaterial(setting, messages);
  const bound = new Map<Hash, readonly Hash[]>([
    ...material.masked.map(({ id, payload }) => [id, payload.chunks] as const),
    ...material.openings.map(({ id, payload }) => [id, payload.surplus?.chunks ?? []] as const),
  ]);
  return { material, bound };
}

/** The setting by which the messages of a release's rounds are judged. */
export function settingFor(federation: Federation, { query, id }: Summed, { national }: Release): Setting {
  const { noiseShares } = planIn(federation, query);
  if (national === null || noiseShares === null) throw unlike("a release with a secure sum");
  const roster = rosterOf(federation, query);
  return {
    federation,
    directory: query.directory,
    query: id,
    attempt: national.attempt,
    roster,
    noiseShares,
  };
}

/** Adds a sum up anew from the masked vectors, the shares that opened their masks and the surplus, each as its region signed it. */
export async function recomputeSum(
  federation: Federation,
  summed: Summed,
  release: Release,
  { messages, piece }: GivenMaterial,
  { primitives, hash }: { readonly primitives: Primitives; readonly hash: (bytes: Uint8Array) => Hash },
): Promise<Recomputed> {
  const setting = settingFor(federation, summed, release);
  const { national } = release;
  const plan = planIn(federation, summed.query);
  if (national === null) throw unlike("a release with a secure sum");
  const { material, bound } = boundBy(setting, messages);
  const { session, u2, openings, survivors } = material;
  openAgreements(setting, { session, u2, survivors: material.survivorsHash }, survivors, messages.agreements);
  const named = national.survivors.map(({ region, masked }) => `${region} ${masked}`).join();
  if (named !== survivors.map(({ node, masked }) => `${node} ${masked}`).join())
    throw unlike("the masked vectors that the release names");
  const opened = new Set(national.openings.map(({ hash: id }) => id));
  if (openings.length !== opened.size || openings.some(({ id }) => !opened.has(id)))
    throw unlike("the openings that the release names");
  const checked = async (document: Hash, place: number): Promise<Uint8Array> => {
    const bytes = await piece(document, place);
    if (hash(bytes) !== bound.get(document)?.[place])
      throw unlike("a piece of the vector that its region signed");
    return bytes;
  };
  const { bytes, unopened } = await openSum(setting, plan, material, checked, primitives);
  if (hashOf(bytes) !== national.sum) throw unlike("the published sum to be the sum of the masked vectors");
  const said = survivors.flatMap(({ node }) =>
    national.openings.some(({ region, surplus }) => region === node && surplus) ? [] : [node],
  );
  const { steps, n } = setting.noiseShares;
  const left = stepOf(setting.noiseShares, n - survivors.length) < steps.length - 1;
  if (left && said.join() !== unopened.join())
    throw unlike("the surplus noise taken away that the release says");
  return { survivors: survivors.map(({ node }) => node), unopened };
}
