/** Every region against the nation in every indicator: the certain few, seen among the many. */
import type { OverviewIndicator } from "../../../publication/overview.ts";
import { useLanguage } from "../language.ts";
import { Mark, toneOf } from "./marks.tsx";
import { shortName } from "./tiles.tsx";

const [LEFT, ROW, TOP] = [150, 17, 20];
const WIDTH = 900;

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
  const areas = [...new Set(indicators.map(({ focusId }) => focusId))];
  return (
    <div class="fieldwrap" tabIndex={0}>
      <svg
        class="field"
        viewBox={`0 0 ${WIDTH} ${TOP + ROW * ordered.length + 8}`}
        role="img"
        aria-label={label}
      >
        {areas.map((area) => {
          const first = indicators.findIndex(({ focusId }) => focusId === area);
          const width = indicators.filter(({ focusId }) => focusId === area).length * step;
          return (
            <g key={area}>
              <line
                class="grid"
                x1={LEFT + first * step - 2}
                x2={LEFT + first * step - 2}
                y1={2}
                y2={TOP + ROW * ordered.length}
              />
              {width > 70 && (
                <text class="tick" x={LEFT + first * step + 2} y={12}>
                  {(indicators[first]?.focus[language] ?? "")
                    .split(" ")
                    .slice(0, width > 180 ? 3 : 1)
                    .join(" ")}
                </text>
              )}
            </g>
          );
        })}
        {ordered.map(({ code, name }, row) => (
          <g key={code}>
            <text class="tick" x={LEFT - 12} y={y(row) + 4} text-anchor="end">
              {shortName(name)}
            </text>
            {indicators.map(({ id, regions: all }, at) => {
              const found = all.find(({ region }) => region === code);
              const x = LEFT + at * step + step / 2;
              if (found === undefined || found.value === null)
                return <line key={id} class="missing" x1={x - 4} x2={x + 4} y1={y(row)} y2={y(row)} />;
              const tone = toneOf(found.verdict);
              return tone === "no certain difference" ? (
                <circle key={id} class="dot" cx={x} cy={y(row)} r={2.4} />
              ) : (
                <g key={id} transform={`translate(${x} ${y(row)}) scale(.78)`}>
                  <Mark tone={tone} />
                </g>
              );
            })}
          </g>
        ))}
      </svg>
    </div>
  );
}
