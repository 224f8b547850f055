/**
 * The query: what a researcher signs. Data in a closed schema, with its own privacy cost inside the signed bytes,
 * so that nobody else can choose the noise.
 */
import { z } from "zod";
import { ofKind } from "../signing/envelope.ts";
import { Hash } from "../values/bytes.ts";
import { Instant, PersonId, RegionCode } from "../values/names.ts";
import { Period } from "../values/period.ts";
import { compare, parseRational, RationalText, ZERO } from "../values/rational.ts";
import { textOf } from "../values/text.ts";
import { ColumnName, DatasetRef } from "./catalogue.ts";
import { Filter } from "./filter.ts";

export const MeasureId = z.string().regex(/^[a-z][a-z0-9_-]{0,47}$/, "expected an id of a-z, 0-9, _ and -");
const common = {
  id: MeasureId,
  /** Its vectors' part of ρ against those of the other measures; 1 unless said. */
  part: z.int().min(1).max(1000).optional(),
};
const isPart = (text: string): boolean =>
  compare(parseRational(text), ZERO) > 0 && compare(parseRational(text), parseRational("1")) < 0;
const Probability = RationalText.refine(isPart, "expected a probability above 0 and below 1");
const RhoPart = RationalText.refine(isPart, "expected a part above 0 and below 1");

export const Measure = z.discriminatedUnion("kind", [
  /** Of persons; with `where`, of those for whom it holds. */
  z.strictObject({ kind: z.literal("count"), where: Filter.optional(), ...common }),
  z.strictObject({ kind: z.literal("sum"), column: ColumnName, ...common }),
  z.strictObject({ kind: z.literal("mean"), column: ColumnName, ...common }),
  z.strictObject({ kind: z.literal("variance"), column: ColumnName, ...common }),
  z.strictObject({ kind: z.literal("share"), predicate: Filter, ...common }),
  z.strictObject({
    kind: z.literal("histogram"),
    column: ColumnName,
    /** For an integer column: each bin's least value, rising; the first is the column's least. */
    edges: z.array(z.int()).min(1).max(10_000).optional(),
    ...common,
  }),
  z.strictObject({
    kind: z.literal("quantile"),
    column: ColumnName,
    probabilities: z.array(Probability).min(1).max(100),
    ...common,
  }),
]);
export type Measure = z.infer<typeof Measure>;

/** Names of columns, in the catalogue's order; none is the total. */
const Columns = z.array(ColumnName).max(6);

/** Many tables at once that agree with each other: the sets of columns, and the noise by which they are measured. */
export const Tables = z.strictObject({
  marginals: z.array(Columns).min(1).max(200),
  /** On each set contained in one that is wanted: σ² of its residual, in persons squared, for a count at ρ = 1. */
  noise: z
    .array(z.strictObject({ on: Columns, variance: RationalText }))
    .min(1)
    .max(1000),
});
export type Tables = z.infer<typeof Tables>;

/**
 * How a query is computed. What is computed differently from some day on is a new edition; old ones are computed as they
 * were, for ever. 1 (no edition said): a share is two vectors, a mean's ρ is halved. 2: a share is two cells of one
 * vector, in tables one more attribute of the rows; a mean's ρ is split by how far it is expected to lie from the middle.
 */
export const EDITIONS = [1, 2] as const;
export type Edition = (typeof EDITIONS)[number];
/** In which new queries are asked. */
export const NEWEST_EDITION: Edition = 2;

/** Each region's own figures, with the nation as their sum; the nation's alone, by a secure sum; or both, reconciled. */
export const ReleaseKind = z.enum(["regions", "national", "both"]);
export type ReleaseKind = z.infer<typeof ReleaseKind>;

export const Query = ofKind(
  "query",
  z
    .strictObject({
      dataset: DatasetRef,
      /** Of the plan; 1 unless said. Refused by the plan where it is not known. */
      edition: z.int().min(1).max(9999).optional(),
      directory: Hash,
      /** Who asks. In the signed bytes, so that nobody else's signature makes the same document theirs. */
      requester: PersonId,
      title: textOf(200),
      /** The digest of why it is asked, which stands beside the log and can be erased. */
      purpose: Hash,
      periods: z.array(Period).min(1).max(1000),
      where: Filter.optional(),
      groupBy: z.array(ColumnName).max(10),
      /** In place of one grouping, many. */
      tables: Tables.optional(),
      measures: z.array(Measure).min(1).max(50),
      /** Each region's figures; the nation's alone, as exact as if all data lay in one place; or both, reconciled. */
      release: ReleaseKind,
      /** Of ρ, the part for the nation where both are asked for. */
      nationalPart: RhoPart.optional(),
      regions: z.union([z.literal("all"), z.array(RegionCode).min(1).max(1000)]),
      minRegions: z.int().min(1).max(1000),
      pool: z.boolean(),
      rho: RationalText,
      notBefore: Instant,
      /** No node begins to answer after this. */
      expires: Instant,
      /**
       * The release is made without whoever has not answered by then. Regions' own answers that come later, until
       * `expires`, make a new version of it.
       */
      answerBy: Instant,
      /** Random, so that the same question asked again is another document, with a charge of its own. */
      nonce: z.string().regex(/^[0-9a-f]{32}$/, "expected 32 hexadecimal digits"),
    })
    .refine(({ release, nationalPart }) => (release === "both") === (nationalPart !== undefined), {
      message: 'expected nationalPart with release "both", and only there',
      path: ["nationalPart"],
    })
    .refine(({ groupBy, tables }) => tables === undefined || groupBy.length === 0, {
      message: "expected no groupBy where tables are asked for",
      path: ["groupBy"],
    })
    .refine(
      ({ release, notBefore, expires, answerBy }) =>
        notBefore < expires && notBefore < answerBy && (expires <= answerBy || release === "regions"),
      {
        message:
          "expected notBefore < expires ≤ answerBy; only regions' own answers may come later than answerBy",
        path: ["expires"],
      },
    ),
);
export type Query = z.infer<typeof Query>;
