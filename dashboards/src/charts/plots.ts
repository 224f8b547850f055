/**
 * The charts that need axes, drawn with Observable Plot: pure functions of figures. Loaded when the first is shown.
 * Colours are the page's own tokens, so that both themes and print are served by one drawing.
 */
import * as Plot from "@observablehq/plot";
import type { Tone } from "./marks.tsx";
import { runsOf } from "./runs.ts";

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
/** The line is no verdict: its points are. */
const coloursOf = (kind: TrendLine["kind"]) => (kind === "nation" ? NATION_COLOURS : COLOURS.differs);

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

/** What of a line is known. */
const drawnOf = ({ points, tones }: TrendLine): Drawn[] =>
  points.flatMap((point, at) => (point === null ? [] : [{ at, ...point, tone: tones[at] ?? UNSURE }]));

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

/** What both charts have: their size but for the least height, their margins, and the page's own type. */
const frameOf = (width: number, least: number, label: string): Plot.PlotOptions => ({
  width,
  height: Math.max(least, Math.min(340, width * 0.45)),
  marginLeft: 52,
  marginBottom: 40,
  ariaLabel: label,
  style: { fontSize: "13px", fontFamily: "inherit", background: "none", color: "var(--ink-2)" },
});

/** A sign filled with its colour, or open. */
const inkOf = (filled: boolean, colour: string) => ({
  fill: filled ? colour : "var(--paper)",
  stroke: filled ? "var(--paper)" : COLOURS[UNSURE].line,
  strokeWidth: filled ? 1.5 : 2,
});

/** A run of periods: its line, and the band about it. */
function runMarks(run: readonly Drawn[], kind: TrendLine["kind"], bands: boolean): Plot.Markish[] {
  const { line, band } = coloursOf(kind);
  const fillOpacity = kind === "nation" ? 0.12 : 0.24;
  const about = [
    Plot.areaY(run, { x: "at", y1: "low", y2: "high", fill: band, fillOpacity }),
    Plot.lineY(run, { x: "at", y: "low", stroke: band, strokeWidth: 1 }),
    Plot.lineY(run, { x: "at", y: "high", stroke: band, strokeWidth: 1 }),
  ];
  const through = Plot.lineY(run, {
    x: "at",
    y: "value",
    stroke: line,
    strokeWidth: 2,
    strokeDasharray: run.some(({ unsure }) => unsure) ? "5 4" : undefined,
  } as Plot.LineYOptions);
  return [...(bands ? about : []), through];
}

const pointMark = (point: Drawn, kind: TrendLine["kind"]): Plot.Markish =>
  Plot.dot([point], {
    x: "at",
    y: "value",
    ...(kind === "nation"
      ? { r: 3.5, symbol: "square2", ...inkOf(true, NATION_COLOURS.line) }
      : { r: 5, symbol: SYMBOLS[point.tone], ...inkOf(isFilled(point.tone), COLOURS[point.tone].line) }),
  });

/** A line with its points, and its name at its end. */
function lineMarks(line: TrendLine, shift: number, bands: boolean): Plot.Markish[] {
  const points = drawnOf(line);
  const end = points.at(-1);
  const name =
    end === undefined
      ? []
      : [
          Plot.text([end], {
            x: "at",
            y: "value",
            text: () => line.name,
            textAnchor: "start",
            dx: 12,
            dy: shift,
            fill: coloursOf(line.kind).line,
            fontWeight: 600,
            lineWidth: 9,
          }),
        ];
  return [
    ...runsOf(points).flatMap((run) => runMarks(run, line.kind, bands)),
    ...points.map((point) => pointMark(point, line.kind)),
    ...name,
  ];
}

const targetMarks = ({ value, label }: NonNullable<TrendChart["target"]>): Plot.Markish[] => [
  Plot.ruleY([value], { stroke: "var(--ink-2)", strokeDasharray: "2 4", strokeWidth: 1.5 }),
  Plot.text([value], {
    x: 0,
    y: (each: number) => each,
    text: () => label,
    textAnchor: "start",
    dy: -8,
    fill: "var(--ink-2)",
  }),
];

/** Periods that the axis has room to name, the last among them. */
function namedPeriods(periods: readonly string[], width: number): number[] {
  const sparse = Math.ceil((periods.length * 74) / Math.max(200, width - 170));
  return periods.map((_, at) => at).filter((at) => (periods.length - 1 - at) % sparse === 0);
}

export function drawTrend(chart: TrendChart): SVGSVGElement {
  const { lines, periods, width, target } = chart;
  const shifts = shiftsOf(lines);
  return Plot.plot({
    ...frameOf(width, 230, chart.label),
    marginRight: width < 480 ? 76 : 120,
    marginTop: 16,
    x: { domain: [-0.15, periods.length - 0.85], axis: null },
    y: { grid: true, zero: chart.zero, nice: true, tickFormat: chart.write, label: null, ticks: 6 },
    marks: [
      Plot.axisX(namedPeriods(periods, width), {
        tickFormat: (at: number) => (periods[at] ?? "").replace(" ", "\n"),
        label: null,
        tickSize: 4,
      }),
      ...lines.flatMap((line, index) => lineMarks(line, shifts[index] ?? 0, chart.bands)),
      ...(target === null ? [] : targetMarks(target)),
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

export type FunnelChart = {
  readonly points: readonly FunnelPoint[];
  readonly nation: number;
  /** Standard errors to the limits of 95 and of 99.8 per cent. */
  readonly z: readonly [number, number];
  readonly width: number;
  readonly label: string;
  readonly across: string;
  readonly write: (value: number) => string;
};

/** The limits on either side of the nation: dashed of 95, solid of 99.8 per cent. */
function limitMarks({ points, nation, z }: FunnelChart): Plot.Markish[] {
  const precisions = points.map(({ precision }) => precision);
  const [least, most] = [Math.min(...precisions), Math.max(...precisions)];
  const curve = Array.from(
    { length: 60 },
    (_, at) => least * 0.95 * ((most * 1.1) / (least * 0.95)) ** (at / 59),
  );
  const limit = (of: number, sign: number) =>
    curve.map((precision) => ({ precision, value: nation + (sign * of) / precision }));
  return z.flatMap((of, index) =>
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
}

/** Precision across, the nation as a line, and limits within which noise alone explains a region. */
export function drawFunnel(chart: FunnelChart): SVGSVGElement {
  const { points } = chart;
  return Plot.plot({
    ...frameOf(chart.width, 240, chart.label),
    marginRight: 20,
    x: { type: "log", label: chart.across, ticks: 0, labelAnchor: "right", labelArrow: "none" },
    y: { label: null, grid: true, tickFormat: chart.write, ticks: 6, nice: true },
    marks: [
      ...limitMarks(chart),
      Plot.ruleY([chart.nation], { stroke: "var(--ink)", strokeWidth: 1.5 }),
      ...points.map((point) =>
        Plot.dot([point], {
          x: "precision",
          y: "value",
          r: 5,
          symbol: SYMBOLS[point.tone],
          ...inkOf(point.tone !== UNSURE, COLOURS[point.tone].line),
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
