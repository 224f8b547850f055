/** A small trend: line, band, and a mark at its end that says whether the change is certain. */
import type { Point } from "../../../publication/overview.ts";
import { Mark, type Tone } from "./marks.tsx";
import { runsOf } from "./runs.ts";

const [WIDTH, HEIGHT, PAD] = [320, 56, 8];

type Placed = { readonly at: number; readonly point: NonNullable<Point> };

/** The line of a run of periods, and the band about it. */
function Run({
  run,
  kind,
  place,
}: {
  readonly run: readonly Placed[];
  readonly kind: string;
  readonly place: (at: number, value: number) => readonly [number, number];
}) {
  const path = (of: 0 | 1 | 2) =>
    run.map(({ at, point }) =>
      place(at, point[of])
        .map((each) => each.toFixed(1))
        .join(" "),
    );
  return (
    <g>
      <path class={`band-${kind}`} d={`M${path(2).join("L")}L${path(1).toReversed().join("L")}Z`} />
      <path class={`ln ln-${kind}`} d={`M${path(0).join("L")}`} />
    </g>
  );
}

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
  const placed = points.flatMap((point, at): Placed[] => (point === null ? [] : [{ at, point }]));
  const end = placed.at(-1);
  if (end === undefined) return null;
  const least = Math.min(...placed.map(({ point }) => point[1]));
  const most = Math.max(...placed.map(({ point }) => point[2]));
  const place = (at: number, value: number): readonly [number, number] => [
    PAD + ((WIDTH - 2 * PAD) * at) / Math.max(1, points.length - 1),
    PAD + (HEIGHT - 2 * PAD) * (1 - (value - least) / (most - least || 1)),
  ];
  const kind = tone === "better" || tone === "worse" ? tone : "other";
  const tall = from === undefined ? HEIGHT : HEIGHT + 18;
  return (
    <svg class="spark iv" viewBox={`0 0 ${WIDTH} ${tall}`} aria-hidden="true">
      {runsOf(placed).map((run) => (
        <Run key={run[0]?.at} run={run} kind={kind} place={place} />
      ))}
      <g transform={`translate(${place(end.at, end.point[0]).join(" ")})`}>
        <Mark tone={tone} />
      </g>
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
