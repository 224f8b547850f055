/** The map: every county as large, filled only where the whole interval lies in one class. */

import { isComparable } from "../../../../publication/comparisons.ts";
import { classOf } from "../../../../publication/intervals.ts";
import { Mark, tileClass, toneClass, VERDICTS, Verdict } from "../../charts/marks.tsx";
import { pictureOf, pictureRow } from "../../charts/picture.ts";
import { shortName, Tiles } from "../../charts/tiles.tsx";
import { classesOf, type RegionGroup } from "../../figures.ts";
import { figure, range, scaleOf, useLanguage, useSay } from "../../language.ts";
import { Seg } from "../../parts/choice.tsx";
import { FigureFoot } from "../../parts/figure-foot.tsx";
import { Section } from "../../parts/shell.tsx";
import { change } from "../../router.tsx";
import type { Part } from "./part.ts";

const SAY = {
  sv: {
    title: "Kartan",
    help: "En ruta är en region, ungefär där den ligger. Alla rutor är lika stora, så att Gotland syns lika väl som Stockholm.",
    view: "Färglägg efter",
    against: "Mot riket",
    value: "Värde",
    under: (text: string) => `under ${text}`,
    over: (text: string) => `${text} och över`,
    many: "intervallet rymmer flera klasser",
    filled: "Fylld ruta: hela intervallet ligger i klassen. Ofylld: det rymmer flera.",
    missing: "svar saknas",
    withheld: "kan inte anges",
    alike: "Regionerna skiljer sig mindre åt än deras intervall är breda: inga klasser går att skilja.",
  },
  en: {
    title: "The map",
    help: "A tile is a region, about where it lies. All tiles are the same size, so that Gotland is seen as well as Stockholm.",
    view: "Colour by",
    against: "Against the nation",
    value: "Value",
    under: (text: string) => `below ${text}`,
    over: (text: string) => `${text} and above`,
    many: "the interval spans several classes",
    filled: "A filled tile: the whole interval lies in the class. Open: it spans several.",
    missing: "missing",
    withheld: "cannot be given",
    alike: "The regions differ by less than their intervals are wide: no classes can be told apart.",
  },
};

export function MapPart({
  view,
  chosen,
  names,
  query,
  title,
  groups,
}: Part & { readonly groups: readonly RegionGroup[] }) {
  const say = useSay(SAY);
  const verdicts = useSay(VERDICTS);
  const language = useLanguage();
  const { indicator } = view;
  const rows = groups.flatMap((group) => group.rows).toSorted((a, b) => (a.region < b.region ? -1 : 1));
  if (rows.length === 0) return null;
  const comparable = isComparable(view);
  const mode = query.get("map") === "value" || !comparable ? "value" : "against";
  const { factor, decimals } = scaleOf(indicator);
  const digits = Math.max(0, decimals - 1);
  const bounds = comparable
    ? classesOf(rows, (value) => Number((value * factor).toFixed(digits)) / factor)
    : null;
  const write = (value: number) => figure(indicator, value, language);
  const written = (value: number, low: number, high: number) =>
    `${write(value)} (${range(indicator, low, high, language)})`;
  const tiles = rows.map(({ region, figure: cell, tone }) => {
    const { value, low, high, flag } = cell;
    const place = bounds === null || low === null || high === null ? null : classOf({ low, high }, bounds);
    const missing = value === null;
    const body = missing ? (
      <span>{flag === ".." ? `.. ${say.withheld}` : say.missing}</span>
    ) : mode === "against" ? (
      <span class={`v ${toneClass("v", tone)}`}>
        <svg width="11" height="11" viewBox="-8 -8 16 16" aria-hidden="true">
          <Mark tone={tone} />
        </svg>
        {write(value)}
        <span class="vh"> {verdicts[tone]}</span>
      </span>
    ) : (
      <span>
        {write(value)}
        {low !== null && high !== null && <span class="vh"> ({range(indicator, low, high, language)})</span>}
      </span>
    );
    const shade = missing
      ? "miss"
      : mode === "against"
        ? tileClass(tone)
        : place === null
          ? "many"
          : `q${place + 1}`;
    return { region, name: names(region), class: shade, body };
  });
  const release = view.releases.find((each) => each.period === chosen.period)?.release ?? "";
  return (
    <Section
      title={say.title}
      id="map"
      help={
        <>
          <p>{say.help}</p>
          {comparable && (
            <p>
              <Seg
                label={say.view}
                value={mode}
                options={[
                  ["against", say.against],
                  ["value", say.value],
                ]}
                onChange={(value) => change({ map: value === "against" ? null : value })}
              />
            </p>
          )}
        </>
      }
    >
      <figure>
        <figcaption class="key">
          {mode === "against" ? (
            (["better", "no certain difference", "worse", "differs"] as const)
              .filter((tone) => tone !== "differs" || rows.some((row) => row.tone === tone))
              .map((tone) => <Verdict key={tone} tone={tone} />)
          ) : bounds === null ? (
            <span>{comparable ? say.alike : title}</span>
          ) : (
            <>
              {[
                say.under(write(bounds[0])),
                range(indicator, bounds[0], bounds[1], language),
                say.over(write(bounds[1])),
              ].map((text, at) => (
                <span key={text} class="qkey">
                  <i class={`q${at + 1}`} />
                  {text}
                </span>
              ))}
              <span class="qkey">
                <i class="many" />
                {say.many}
              </span>
            </>
          )}
        </figcaption>
        <Tiles
          stays
          tiles={tiles}
          to="indicator"
          idOf={() => indicator.id}
          query={(region) => ({ ...Object.fromEntries(query), region, table: view.id })}
        />
        {mode === "value" && bounds !== null && <p class="small quiet">{say.filled}</p>}
        <FigureFoot
          part="map"
          table={view.id}
          release={release}
          query={{ table: view.id, period: chosen.period, ...chosen.groups }}
          what={title}
          picture={() => ({
            remove: true,
            svg: pictureOf({
              title,
              nation: null,
              label: "",
              write,
              rows: rows.map(({ region, figure: cell, tone }) =>
                pictureRow(shortName(names(region)), cell, tone, written),
              ),
            }),
          })}
        />
      </figure>
    </Section>
  );
}
