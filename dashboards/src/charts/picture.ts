/** A table of intervals, or the map of tiles, as one drawing to save: what the page shows as a table with drawings in its cells. */
import type { Language } from "../../../protocol/values/language.ts";
import type { CubeFigure } from "../../../publication/figure.ts";
import { type Quantity, withRange } from "../language.ts";
import { SHAPES, type Tone, toneClass } from "./marks.tsx";
import { scaleOver } from "./scale.ts";

export type PictureRow = {
  readonly name: string;
  readonly value: number | null;
  readonly low: number | null;
  readonly high: number | null;
  readonly tone: Tone;
  readonly text: string;
};

const SVG = "http://www.w3.org/2000/svg";
const [WIDTH, LEFT, RIGHT, ROW, TOP] = [760, 190, 170, 24, 48];

function put(
  parent: Element,
  name: string,
  attributes: Readonly<Record<string, string | number>>,
  text?: string,
): SVGElement {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  if (text !== undefined) element.textContent = text;
  parent.append(element);
  return element;
}

/** Puts the drawing into the page out of sight, since its colours are the page's; gives it back to be saved and removed. */
export function pictureOf({
  title,
  rows,
  nation,
  write,
  label,
}: {
  readonly title: string;
  readonly rows: readonly PictureRow[];
  readonly nation: number | null;
  readonly write: (value: number) => string;
  readonly label: string;
}): SVGSVGElement {
  const known = rows.flatMap(({ low, high }) => (low === null || high === null ? [] : [low, high]));
  const scale = scaleOver(known.length === 0 ? [0, 1] : known);
  const x = (value: number) => LEFT + ((WIDTH - LEFT - RIGHT) * Number.parseFloat(scale.at(value))) / 100;
  const svg = document.createElementNS(SVG, "svg") as SVGSVGElement;
  const height = TOP + ROW * rows.length + 12;
  svg.setAttribute("viewBox", `0 0 ${WIDTH} ${height}`);
  svg.setAttribute("width", String(WIDTH));
  svg.setAttribute("height", String(height));
  svg.setAttribute("class", "iv aside-picture");
  put(svg, "text", { x: 8, y: 18, class: "lab" }, title);
  for (const tick of scale.ticks) {
    put(svg, "line", { class: "grid", x1: x(tick), x2: x(tick), y1: TOP - 4, y2: height - 8 });
    put(svg, "text", { class: "tick", x: x(tick), y: TOP - 10, "text-anchor": "middle" }, write(tick));
  }
  if (nation !== null) {
    put(svg, "line", { class: "nat", x1: x(nation), x2: x(nation), y1: TOP - 4, y2: height - 8 });
    put(svg, "text", { class: "lab", x: WIDTH - 8, y: 18, "text-anchor": "end" }, label);
  }
  for (const [at, { name, value, low, high, tone, text }] of rows.entries()) {
    const y = TOP + ROW * at + ROW / 2;
    put(svg, "text", { class: "tick", x: LEFT - 12, y: y + 4, "text-anchor": "end" }, name);
    if (low !== null && high !== null)
      put(svg, "line", {
        class: `thick ${toneClass("i", tone)}`,
        x1: x(low),
        x2: x(high),
        y1: y,
        y2: y,
      });
    if (value !== null)
      put(svg, "path", {
        d: SHAPES[tone],
        class: toneClass("m", tone),
        transform: `translate(${x(value)} ${y})`,
      });
    put(svg, "text", { class: "tick", x: WIDTH - 8, y: y + 4, "text-anchor": "end" }, text);
  }
  document.body.append(svg);
  return svg;
}

/** A row of a picture: a name, and the figure as it is written beside it. */
export const pictureRow = (
  name: string,
  { figure: { value, low, high }, tone }: { readonly figure: CubeFigure; readonly tone: Tone },
  of: Quantity,
  language: Language,
): PictureRow => ({
  name,
  value,
  low,
  high,
  tone,
  text: value === null || low === null || high === null ? "–" : withRange(of, value, low, high, language),
});
