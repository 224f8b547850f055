/** Over time: most ask first whether it is getting better. */
import { useEffect, useRef, useState } from "preact/hooks";
import { NATION } from "../../../../protocol/values/codes.ts";
import type { Language } from "../../../../protocol/values/language.ts";
import { type CubeFigure, NOTHING } from "../../../../publication/figure.ts";
import type { Viewed } from "../../../../publication/view.ts";
import { Verdict } from "../../charts/marks.tsx";
import { shortName } from "../../charts/tiles.tsx";
import { Trend } from "../../charts/trend.tsx";
import { type Chosen, hasNation, type Line, lineOf, periodsOf } from "../../figures.ts";
import {
  figure,
  period,
  type Quantity,
  range,
  shortPeriod,
  unitOf,
  upper,
  useLanguage,
  useSay,
  withRange,
} from "../../language.ts";
import { Seg } from "../../parts/choice.tsx";
import { FigureFoot } from "../../parts/figure-foot.tsx";
import { Section } from "../../parts/shell.tsx";
import { change } from "../../router.tsx";
import { nationName } from "../../sentences.ts";
import type { Part } from "./part.ts";

const SAY = {
  sv: {
    title: "Över tid",
    help: "Linjen är värdet, bandet 95-procentsintervallet. Ett fyllt tecken skiljer sig säkert från riket i den perioden. Rikets band är smalt: med fler personer väger bruset mindre.",
    missed: (name: string) => `${name} saknar värde i en eller flera perioder. Linjen dras inte över luckan.`,
    chart: "Diagram",
    table: "Tabell",
    view: "Visa som",
    bands: "Visa 95-procentsband",
    axis: "axeln börjar inte vid noll",
    period: "Period",
    against: "Mot riket",
    none: "saknas",
    withheld: "kan inte anges",
    keys: "Piltangenterna går mellan perioderna.",
    from: (name: string, from: string, to: string) => `${name} går från ${from} till ${to}.`,
  },
  en: {
    title: "Over time",
    help: "The line is the value, the band the interval of 95 per cent. A filled mark certainly differs from the nation in that period. The nation's band is narrow: with more people the noise weighs less.",
    missed: (name: string) =>
      `${name} lacks a value in one or more periods. The line is not drawn over the gap.`,
    chart: "Chart",
    table: "Table",
    view: "Show as",
    bands: "Show 95% bands",
    axis: "the axis does not begin at zero",
    period: "Period",
    against: "Against the nation",
    none: "missing",
    withheld: "cannot be given",
    keys: "The arrow keys move between periods.",
    from: (name: string, from: string, to: string) => `${name} goes from ${from} to ${to}.`,
  },
};

/** The areas that are drawn: the nation, and the region that is chosen. */
const linesOf = (view: Viewed, chosen: Chosen): Line[] =>
  [...(hasNation(view) ? [NATION] : []), ...(chosen.region === NATION ? [] : [chosen.region])].map((area) =>
    lineOf(view, chosen, area),
  );

type Shown = Pick<Part, "view" | "names"> & { readonly lines: readonly Line[] };

function figureText(of: Quantity, { value, low, high, flag }: CubeFigure, language: Language): string {
  if (value !== null && low !== null && high !== null) return withRange(of, value, low, high, language);
  return flag === ".." ? SAY[language].withheld : SAY[language].none;
}

/** What is said of each period. */
const saidOf = ({ view, names, lines }: Shown, language: Language): string[] =>
  periodsOf(view).map((code, index) => {
    const figures = lines.map(
      ({ area, figures: own }) =>
        `${names(area)} ${figureText(view.indicator, own[index] ?? NOTHING, language)}`,
    );
    return `${upper(period(code, language))}: ${figures.join("; ")}`;
  });

/** From where to where each area goes, in a sentence. */
const endsOf = ({ view, names, lines }: Shown, language: Language): string[] =>
  lines.flatMap(({ area, figures }) => {
    const known = figures.filter(({ value }) => value !== null);
    const [first, last] = [known[0], known.at(-1)];
    if (first === undefined || last === undefined) return [];
    const text = (each: CubeFigure) => figureText(view.indicator, each, language);
    return [SAY[language].from(upper(names(area)), text(first), text(last))];
  });

function chartOf({ view, names, lines }: Shown, label: string, bands: boolean, language: Language) {
  return {
    label,
    periods: periodsOf(view).map((code) => shortPeriod(code, language)),
    write: (value: number) => figure(view.indicator, value, language),
    zero: false,
    target: null,
    bands,
    lines: lines.map(({ area, figures, tones }) => ({
      name: area === NATION ? upper(nationName[language]) : shortName(names(area)),
      kind: area === NATION ? ("nation" as const) : ("other" as const),
      tones,
      points: figures.map(({ value, low, high, flag }) =>
        value === null || low === null || high === null
          ? null
          : { value, low, high, unsure: flag === "unreliable" },
      ),
    })),
  };
}

/** A value and its interval, in two cells. */
function FigureCells({ of, figure: cell }: { readonly of: Quantity; readonly figure: CubeFigure }) {
  const say = useSay(SAY);
  const language = useLanguage();
  const { value, low, high, flag } = cell;
  const withheld = flag === "..";
  return (
    <>
      <td class="r">
        <strong>{value === null ? (withheld ? ".." : "–") : figure(of, value, language)}</strong>
      </td>
      <td class="quiet num">
        {low === null || high === null
          ? withheld
            ? say.withheld
            : say.none
          : range(of, low, high, language)}
      </td>
    </>
  );
}

function TimeTable({ view, names, lines, title }: Shown & { readonly title: string }) {
  const say = useSay(SAY);
  const language = useLanguage();
  const compared = lines.find(({ area }) => area !== NATION);
  return (
    <div class="scroll" tabIndex={0}>
      <table>
        <caption>{title}</caption>
        <thead>
          <tr>
            <th scope="col">{say.period}</th>
            {lines.map(({ area }) => (
              <>
                <th scope="col" class="r">
                  {upper(names(area))}
                </th>
                <th scope="col">95 %</th>
              </>
            ))}
            {compared !== undefined && <th scope="col">{say.against}</th>}
          </tr>
        </thead>
        <tbody>
          {periodsOf(view).map((code, index) => (
            <tr key={code}>
              <th scope="row">{upper(period(code, language))}</th>
              {lines.map(({ area, figures }) => (
                <FigureCells key={area} of={view.indicator} figure={figures[index] ?? NOTHING} />
              ))}
              {compared !== undefined && (
                <td>
                  <Verdict tone={compared.tones[index] ?? "not compared"} />
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** How to read the chart, where it has gaps, and how it is to be shown. */
function Help({
  names,
  lines,
  as,
  bands,
}: Omit<Shown, "view"> & { readonly as: "chart" | "table"; readonly bands: boolean }) {
  const say = useSay(SAY);
  const gaps = lines
    .filter(({ figures }) => figures.some(({ value }) => value === null))
    .map(({ area }) => upper(names(area)));
  return (
    <>
      <p>{say.help}</p>
      {gaps.map((name) => (
        <p key={name}>{say.missed(name)}</p>
      ))}
      <p>
        <Seg
          label={say.view}
          value={as}
          options={[
            ["chart", say.chart],
            ["table", say.table],
          ]}
          onChange={(value) => change({ time: value === "chart" ? null : value })}
        />
      </p>
      <p>
        <label>
          <input
            type="checkbox"
            checked={bands}
            onChange={(event) => change({ bands: event.currentTarget.checked ? null : "off" })}
          />{" "}
          {say.bands}
        </label>
      </p>
    </>
  );
}

/** The period that is looked at: the one chosen, until one moves from it. */
function usePlace(periods: readonly string[], period: string) {
  const chosen = Math.max(0, periods.indexOf(period));
  const [at, move] = useState(chosen);
  useEffect(() => move(chosen), [period]);
  return [at, move] as const;
}

export function Time({ view, chosen, names, query, title }: Part) {
  const say = useSay(SAY);
  const language = useLanguage();
  const svg = useRef<SVGSVGElement | null>(null);
  const periods = periodsOf(view);
  const [at, move] = usePlace(periods, chosen.period);
  const as = query.get("time") === "table" ? "table" : "chart";
  const bands = query.get("bands") !== "off";
  const lines = linesOf(view, chosen);
  const shown = { view, names, lines };
  const ends = endsOf(shown, language).join(" ");
  const least = Math.min(...lines.flatMap(({ figures }) => figures.flatMap(({ low }) => low ?? [])));
  const releases = view.releases.map(({ release }) => release);
  return (
    <Section title={say.title} id="time" help={<Help names={names} lines={lines} as={as} bands={bands} />}>
      <figure>
        <figcaption>
          <strong>{title}</strong>, {unitOf(view.indicator, language)} {least > 0 && `(${say.axis})`}
          <span class="vh"> {ends}</span>
        </figcaption>
        {as === "chart" ? (
          <Trend
            label={`${title}. ${ends} ${say.keys}`}
            at={at}
            onAt={move}
            said={saidOf(shown, language)}
            onDrawn={(drawn) => {
              svg.current = drawn;
            }}
            chart={chartOf(shown, title, bands, language)}
          />
        ) : (
          <TimeTable {...shown} title={title} />
        )}
        <FigureFoot
          part="time"
          sealed={new Set(releases).size === 1}
          table={view.id}
          release={releases.at(-1) ?? ""}
          query={{
            table: view.id,
            region: chosen.region === NATION ? null : chosen.region,
            period: periods.at(-1),
            ...chosen.groups,
          }}
          what={title}
          picture={() => (svg.current === null ? null : { svg: svg.current, remove: false })}
        />
      </figure>
    </Section>
  );
}
