/** All indicators, found by word and by what is known of them. */
import type { Language } from "../../../protocol/values/language.ts";
import type { Overview, OverviewIndicator } from "../../../publication/overview.ts";
import { upper, useLanguage, useSay } from "../language.ts";
import type { PageProps } from "../page.ts";
import { BriefTable } from "../parts/brief-table.tsx";
import { Choice } from "../parts/choice.tsx";
import { HelpLine } from "../parts/help.tsx";
import { Heading } from "../parts/shell.tsx";
import { ViewFoot } from "../parts/view-foot.tsx";
import { change, Link } from "../router.tsx";

const SAY = {
  sv: {
    title: "Indikatorer",
    lede: (n: number) => `${n} mått på vården, ordnade efter de nationella fokusområdena.`,
    find: "Sök",
    area: "Fokusområde",
    every: "Alla",
    state: "Läge",
    improved: "Säkert förbättrade",
    worsened: "Säkert försämrade",
    differs: "Med säkra skillnader mellan regioner",
    target: "Med fastställt mål",
    unpublished: "Publiceras inte",
    by: "Uppdelning",
    found: (n: number) => `${n} ${n === 1 ? "indikator" : "indikatorer"}`,
    regions: "Regioner som passar",
    none: "Inget passar. Ta bort ett val eller sök på ett annat ord.",
  },
  en: {
    title: "Indicators",
    lede: (n: number) => `${n} measures of care, in the order of the national focus areas.`,
    find: "Find",
    area: "Focus area",
    every: "All",
    state: "State",
    improved: "Certainly improved",
    worsened: "Certainly worsened",
    differs: "With certain differences between regions",
    target: "With a target",
    unpublished: "Not published",
    by: "Broken down by",
    found: (n: number) => `${n} ${n === 1 ? "indicator" : "indicators"}`,
    regions: "Regions that match",
    none: "Nothing matches. Take a choice away or look for another word.",
  },
};

const STATES: Readonly<Record<string, (of: OverviewIndicator) => boolean>> = {
  improved: ({ change: of }) => of?.line === true && of.verdict === "better",
  worsened: ({ change: of }) => of?.line === true && of.verdict === "worse",
  differs: ({ regions }) =>
    regions.some(({ verdict }) => verdict !== null && verdict !== "no certain difference"),
  target: ({ target }) => target !== null,
  unpublished: ({ table }) => table === null,
};

const plain = (text: string) => text.toLowerCase().normalize("NFD").replace(/\p{M}/gu, "");

const wordsIn = (text: string): string[] =>
  plain(text)
    .split(/\s+/)
    .filter((word) => word !== "");

/** What is looked for, as the address has it; nothing is empty. */
type Sought = { readonly text: string; readonly area: string; readonly state: string; readonly by: string };

function soughtIn(query: URLSearchParams): Sought {
  const [text = "", area = "", state = "", by = ""] = ["q", "area", "state", "by"].map(
    (name) => query.get(name) ?? "",
  );
  return { text, area, state, by };
}

function matches(of: OverviewIndicator, { text, area, state, by }: Sought, language: Language): boolean {
  const all = plain([of.id, of.name.sv, of.name.en, of.focus[language], of.unit[language]].join(" "));
  return (
    wordsIn(text).every((word) => all.includes(word)) &&
    (area === "" || of.focusId === area) &&
    (STATES[state]?.(of) ?? true) &&
    (by === "" || of.tables.some(({ columns }) => columns.some(({ code }) => code === by)))
  );
}

/** The columns that some indicator is broken down by. */
const columnsOf = ({ indicators }: Overview, language: Language): Map<string, string> =>
  new Map(
    indicators.flatMap(({ tables }) =>
      tables.flatMap((table) =>
        table.columns.map(({ code, label }) => [code, upper(label[language])] as const),
      ),
    ),
  );

function Find({ overview, sought }: { readonly overview: Overview; readonly sought: Sought }) {
  const say = useSay(SAY);
  const language = useLanguage();
  const areas = overview.focusAreas.map(({ id, name }) => [id as string, name[language]] as const);
  return (
    <div class="controls" role="search">
      <label class="f">
        {say.find}
        <input
          type="search"
          value={sought.text}
          onInput={(event) => change({ q: event.currentTarget.value })}
        />
      </label>
      <Choice
        label={say.area}
        value={sought.area}
        options={[["", say.every], ...areas]}
        onChange={(value) => change({ area: value })}
      />
      <Choice
        label={say.state}
        value={sought.state}
        options={[
          ["", say.every],
          ["improved", say.improved],
          ["worsened", say.worsened],
          ["differs", say.differs],
          ["target", say.target],
          ["unpublished", say.unpublished],
        ]}
        onChange={(value) => change({ state: value })}
      />
      <Choice
        label={say.by}
        value={sought.by}
        options={[["", say.every], ...columnsOf(overview, language)]}
        onChange={(value) => change({ by: value })}
      />
    </div>
  );
}

/** The regions that the words name. */
function RegionLinks({ regions }: Pick<Overview, "regions">) {
  const say = useSay(SAY);
  return (
    <p>
      {say.regions}:{" "}
      {regions.map(({ code, name }, at) => (
        <>
          {at > 0 && ", "}
          <Link key={code} to="region" id={code}>
            {name}
          </Link>
        </>
      ))}
    </p>
  );
}

export function page({ overview, query }: PageProps) {
  const say = useSay(SAY);
  const language = useLanguage();
  const sought = soughtIn(query);
  const words = wordsIn(sought.text);
  const found = overview.indicators.filter((of) => matches(of, sought, language));
  const regions =
    words.length === 0
      ? []
      : overview.regions.filter(({ name }) => words.every((word) => plain(name).includes(word)));
  return (
    <>
      <Heading title={say.title}>
        <p>{say.lede(overview.indicators.length)}</p>
      </Heading>
      <Find overview={overview} sought={sought} />
      <p role="status" class="small quiet">
        {say.found(found.length)}
      </p>
      {regions.length > 0 && <RegionLinks regions={regions} />}
      <HelpLine of={found} />
      {found.length === 0 && regions.length === 0 && <p>{say.none}</p>}
      <ViewFoot overview={overview} indicators={found} title={say.title} />
      {overview.focusAreas.map(({ id, name }) => {
        const own = found.filter(({ focusId }) => focusId === id);
        if (own.length === 0) return null;
        return (
          <section class="sec" key={id}>
            <header>
              <h2>{name[language]}</h2>
            </header>
            <BriefTable indicators={own} />
          </section>
        );
      })}
    </>
  );
}
