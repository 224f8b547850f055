/** A figure as its interval, drawn in a table's cell: thick is 95 %, thin the margin for so many comparisons; open is not certain. */
import type { CubeFigure } from "../../../publication/figure.ts";
import { Mark, type Tone, toneClass } from "./marks.tsx";
import type { Scale } from "./scale.ts";

export type IntervalRow = {
  readonly figure: CubeFigure;
  /** The ends of the thin line; null where nothing is compared. */
  readonly thin: readonly [number, number] | null;
  readonly tone: Tone;
};

const HEIGHT = 30;
const MIDDLE = HEIGHT / 2;

export function IntervalCell({
  row: { figure, thin, tone },
  scale,
  nation,
}: {
  readonly row: IntervalRow;
  readonly scale: Scale;
  readonly nation: number | null;
}) {
  const { value, low, high, flag } = figure;
  const colour = toneClass("i", tone);
  return (
    <svg class="iv" width="100%" height={HEIGHT} aria-hidden="true">
      {scale.ticks.map((tick) => (
        <line key={tick} class="grid" x1={scale.at(tick)} x2={scale.at(tick)} y1={0} y2={HEIGHT} />
      ))}
      {nation !== null && <line class="nat" x1={scale.at(nation)} x2={scale.at(nation)} y1={0} y2={HEIGHT} />}
      {flag === ".." && <rect x="0" y={8} width="100%" height={14} fill="url(#hatch)" />}
      {flag === ":" && <line class="missing" x1="0" x2="100%" y1={MIDDLE} y2={MIDDLE} />}
      {thin !== null && (
        <line
          class={`thin ${colour}`}
          x1={scale.at(thin[0])}
          x2={scale.at(thin[1])}
          y1={MIDDLE}
          y2={MIDDLE}
        />
      )}
      {low !== null && high !== null && (
        <line
          class={`${flag === "unreliable" ? "thin dash" : "thick"} ${colour}`}
          x1={scale.at(low)}
          x2={scale.at(high)}
          y1={MIDDLE}
          y2={MIDDLE}
        />
      )}
      {value !== null && (
        <svg x={scale.at(value)} y={MIDDLE} overflow="visible">
          <Mark tone={tone} unsure={flag === "unreliable"} />
        </svg>
      )}
    </svg>
  );
}

/** The axis above a column of intervals. */
export function Axis({
  scale,
  nation,
  label,
  write,
}: {
  readonly scale: Scale;
  readonly nation: number | null;
  readonly label: string;
  readonly write: (value: number) => string;
}) {
  return (
    <svg class="iv axis" width="100%" height={nation === null ? 20 : 38} aria-hidden="true">
      {nation !== null && (
        <text x={scale.at(nation)} y={12} class="lab" text-anchor="middle">
          {label}
        </text>
      )}
      {scale.ticks.map((tick, at) => (
        <text
          key={tick}
          x={scale.at(tick)}
          y={nation === null ? 14 : 32}
          class="tick"
          text-anchor={at === 0 ? "start" : at === scale.ticks.length - 1 ? "end" : "middle"}
        >
          {write(tick)}
        </text>
      ))}
    </svg>
  );
}

/** The hatching of what is withheld, once a page. */
export const Hatch = () => (
  <svg class="vh" width="0" height="0" aria-hidden="true">
    <defs>
      <pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
        <line x1="0" y1="0" x2="0" y2="6" class="hatch" />
      </pattern>
    </defs>
  </svg>
);
