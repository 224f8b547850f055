/** Groups within one area, and the gap between them: measured together, and adding up. */
import { NATION } from "../../../../protocol/values/codes.ts";
import type { Language } from "../../../../protocol/values/language.ts";
import { gapBetween, isComparable, overAll, wideningIn } from "../../../../publication/comparisons.ts";
import { labelIn, type Viewed } from "../../../../publication/view.ts";
import { IntervalCell } from "../../charts/interval.tsx";
import { Verdict } from "../../charts/marks.tsx";
import { pictureOf, pictureRow } from "../../charts/picture.ts";
import { Spark } from "../../charts/spark.tsx";
import { figureAt, type GroupRow, groupRows, periodsOf, releaseOf } from "../../figures.ts";
import {
  figure,
  pointsOf,
  type Quantity,
  range,
  shortPeriod,
  upper,
  useLanguage,
  useSay,
} from "../../language.ts";
import { FigureFoot } from "../../parts/figure-foot.tsx";
import { Section } from "../../parts/shell.tsx";
import { Value } from "../../parts/value.tsx";
import { type Part, sealQuery } from "./part.ts";
import { axisOf, type RowsAxis, RowsHead } from "./rows-head.tsx";

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

type Column = Viewed["columns"][number] & { readonly rows: readonly GroupRow[] };

/** How a group stands against all, or why that is not said. */
function Against({ row: { figure: cell, tone, compared } }: { readonly row: GroupRow }) {
  const say = useSay(SAY);
  const unsure = cell.flag === "unreliable";
  if (cell.value === null) return <span class="quiet">{cell.flag === ".." ? say.withheld : say.none}</span>;
  if (!compared) return <>–</>;
  return (
    <Verdict
      tone={tone}
      unsure={unsure}
      text={unsure && tone === "no certain difference" ? say.unsure : undefined}
    />
  );
}

function Row({
  row,
  name,
  chosen,
  of,
  axis: { scale, nation },
}: {
  readonly row: GroupRow;
  readonly name: string;
  readonly chosen: boolean;
  readonly of: Quantity;
  readonly axis: RowsAxis;
}) {
  const say = useSay(SAY);
  const { value, low, high, flag } = row.figure;
  return (
    <tr class={chosen ? "chosen" : ""}>
      <th scope="row">{name}</th>
      <td class="val">
        {value === null || low === null || high === null ? (
          <strong>{flag === ".." ? ".." : "–"}</strong>
        ) : (
          <Value of={of} value={value} low={low} high={high} />
        )}
      </td>
      <td class="cv">
        <IntervalCell row={row} scale={scale} nation={nation} />
        {flag === ".." && <span class="small quiet">{say.why}</span>}
      </td>
      <td class="small">
        <Against row={row} />
      </td>
    </tr>
  );
}

const labelOf = (view: Viewed, column: string, code: string, language: Language): string =>
  upper(labelIn(view, column, code)?.[language] ?? code);

function GroupsTable({
  view,
  chosen,
  names,
  columns,
  axis,
}: Omit<Part, "query" | "title"> & { readonly columns: readonly Column[]; readonly axis: RowsAxis }) {
  const say = useSay(SAY);
  const language = useLanguage();
  const { indicator } = view;
  return (
    <table class="rows">
      <caption>
        {indicator.name[language]}, {names(chosen.region)}
      </caption>
      <RowsHead name={say.group} value={say.value} chart={say.chart} axis={axis}>
        <th scope="col" class="c-verdict">
          {say.against}
        </th>
      </RowsHead>
      {columns.map(({ code: column, label, rows }) => (
        <tbody key={column}>
          <tr class="grp">
            <th scope="rowgroup" colSpan={4}>
              {upper(label[language])}
            </th>
          </tr>
          {rows.map((row) => (
            <Row
              key={row.code}
              row={row}
              name={labelOf(view, column, row.code, language)}
              chosen={chosen.groups[column] === row.code}
              of={indicator}
              axis={axis}
            />
          ))}
        </tbody>
      ))}
    </table>
  );
}

export function Groups(part: Part) {
  const say = useSay(SAY);
  const language = useLanguage();
  const { view, chosen, names, title } = part;
  const columns = view.columns.map((each) => ({ ...each, rows: groupRows(view, chosen, each.code) }));
  const figures = columns.flatMap(({ rows }) => rows.map((row) => row.figure));
  if (figures.length === 0) return null;
  const whole = figureAt(view, { ...chosen, groups: {} }, chosen.region, chosen.period).value;
  const against = { name: say.all, value: isComparable(view) ? whole : null };
  const axis = axisOf(view.indicator, figures, against, language);
  const picture = () =>
    pictureOf({
      title: `${title}, ${names(chosen.region)}`,
      ...axis,
      rows: columns.flatMap((column) =>
        column.rows.map((row) =>
          pictureRow(labelOf(view, column.code, row.code, language), row, view.indicator, language),
        ),
      ),
    });
  return (
    <Section
      title={say.title}
      id="groups"
      help={
        <>
          <p>{say.help(names(chosen.region))}</p>
          {figures.some(({ flag }) => flag === "unreliable") && <p>{say.unsureNote}</p>}
        </>
      }
    >
      <figure>
        <GroupsTable view={view} chosen={chosen} names={names} columns={columns} axis={axis} />
        {chosen.region === NATION &&
          columns.map(({ code }) => <GapLine key={code} view={view} chosen={chosen} column={code} />)}
        <FigureFoot
          part="groups"
          table={view.id}
          release={releaseOf(view, chosen)}
          query={sealQuery(part, chosen.region)}
          what={title}
          picture={() => ({ remove: true, svg: picture() })}
        />
      </figure>
    </Section>
  );
}
