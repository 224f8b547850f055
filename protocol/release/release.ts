/**
 * The release: the coordinator's signed statement of what the answers add up to, and the table of cells beside it,
 * bound by hash. Anyone who has the answers recomputes the table, byte for byte, with `cellsOf` and `writeCells`.
 */
import { z } from "zod";
import type { Federation } from "../federation/directory.ts";
import { judgingSince, versionsSince } from "../federation/versions.ts";
import { ReleaseKind } from "../question/query.ts";
import { type Envelope, type Opened, ofKind, openEnvelope } from "../signing/envelope.ts";
import { Hash } from "../values/bytes.ts";
import { Instant, RegionCode } from "../values/names.ts";
import { RationalText } from "../values/rational.ts";
import { Refusal, RefusalCode } from "../values/refusal.ts";

const VectorNoise = z
  .array(z.strictObject({ vector: z.string().max(2_000_000), variance: RationalText }))
  .max(50_000);

/** What stands behind a secure sum: the set that was agreed on, and the digests of all that opened it. */
export const NationalPart = z.strictObject({
  attempt: z.int().min(1),
  session: Hash,
  u2: Hash,
  /** Regions whose vectors are in the sum, each with the document that binds its masked vector. */
  survivors: z.array(z.strictObject({ region: RegionCode, masked: Hash })).max(255),
  agreements: z.array(z.strictObject({ region: RegionCode, hash: Hash })).max(255),
  /** Who opened: shares of masks, and the surplus of its noise where `surplus` says so. */
  openings: z.array(z.strictObject({ region: RegionCode, hash: Hash, surplus: z.boolean() })).max(255),
  /** Of the sum's bytes: the plan's integers times `scale`, 8 bytes each. */
  sum: Hash,
  scale: z.string().regex(/^[1-9]\d{0,19}$/, "expected a whole number as text"),
  /** Per vector of the plan: the variance of the nation's noise, in persons squared. */
  noise: VectorNoise,
});
export type NationalPart = z.infer<typeof NationalPart>;

export const Release = ofKind(
  "release",
  z.strictObject({
    query: Hash,
    /** Of the plan that its figures come from; 1 unless said. */
    edition: z.int().min(1).max(9999).optional(),
    /** The release that this is a later version of: with regions that came late. */
    supersedes: Hash.nullable(),
    directory: Hash,
    release: ReleaseKind,
    approvals: z.array(Hash).max(10_000),
    answers: z.array(z.strictObject({ region: RegionCode, hash: Hash })).max(1000),
    missing: z
      .array(z.strictObject({ region: RegionCode, reason: z.union([RefusalCode, z.literal("no-answer")]) }))
      .max(1000),
    /** ρ that each period was charged in each region that took part. */
    charge: RationalText,
    /** Per vector of the plan: the variance of one region's noise, in persons squared; none where none answered alone. */
    noise: VectorNoise,
    national: NationalPart.nullable(),
    cells: z.strictObject({ hash: Hash, count: z.int().min(0) }),
    /** Intervals and errors state the error of the noise alone. */
    intervals: z.literal("95 %, noise alone"),
    madeAt: Instant,
  }),
);
export type Release = z.infer<typeof Release>;

/**
 * A release: signed by the release key of a version from the one that it is bound to on. `judged` is that span, for
 * what it adds up. Refuses a directory that is not one of these versions.
 */
export function openRelease(
  federation: Federation,
  envelope: Envelope,
): Opened<Release> & { readonly judged: Federation } {
  const keys = [...federation.earlier, federation].map(({ directory }) => directory.coordinator.release);
  const opened = openEnvelope(envelope, Release, keys, federation.verify);
  const versions = versionsSince(federation, opened.payload.directory);
  if (!versions.some(({ directory }) => directory.coordinator.release === opened.key))
    throw new Refusal(
      "key-unknown",
      "expected a release signed by a key of its directory, or of a later one",
    );
  return { ...opened, judged: judgingSince(federation, opened.payload.directory) };
}

/** The regions that a release's figures for the nation are of: whose answers, or vectors, are in it, by code. */
export const regionsOf = ({ answers, national }: Pick<Release, "answers" | "national">): string[] =>
  [...new Set([...answers, ...(national?.survivors ?? [])].map(({ region }) => region))].sort();

const Numeric = z.number().nullable();
const FigureRow = z.tuple([Numeric, Numeric, Numeric, Numeric, z.enum(["unreliable", ".."]).nullable()]);

/** The table as it travels: figures in the plan's order, whose places `readCells` fills in. */
export const CellTable = z.strictObject({
  areas: z.array(z.string().max(16)).max(1001),
  figures: z.array(FigureRow),
});
export type CellTable = z.infer<typeof CellTable>;
