/** A small trend: line, band, and a mark at its end that says whether the change is certain. */
import type { Point } from "../../../publication/overview.ts";
import { Mark, type Tone } from "./marks.tsx";

const [WIDTH, HEIGHT, PAD] = [320, 56, 8];

export function Spark({
  points,
  tone,
  from,
  to,
}: {
  readonly points: readonly Point[];
  readonly tone: Tone;
  readonly from?: string;
  readonly to?: string;
}) {
  const known = points.flatMap((point) => (point === null ? [] : [point]));
  if (known.length === 0) return null;
  const [least, most] = [
    Math.min(...known.map((each) => each[1])),
    Math.max(...known.map((each) => each[2])),
  ];
  const x = (at: number) => PAD + ((WIDTH - 2 * PAD) * at) / Math.max(1, points.length - 1);
  const y = (value: number) => PAD + (HEIGHT - 2 * PAD) * (1 - (value - least) / (most - least || 1));
  const placed = points.flatMap((point, at) => (point === null ? [] : [{ at, point }]));
  // A missing period breaks the line.
  const runs: Array<typeof placed> = [];
  for (const each of placed) {
    const run = runs.at(-1);
    if (run === undefined || (run.at(-1)?.at ?? 0) + 1 < each.at) runs.push([each]);
    else run.push(each);
  }
  const path = (run: typeof placed, of: 0 | 1 | 2) =>
    run.map(({ at, point }) => `${x(at).toFixed(1)} ${y(point[of]).toFixed(1)}`);
  const end = placed.at(-1);
  const kind = tone === "better" || tone === "worse" ? tone : "other";
  const tall = from === undefined ? HEIGHT : HEIGHT + 18;
  return (
    <svg class="spark iv" viewBox={`0 0 ${WIDTH} ${tall}`} aria-hidden="true">
      {runs.map((run) => (
        <g key={run[0]?.at}>
          <path
            class={`band-${kind}`}
            d={`M${path(run, 2).join("L")}L${path(run, 1).toReversed().join("L")}Z`}
          />
          <path class={`ln ln-${kind}`} d={`M${path(run, 0).join("L")}`} />
        </g>
      ))}
      {end !== undefined && (
        <g transform={`translate(${x(end.at)} ${y(end.point[0])})`}>
          <Mark tone={tone} />
        </g>
      )}
      {from !== undefined && (
        <>
          <text class="tick" x={0} y={HEIGHT + 15}>
            {from}
          </text>
          <text class="tick" x={WIDTH} y={HEIGHT + 15} text-anchor="end">
            {to}
          </text>
        </>
      )}
    </svg>
  );
}
