/** Indicators in rows: the nation now, over time, and what it changed by. */
import type { OverviewIndicator } from "../../../publication/overview.ts";
import { toneOf } from "../charts/marks.tsx";
import { Spark } from "../charts/spark.tsx";
import { figure, period, unitOf, upper, useLanguage, useSay } from "../language.ts";
import { Link } from "../router.tsx";
import { ChangeCell } from "./change-cell.tsx";
import { Value } from "./value.tsx";

const SAY = {
  sv: {
    indicator: "Indikator",
    now: "Nu",
    time: "Över tid",
    change: "Ändring",
    few: "Kan inte anges: för få perioder, eller olika regioner i dem",
    unpublished: "Publiceras inte",
  },
  en: {
    indicator: "Indicator",
    now: "Now",
    time: "Over time",
    change: "Change",
    few: "Cannot be given: too few periods, or different regions in them",
    unpublished: "Not published",
  },
};

function Row({ of }: { readonly of: OverviewIndicator }) {
  const say = useSay(SAY);
  const language = useLanguage();
  const last = of.nation.at(-1);
  const tone = toneOf(of.change?.line === true ? of.change.verdict : null);
  const said = of.periods.map((code, at) => {
    const point = of.nation[at];
    return `${upper(period(code, language))}: ${point == null ? ".." : figure(of, point[0], language)}`;
  });
  return (
    <tr role="row">
      <th role="rowheader" scope="row">
        <Link to="indicator" id={of.id}>
          {of.name[language]}
        </Link>
        <span class="unit small quiet">{of.table === null ? say.unpublished : unitOf(of, language)}</span>
      </th>
      <td role="cell" class="val">
        {last == null ? (
          of.table === null ? (
            "–"
          ) : (
            ".."
          )
        ) : (
          <Value of={of} value={last[0]} low={last[1]} high={last[2]} />
        )}
      </td>
      <td role="cell" class="tinyc">
        <Spark points={of.nation} tone={tone} />
        <span class="vh">{said.join("; ")}</span>
      </td>
      <td role="cell" class="chg small">
        {of.change === null ? (
          <span class="quiet">{of.table === null ? "" : say.few}</span>
        ) : (
          <ChangeCell of={of} change={of.change} />
        )}
      </td>
    </tr>
  );
}

export function BriefTable({ indicators }: { readonly indicators: readonly OverviewIndicator[] }) {
  const say = useSay(SAY);
  return (
    <table class="brief" role="table">
      <thead role="rowgroup">
        <tr role="row">
          {([say.indicator, say.now, say.time, say.change] as const).map((name) => (
            <th key={name} role="columnheader" scope="col">
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup">
        {indicators.map((of) => (
          <Row key={of.id} of={of} />
        ))}
      </tbody>
    </table>
  );
}
