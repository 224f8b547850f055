/** A region: what certainly differs from the nation, then all its indicators in the same grammar. */
import { NOTHING } from "../../../publication/figure.ts";
import type { Verdict as Judged } from "../../../publication/intervals.ts";
import type { Overview, OverviewIndicator, OverviewRegion, Story } from "../../../publication/overview.ts";
import { IntervalCell } from "../charts/interval.tsx";
import { toneOf, Verdict } from "../charts/marks.tsx";
import { scaleOver } from "../charts/scale.ts";
import { period, unitOf, upper, useLanguage, useSay } from "../language.ts";
import type { PageProps } from "../page.ts";
import { HelpLine } from "../parts/help.tsx";
import { Seal } from "../parts/seal.tsx";
import { Heading, Section } from "../parts/shell.tsx";
import { Value } from "../parts/value.tsx";
import { ViewFoot } from "../parts/view-foot.tsx";
import { RegionYear } from "../parts/year.tsx";
import { Link } from "../router.tsx";
import { namesOf, storyDetail, storyTitle } from "../sentences.ts";

const SAY = {
  sv: {
    regions: "Regioner",
    lede: (b: number, w: number, d: number, n: number) =>
      `Av ${n} jämförelser med riket är ${b} säkert bättre och ${w} säkert sämre${d > 0 ? `, och ${d} säkert annorlunda` : ""}. Av de övriga drar vi inga slutsatser.`,
    differs: "Säkra skillnader",
    differsHelp:
      "Här står bara det som säkert skiljer sig från riket, när alla regioner och indikatorer jämförs på en gång.",
    none: "Inget skiljer sig säkert från riket. Det betyder att skillnaderna ryms i bruset, inte att de inte finns.",
    changed: "Ändringar",
    changedHelp: "Det som säkert har ändrats i regionen över alla publicerade perioder.",
    all: "Alla indikatorer",
    allHelp:
      "Tjock linje: 95-procentsintervallet. Lodrät linje: riket. Fyllt tecken är säkert, ofyllt är det inte.",
    indicator: "Indikator",
    chart: "Diagram",
    value: "Värde och 95 %",
    against: "Mot riket",
    late: "svar saknas",
    withheld: "kan inte anges",
    unsure: "Osäkert värde",
    not: "Kan inte jämföras",
    coverage: "Täckning och kostnad",
    coverageText: "Vad varje fråga har kostat regionen, och vad som är kvar, står i regionens egen logg.",
    ledger: "Regionens händelser i loggen",
    cover: "Täckningsgrad",
    unknown: "Regionen finns inte",
  },
  en: {
    regions: "Regions",
    lede: (b: number, w: number, d: number, n: number) =>
      `Of ${n} comparisons with the nation ${b} are certainly better and ${w} certainly worse${d > 0 ? `, and ${d} certainly different` : ""}. From the others we conclude nothing.`,
    differs: "Certain differences",
    differsHelp:
      "Only what certainly differs from the nation stands here, with all regions and indicators compared at once.",
    none: "Nothing differs from the nation with certainty. It means that differences lie within the noise, not that there are none.",
    changed: "Changes",
    changedHelp: "What has certainly changed in the region over all published periods.",
    all: "All indicators",
    allHelp:
      "Thick line: the interval of 95 per cent. Vertical line: the nation. A filled mark is certain, an open one is not.",
    indicator: "Indicator",
    chart: "Chart",
    value: "Value and 95 %",
    against: "Against the nation",
    late: "missing",
    withheld: "cannot be given",
    unsure: "Unreliable",
    not: "Cannot be compared",
    coverage: "Coverage and cost",
    coverageText: "What each question has cost the region, and what remains, stands in the region's own log.",
    ledger: "The region's events in the log",
    cover: "Coverage",
    unknown: "There is no such region",
  },
};

type OwnRow = { readonly of: OverviewIndicator; readonly own: OverviewRegion };

function Row({ row: { of, own }, region }: { readonly row: OwnRow; readonly region: string }) {
  const say = useSay(SAY);
  const language = useLanguage();
  const { value, low, high, flag, verdict } = own;
  const nation = of.nation.at(-1)?.[0] ?? null;
  const ends = [low, high, nation].flatMap((each) => each ?? []);
  const tone = toneOf(verdict);
  const unsure = flag === "unreliable";
  return (
    <tr>
      <th scope="row">
        <Link to="indicator" id={of.id} query={{ region }}>
          {of.name[language]}
        </Link>
        <span class="quiet small unit">
          {" "}
          {unitOf(of, language)}, {period(of.periods.at(-1) ?? "", language)}
        </span>
      </th>
      <td class="val">
        {value === null || low === null || high === null ? (
          <>
            <strong>{flag === ".." ? ".." : "–"}</strong>{" "}
            <span class="quiet small">{flag === ".." ? say.withheld : say.late}</span>
          </>
        ) : (
          <Value of={of} value={value} low={low} high={high} />
        )}
      </td>
      <td class="cv">
        <IntervalCell
          row={{ figure: { ...NOTHING, value, low, high, flag }, tone, thin: null }}
          scale={scaleOver(ends.length === 0 ? [0, 1] : ends)}
          nation={verdict === null ? null : nation}
        />
      </td>
      <td class="small">
        {verdict === null ? (
          <span class="quiet">{say.not}</span>
        ) : (
          <Verdict
            tone={tone}
            unsure={unsure}
            text={unsure && tone === "no certain difference" ? say.unsure : undefined}
          />
        )}
      </td>
    </tr>
  );
}

function Rows({ rows, region }: { readonly rows: readonly OwnRow[]; readonly region: string }) {
  const say = useSay(SAY);
  return (
    <table class="rows">
      <thead>
        <tr>
          <th scope="col" class="c-name">
            {say.indicator}
          </th>
          <th scope="col" class="c-val">
            {say.value}
          </th>
          <th scope="col">{say.chart}</th>
          <th scope="col" class="c-verdict">
            {say.against}
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <Row key={row.of.id} row={row} region={region} />
        ))}
      </tbody>
    </table>
  );
}

const ownIn = (overview: Overview, code: string): OwnRow[] =>
  overview.indicators.flatMap((of) =>
    of.regions.flatMap((own) => (own.region === code ? [{ of, own }] : [])),
  );

type Of = { readonly overview: Overview; readonly region: Overview["regions"][number] };

/** A change in this region, whichever else it is told of. */
function StoryItem({ story, overview, region }: Of & { readonly story: Story }) {
  const language = useLanguage();
  const indicator = overview.indicators.find((each) => each.id === story.indicator);
  if (indicator === undefined) return null;
  const names = namesOf(overview.regions, language);
  const here = { ...story, areas: [region.code] };
  const title = storyTitle(here, indicator, names, language);
  return (
    <li>
      <Verdict tone={toneOf(story.verdict)} />
      <p class="say">
        <Link to="indicator" id={story.indicator} query={{ region: region.code, table: story.table }}>
          {title}
        </Link>
      </p>
      {story.areas[0] === region.code && (
        <span class="quiet">{storyDetail(here, indicator, names, language)}</span>
      )}
      <Seal
        release={indicator.release ?? ""}
        query={{ table: story.table, region: region.code, period: story.periods.at(-1) }}
        what={title}
      />
    </li>
  );
}

function Changes({ overview, region }: Of) {
  const say = useSay(SAY);
  const stories = overview.stories.filter(
    (story) => story.of === "trend" && story.areas.includes(region.code),
  );
  if (stories.length === 0) return null;
  return (
    <Section title={say.changed} help={<p>{say.changedHelp}</p>}>
      <ul class="list">
        {stories.map((story) => (
          <StoryItem key={story.indicator} story={story} overview={overview} region={region} />
        ))}
      </ul>
    </Section>
  );
}

function Coverage({ overview, region, rows }: Of & { readonly rows: readonly OwnRow[] }) {
  const say = useSay(SAY);
  const coverage = overview.indicators.find(({ subject }) => subject === "coverage");
  return (
    <Section title={say.coverage}>
      <Rows rows={rows.filter(({ of }) => of.subject === "coverage")} region={region.code} />
      <RegionYear of={overview.year} region={region.code} />
      <p>{say.coverageText}</p>
      <p>
        <Link to="log" query={{ word: region.name }}>
          {say.ledger}
        </Link>
        {coverage !== undefined && (
          <>
            {" "}
            ·{" "}
            <Link to="indicator" id={coverage.id} query={{ region: region.code }}>
              {upper(say.cover)}
            </Link>
          </>
        )}
      </p>
    </Section>
  );
}

export function page({ overview, id }: PageProps) {
  const say = useSay(SAY);
  const region = overview.regions.find(({ code }) => code === id);
  if (region === undefined) return <Heading title={say.unknown} />;
  const rows = ownIn(overview, id);
  const indicators = rows.map(({ of }) => of);
  const of = (verdict: Judged) => rows.filter(({ own }) => own.verdict === verdict);
  const [better, differs, worse] = [of("better"), of("differs"), of("worse")];
  const certain = [...better, ...differs, ...worse];
  const compared = rows.filter(({ own }) => own.verdict !== null);
  return (
    <>
      <Heading title={region.name} crumb={<Link to="regions">{say.regions}</Link>}>
        <p>{say.lede(better.length, worse.length, differs.length, compared.length)}</p>
      </Heading>
      <Section title={say.differs} help={<p>{say.differsHelp}</p>}>
        {certain.length === 0 ? <p>{say.none}</p> : <Rows rows={certain} region={id} />}
      </Section>
      <Changes overview={overview} region={region} />
      <HelpLine of={indicators} />
      <Section title={say.all} help={<p>{say.allHelp}</p>}>
        <Rows rows={rows} region={id} />
        <ViewFoot overview={overview} indicators={indicators} title={region.name} region={id} />
      </Section>
      <Coverage overview={overview} region={region} rows={rows} />
    </>
  );
}
