/** A figure of every region beside the nation's, as a picture. */
import { html } from "hono/html";
import type { Language } from "../../protocol/values/language.ts";
import type { Compared } from "../../publication/comparisons.ts";
import type { Cube } from "../../publication/cube.ts";
import type { Verdict } from "../../publication/intervals.ts";
import { regionName } from "./figures.ts";

/** Told apart by shape, not by colour alone: upwards is better, downwards worse, a square differs, a ring does neither. */
const SHAPES: Readonly<Record<Verdict, (x: number, y: number) => string>> = {
  better: (x, y) => `M${x - 5} ${y + 4}h10l-5 -9z`,
  worse: (x, y) => `M${x - 5} ${y - 4}h10l-5 9z`,
  differs: (x, y) => `M${x - 4} ${y - 4}h8v8h-8z`,
  "no certain difference": (x, y) => `M${x - 4} ${y}a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z`,
};

/** Regions as dots with their intervals, the nation as a line: what words say, to look at. */
export function chartOf(
  cube: Cube,
  compared: readonly Compared[],
  nation: number | null,
  language: Language,
) {
  const [low, high] = [
    Math.min(...compared.map((each) => each.low)),
    Math.max(...compared.map((each) => each.high)),
  ];
  const [left, width, row] = [190, 400, 16];
  const x = (value: number) => (left + (width * (value - low)) / Math.max(1e-12, high - low)).toFixed(1);
  const ordered = [...compared].sort((a, b) => (a.region < b.region ? -1 : 1));
  const bottom = ordered.length * row + 6;
  const rows = ordered.map((each, at) => {
    const y = at * row + 12;
    const state = each.difference?.verdict ?? "no certain difference";
    const shape = state === "no certain difference" ? "none" : state;
    return html`<text x="${left - 8}" y="${y + 4}" text-anchor="end">${regionName(cube, each.region, language)}</text><line x1="${x(each.low)}" x2="${x(each.high)}" y1="${y}" y2="${y}" class="interval" /><path d="${SHAPES[state](Number(x(each.value)), y)}" class="${shape}" />`;
  });
  const line =
    nation === null
      ? ""
      : html`<line x1="${x(nation)}" x2="${x(nation)}" y1="2" y2="${bottom}" class="nation" />`;
  return html`<svg viewBox="0 0 ${left + width + 20} ${bottom + 4}" role="img" aria-label="${cube.label[language]}">${line}${rows}</svg>`;
}
