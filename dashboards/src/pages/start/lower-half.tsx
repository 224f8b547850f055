/** The lower half of the first page: the nation in brief, and the whole field of comparisons. */
import { useState } from "preact/hooks";
import type { Verdict as Judged } from "../../../../publication/intervals.ts";
import type { Overview, OverviewIndicator } from "../../../../publication/overview.ts";
import { Field } from "../../charts/field.tsx";
import { Verdict } from "../../charts/marks.tsx";
import { listed, number, useLanguage, useSay } from "../../language.ts";
import { BriefTable } from "../../parts/brief-table.tsx";
import { Section } from "../../parts/shell.tsx";
import { ScrolledTable } from "../../parts/table.tsx";
import { Link } from "../../router.tsx";
import type { Names } from "../../sentences.ts";

const SAY = {
  sv: {
    better: "Bättre",
    worse: "Sämre",
    apart: "Skiljer sig",
    brief: "Riket i korthet",
    briefHelp:
      "Bandet visar bruset. Efter värdet står 95-procentsintervallet. Ändringen är längs linjen genom alla perioder; säker är den bara där linjen passar och intervallet går fri från noll. Ändringens intervall är vidgat för alla jämförelser på sidan.",
    every: (n: number) => `Alla ${n} indikatorer`,
    indicator: "Indikator",
    field: "Hela fältet",
    fieldHelp:
      "Varje tecken är en region jämförd med riket i en indikator. De står i fokusområdenas ordning. Fyllt är säkert. Ofyllt betyder att skillnaden ryms i bruset.",
    fieldWhy: "Så många jämförelser på en gång ger slumpträffar. Därför kräver vi mer av var och en.",
    certain: (n: number, of: number) =>
      `${n} av ${of} jämförelser är säkra. Av de övriga ${of - n} drar vi inga slutsatser.`,
    asTable: "Visa som tabell",
    asPicture: "Visa som bild",
  },
  en: {
    better: "Better",
    worse: "Worse",
    apart: "Different",
    brief: "The nation in brief",
    briefHelp:
      "The band shows the noise. After the value stands the interval of 95 per cent. The change is along the line through all periods; it is certain only where the line fits and the interval is clear of zero. The change's interval is widened for all comparisons on the page.",
    every: (n: number) => `All ${n} indicators`,
    indicator: "Indicator",
    field: "The whole field",
    fieldHelp:
      "Each mark is a region compared with the nation in one indicator. They stand in the order of the focus areas. Filled is certain. Open means that the difference lies within the noise.",
    fieldWhy: "So many comparisons at once give chance findings. So we ask more of each.",
    certain: (n: number, of: number) =>
      `${n} of ${of} comparisons are certain. From the other ${of - n} we conclude nothing.`,
    asTable: "Show as a table",
    asPicture: "Show as a picture",
  },
};

export function Brief({ overview }: { readonly overview: Overview }) {
  const say = useSay(SAY);
  const chosen = overview.indicators
    .filter(({ brief, table }) => brief !== null && table !== null)
    .toSorted((a, b) => (a.brief ?? 0) - (b.brief ?? 0));
  return (
    <Section
      title={say.brief}
      help={
        <>
          <p>{say.briefHelp}</p>
          <p>
            <Link to="indicators">{say.every(overview.indicators.length)}</Link>
          </p>
        </>
      }
    >
      <BriefTable indicators={chosen} />
    </Section>
  );
}

type Of = { readonly indicators: readonly OverviewIndicator[]; readonly names: Names };

/** The field in words: which regions certainly differ, indicator by indicator. */
function FieldTable({ indicators, names }: Of) {
  const say = useSay(SAY);
  const language = useLanguage();
  const named = ({ regions }: OverviewIndicator, of: Judged) =>
    listed(
      regions.filter(({ verdict }) => verdict === of).map(({ region }) => names(region)),
      language,
    );
  return (
    <ScrolledTable columns={[say.indicator, say.better, say.worse, say.apart]}>
      {indicators.map((of) => (
        <tr key={of.id}>
          <th scope="row">{of.name[language]}</th>
          <td class="small">{named(of, "better") || "–"}</td>
          <td class="small">{named(of, "worse") || "–"}</td>
          <td class="small">{named(of, "differs") || "–"}</td>
        </tr>
      ))}
    </ScrolledTable>
  );
}

/** The indicators that are compared between regions, in the order of the focus areas. */
const comparedIn = ({ focusAreas, indicators }: Overview): OverviewIndicator[] =>
  focusAreas.flatMap((area) =>
    indicators.filter(
      ({ focusId, regions }) => focusId === area.id && regions.some(({ verdict }) => verdict !== null),
    ),
  );

export function WholeField({ overview, names }: { readonly overview: Overview; readonly names: Names }) {
  const say = useSay(SAY);
  const language = useLanguage();
  const [table, show] = useState(false);
  const shown = comparedIn(overview);
  const all = shown.flatMap(({ regions }) => regions.map(({ verdict }) => verdict));
  const count = (verdict: Judged) => all.filter((each) => each === verdict).length;
  const certain = count("better") + count("worse") + count("differs");
  const label = say.certain(certain, overview.judged);
  return (
    <Section
      title={say.field}
      help={
        <>
          <p>{say.fieldHelp}</p>
          <p>{say.fieldWhy}</p>
        </>
      }
    >
      <p class="say big">{label}</p>
      <p class="key">
        <Verdict tone="better" text={`${say.better}: ${count("better")}`} />
        <Verdict tone="worse" text={`${say.worse}: ${count("worse")}`} />
        {count("differs") > 0 && <Verdict tone="differs" text={`${say.apart}: ${count("differs")}`} />}
        <Verdict tone="no certain difference" text={`${number(overview.judged - certain, 0, language)}`} />
      </p>
      {table ? (
        <FieldTable indicators={shown} names={names} />
      ) : (
        <Field indicators={shown} regions={overview.regions} label={label} />
      )}
      <button type="button" class="linklike small" aria-pressed={table} onClick={() => show(!table)}>
        {table ? say.asPicture : say.asTable}
      </button>
    </Section>
  );
}
