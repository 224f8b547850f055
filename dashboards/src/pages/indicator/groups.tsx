/** Groups within one area, and the gap between them: measured together, and adding up. */

import { NATION } from "../../../../protocol/values/codes.ts";
import { gapBetween, isComparable, overAll, wideningIn } from "../../../../publication/comparisons.ts";
import { labelIn } from "../../../../publication/view.ts";
import { Axis, IntervalCell } from "../../charts/interval.tsx";
import { Verdict } from "../../charts/marks.tsx";
import { pictureOf, pictureRow } from "../../charts/picture.ts";
import { scaleOver } from "../../charts/scale.ts";
import { Spark } from "../../charts/spark.tsx";
import { bounded, figureAt, groupRows, periodsOf } from "../../figures.ts";
import { figure, pointsOf, range, shortPeriod, upper, useLanguage, useSay } from "../../language.ts";
import { FigureFoot } from "../../parts/figure-foot.tsx";
import { Section } from "../../parts/shell.tsx";
import type { Part } from "./part.ts";

const SAY = {
  sv: {
    title: "Delat på grupper",
    help: (where: string) =>
      `${upper(where)}, jämfört med alla där. Delarna är mätta i samma mätning och går ihop med summan till sista siffran inom utgåvan.`,
    group: "Grupp",
    chart: "Diagram",
    value: "Värde och 95 %",
    against: "Mot alla",
    all: "Alla",
    unsure: "Osäkert värde",
    withheld: "Kan inte anges",
    why: "Bruset är större än värdet",
    none: "Svar saknas",
    gap: (label: string, low: string, high: string, unit: string) =>
      `Gapet mellan grupper efter ${label} är minst ${low} och högst ${high} ${unit}.`,
    noGap: (label: string) => `Ingen säker skillnad mellan grupper efter ${label}.`,
    grown: (above: string, below: string, size: string) =>
      `Gapet mellan ${above} och ${below} har säkert vuxit: ${size} längs linjen genom alla perioder.`,
    unsureNote: "Osäkert värde: medelfelet är större än 30 procent av värdet. Linjen är streckad.",
  },
  en: {
    title: "By group",
    help: (where: string) =>
      `${upper(where)}, compared with everyone there. The parts are measured together and add up to the total, to the last digit, within the release.`,
    group: "Group",
    chart: "Chart",
    value: "Value and 95 %",
    against: "Against all",
    all: "All",
    unsure: "Unreliable",
    withheld: "Cannot be given",
    why: "The noise exceeds the value",
    none: "Missing",
    gap: (label: string, low: string, high: string, unit: string) =>
      `The gap between groups by ${label} is at least ${low} and at most ${high} ${unit}.`,
    noGap: (label: string) => `No certain difference between groups by ${label}.`,
    grown: (above: string, below: string, size: string) =>
      `The gap between ${above} and ${below} has certainly grown: ${size} along the line through all periods.`,
    unsureNote: "Unreliable: the standard error exceeds 30 per cent of the value. The line is dashed.",
  },
};

/** The equity gap of a column in the nation, and how it has gone. */
function GapLine({ view, chosen, column }: Pick<Part, "view" | "chosen"> & { readonly column: string }) {
  const say = useSay(SAY);
  const language = useLanguage();
  const dimension = view.columns.find(({ code }) => code === column);
  const columns = view.columns.length;
  const gap = gapBetween(view, column, chosen.period, columns);
  if (dimension === undefined || gap === null) return null;
  const { indicator } = view;
  const widening = wideningIn(view, column, columns);
  const grown = widening === null ? null : overAll(view, widening.trend);
  const grownBy =
    grown === null
      ? ""
      : `${figure(indicator, grown.value, language)} ${pointsOf(indicator, language)} (${range(indicator, grown.low, grown.high, language)})`;
  const named = (code: string) => labelIn(view, column, code)?.[language] ?? code;
  const label = dimension.label[language];
  const most = indicator.produced.measure?.kind === "share" ? Math.min(1, gap.high) : gap.high;
  return (
    <div class="gap">
      <p>
        <strong>
          {gap.certain
            ? say.gap(
                label,
                figure(indicator, gap.low, language),
                figure(indicator, most, language),
                pointsOf(indicator, language),
              )
            : say.noGap(label)}
        </strong>
        {widening !== null && ` ${say.grown(named(widening.groups[0]), named(widening.groups[1]), grownBy)}`}
      </p>
      {widening !== null && (
        <Spark
          points={widening.series.map(({ value, low, high }) => [value, low, high])}
          tone="worse"
          from={shortPeriod(periodsOf(view)[0] ?? "", language)}
          to={shortPeriod(periodsOf(view).at(-1) ?? "", language)}
        />
      )}
    </div>
  );
}

export function Groups({ view, chosen, names, title }: Part) {
  const say = useSay(SAY);
  const language = useLanguage();
  const { indicator } = view;
  const columns = view.columns.map((each) => ({ ...each, rows: groupRows(view, chosen, each.code) }));
  const all = columns.flatMap(({ rows }) => rows);
  if (all.length === 0) return null;
  const whole = figureAt(view, { ...chosen, groups: {} }, chosen.region, chosen.period).value;
  const comparable = isComparable(view);
  const shown = comparable ? whole : null;
  const ends = all.flatMap(({ figure: { low, high, flag } }) =>
    low === null || high === null || flag === "unreliable" ? [] : bounded(indicator, low, high),
  );
  const scale = scaleOver(ends.length === 0 ? [0, 1] : shown === null ? ends : [...ends, shown]);
  const write = (value: number) => figure(indicator, value, language);
  const written = (value: number, low: number, high: number) =>
    `${write(value)} (${range(indicator, low, high, language)})`;
  const label = shown === null ? "" : `${say.all} ${write(shown)}`;
  const release = view.releases.find((each) => each.period === chosen.period)?.release ?? "";
  const labelOf = (column: (typeof columns)[number], code: string) =>
    upper(labelIn(view, column.code, code)?.[language] ?? code);
  return (
    <Section
      title={say.title}
      id="groups"
      help={
        <>
          <p>{say.help(names(chosen.region))}</p>
          {all.some(({ figure: { flag } }) => flag === "unreliable") && <p>{say.unsureNote}</p>}
        </>
      }
    >
      <figure>
        <table class="rows">
          <caption>
            {indicator.name[language]}, {names(chosen.region)}
          </caption>
          <thead>
            <tr class="axisrow">
              <th scope="col" class="c-name">
                {say.group}
              </th>
              <th scope="col" class="c-val">
                {say.value}
              </th>
              <th scope="col" class="cv">
                <span class="vh">{say.chart}</span>
                <Axis scale={scale} nation={shown} label={label} write={write} />
              </th>
              <th scope="col" class="c-verdict">
                {say.against}
              </th>
            </tr>
          </thead>
          {columns.map((column) => (
            <tbody key={column.code}>
              <tr class="grp">
                <th scope="rowgroup" colSpan={4}>
                  {upper(column.label[language])}
                </th>
              </tr>
              {column.rows.map((row) => {
                const { value, low, high, flag } = row.figure;
                return (
                  <tr key={row.code} class={chosen.groups[column.code] === row.code ? "chosen" : ""}>
                    <th scope="row">{labelOf(column, row.code)}</th>
                    <td class="val">
                      {value === null || low === null || high === null ? (
                        <strong>{flag === ".." ? ".." : "–"}</strong>
                      ) : (
                        <>
                          <strong>{write(value)}</strong>{" "}
                          <span class="quiet small num">{range(indicator, low, high, language)}</span>
                        </>
                      )}
                    </td>
                    <td class="cv">
                      <IntervalCell row={row} scale={scale} nation={shown} />
                      {flag === ".." && <span class="small quiet">{say.why}</span>}
                    </td>
                    <td class="small">
                      {value === null ? (
                        <span class="quiet">{flag === ".." ? say.withheld : say.none}</span>
                      ) : row.compared ? (
                        <Verdict
                          tone={row.tone}
                          unsure={flag === "unreliable"}
                          text={
                            flag === "unreliable" && row.tone === "no certain difference"
                              ? say.unsure
                              : undefined
                          }
                        />
                      ) : (
                        "–"
                      )}
                    </td>
                  </tr>
                );
              })}
            </tbody>
          ))}
        </table>
        {chosen.region === NATION &&
          columns.map(({ code }) => <GapLine key={code} view={view} chosen={chosen} column={code} />)}
        <FigureFoot
          part="groups"
          table={view.id}
          release={release}
          query={{
            table: view.id,
            period: chosen.period,
            region: chosen.region === NATION ? null : chosen.region,
            ...chosen.groups,
          }}
          what={title}
          picture={() => ({
            remove: true,
            svg: pictureOf({
              title: `${title}, ${names(chosen.region)}`,
              nation: shown,
              label,
              write,
              rows: columns.flatMap((column) =>
                column.rows.map(({ code, figure: cell, tone }) =>
                  pictureRow(labelOf(column, code), cell, tone, written),
                ),
              ),
            }),
          })}
        />
      </figure>
    </Section>
  );
}
