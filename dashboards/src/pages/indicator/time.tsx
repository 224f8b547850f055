/** Over time: most ask first whether it is getting better. */
import { useEffect, useRef, useState } from "preact/hooks";
import { NATION } from "../../../../protocol/values/codes.ts";
import { type CubeFigure, NOTHING } from "../../../../publication/figure.ts";
import { Verdict } from "../../charts/marks.tsx";
import { shortName } from "../../charts/tiles.tsx";
import { Trend } from "../../charts/trend.tsx";
import { hasNation, lineOf, periodsOf } from "../../figures.ts";
import { figure, period, range, shortPeriod, unitOf, upper, useLanguage, useSay } from "../../language.ts";
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

export function Time({ view, chosen, names, query, title }: Part) {
  const say = useSay(SAY);
  const language = useLanguage();
  const periods = periodsOf(view);
  const svg = useRef<SVGSVGElement | null>(null);
  const [at, move] = useState(Math.max(0, periods.indexOf(chosen.period)));
  useEffect(() => move(Math.max(0, periods.indexOf(chosen.period))), [chosen.period]);
  const as = query.get("time") === "table" ? "table" : "chart";
  const bands = query.get("bands") !== "off";
  const areas = [...(hasNation(view) ? [NATION] : []), ...(chosen.region === NATION ? [] : [chosen.region])];
  const lines = areas.map((area) => lineOf(view, chosen, area));
  const { indicator, releases } = view;
  const text = ({ value, low, high, flag }: CubeFigure): string =>
    value === null || low === null || high === null
      ? flag === ".."
        ? say.withheld
        : say.none
      : `${figure(indicator, value, language)} (${range(indicator, low, high, language)})`;
  const said = periods.map(
    (code, index) =>
      `${upper(period(code, language))}: ${lines.map(({ area, figures }) => `${names(area)} ${text(figures[index] ?? NOTHING)}`).join("; ")}`,
  );
  const gaps = lines
    .filter(({ figures }) => figures.some(({ value }) => value === null))
    .map(({ area }) => upper(names(area)));
  const ends = lines.flatMap(({ area, figures }) => {
    const known = figures.filter(({ value }) => value !== null);
    const [first, last] = [known[0], known.at(-1)];
    return first === undefined || last === undefined
      ? []
      : [say.from(upper(names(area)), text(first), text(last))];
  });
  const least = Math.min(...lines.flatMap(({ figures }) => figures.flatMap(({ low }) => low ?? [])));
  const release = releases.at(-1)?.release ?? "";
  return (
    <Section
      title={say.title}
      id="time"
      help={
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
      }
    >
      <figure>
        <figcaption>
          <strong>{title}</strong>, {unitOf(indicator, language)} {least > 0 && `(${say.axis})`}
          <span class="vh"> {ends.join(" ")}</span>
        </figcaption>
        {as === "chart" ? (
          <Trend
            label={`${title}. ${ends.join(" ")} ${say.keys}`}
            at={at}
            onAt={move}
            said={said}
            onDrawn={(drawn) => {
              svg.current = drawn;
            }}
            chart={{
              label: title,
              periods: periods.map((code) => shortPeriod(code, language)),
              write: (value) => figure(indicator, value, language),
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
            }}
          />
        ) : (
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
                  {chosen.region !== NATION && <th scope="col">{say.against}</th>}
                </tr>
              </thead>
              <tbody>
                {periods.map((code, index) => (
                  <tr key={code}>
                    <th scope="row">{upper(period(code, language))}</th>
                    {lines.map(({ figures }) => {
                      const { value, low, high, flag } = figures[index] ?? NOTHING;
                      return (
                        <>
                          <td class="r">
                            <strong>
                              {value === null
                                ? flag === ".."
                                  ? ".."
                                  : "–"
                                : figure(indicator, value, language)}
                            </strong>
                          </td>
                          <td class="quiet num">
                            {low === null || high === null
                              ? flag === ".."
                                ? say.withheld
                                : say.none
                              : range(indicator, low, high, language)}
                          </td>
                        </>
                      );
                    })}
                    {chosen.region !== NATION && (
                      <td>
                        <Verdict tone={lines.at(-1)?.tones[index] ?? "not compared"} />
                      </td>
                    )}
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
        <FigureFoot
          part="time"
          sealed={new Set(releases.map((each) => each.release)).size === 1}
          table={view.id}
          release={release}
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
