/** The map: every county as large, filled only where the whole interval lies in one class. */
import { isComparable } from "../../../../publication/comparisons.ts";
import { classOf } from "../../../../publication/intervals.ts";
import type { Viewed } from "../../../../publication/view.ts";
import { MarkIcon, tileClass, toneClass, VERDICTS, Verdict } from "../../charts/marks.tsx";
import { pictureOf, pictureRow } from "../../charts/picture.ts";
import { shortName, Tiles } from "../../charts/tiles.tsx";
import { classesOf, type RegionRow, releaseOf } from "../../figures.ts";
import { figure, type Quantity, range, scaleOf, useLanguage, useSay } from "../../language.ts";
import { Seg } from "../../parts/choice.tsx";
import { FigureFoot } from "../../parts/figure-foot.tsx";
import { Section } from "../../parts/shell.tsx";
import { change } from "../../router.tsx";
import { type RegionsPart, sealQuery } from "./part.ts";

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

type Mode = "against" | "value";
type Bounds = ReturnType<typeof classesOf>;

/** What a tile says: its value with its verdict, or with its interval; or why there is none. */
function TileText({
  row,
  mode,
  of,
}: {
  readonly row: RegionRow;
  readonly mode: Mode;
  readonly of: Quantity;
}) {
  const say = useSay(SAY);
  const verdicts = useSay(VERDICTS);
  const language = useLanguage();
  const { value, low, high, flag } = row.figure;
  if (value === null) return <span>{flag === ".." ? `.. ${say.withheld}` : say.missing}</span>;
  if (mode === "against")
    return (
      <span class={`v ${toneClass("v", row.tone)}`}>
        <MarkIcon tone={row.tone} />
        {figure(of, value, language)}
        <span class="vh"> {verdicts[row.tone]}</span>
      </span>
    );
  return (
    <span>
      {figure(of, value, language)}
      {low !== null && high !== null && <span class="vh"> ({range(of, low, high, language)})</span>}
    </span>
  );
}

/** How a tile is filled: by its verdict, or by the class its whole interval lies in. */
function shadeOf({ figure: { value, low, high }, tone }: RegionRow, mode: Mode, bounds: Bounds): string {
  if (value === null) return "miss";
  if (mode === "against") return tileClass(tone);
  const place = bounds === null || low === null || high === null ? null : classOf({ low, high }, bounds);
  return place === null ? "many" : `q${place + 1}`;
}

/** The bounds of the classes of values, in the digits that are written. */
function boundsIn(view: Viewed, rows: readonly RegionRow[]): Bounds {
  if (!isComparable(view)) return null;
  const { factor, decimals } = scaleOf(view.indicator);
  const digits = Math.max(0, decimals - 1);
  return classesOf(rows, (value) => Number((value * factor).toFixed(digits)) / factor);
}

const VerdictKey = ({ rows }: { readonly rows: readonly RegionRow[] }) => (
  <>
    {(["better", "no certain difference", "worse", "differs"] as const)
      .filter((tone) => tone !== "differs" || rows.some((row) => row.tone === tone))
      .map((tone) => (
        <Verdict key={tone} tone={tone} />
      ))}
  </>
);

function ClassKey({
  bounds: [low, high],
  of,
}: {
  readonly bounds: NonNullable<Bounds>;
  readonly of: Quantity;
}) {
  const say = useSay(SAY);
  const language = useLanguage();
  const classes = [
    say.under(figure(of, low, language)),
    range(of, low, high, language),
    say.over(figure(of, high, language)),
  ];
  return (
    <>
      {classes.map((text, at) => (
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
  );
}

function Help({ mode, comparable }: { readonly mode: Mode; readonly comparable: boolean }) {
  const say = useSay(SAY);
  return (
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
  );
}

export function MapPart(part: RegionsPart) {
  const say = useSay(SAY);
  const language = useLanguage();
  const { view, chosen, names, query, title, groups } = part;
  const { indicator } = view;
  const rows = groups.flatMap((group) => group.rows).toSorted((a, b) => (a.region < b.region ? -1 : 1));
  if (rows.length === 0) return null;
  const comparable = isComparable(view);
  const mode = query.get("map") === "value" || !comparable ? "value" : "against";
  const bounds = boundsIn(view, rows);
  const tiles = rows.map((row) => ({
    region: row.region,
    name: names(row.region),
    class: shadeOf(row, mode, bounds),
    body: <TileText row={row} mode={mode} of={indicator} />,
  }));
  const picture = () =>
    pictureOf({
      title,
      nation: null,
      label: "",
      write: (value) => figure(indicator, value, language),
      rows: rows.map((row) => pictureRow(shortName(names(row.region)), row, indicator, language)),
    });
  return (
    <Section title={say.title} id="map" help={<Help mode={mode} comparable={comparable} />}>
      <figure>
        <figcaption class="key">
          {mode === "against" ? (
            <VerdictKey rows={rows} />
          ) : bounds === null ? (
            <span>{comparable ? say.alike : title}</span>
          ) : (
            <ClassKey bounds={bounds} of={indicator} />
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
          release={releaseOf(view, chosen)}
          query={sealQuery(part)}
          what={title}
          picture={() => ({ remove: true, svg: picture() })}
        />
      </figure>
    </Section>
  );
}
