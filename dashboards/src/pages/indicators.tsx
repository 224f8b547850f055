/** All indicators, found by word and by what is known of them. */
import type { OverviewIndicator } from "../../../protocol/overview.ts";
import { Spark } from "../charts/spark.tsx";
import { figure, range, unitOf, useLanguage, useSay } from "../language.ts";
import type { PageProps } from "../main.tsx";
import { ofSuicide } from "../nation.ts";
import { ChangeCell } from "../parts/change-cell.tsx";
import { HelpLine } from "../parts/help.tsx";
import { toneOf } from "../parts/marks.tsx";
import { Choice } from "../parts/seg.tsx";
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
    sex: "Kön",
    by: "Uppdelning",
    age: "Ålder",
    unit: "Vårdform",
    group: "Målgrupp",
    found: (n: number) => `${n} ${n === 1 ? "indikator" : "indikatorer"}`,
    regions: "Regioner som passar",
    none: "Inget passar. Ta bort ett val eller sök på ett annat ord.",
    indicator: "Indikator",
    now: "Nu",
    time: "Över tid",
    change: "Ändring",
    few: "Kan inte anges: för få perioder, eller olika regioner i dem",
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
    sex: "Sex",
    by: "Broken down by",
    age: "Age",
    unit: "Type of unit",
    group: "Target group",
    found: (n: number) => `${n} ${n === 1 ? "indicator" : "indicators"}`,
    regions: "Regions that match",
    none: "Nothing matches. Take a choice away or look for another word.",
    indicator: "Indicator",
    now: "Now",
    time: "Over time",
    change: "Change",
    few: "Cannot be given: too few periods, or different regions in them",
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
const BREAKDOWNS = { sex: "sex", age: "age_group", unit: "unit_type", group: "target_group" };

const plain = (text: string) => text.toLowerCase().normalize("NFD").replace(/\p{M}/gu, "");

function Row({ of }: { readonly of: OverviewIndicator }) {
  const say = useSay(SAY);
  const language = useLanguage();
  const last = of.nation.at(-1);
  const tone = toneOf(of.change?.line === true ? of.change.verdict : null);
  return (
    <tr role="row">
      <th role="rowheader" scope="row">
        <Link to="indicator" id={of.id}>
          {of.name[language]}
        </Link>
        <span class="unit small quiet">{of.table === null ? say.unpublished : unitOf(of, language)}</span>
      </th>
      <td role="cell" class="val">
        {last == null ? (
          "–"
        ) : (
          <>
            <strong>{figure(of, last[0], language)}</strong>{" "}
            <span class="quiet small num">{range(of, last[1], last[2], language)}</span>
          </>
        )}
      </td>
      <td role="cell" class="tinyc">
        <Spark points={of.nation} tone={tone} />
      </td>
      <td role="cell" class="chg small">
        {of.change === null ? (
          <span class="quiet">{of.table === null ? "" : say.few}</span>
        ) : (
          <ChangeCell of={of} change={of.change} />
        )}
      </td>
    </tr>
  );
}

export function page({ overview, query }: PageProps) {
  const say = useSay(SAY);
  const language = useLanguage();
  const [text, area, state, by] = ["q", "area", "state", "by"].map((name) => query.get(name) ?? "");
  const words = plain(text ?? "")
    .split(/\s+/)
    .filter((word) => word !== "");
  const matches = (of: OverviewIndicator) => {
    const all = plain([of.id, of.name.sv, of.name.en, of.focus[language], of.unit[language]].join(" "));
    const column = BREAKDOWNS[by as keyof typeof BREAKDOWNS];
    return (
      words.every((word) => all.includes(word)) &&
      (area === "" || of.focusId === area) &&
      (STATES[state ?? ""]?.(of) ?? true) &&
      (column === undefined || of.tables.some((table) => table.split(".").includes(column)))
    );
  };
  const order = ["prevention", "early-access", "vulnerable-groups", "participation", "governance"];
  const found = overview.indicators.filter(matches);
  const regions =
    words.length === 0
      ? []
      : overview.regions.filter(({ name }) => words.every((word) => plain(name).includes(word)));
  const areas = order.flatMap((id) => {
    const first = overview.indicators.find(({ focusId }) => focusId === id);
    return first === undefined ? [] : [[id, first.focus[language]] as const];
  });
  return (
    <>
      <Heading title={say.title}>
        <p>{say.lede(overview.indicators.length)}</p>
      </Heading>
      <div class="controls" role="search">
        <label class="f">
          {say.find}
          <input type="search" value={text} onInput={(event) => change({ q: event.currentTarget.value })} />
        </label>
        <Choice
          label={say.area}
          value={area ?? ""}
          options={[["", say.every], ...areas]}
          onChange={(value) => change({ area: value })}
        />
        <Choice
          label={say.state}
          value={state ?? ""}
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
          value={by ?? ""}
          options={[
            ["", say.every],
            ["sex", say.sex],
            ["age", say.age],
            ["unit", say.unit],
            ["group", say.group],
          ]}
          onChange={(value) => change({ by: value })}
        />
      </div>
      <p role="status" class="small quiet">
        {say.found(found.length)}
      </p>
      {regions.length > 0 && (
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
      )}
      {found.some(({ id }) => ofSuicide(id)) && <HelpLine />}
      {found.length === 0 && regions.length === 0 && <p>{say.none}</p>}
      <ViewFoot overview={overview} indicators={found} title={say.title} />
      {areas.map(([id, name]) => {
        const own = found.filter(({ focusId }) => focusId === id);
        if (own.length === 0) return null;
        return (
          <section class="sec" key={id}>
            <header>
              <h2>{name}</h2>
            </header>
            <table class="brief" role="table">
              <thead role="rowgroup">
                <tr role="row">
                  <th role="columnheader" scope="col">
                    {say.indicator}
                  </th>
                  <th role="columnheader" scope="col">
                    {say.now}
                  </th>
                  <th role="columnheader" scope="col">
                    {say.time}
                  </th>
                  <th role="columnheader" scope="col">
                    {say.change}
                  </th>
                </tr>
              </thead>
              <tbody role="rowgroup">
                {own.map((of) => (
                  <Row key={of.id} of={of} />
                ))}
              </tbody>
            </table>
          </section>
        );
      })}
    </>
  );
}
