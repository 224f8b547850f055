/** Regions against the nation: in verdict groups, never in an order that noise made. */

import { NATION } from "../../../../protocol/values/codes.ts";
import { isComparable } from "../../../../publication/comparisons.ts";
import { Axis, IntervalCell } from "../../charts/interval.tsx";
import { type Tone, toneClass, Verdict } from "../../charts/marks.tsx";
import { pictureOf, pictureRow } from "../../charts/picture.ts";
import { type Scale, scaleOver } from "../../charts/scale.ts";
import { shortName } from "../../charts/tiles.tsx";
import { bounded, figureAt, hasNation, type RegionGroup, type RegionRow } from "../../figures.ts";
import { figure, isShare, range, signed, useLanguage, useSay } from "../../language.ts";
import { FigureFoot } from "../../parts/figure-foot.tsx";
import { Section } from "../../parts/shell.tsx";
import { Link } from "../../router.tsx";
import type { Part } from "./part.ts";

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

function Row({
  row,
  part,
  scale,
  nation,
  of,
}: {
  readonly row: RegionRow;
  readonly part: Part;
  readonly scale: Scale;
  readonly nation: number | null;
  readonly of: number;
}) {
  const say = useSay(SAY);
  const language = useLanguage();
  const { view, chosen, names } = part;
  const { figure: cell, compared } = row;
  const { indicator } = view;
  const why = cell.flag === ".." ? say.withheld : cell.flag === "." ? say.notApplicable : say.late;
  return (
    <tr class={row.region === chosen.region ? "chosen" : ""}>
      <th scope="row">
        <Link to="region" id={row.region}>
          {shortName(names(row.region))}
        </Link>
      </th>
      <td class="val">
        {cell.value === null || cell.low === null || cell.high === null ? (
          <>
            <strong>{cell.flag === ".." ? ".." : "–"}</strong> <span class="quiet small">{why}</span>
          </>
        ) : (
          <>
            <strong>{figure(indicator, cell.value, language)}</strong>{" "}
            <span class="quiet small num">{range(indicator, cell.low, cell.high, language)}</span>
          </>
        )}
      </td>
      <td class="cv">
        <IntervalCell row={row} scale={scale} nation={nation} />
      </td>
      <td class="num small">
        {compared?.difference == null ? (
          "–"
        ) : (
          <>
            <span class="pre quiet">{say.against} </span>
            {signed(indicator, compared.difference.value, language)}
          </>
        )}
      </td>
      <td class="small">
        {compared?.places == null ? (
          "–"
        ) : (
          <>
            <span class="pre quiet">{say.places} </span>
            <span class="num">
              {compared.places.first}
              {compared.places.last > compared.places.first && `–${compared.places.last}`}
            </span>
            <PlacesBar {...compared.places} of={of} tone={row.tone} />
          </>
        )}
      </td>
    </tr>
  );
}

export function Regions(part: Part & { readonly groups: readonly RegionGroup[] }) {
  const say = useSay(SAY);
  const language = useLanguage();
  const { view, chosen, names, title, groups } = part;
  const { indicator } = view;
  const rows = groups.flatMap((group) => group.rows);
  if (rows.length === 0) return null;
  const comparable = isComparable(view);
  const whole = hasNation(view) && comparable ? figureAt(view, chosen, NATION, chosen.period).value : null;
  const ends = rows.flatMap(({ figure: { low, high, flag } }) =>
    low === null || high === null || flag === "unreliable" ? [] : bounded(indicator, low, high),
  );
  const scale = scaleOver(ends.length === 0 ? [0, 1] : whole === null ? ends : [...ends, whole]);
  const isBeyond =
    isShare(indicator) && rows.some(({ figure: { value } }) => value !== null && (value > 1 || value < 0));
  const answered = rows.filter(({ compared }) => compared !== null).length;
  const write = (value: number) => figure(indicator, value, language);
  const written = (value: number, low: number, high: number) =>
    `${write(value)} (${range(indicator, low, high, language)})`;
  const release = view.releases.find((each) => each.period === chosen.period)?.release ?? "";
  const head = (tone: RegionGroup["tone"]) => say[tone];
  const picture = () => ({
    remove: true,
    svg: pictureOf({
      title,
      nation: whole,
      label: whole === null ? "" : `${say.nation} ${write(whole)}`,
      write,
      rows: rows.map(({ region, figure: cell, tone }) =>
        pictureRow(shortName(names(region)), cell, tone, written),
      ),
    }),
  });
  return (
    <Section
      title={say.title}
      id="regions"
      help={
        <>
          <p>{comparable ? say.help : say.counts}</p>
          {comparable && <p>{say.lines(answered)}</p>}
          <p>{say.small}</p>
          {isBeyond && <p>{say.beyond}</p>}
          {rows.some(({ figure: { flag } }) => flag === "unreliable") && <p>{say.unsure}</p>}
        </>
      }
    >
      <figure>
        <table class="rows">
          <caption>
            {comparable ? say.caption : say["not compared"]}. {title}
            {whole !== null && `. ${say.nation}: ${write(whole)}`}
          </caption>
          <thead>
            <tr class="axisrow">
              <th scope="col" class="c-name">
                {say.region}
              </th>
              <th scope="col" class="c-val">
                {say.value}
              </th>
              <th scope="col" class="cv">
                <span class="vh">{say.chart}</span>
                <Axis
                  scale={scale}
                  nation={whole}
                  label={whole === null ? "" : `${say.nation} ${write(whole)}`}
                  write={write}
                />
              </th>
              <th scope="col" class="c-diff">
                {say.against}
              </th>
              <th scope="col" class="c-place">
                {say.places}
              </th>
            </tr>
          </thead>
          {groups.map(({ tone, rows: own }) => (
            <tbody key={tone}>
              <tr class="grp">
                <th scope="rowgroup" colSpan={5}>
                  {tone === "not compared" || tone === "missing" ? (
                    head(tone)
                  ) : (
                    <Verdict tone={tone} text={head(tone)} />
                  )}{" "}
                  <span class="quiet small">{say.of(own.length)}</span>
                </th>
              </tr>
              {own.map((row) => (
                <Row key={row.region} row={row} part={part} scale={scale} nation={whole} of={answered} />
              ))}
            </tbody>
          ))}
        </table>
        <FigureFoot
          part="regions"
          table={view.id}
          release={release}
          query={{
            table: view.id,
            period: chosen.period,
            region: chosen.region === NATION ? null : chosen.region,
            ...chosen.groups,
          }}
          what={title}
          picture={picture}
        />
      </figure>
    </Section>
  );
}
