/** Where values stand across a chart, in per cent of its width: round limits, and ticks people count in. */

const STEPS = [1, 2, 2.5, 5, 10];

/** A round step that divides the range into at most so many. */
function stepFor(span: number, most: number): number {
  const raw = span / most;
  const power = 10 ** Math.floor(Math.log10(raw));
  return (STEPS.find((step) => step * power >= raw) ?? 10) * power;
}

export type Scale = {
  readonly low: number;
  readonly high: number;
  readonly ticks: readonly number[];
  /** Per cent of the width, within it. */
  readonly at: (value: number) => string;
  readonly holds: (value: number) => boolean;
};

/** A scale that holds these values, with round limits; 2 to `most` ticks. */
export function scaleOver(values: readonly number[], most = 5): Scale {
  const [least, greatest] = [Math.min(...values), Math.max(...values)];
  const pad = (greatest - least) * 0.04 || Math.abs(greatest) * 0.1 || 1;
  const step = stepFor(greatest - least + 2 * pad, most);
  // What is never below nought has no axis there.
  const low = Math.max(least >= 0 ? 0 : Number.NEGATIVE_INFINITY, Math.floor((least - pad) / step) * step);
  const high = Math.ceil((greatest + pad) / step) * step;
  const ticks = Array.from({ length: Math.round((high - low) / step) + 1 }, (_, at) => low + at * step);
  return {
    low,
    high,
    ticks,
    at: (value) => `${((100 * (Math.max(low, Math.min(high, value)) - low)) / (high - low)).toFixed(2)}%`,
    holds: (value) => value >= low && value <= high,
  };
}
