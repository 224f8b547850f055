/** An indicator: the verdict in sentences, what may be chosen, then time, regions, map, groups, funnel, and what it is. */
import type { OverviewIndicator } from "../../../../publication/overview.ts";
import { labelIn, type Viewed } from "../../../../publication/view.ts";
import { useTable } from "../../data.ts";
import { chosenIn, regionGroups } from "../../figures.ts";
import { day, upper, useLanguage, useSay } from "../../language.ts";
import type { PageProps } from "../../page.ts";
import { Broken } from "../../parts/broken-notice.tsx";
import { Definitions } from "../../parts/definitions.tsx";
import { HelpLine } from "../../parts/help.tsx";
import { Heading, Loaded } from "../../parts/shell.tsx";
import { Link } from "../../router.tsx";
import { namesOf } from "../../sentences.ts";
import { About } from "./about.tsx";
import { Controls } from "./controls.tsx";
import { Funnel } from "./funnel.tsx";
import { Groups } from "./groups.tsx";
import { MapPart } from "./map.tsx";
import type { RegionsPart } from "./part.ts";
import { Regions } from "./regions.tsx";
import { Sentences } from "./sentences.tsx";
import { Time } from "./time.tsx";

const SAY = {
  sv: {
    now: "Nuläget",
    all: "Indikatorer",
    direction: "Riktning",
    higher: "Högre är bättre",
    lower: "Lägre är bättre",
    neither: "Varken högre eller lägre är bättre",
    target: "Mål",
    noTarget: "Inget fastställt",
    made: "Publicerat",
    answered: "Regioner",
    why: "Varför den inte publiceras",
    unknown: "Indikatorn finns inte",
    unknownText: "Adressen leder till en indikator som inte finns i katalogen.",
  },
  en: {
    now: "Now",
    all: "Indicators",
    direction: "Direction",
    higher: "Higher is better",
    lower: "Lower is better",
    neither: "Neither higher nor lower is better",
    target: "Target",
    noTarget: "None is set",
    made: "Published",
    answered: "Regions",
    why: "Why it is not published",
    unknown: "There is no such indicator",
    unknownText: "The address leads to an indicator that is not in the catalogue.",
  },
};

type Of = { readonly of: OverviewIndicator };
type Release = Viewed["releases"][number];

function Crumb({ of }: Of) {
  const say = useSay(SAY);
  const language = useLanguage();
  return (
    <>
      <Link to="start">{say.now}</Link> / <Link to="indicators">{say.all}</Link> / {of.focus[language]}
    </>
  );
}

/** What is known of it at a glance: which way is good, its target, and who answered when. */
function Facts({ of, view, release }: Of & { readonly view: Viewed; readonly release: Release | undefined }) {
  const say = useSay(SAY);
  const language = useLanguage();
  const [answered, missing] = [release?.regions.length ?? 0, release?.missing.length ?? 0];
  return (
    <Definitions
      class="facts"
      rows={[
        [say.direction, say[view.indicator.direction]],
        [say.target, of.target === null ? say.noTarget : upper(of.target[language])],
        [say.answered, `${answered} / ${answered + missing}`],
        [say.made, release === undefined ? "–" : day(release.madeAt, language)],
      ]}
    />
  );
}

/** The parts of the page; where another's page shows one chart of it, that one alone. */
function Parts(part: RegionsPart) {
  const language = useLanguage();
  const only = part.query.get("embed");
  const shows = (name: string) => only === null || only === name;
  return (
    <>
      {shows("time") && <Time key={`${part.view.id} ${language}`} {...part} />}
      {shows("regions") && <Regions {...part} />}
      {shows("map") && <MapPart {...part} />}
      {shows("groups") && <Groups {...part} />}
      {shows("funnel") && <Funnel {...part} />}
      {shows("about") && <About {...part} />}
    </>
  );
}

/** An indicator as one of its tables has it. */
function InTable({ of, view, overview, query }: Of & Omit<PageProps, "id"> & { readonly view: Viewed }) {
  const language = useLanguage();
  const names = namesOf(overview.regions, language);
  const chosen = chosenIn(view, query);
  const groups = regionGroups(view, chosen, names, language);
  const labelled = Object.entries(chosen.groups).flatMap(
    ([column, code]) => labelIn(view, column, code)?.[language] ?? [],
  );
  const title = [of.name[language], ...labelled].join(", ");
  const release = view.releases.find((each) => each.period === chosen.period);
  return (
    <>
      <HelpLine of={[of]} />
      <Broken release={release?.release ?? ""} table={view.id} />
      <div class="indlede">
        <Heading title={of.name[language]} crumb={<Crumb of={of} />}>
          <Sentences view={view} chosen={chosen} names={names} groups={groups} />
        </Heading>
        <Facts of={of} view={view} release={release} />
      </div>
      <Controls of={of} view={view} chosen={chosen} names={names} />
      <Parts view={view} chosen={chosen} names={names} query={query} title={title} groups={groups} />
    </>
  );
}

function Unpublished({ of }: Of) {
  const say = useSay(SAY);
  const language = useLanguage();
  return (
    <Heading title={of.name[language]} crumb={<Crumb of={of} />}>
      <HelpLine of={[of]} />
      <p>
        <strong>{say.why}.</strong> {of.why?.[language] ?? ""}
      </p>
    </Heading>
  );
}

/** The table that the address asks for, where the indicator has it; else its own. */
const tableOf = ({ table, tables }: OverviewIndicator, asked: string | null): string | null =>
  tables.some(({ id }) => id === asked) ? asked : table;

export function Indicator({ overview, id, query }: PageProps) {
  const say = useSay(SAY);
  const of = overview.indicators.find((each) => each.id === id);
  const name = of === undefined ? null : tableOf(of, query.get("table"));
  const loaded = useTable(name);
  if (of === undefined)
    return (
      <Heading title={say.unknown}>
        <p>{say.unknownText}</p>
      </Heading>
    );
  if (name === null) return <Unpublished of={of} />;
  return (
    <Loaded of={loaded}>{(view) => <InTable of={of} view={view} overview={overview} query={query} />}</Loaded>
  );
}
