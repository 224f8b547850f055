/** Regions against the nation: in verdict groups, never in an order that noise made. */
import { NATION } from "../../../../protocol/values/codes.ts";
import { type Compared, isComparable } from "../../../../publication/comparisons.ts";
import type { CubeFigure } from "../../../../publication/figure.ts";
import { IntervalCell } from "../../charts/interval.tsx";
import { type Tone, toneClass, Verdict } from "../../charts/marks.tsx";
import { pictureOf, pictureRow } from "../../charts/picture.ts";
import { shortName } from "../../charts/tiles.tsx";
import { figureAt, hasNation, type RegionGroup, type RegionRow, releaseOf } from "../../figures.ts";
import { isShare, type Quantity, signed, useLanguage, useSay } from "../../language.ts";
import { FigureFoot } from "../../parts/figure-foot.tsx";
import { Section } from "../../parts/shell.tsx";
import { Value } from "../../parts/value.tsx";
import { Link } from "../../router.tsx";
import { type Part, type RegionsPart, sealQuery } from "./part.ts";
import { axisOf, type RowsAxis, RowsHead } from "./rows-head.tsx";

const SAY = {
  sv: {
    title: "Regionerna",
    help: "Här finns ingen tio-i-topp. Regionerna står i grupper efter utfall, och inom gruppen efter de platser de kan ha. Kan de ha samma platser står de i bokstavsordning.",
    lines: (n: number) =>
      `Tjock linje: 95-procentsintervallet. Tunn linje: marginalen som krävs när ${n} regioner jämförs på en gång. Bara om den tunna linjen går fri från riket är skillnaden säker. Fyllt tecken är säkert, ofyllt är det inte.`,
    small: "Små regioner har bredare intervall: samma brus, färre personer.",
    counts: "Antal personer jämförs inte mellan regioner: de är olika stora.",
    caption: "Regioner jämförda med riket",
    region: "Region",
    chart: "Diagram",
    value: "Värde och 95 %",
    against: "Mot riket",
    places: "Möjlig plats",
    nation: "Riket",
    better: "Säkert bättre än riket",
    worse: "Säkert sämre än riket",
    differs: "Säkert annorlunda än riket",
    "no certain difference": "Ingen säker skillnad mot riket",
    "not compared": "Värden",
    missing: "Inget publicerat värde",
    of: (n: number) => `${n} ${n === 1 ? "region" : "regioner"}`,
    late: "Svar saknas",
    withheld: "Bruset är större än värdet",
    notApplicable: "Ej tillämpligt",
    beyond:
      "En andel kan hamna över 100 procent eller under 0: bruset är kvar i värdet. Intervallet säger vad som är troligt.",
    unsure: "Osäkert värde: medelfelet är över 30 procent av värdet.",
  },
  en: {
    title: "The regions",
    help: "There is no top ten here. Regions stand in groups by what is certain, and within a group by the places they may have. Where they may have the same places they stand in alphabetical order.",
    lines: (n: number) =>
      `Thick line: the interval of 95 per cent. Thin line: the margin that is needed when ${n} regions are compared at once. Only where the thin line is clear of the nation is the difference certain. A filled mark is certain, an open one is not.`,
    small: "Small regions have wider intervals: same noise, fewer people.",
    counts: "Numbers of persons are not compared between regions: they are of different sizes.",
    caption: "Regions compared with the nation",
    region: "Region",
    chart: "Chart",
    value: "Value and 95 %",
    against: "Difference",
    places: "Possible place",
    nation: "Nation",
    better: "Certainly better than the nation",
    worse: "Certainly worse than the nation",
    differs: "Certainly different from the nation",
    "no certain difference": "No certain difference from the nation",
    "not compared": "Values",
    missing: "No published value",
    of: (n: number) => `${n} ${n === 1 ? "region" : "regions"}`,
    late: "Missing",
    withheld: "The noise exceeds the value",
    notApplicable: "Not applicable",
    beyond:
      "A share may come out above 100 per cent or below 0: the noise is still in the value. The interval says what is likely.",
    unsure: "Unreliable: the standard error exceeds 30 per cent of the value.",
  },
};

/** A range of places as a bar from the first to the last of so many. */
function PlacesBar({
  first,
  last,
  of,
  tone,
}: {
  readonly first: number;
  readonly last: number;
  readonly of: number;
  readonly tone: Tone;
}) {
  const at = (place: number) => `${((100 * place) / of).toFixed(2)}%`;
  return (
    <svg class="places" width="100%" height="12" aria-hidden="true">
      <line class="track" x1="0" x2="100%" y1="6" y2="6" />
      <line class={`is ${toneClass("i", tone)}`} x1={at(first - 1)} x2={at(last)} y1="6" y2="6" />
    </svg>
  );
}

/** The value; or a sign in its place, and why there is none. */
function ValueCell({ of, cell }: { readonly of: Quantity; readonly cell: CubeFigure }) {
  const say = useSay(SAY);
  const { value, low, high, flag } = cell;
  if (value !== null && low !== null && high !== null)
    return <Value of={of} value={value} low={low} high={high} />;
  const why = flag === ".." ? say.withheld : flag === "." ? say.notApplicable : say.late;
  return (
    <>
      <strong>{flag === ".." ? ".." : "–"}</strong> <span class="quiet small">{why}</span>
    </>
  );
}

function Difference({ of, value }: { readonly of: Quantity; readonly value: number }) {
  const say = useSay(SAY);
  const language = useLanguage();
  return (
    <>
      <span class="pre quiet">{say.against} </span>
      {signed(of, value, language)}
    </>
  );
}

function PlacesText({
  places: { first, last },
  of,
  tone,
}: {
  readonly places: NonNullable<Compared["places"]>;
  readonly of: number;
  readonly tone: Tone;
}) {
  const say = useSay(SAY);
  return (
    <>
      <span class="pre quiet">{say.places} </span>
      <span class="num">
        {first}
        {last > first && `–${last}`}
      </span>
      <PlacesBar first={first} last={last} of={of} tone={tone} />
    </>
  );
}

type Shown = {
  readonly part: RegionsPart;
  readonly axis: RowsAxis;
  /** How many regions are compared. */
  readonly of: number;
};

function Row({ row, part, axis, of }: Shown & { readonly row: RegionRow }) {
  const { view, chosen, names } = part;
  const { region, compared, tone } = row;
  return (
    <tr class={region === chosen.region ? "chosen" : ""}>
      <th scope="row">
        <Link to="region" id={region}>
          {shortName(names(region))}
        </Link>
      </th>
      <td class="val">
        <ValueCell of={view.indicator} cell={row.figure} />
      </td>
      <td class="cv">
        <IntervalCell row={row} scale={axis.scale} nation={axis.nation} />
      </td>
      <td class="num small">
        {compared?.difference == null ? (
          "–"
        ) : (
          <Difference of={view.indicator} value={compared.difference.value} />
        )}
      </td>
      <td class="small">
        {compared?.places == null ? "–" : <PlacesText places={compared.places} of={of} tone={tone} />}
      </td>
    </tr>
  );
}

/** The regions of one verdict, under it. */
function RowGroup({ group: { tone, rows }, ...shown }: Shown & { readonly group: RegionGroup }) {
  const say = useSay(SAY);
  return (
    <tbody>
      <tr class="grp">
        <th scope="rowgroup" colSpan={5}>
          {tone === "not compared" || tone === "missing" ? (
            say[tone]
          ) : (
            <Verdict tone={tone} text={say[tone]} />
          )}{" "}
          <span class="quiet small">{say.of(rows.length)}</span>
        </th>
      </tr>
      {rows.map((row) => (
        <Row key={row.region} row={row} {...shown} />
      ))}
    </tbody>
  );
}

function RegionsTable(shown: Shown) {
  const say = useSay(SAY);
  const { part, axis } = shown;
  return (
    <table class="rows">
      <caption>
        {isComparable(part.view) ? say.caption : say["not compared"]}. {part.title}
        {axis.nation !== null && `. ${say.nation}: ${axis.write(axis.nation)}`}
      </caption>
      <RowsHead name={say.region} value={say.value} chart={say.chart} axis={axis}>
        <th scope="col" class="c-diff">
          {say.against}
        </th>
        <th scope="col" class="c-place">
          {say.places}
        </th>
      </RowsHead>
      {part.groups.map((group) => (
        <RowGroup key={group.tone} group={group} {...shown} />
      ))}
    </table>
  );
}

/** How to read the table, and what in it is to be read with care. */
function Help({
  view,
  rows,
  of,
}: Pick<Part, "view"> & { readonly rows: readonly RegionRow[]; readonly of: number }) {
  const say = useSay(SAY);
  const comparable = isComparable(view);
  const isBeyond =
    isShare(view.indicator) &&
    rows.some(({ figure: { value } }) => value !== null && (value > 1 || value < 0));
  return (
    <>
      <p>{comparable ? say.help : say.counts}</p>
      {comparable && <p>{say.lines(of)}</p>}
      <p>{say.small}</p>
      {isBeyond && <p>{say.beyond}</p>}
      {rows.some(({ figure: { flag } }) => flag === "unreliable") && <p>{say.unsure}</p>}
    </>
  );
}

export function Regions(part: RegionsPart) {
  const say = useSay(SAY);
  const language = useLanguage();
  const { view, chosen, names, title, groups } = part;
  const rows = groups.flatMap((group) => group.rows);
  if (rows.length === 0) return null;
  const value =
    hasNation(view) && isComparable(view) ? figureAt(view, chosen, NATION, chosen.period).value : null;
  const figures = rows.map((row) => row.figure);
  const axis = axisOf(view.indicator, figures, { name: say.nation, value }, language);
  const answered = rows.filter(({ compared }) => compared !== null).length;
  const picture = () =>
    pictureOf({
      title,
      ...axis,
      rows: rows.map((row) => pictureRow(shortName(names(row.region)), row, view.indicator, language)),
    });
  return (
    <Section title={say.title} id="regions" help={<Help view={view} rows={rows} of={answered} />}>
      <figure>
        <RegionsTable part={part} axis={axis} of={answered} />
        <FigureFoot
          part="regions"
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
