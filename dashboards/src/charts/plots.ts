/**
 * The charts that need axes, drawn with Observable Plot: pure functions of figures. Loaded when the first is shown.
 * Colours are the page's own tokens, so that both themes and print are served by one drawing.
 */
import * as Plot from "@observablehq/plot";
import type { Tone } from "./marks.tsx";

export type TrendPoint = {
  readonly value: number;
  readonly low: number;
  readonly high: number;
  readonly unsure: boolean;
} | null;
export type TrendLine = {
  readonly name: string;
  readonly kind: "nation" | "other";
  readonly points: readonly TrendPoint[];
  /** What each point is, against the nation; nothing of the nation itself. */
  readonly tones: readonly Tone[];
};
export type TrendChart = {
  readonly lines: readonly TrendLine[];
  readonly periods: readonly string[];
  readonly label: string;
  readonly write: (value: number) => string;
  readonly width: number;
  readonly zero: boolean;
  readonly target: { readonly value: number; readonly label: string } | null;
  readonly bands: boolean;
};

const COLOURS = {
  better: { line: "var(--better)", band: "var(--better-i)" },
  worse: { line: "var(--worse)", band: "var(--worse-i)" },
  differs: { line: "var(--ink)", band: "var(--edge)" },
  "no certain difference": { line: "var(--none)", band: "var(--none-i)" },
  "not compared": { line: "var(--ink-2)", band: "var(--edge)" },
} as const;
const NATION_COLOURS = { line: "var(--ink)", band: "var(--ink)" };

type Drawn = {
  readonly at: number;
  readonly value: number;
  readonly low: number;
  readonly high: number;
  readonly unsure: boolean;
  readonly tone: Tone;
};

const SYMBOLS = {
  better: "circle",
  worse: "diamond2",
  differs: "square2",
  "no certain difference": "circle",
  "not compared": "circle",
} as const;

/** Filled is certain. */
const isFilled = (tone: Tone): boolean => tone !== UNSURE && tone !== "not compared";
const UNSURE = "no certain difference";

/** Runs of periods without a gap: a missing one breaks the line. */
function runsOf({ points, tones }: TrendLine): Drawn[][] {
  const runs: Drawn[][] = [];
  for (const [at, point] of points.entries()) {
    if (point === null) continue;
    const drawn = { at, ...point, tone: tones[at] ?? UNSURE };
    const run = runs.at(-1);
    if (run === undefined || (run.at(-1)?.at ?? 0) + 1 < at) runs.push([drawn]);
    else run.push(drawn);
  }
  return runs;
}

/** How far each line's name is moved from its end, so that names of ends that are close do not cover each other. */
function shiftsOf(lines: readonly TrendLine[]): number[] {
  const known = lines.flatMap(({ points }) =>
    points.flatMap((point) => (point === null ? [] : [point.low, point.high])),
  );
  const span = Math.max(...known) - Math.min(...known) || 1;
  const ends = lines.map(({ points }) => points.findLast((point) => point !== null)?.value ?? 0);
  const [a = 0, b = 0] = ends;
  if (ends.length < 2 || Math.abs(a - b) / span > 0.08) return ends.map(() => 0);
  return a >= b ? [-9, 9] : [9, -9];
}

export function drawTrend({
  lines,
  periods,
  label,
  write,
  width,
  zero,
  target,
  bands,
}: TrendChart): SVGSVGElement {
  const marks: Plot.Markish[] = [];
  const shifts = shiftsOf(lines);
  for (const [index, line] of lines.entries()) {
    // The line is no verdict: its points are.
    const colour = line.kind === "nation" ? NATION_COLOURS : COLOURS.differs;
    const shade = line.kind === "nation" ? 0.12 : 0.24;
    for (const run of runsOf(line)) {
      if (bands)
        marks.push(
          Plot.areaY(run, { x: "at", y1: "low", y2: "high", fill: colour.band, fillOpacity: shade }),
          Plot.lineY(run, { x: "at", y: "low", stroke: colour.band, strokeWidth: 1 }),
          Plot.lineY(run, { x: "at", y: "high", stroke: colour.band, strokeWidth: 1 }),
        );
      marks.push(
        Plot.lineY(run, {
          x: "at",
          y: "value",
          stroke: colour.line,
          strokeWidth: 2,
          strokeDasharray: run.some(({ unsure }) => unsure) ? "5 4" : undefined,
        } as Plot.LineYOptions),
      );
    }
    const all = runsOf(line).flat();
    const filled = (tone: Tone) => line.kind === "nation" || isFilled(tone);
    for (const each of all)
      marks.push(
        Plot.dot([each], {
          x: "at",
          y: "value",
          r: line.kind === "nation" ? 3.5 : 5,
          symbol: line.kind === "nation" ? "square2" : SYMBOLS[each.tone],
          fill: filled(each.tone)
            ? line.kind === "nation"
              ? NATION_COLOURS.line
              : COLOURS[each.tone].line
            : "var(--paper)",
          stroke: filled(each.tone) ? "var(--paper)" : COLOURS[UNSURE].line,
          strokeWidth: filled(each.tone) ? 1.5 : 2,
        }),
      );
    const end = all.at(-1);
    if (end !== undefined)
      marks.push(
        Plot.text([end], {
          x: "at",
          y: "value",
          text: () => line.name,
          textAnchor: "start",
          dx: 12,
          dy: shifts[index] ?? 0,
          fill: colour.line,
          fontWeight: 600,
          lineWidth: 9,
        }),
      );
  }
  if (target !== null)
    marks.push(
      Plot.ruleY([target.value], { stroke: "var(--ink-2)", strokeDasharray: "2 4", strokeWidth: 1.5 }),
      Plot.text([target.value], {
        x: 0,
        y: (value: number) => value,
        text: () => target.label,
        textAnchor: "start",
        dy: -8,
        fill: "var(--ink-2)",
      }),
    );
  const sparse = Math.ceil((periods.length * 74) / Math.max(200, width - 170));
  const shown = periods.map((_, at) => at).filter((at) => (periods.length - 1 - at) % sparse === 0);
  return Plot.plot({
    width,
    height: Math.max(230, Math.min(340, width * 0.45)),
    marginLeft: 52,
    marginRight: width < 480 ? 76 : 120,
    marginTop: 16,
    marginBottom: 40,
    ariaLabel: label,
    style: { fontSize: "13px", fontFamily: "inherit", background: "none", color: "var(--ink-2)" },
    x: { domain: [-0.15, periods.length - 0.85], axis: null },
    y: { grid: true, zero, nice: true, tickFormat: write, label: null, ticks: 6 },
    marks: [
      Plot.axisX(shown, {
        tickFormat: (at: number) => (periods[at] ?? "").replace(" ", "\n"),
        label: null,
        tickSize: 4,
      }),
      ...marks,
    ],
  }) as SVGSVGElement;
}

export type FunnelPoint = {
  readonly name: string;
  readonly value: number;
  /** One over the standard error: the more to the right, the more exact. */
  readonly precision: number;
  readonly tone: Tone;
};

/** Precision across, the nation as a line, and limits within which noise alone explains a region. */
export function drawFunnel({
  points,
  nation,
  z,
  width,
  label,
  across,
  write,
}: {
  readonly points: readonly FunnelPoint[];
  readonly nation: number;
  /** Standard errors to the limits of 95 and of 99.8 per cent. */
  readonly z: readonly [number, number];
  readonly width: number;
  readonly label: string;
  readonly across: string;
  readonly write: (value: number) => string;
}): SVGSVGElement {
  const [least, most] = [
    Math.min(...points.map(({ precision }) => precision)),
    Math.max(...points.map(({ precision }) => precision)),
  ];
  const curve = Array.from(
    { length: 60 },
    (_, at) => least * 0.95 * ((most * 1.1) / (least * 0.95)) ** (at / 59),
  );
  const limit = (of: number, sign: number) =>
    curve.map((precision) => ({ precision, value: nation + (sign * of) / precision }));
  const lines = [z[0], z[1]].flatMap((of, index) =>
    [-1, 1].map((sign) =>
      Plot.lineY(limit(of, sign), {
        x: "precision",
        y: "value",
        stroke: "var(--edge)",
        strokeWidth: 1.2,
        strokeDasharray: index === 0 ? "5 4" : undefined,
      } as Plot.LineYOptions),
    ),
  );
  return Plot.plot({
    width,
    height: Math.max(240, Math.min(340, width * 0.45)),
    marginLeft: 52,
    marginRight: 20,
    marginBottom: 40,
    ariaLabel: label,
    style: { fontSize: "13px", fontFamily: "inherit", background: "none", color: "var(--ink-2)" },
    x: { type: "log", label: across, ticks: 0, labelAnchor: "right", labelArrow: "none" },
    y: { label: null, grid: true, tickFormat: write, ticks: 6, nice: true },
    marks: [
      ...lines,
      Plot.ruleY([nation], { stroke: "var(--ink)", strokeWidth: 1.5 }),
      ...points.map((point) =>
        Plot.dot([point], {
          x: "precision",
          y: "value",
          r: 5,
          symbol: SYMBOLS[point.tone],
          fill: point.tone === UNSURE ? "var(--paper)" : COLOURS[point.tone].line,
          stroke: point.tone === UNSURE ? COLOURS[UNSURE].line : "var(--paper)",
          strokeWidth: point.tone === UNSURE ? 2 : 1.5,
          title: () => point.name,
        }),
      ),
      Plot.text(
        points.filter(({ tone }) => isFilled(tone)),
        { x: "precision", y: "value", text: "name", dy: -12, fill: "var(--ink)" },
      ),
    ],
  }) as SVGSVGElement;
}
