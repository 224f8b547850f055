/** Every region against the nation in every indicator: the certain few, seen among the many. */
import type { OverviewIndicator, OverviewRegion } from "../../../publication/overview.ts";
import { useLanguage } from "../language.ts";
import { Mark, toneOf } from "./marks.tsx";
import { shortName } from "./tiles.tsx";

const [LEFT, ROW, TOP] = [150, 17, 20];
const WIDTH = 900;

/** Where a focus area begins: a line down the field, and its name where there is room. */
function AreaEdge({
  name,
  x,
  width,
  bottom,
}: {
  readonly name: string;
  readonly x: number;
  readonly width: number;
  readonly bottom: number;
}) {
  return (
    <g>
      <line class="grid" x1={x - 2} x2={x - 2} y1={2} y2={bottom} />
      {width > 70 && (
        <text class="tick" x={x + 2} y={12}>
          {name
            .split(" ")
            .slice(0, width > 180 ? 3 : 1)
            .join(" ")}
        </text>
      )}
    </g>
  );
}

/** How a region stands in one indicator: a sign where that is certain, a dot where it is not, a dash where it is missing. */
function FieldMark({
  of,
  x,
  y,
}: {
  readonly of: OverviewRegion | undefined;
  readonly x: number;
  readonly y: number;
}) {
  if (of === undefined || of.value === null)
    return <line class="missing" x1={x - 4} x2={x + 4} y1={y} y2={y} />;
  const tone = toneOf(of.verdict);
  return tone === "no certain difference" ? (
    <circle class="dot" cx={x} cy={y} r={2.4} />
  ) : (
    <g transform={`translate(${x} ${y}) scale(.78)`}>
      <Mark tone={tone} />
    </g>
  );
}

export function Field({
  indicators,
  regions,
  label,
}: {
  readonly indicators: readonly OverviewIndicator[];
  readonly regions: ReadonlyArray<{ readonly code: string; readonly name: string }>;
  readonly label: string;
}) {
  const language = useLanguage();
  const step = (WIDTH - LEFT) / Math.max(1, indicators.length);
  const ordered = regions.toSorted((a, b) => shortName(a.name).localeCompare(shortName(b.name), language));
  const y = (at: number) => TOP + ROW * at + ROW / 2;
  const bottom = TOP + ROW * ordered.length;
  const areas = [...new Set(indicators.map(({ focusId }) => focusId))];
  return (
    <div class="fieldwrap" tabIndex={0}>
      <svg class="field" viewBox={`0 0 ${WIDTH} ${bottom + 8}`} role="img" aria-label={label}>
        {areas.map((area) => {
          const first = indicators.findIndex(({ focusId }) => focusId === area);
          const width = indicators.filter(({ focusId }) => focusId === area).length * step;
          const name = indicators[first]?.focus[language] ?? "";
          return <AreaEdge key={area} name={name} x={LEFT + first * step} width={width} bottom={bottom} />;
        })}
        {ordered.map(({ code, name }, row) => (
          <g key={code}>
            <text class="tick" x={LEFT - 12} y={y(row) + 4} text-anchor="end">
              {shortName(name)}
            </text>
            {indicators.map(({ id, regions: all }, at) => (
              <FieldMark
                key={id}
                of={all.find(({ region }) => region === code)}
                x={LEFT + at * step + step / 2}
                y={y(row)}
              />
            ))}
          </g>
        ))}
      </svg>
    </div>
  );
}
