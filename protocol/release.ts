/**
 * The release: the coordinator's signed statement of what the answers add up to, and the table of cells beside it,
 * bound by hash. Anyone who has the answers recomputes the table, byte for byte, with `cellsOf` and `writeCells`.
 */
import { z } from "zod";
import { Hash, hashOf, utf8 } from "./bytes.ts";
import { type Figure, figuresOf } from "./estimate.ts";
import { keysOf, type Plan, publishedPeriods } from "./plan.ts";
import { Instant, RegionCode } from "./query.ts";
import { RationalText } from "./rational.ts";
import { RefusalCode } from "./refusal.ts";

export const NATION = "00";

export const Release = z.strictObject({
  query: Hash,
  directory: Hash,
  release: z.literal("regions"),
  approvals: z.array(Hash).max(10_000),
  answers: z.array(z.strictObject({ region: RegionCode, hash: Hash })).max(1000),
  missing: z
    .array(z.strictObject({ region: RegionCode, reason: z.union([RefusalCode, z.literal("no-answer")]) }))
    .max(1000),
  /** ρ that each period was charged in each answering region. */
  charge: RationalText,
  /** Per vector of the plan: the variance of one region's noise, in persons squared. */
  noise: z.array(z.strictObject({ vector: z.string().max(2_000_000), variance: RationalText })).max(500),
  cells: z.strictObject({ hash: Hash, count: z.int().min(0) }),
  /** Intervals and errors state the error of the noise alone. */
  intervals: z.literal("95 %, noise alone"),
  madeAt: Instant,
});
export type Release = z.infer<typeof Release>;

const Numeric = z.number().nullable();
const FigureRow = z.tuple([Numeric, Numeric, Numeric, Numeric, z.enum(["unreliable", ".."]).nullable()]);

/** The table as it travels: figures in the plan's order, whose places `readCells` fills in. */
export const CellTable = z.strictObject({
  areas: z.array(z.string().max(16)).max(1001),
  figures: z.array(FigureRow),
});
export type CellTable = z.infer<typeof CellTable>;

export type Cell = Figure & {
  readonly at: Readonly<Record<string, string | null>>;
  readonly measure: string;
};

/** The figures of every area: the nation first, as the sum of the regions that answered, then each of them. */
export function cellsOf(plan: Plan, answers: ReadonlyMap<string, readonly bigint[]>): CellTable {
  const regions = [...answers];
  const size = plan.length * plan.periods.length;
  const nation = Array.from({ length: size }, (_, index) =>
    regions.reduce((sum, [, vector]) => sum + (vector[index] ?? 0n), 0n),
  );
  const areas = [[NATION, nation] as const, ...regions];
  const figures = areas.flatMap(([area, vector]) =>
    figuresOfArea(plan, vector, area === NATION ? regions.length : 1),
  );
  return {
    areas: areas.map(([area]) => area),
    figures: figures.map((f) => [f.value, f.se, f.low, f.high, f.flag]),
  };
}

function figuresOfArea(plan: Plan, answer: readonly bigint[], noises: number): Figure[] {
  const slices = plan.periods.map((_, index) => answer.slice(index * plan.length, (index + 1) * plan.length));
  const pooled = slices.reduce((a, b) => a.map((value, index) => value + (b[index] ?? 0n)));
  const parts = plan.pool ? [pooled] : slices;
  const copies = plan.pool ? noises * plan.periods.length : noises;
  const at = new Map(plan.vectors.map(({ id, offset, width }) => [id, { offset, width }]));
  return parts.flatMap((part) =>
    Array.from({ length: plan.cells }, (_, cell) =>
      plan.measures.flatMap((planned) =>
        figuresOf(
          plan,
          planned,
          (id) => {
            const { offset, width } = at.get(id) ?? { offset: 0, width: 0 };
            return part.slice(offset + cell * width, offset + (cell + 1) * width);
          },
          copies,
        ),
      ),
    ).flat(),
  );
}

export const writeCells = (table: CellTable): { bytes: Uint8Array; hash: Hash } => {
  const bytes = utf8(JSON.stringify(table));
  return { bytes, hash: hashOf(bytes) };
};

/** Each figure with its place: `at` has region and period, the grouping columns, then `bin` or `p`. */
export function* readCells(plan: Plan, table: CellTable): Generator<Cell> {
  const figures = table.figures.values();
  for (const region of table.areas) {
    for (const period of publishedPeriods(plan)) {
      for (let cell = 0; cell < plan.cells; cell++) {
        const keys = keysOf(plan, cell);
        for (const { measure, labels } of plan.measures) {
          const histogram = measure.kind === "histogram";
          for (const name of labels ?? [null]) {
            const row = figures.next().value;
            if (row === undefined) return;
            const [value, se, low, high, flag] = row;
            const extra = name === null ? {} : histogram ? { bin: name } : { p: name };
            yield {
              at: { region, period, ...keys, ...extra },
              measure: measure.id,
              value,
              se,
              low,
              high,
              flag,
            };
          }
        }
      }
    }
  }
}
