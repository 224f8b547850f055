/** Reports: what is certain, as running text to print or to cite, by focus area and release. */
import type { Language } from "../../../protocol/values/language.ts";
import type { Verdict } from "../../../publication/intervals.ts";
import type { Overview, OverviewIndicator } from "../../../publication/overview.ts";
import { day, figure, listed, period, range, unitOf, upper, useLanguage, useSay } from "../language.ts";
import type { PageProps } from "../page.ts";
import { Choice } from "../parts/choice.tsx";
import { HelpLine } from "../parts/help.tsx";
import { Heading, Section } from "../parts/shell.tsx";
import { ScrolledTable } from "../parts/table.tsx";
import { ViewFoot } from "../parts/view-foot.tsx";
import { change, Link } from "../router.tsx";
import { type Names, namesOf, storyDetail, storyTitle, withUnit } from "../sentences.ts";

const SAY = {
  sv: {
    title: "Rapporter",
    lede: (when: string) =>
      `Vårdens indikatorer, av utgåvor till och med ${when}. Bara det säkra står som utsaga; allt annat som tal med intervall. Sidan är gjord för att skrivas ut.`,
    area: "Fokusområde",
    every: "Alla",
    print: "Skriv ut",
    changed: "Det som säkert har ändrats",
    apart: "Det som säkert skiljer sig mellan regioner",
    figures: "Riket i siffror",
    none: "Inget som går utanför bruset.",
    better: (text: string) => `säkert bättre än riket i ${text}`,
    worse: (text: string) => `säkert sämre än riket i ${text}`,
    other: (text: string) => `säkert annorlunda i ${text}`,
    method: "Metod",
    methodText:
      "Varje region svarar själv, från sina egna uppgifter, med brus tillfört innan något lämnar regionen. Skillnader nämns bara där hela intervallet går fri från noll, med hänsyn till hur många jämförelser som görs bredvid varandra. Ingen rangordning görs inom bruset.",
    indicator: "Indikator",
    value: "Värde",
    interval: "95 %",
    when: "Period",
    file: "Rapporten som fil med alla underlag: brus report --out rapport.html",
  },
  en: {
    title: "Reports",
    lede: (when: string) =>
      `Indicators of care, of releases up to ${when}. Only what is certain stands as a statement; all else as figures with intervals. The page is made to be printed.`,
    area: "Focus area",
    every: "All",
    print: "Print",
    changed: "What has changed with certainty",
    apart: "What differs between regions with certainty",
    figures: "The nation in figures",
    none: "Nothing that is larger than the noise.",
    better: (text: string) => `certainly better than the nation in ${text}`,
    worse: (text: string) => `certainly worse than the nation in ${text}`,
    other: (text: string) => `certainly different in ${text}`,
    method: "Method",
    methodText:
      "Each region answers by itself, from its own records, with noise added before anything leaves it. Differences are named only where the whole interval is clear of zero, given how many comparisons stand beside each other. Nothing is ranked within noise.",
    indicator: "Indicator",
    value: "Value",
    interval: "95 %",
    when: "Period",
    file: "The report as a file with all that is behind it: brus report --out report.html",
  },
};

/** In which regions an indicator certainly differs from the nation, in words; nothing where in none. */
function apartText(indicator: OverviewIndicator, names: Names, language: Language): string {
  const say = SAY[language];
  const named = (of: Verdict) =>
    listed(
      indicator.regions.filter(({ verdict }) => verdict === of).map(({ region }) => names(region)),
      language,
    );
  return (
    [
      ["better", say.better],
      ["worse", say.worse],
      ["differs", say.other],
    ] as const
  )
    .flatMap(([verdict, text]) => (named(verdict) === "" ? [] : [text(named(verdict))]))
    .join("; ");
}

type Shown = { readonly indicators: readonly OverviewIndicator[] };
type Named = Shown & { readonly names: Names };

function Changed({ stories, indicators, names }: Named & Pick<Overview, "stories">) {
  const say = useSay(SAY);
  const language = useLanguage();
  const told = stories.flatMap((story) => {
    const indicator = indicators.find(({ id }) => id === story.indicator);
    return indicator === undefined ? [] : [{ story, indicator }];
  });
  return (
    <Section title={say.changed}>
      {told.length === 0 && <p>{say.none}</p>}
      <ul class="list">
        {told.map(({ story, indicator }) => (
          <li key={`${story.indicator} ${story.of} ${story.verdict} ${story.column?.code}`}>
            <strong>{storyTitle(story, indicator, names, language)}.</strong>{" "}
            {storyDetail(story, indicator, names, language)}
          </li>
        ))}
      </ul>
    </Section>
  );
}

function Apart({ indicators, names }: Named) {
  const say = useSay(SAY);
  const language = useLanguage();
  const apart = indicators
    .map((indicator) => ({ indicator, text: apartText(indicator, names, language) }))
    .filter(({ text }) => text !== "");
  return (
    <Section title={say.apart}>
      {apart.length === 0 && <p>{say.none}</p>}
      <ul class="list">
        {apart.map(({ indicator, text }) => (
          <li key={indicator.id}>
            <Link to="indicator" id={indicator.id}>
              {indicator.name[language]}
            </Link>
            : {text}.
          </li>
        ))}
      </ul>
    </Section>
  );
}

function NationRow({ of }: { readonly of: OverviewIndicator }) {
  const language = useLanguage();
  const last = of.nation.at(-1);
  return (
    <tr>
      <th scope="row">
        {of.name[language]} <span class="quiet small">{unitOf(of, language)}</span>
      </th>
      <td class="r">
        {last == null ? (
          ".."
        ) : (
          <strong title={withUnit(of, last[0], language)}>{figure(of, last[0], language)}</strong>
        )}
      </td>
      <td class="num quiet">{last == null ? "" : range(of, last[1], last[2], language)}</td>
      <td class="num">{upper(period(of.periods.at(-1) ?? "", language))}</td>
    </tr>
  );
}

function NationInFigures({ indicators }: Shown) {
  const say = useSay(SAY);
  return (
    <Section title={say.figures}>
      <ScrolledTable columns={[say.indicator, say.value, say.interval, say.when]} right={[say.value]}>
        {indicators.map((of) => (
          <NationRow key={of.id} of={of} />
        ))}
      </ScrolledTable>
    </Section>
  );
}

export function page({ overview, query }: PageProps) {
  const say = useSay(SAY);
  const language = useLanguage();
  const names = namesOf(overview.regions, language);
  const area = query.get("area") ?? "";
  const areas = [
    ...new Map(overview.indicators.map(({ focusId, focus }) => [focusId as string, focus[language]])),
  ];
  const shown = overview.indicators.filter(
    ({ focusId, table }) => table !== null && (area === "" || focusId === area),
  );
  return (
    <>
      <Heading title={say.title}>
        <p>{say.lede(overview.madeAt === null ? "–" : day(overview.madeAt, language))}</p>
      </Heading>
      <div class="controls">
        <Choice
          label={say.area}
          value={area}
          options={[["", say.every], ...areas]}
          onChange={(value) => change({ area: value })}
        />
        <p class="inline">
          <button type="button" class="btn plain" onClick={() => print()}>
            {say.print}
          </button>
        </p>
      </div>
      <HelpLine of={shown} />
      <Changed stories={overview.stories} indicators={shown} names={names} />
      <Apart indicators={shown} names={names} />
      <NationInFigures indicators={shown} />
      <ViewFoot overview={overview} indicators={shown} title={say.title} />
      <Section title={say.method}>
        <p>{say.methodText}</p>
        <p class="small quiet">{say.file}</p>
      </Section>
    </>
  );
}
