/** The funnel: what noise alone explains, by how exact a region's figure is. */
import { useRef } from "preact/hooks";
import { NATION } from "../../../../protocol/values/codes.ts";
import { type Compared, isComparable } from "../../../../publication/comparisons.ts";
import { normalQuantile } from "../../../../publication/intervals.ts";
import { shortName } from "../../charts/tiles.tsx";
import { Drawing } from "../../charts/trend.tsx";
import { figureAt, type RegionGroup, type RegionRow, releaseOf } from "../../figures.ts";
import { figure, range, useLanguage, useSay } from "../../language.ts";
import { FigureFoot } from "../../parts/figure-foot.tsx";
import { Section } from "../../parts/shell.tsx";
import { Heads } from "../../parts/table.tsx";
import { type Part, type RegionsPart, sealQuery } from "./part.ts";

const SAY = {
  sv: {
    title: "Tratten",
    help: "Ju längre till höger, desto exaktare är regionens värde. Inom den streckade tratten räcker bruset som förklaring 95 gånger av 100, inom den heldragna 998 av 1 000. En region utanför tratten har inte visats vara bättre eller sämre: det avgör jämförelsen ovan.",
    across: "exaktare värde →",
    said: (inside: number, of: number) =>
      `${inside} av ${of} regioner ligger innanför 99,8-procentsgränserna.`,
    table: "Som tabell",
    region: "Region",
    value: "Värde",
    within: "Gränser, 99,8 %",
  },
  en: {
    title: "The funnel",
    help: "The further to the right, the more exact the region's value. Within the dashed funnel noise is explanation enough 95 times in 100, within the solid one 998 in 1,000. A region outside is not thereby shown to be better or worse: the comparison above decides that.",
    across: "more exact →",
    said: (inside: number, of: number) =>
      `${inside} of ${of} regions lie within the limits of 99.8 per cent.`,
    table: "As a table",
    region: "Region",
    value: "Value",
    within: "Limits, 99.8 %",
  },
};

const Z = [normalQuantile(0.975), normalQuantile(0.999)] as const;

type FunnelRow = Pick<RegionRow, "region" | "tone"> & { readonly compared: Compared };

/** The regions whose figures are certain enough to stand in a funnel. */
const rowsOf = (groups: readonly RegionGroup[]): FunnelRow[] =>
  groups
    .flatMap((group) => group.rows)
    .flatMap(({ region, compared, tone }) =>
      compared === null || compared.unreliable ? [] : [{ region, compared, tone }],
    );

/** The same as a table: each region, with the limits at its own exactness. */
function FunnelTable({
  rows,
  view,
  names,
}: Pick<Part, "view" | "names"> & { readonly rows: readonly FunnelRow[] }) {
  const say = useSay(SAY);
  const language = useLanguage();
  const { indicator } = view;
  return (
    <table>
      <Heads columns={[say.region, say.value, say.within]} right={[say.value]} />
      <tbody>
        {rows
          .toSorted((a, b) => (a.region < b.region ? -1 : 1))
          .map(({ region, compared: { value, funnel } }) => (
            <tr key={region}>
              <th scope="row">{shortName(names(region))}</th>
              <td class="r">{figure(indicator, value, language)}</td>
              <td>
                {funnel === null ? "–" : range(indicator, funnel.alarm.low, funnel.alarm.high, language)}
              </td>
            </tr>
          ))}
      </tbody>
    </table>
  );
}

export function Funnel(part: RegionsPart) {
  const say = useSay(SAY);
  const language = useLanguage();
  const svg = useRef<SVGSVGElement | null>(null);
  const { view, chosen, names, title, groups } = part;
  const nation = figureAt(view, chosen, NATION, chosen.period).value;
  const rows = rowsOf(groups);
  if (nation === null || rows.length < 5 || !isComparable(view)) return null;
  const points = rows.map(({ region, compared: { value, se }, tone }) => ({
    name: shortName(names(region)),
    value,
    precision: 1 / se,
    tone,
  }));
  const inside = rows.filter(
    ({ compared: { value, funnel } }) =>
      funnel !== null && value >= funnel.alarm.low && value <= funnel.alarm.high,
  ).length;
  const write = (value: number) => figure(view.indicator, value, language);
  return (
    <Section title={say.title} id="funnel" help={<p>{say.help}</p>}>
      <figure>
        <figcaption>
          <strong>{title}.</strong> {say.said(inside, rows.length)}
        </figcaption>
        <Drawing
          draw={({ drawFunnel }, width) =>
            drawFunnel({ points, nation, z: Z, width, label: title, across: say.across, write })
          }
          deps={[JSON.stringify(points), nation, language]}
          onDrawn={(drawn) => {
            svg.current = drawn;
          }}
        />
        <details>
          <summary>{say.table}</summary>
          <FunnelTable rows={rows} view={view} names={names} />
        </details>
        <FigureFoot
          part="funnel"
          table={view.id}
          release={releaseOf(view, chosen)}
          query={sealQuery(part)}
          what={title}
          picture={() => (svg.current === null ? null : { svg: svg.current, remove: false })}
        />
      </figure>
    </Section>
  );
}
