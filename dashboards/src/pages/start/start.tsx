/** The first page: what is certain now, in sentences; then the nation, the whole field, the regions, and what cannot be said. */

import { useState } from "preact/hooks";
import { NATION } from "../../../../protocol/values/codes.ts";
import type { Verdict as Judged } from "../../../../publication/intervals.ts";
import type { Overview, OverviewIndicator, Story } from "../../../../publication/overview.ts";
import { toneOf, Verdict } from "../../charts/marks.tsx";
import { Spark } from "../../charts/spark.tsx";
import { listed, period, shortPeriod, useLanguage, useSay } from "../../language.ts";
import { HelpLine } from "../../parts/help.tsx";
import { RegionTiles } from "../../parts/region-tiles.tsx";
import { Seal } from "../../parts/seal.tsx";
import { Heading, Section } from "../../parts/shell.tsx";
import { ViewFoot } from "../../parts/view-foot.tsx";
import { Year } from "../../parts/year.tsx";
import { go, hrefOf, Link } from "../../router.tsx";
import { type Names, namesOf, storyDetail, storyTitle } from "../../sentences.ts";
import { Brief, WholeField } from "./lower-half.tsx";

const SAY = {
  sv: {
    title: "Det här är säkert just nu",
    lede: (n: number) =>
      `Så upplever patienter vården i ${n} regioner, och så går det. Varje siffra bär ett känt brus som skyddar den enskilde. Överst står bara det som är större än bruset.`,
    find: "Sök indikator eller region",
    hint: "till exempel kontinuitet, Kalmar",
    search: "Sök",
    improved: "Förbättrats",
    worsened: "Försämrats",
    differs: "Skiljer sig",
    over: "Över alla publicerade perioder. Det säkraste står först.",
    between: "Mellan grupper och mellan regioner.",
    none: "Inget som går utanför bruset.",
    gap: "Gapet har säkert vuxit",
    all: (n: number) => `Visa alla ${n}`,
    fewer: "Visa färre",
    better: "Bättre",
    worse: "Sämre",
    apart: "Skiljer sig",
    spread: (name: string, better: number, worse: number, other: number) =>
      `${name}: ${[better > 0 ? `säkert bättre än riket i ${better} ${better === 1 ? "region" : "regioner"}` : "", worse > 0 ? `säkert sämre ${better > 0 ? "" : "än riket "}i ${worse}` : "", other > 0 ? `säkert annorlunda i ${other}` : ""].filter((text) => text !== "").join(", ")}`,
    rest: (n: number) => `${n === 1 ? "För en region" : `För ${n} regioner`} finns ingen säker skillnad.`,
    yours: "Din region",
    yoursHelp:
      "Hur många indikatorer som säkert skiljer sig från riket. Att det står få i en liten region betyder inte att allt är bra, utan att bruset är stort i förhållande till antalet personer.",
    unsaid: "Det vi inte kan säga",
    absent: "Svar saknas.",
    absentNone: "Alla regioner har svarat i de senaste utgåvorna.",
    absentText: (text: string) =>
      `${text}. Riket räknas på dem som svarade. Kommer svaret in läggs det ut som en ny version.`,
    unsure: "Osäkert värde.",
    unsureText: (n: number, of: number) =>
      `${n} av ${of} värden för regioner har ett medelfel som är större än 30 procent av värdet. De visas med streckad linje och ska inte citeras ensamma.`,
    withheld: "Kan inte anges.",
    withheldText: (n: number) =>
      `${n} ${n === 1 ? "värde visas" : "värden visas"} som två punkter (..), eftersom bruset gör dem meningslösa.`,
    who: "Vilka som för journal.",
    whoText: "Intervallen visar bruset. De säger inget om dem som inte för någon patientjournal.",
    coverage: "Täckningsgrad per region",
    empty: "Ännu finns ingen utgåva. När den första är publicerad står här vad som är säkert.",
  },
  en: {
    title: "What is certain right now",
    lede: (n: number) =>
      `How patients experience care in ${n} regions, and how it goes. Every figure carries a known noise that protects the individual. At the top stands only what is larger than the noise.`,
    find: "Find an indicator or a region",
    hint: "for example continuity, Kalmar",
    search: "Find",
    improved: "Improved",
    worsened: "Worsened",
    differs: "Differs",
    over: "Over all published periods. What is most certain comes first.",
    between: "Between groups and between regions.",
    none: "Nothing that is larger than the noise.",
    gap: "The gap has certainly grown",
    all: (n: number) => `Show all ${n}`,
    fewer: "Show fewer",
    better: "Better",
    worse: "Worse",
    apart: "Different",
    spread: (name: string, better: number, worse: number, other: number) =>
      `${name}: ${[better > 0 ? `certainly better than the nation in ${better} ${better === 1 ? "region" : "regions"}` : "", worse > 0 ? `certainly worse ${better > 0 ? "" : "than the nation "}in ${worse}` : "", other > 0 ? `certainly different in ${other}` : ""].filter((text) => text !== "").join(", ")}`,
    rest: (n: number) =>
      `${n === 1 ? "One region shows" : `${n} regions show`} no certain difference from the nation.`,
    yours: "Your region",
    yoursHelp:
      "How many indicators differ from the nation with certainty. Few in a small region does not mean that all is well, but that the noise is large for its number of people.",
    unsaid: "What we cannot say",
    absent: "Missing.",
    absentNone: "All regions have answered in the latest releases.",
    absentText: (text: string) =>
      `${text}. The nation is of those that answered. If the answer comes it is published as a new version.`,
    unsure: "Unreliable.",
    unsureText: (n: number, of: number) =>
      `${n} of ${of} values of regions have a standard error above 30 per cent of the value. They are drawn with a dashed line and should not be cited alone.`,
    withheld: "Cannot be given.",
    withheldText: (n: number) =>
      `${n} ${n === 1 ? "value is" : "values are"} shown as two dots (..), since the noise makes them meaningless.`,
    who: "Who keeps a journal.",
    whoText: "The intervals show the noise. They say nothing of those who keep no journal.",
    coverage: "Coverage by region",
    empty: "There is no release yet. When the first is published, what is certain stands here.",
  },
};

const SHOWN = 3;

type Of = { readonly overview: Overview; readonly names: Names };

function StoryItem({
  story,
  of,
  names,
}: {
  readonly story: Story;
  readonly of: OverviewIndicator;
  readonly names: Names;
}) {
  const say = useSay(SAY);
  const language = useLanguage();
  const [area = NATION] = story.areas;
  const tone = toneOf(story.verdict);
  const query = { table: story.table, region: area === NATION ? null : area };
  const title = storyTitle(story, of, names, language);
  return (
    <div class="st">
      <div>
        <Verdict tone={tone} text={story.of === "gap" ? say.gap : undefined} />
        <p class="say">
          <Link to="indicator" id={story.indicator} query={{ ...query, by: story.column?.code }}>
            {title}
          </Link>
        </p>
        <HelpLine of={[of]} />
        <p class="small">{storyDetail(story, of, names, language)}</p>
      </div>
      <div class="mini">
        <Spark
          points={story.points}
          tone={tone}
          from={shortPeriod(story.periods[0] ?? "", language)}
          to={shortPeriod(story.periods.at(-1) ?? "", language)}
        />
      </div>
      <div class="sl">
        <Seal
          release={of.release ?? ""}
          query={{ ...query, period: story.periods.at(-1) }}
          what={title}
          bare
        />
      </div>
    </div>
  );
}

function Stories({
  title,
  help,
  stories,
  overview,
  names,
  children,
}: Of & {
  readonly title: string;
  readonly help: string;
  readonly stories: readonly Story[];
  readonly children?: preact.ComponentChildren;
}) {
  const say = useSay(SAY);
  const [all, show] = useState(false);
  const shown = all ? stories : stories.slice(0, SHOWN);
  return (
    <Section title={title} help={<p>{help}</p>}>
      {stories.length === 0 && children === undefined && <p class="quiet">{say.none}</p>}
      {shown.map((story) => {
        const of = overview.indicators.find(({ id }) => id === story.indicator);
        return of === undefined ? null : (
          <StoryItem
            key={`${story.indicator} ${story.of} ${story.verdict} ${story.column?.code}`}
            story={story}
            of={of}
            names={names}
          />
        );
      })}
      {stories.length > SHOWN && (
        <p class="small">
          <button type="button" class="linklike" aria-expanded={all} onClick={() => show(!all)}>
            {all ? say.fewer : say.all(stories.length)}
          </button>
        </p>
      )}
      {children}
    </Section>
  );
}

/** The indicators in which most regions differ with certainty. */
function Spreads({ overview }: Pick<Of, "overview">) {
  const say = useSay(SAY);
  const language = useLanguage();
  const counted = overview.indicators
    .map((of) => {
      const count = (judged: Judged) => of.regions.filter(({ verdict }) => verdict === judged).length;
      return {
        of,
        better: count("better"),
        worse: count("worse"),
        other: count("differs"),
        none: count("no certain difference"),
      };
    })
    .filter(({ better, worse, other }) => better + worse + other > 0)
    .toSorted((a, b) => b.better + b.worse + b.other - (a.better + a.worse + a.other))
    .slice(0, SHOWN);
  return (
    <>
      {counted.map(({ of, better, worse, other, none }) => (
        <div class="st" key={of.id}>
          <div>
            <span class="pair">
              {better > 0 && <Verdict tone="better" text={`${say.better}: ${better}`} />}
              {worse > 0 && <Verdict tone="worse" text={`${say.worse}: ${worse}`} />}
              {other > 0 && <Verdict tone="differs" text={`${say.apart}: ${other}`} />}
            </span>
            <p class="say">
              <Link to="indicator" id={of.id}>
                {say.spread(of.name[language], better, worse, other)}
              </Link>
            </p>
            <HelpLine of={[of]} />
            <p class="small">{say.rest(none)}</p>
          </div>
        </div>
      ))}
    </>
  );
}

function Find() {
  const say = useSay(SAY);
  const language = useLanguage();
  const find = (event: Event) => {
    event.preventDefault();
    const text = new FormData(event.currentTarget as HTMLFormElement).get("q");
    go(hrefOf(language, "indicators", "", { q: String(text ?? "") }));
  };
  return (
    <form class="find" role="search" onSubmit={find}>
      <label for="find">{say.find}</label>
      <div>
        <input id="find" name="q" type="search" placeholder={say.hint} />
        <button type="submit" class="btn">
          {say.search}
        </button>
      </div>
    </form>
  );
}

/** What is missing, unreliable, withheld, or beyond what any figure here can say. */
function Unsaid({ overview, names }: Of) {
  const say = useSay(SAY);
  const language = useLanguage();
  const { unsaid } = overview;
  const coverage = overview.indicators.find(({ subject }) => subject === "coverage");
  const missing = unsaid.missing.map(
    ({ region, dataset, period: of }) => `${names(region)} (${dataset[language]}, ${period(of, language)})`,
  );
  return (
    <Section title={say.unsaid}>
      <div class="cannot">
        <p>
          <strong>{say.absent}</strong>{" "}
          {missing.length === 0 ? say.absentNone : say.absentText(listed(missing, language))}
        </p>
        <p>
          <strong>{say.unsure}</strong> {say.unsureText(unsaid.unreliable, unsaid.figures)}
        </p>
        <p>
          <strong>{say.withheld}</strong> {say.withheldText(unsaid.suppressed)}
        </p>
        <p>
          <strong>{say.who}</strong> {say.whoText}{" "}
          {coverage !== undefined && (
            <Link to="indicator" id={coverage.id}>
              {say.coverage}
            </Link>
          )}
        </p>
      </div>
    </Section>
  );
}

export function Start({ overview }: { readonly overview: Overview }) {
  const say = useSay(SAY);
  const names = namesOf(overview.regions, useLanguage());
  const of = (verdict: Judged) =>
    overview.stories.filter((story) => story.of === "trend" && story.verdict === verdict);
  const gaps = overview.stories.filter((story) => story.of === "gap");
  if (overview.madeAt === null)
    return (
      <Heading title={say.title}>
        <p>{say.empty}</p>
      </Heading>
    );
  return (
    <>
      <div class="startlede">
        <Heading title={say.title}>
          <p>{say.lede(overview.regions.length)}</p>
        </Heading>
        <Find />
      </div>
      <Stories
        title={say.improved}
        help={say.over}
        stories={of("better")}
        overview={overview}
        names={names}
      />
      <Stories title={say.worsened} help={say.over} stories={of("worse")} overview={overview} names={names} />
      <Stories
        title={say.differs}
        help={say.between}
        stories={[...gaps, ...of("differs")]}
        overview={overview}
        names={names}
      >
        <Spreads overview={overview} />
      </Stories>
      <Brief overview={overview} />
      <WholeField overview={overview} names={names} />
      <ViewFoot overview={overview} indicators={overview.indicators} title={say.title} />
      <Section title={say.yours} help={<p>{say.yoursHelp}</p>}>
        <RegionTiles overview={overview} />
      </Section>
      <Unsaid overview={overview} names={names} />
      <Year of={overview.year} />
    </>
  );
}
