/** The lower half of the first page: the nation in brief, and the whole field of comparisons. */
import { useState } from "preact/hooks";
import type { Overview } from "../../../../publication/overview.ts";
import { Field } from "../../charts/field.tsx";
import { toneOf, Verdict } from "../../charts/marks.tsx";
import { listed, number, useLanguage, useSay } from "../../language.ts";
import { BriefTable } from "../../parts/brief-table.tsx";
import { Section } from "../../parts/shell.tsx";
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

/** Those the brief shows: one of each focus area's experience and access, as the catalogue orders them. */
const BRIEF = [
  "experience-listening",
  "experience-continuity",
  "taken-seriously",
  "participation",
  "first-visit-within-90d",
  "waiting-over-guarantee",
  "followup-7d",
  "side-effects-severe",
];

export function Brief({ overview }: { readonly overview: Overview }) {
  const say = useSay(SAY);
  const chosen = BRIEF.flatMap((id) =>
    overview.indicators.filter((each) => each.id === id && each.table !== null),
  );
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

export function WholeField({ overview, names }: { readonly overview: Overview; readonly names: Names }) {
  const say = useSay(SAY);
  const language = useLanguage();
  const [table, show] = useState(false);
  const order = ["prevention", "early-access", "vulnerable-groups", "participation", "governance"];
  const shown = overview.indicators
    .filter(({ regions }) => regions.some(({ verdict }) => verdict !== null))
    .toSorted((a, b) => order.indexOf(a.focusId) - order.indexOf(b.focusId));
  const all = shown.flatMap(({ regions }) => regions.map(({ verdict }) => toneOf(verdict)));
  const count = (tone: string) => all.filter((each) => each === tone).length;
  const certain = count("b") + count("w") + count("d");
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
        <Verdict tone="b" text={`${say.better}: ${count("b")}`} />
        <Verdict tone="w" text={`${say.worse}: ${count("w")}`} />
        {count("d") > 0 && <Verdict tone="d" text={`${say.apart}: ${count("d")}`} />}
        <Verdict tone="n" text={`${number(overview.judged - certain, 0, language)}`} />
      </p>
      {table ? (
        <div class="scroll" tabIndex={0}>
          <table>
            <thead>
              <tr>
                <th scope="col">{say.indicator}</th>
                <th scope="col">{say.better}</th>
                <th scope="col">{say.worse}</th>
                <th scope="col">{say.apart}</th>
              </tr>
            </thead>
            <tbody>
              {shown.map(({ id, name, regions }) => {
                const named = (tone: string) =>
                  listed(
                    regions
                      .filter(({ verdict }) => verdict !== null && toneOf(verdict) === tone)
                      .map(({ region }) => names(region)),
                    language,
                  );
                return (
                  <tr key={id}>
                    <th scope="row">{name[language]}</th>
                    <td class="small">{named("b") || "–"}</td>
                    <td class="small">{named("w") || "–"}</td>
                    <td class="small">{named("d") || "–"}</td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      ) : (
        <Field indicators={shown} regions={overview.regions} label={label} />
      )}
      <button type="button" class="linklike small" aria-pressed={table} onClick={() => show(!table)}>
        {table ? say.asPicture : say.asTable}
      </button>
    </Section>
  );
}
