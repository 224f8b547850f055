/** The heads of a table of intervals: what the rows are of, their values, and the axis above their drawings; then the table's own. */
import type { ComponentChildren } from "preact";
import type { Language } from "../../../../protocol/values/language.ts";
import type { CubeFigure } from "../../../../publication/figure.ts";
import type { Viewed } from "../../../../publication/view.ts";
import { Axis } from "../../charts/interval.tsx";
import { type Scale, scaleOver } from "../../charts/scale.ts";
import { bounded } from "../../figures.ts";
import { figure } from "../../language.ts";

export type RowsAxis = {
  readonly scale: Scale;
  /** Where the line stands that all is held against; null where nothing is compared. */
  readonly nation: number | null;
  /** What that line is called. */
  readonly label: string;
  readonly write: (value: number) => string;
};

/** The axis that holds these figures and what they are held against. What is unreliable does not widen it. */
export function axisOf(
  indicator: Viewed["indicator"],
  figures: readonly CubeFigure[],
  against: { readonly name: string; readonly value: number | null },
  language: Language,
): RowsAxis {
  const write = (value: number) => figure(indicator, value, language);
  const ends = figures.flatMap(({ low, high, flag }) =>
    low === null || high === null || flag === "unreliable" ? [] : bounded(indicator, low, high),
  );
  const { name, value } = against;
  return {
    scale: scaleOver(ends.length === 0 ? [0, 1] : value === null ? ends : [...ends, value]),
    nation: value,
    label: value === null ? "" : `${name} ${write(value)}`,
    write,
  };
}

export function RowsHead({
  name,
  value,
  chart,
  axis,
  children,
}: {
  readonly name: string;
  readonly value: string;
  readonly chart: string;
  readonly axis: RowsAxis;
  readonly children: ComponentChildren;
}) {
  return (
    <thead>
      <tr class="axisrow">
        <th scope="col" class="c-name">
          {name}
        </th>
        <th scope="col" class="c-val">
          {value}
        </th>
        <th scope="col" class="cv">
          <span class="vh">{chart}</span>
          <Axis {...axis} />
        </th>
        {children}
      </tr>
    </thead>
  );
}
