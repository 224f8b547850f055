/** An indicator: the verdict in a sentence, what may be chosen, then time, regions, map, groups, funnel, and what it is. */

import { isTotal, NATION } from "../../../../protocol/values/codes.ts";
import type { Verdict } from "../../../../publication/intervals.ts";
import type { Overview } from "../../../../publication/overview.ts";
import { labelIn } from "../../../../publication/view.ts";
import { useTable } from "../../data.ts";
import { chosenIn, figureAt, periodsOf, type RegionGroup, regionGroups, trendIn } from "../../figures.ts";
import { day, figure, listed, period, pointsOf, range, upper, useLanguage, useSay } from "../../language.ts";
import { Broken } from "../../parts/broken.tsx";
import { Choice } from "../../parts/choice.tsx";
import { HelpLine } from "../../parts/help.tsx";
import { Heading, Loaded } from "../../parts/shell.tsx";
import { change, Link } from "../../router.tsx";
import { namesOf, withUnit } from "../../sentences.ts";
import { About } from "./about.tsx";
import { Funnel } from "./funnel.tsx";
import { Groups } from "./groups.tsx";
import { MapPart } from "./map.tsx";
import type { Part } from "./part.ts";
import { Regions } from "./regions.tsx";
import { Time } from "./time.tsx";

const SAY = {
  sv: {
    now: "Nuläget",
    all: "Indikatorer",
    is: (where: string, text: string, low: string, high: string, when: string) =>
      `${where}, ${when}: ${text} (95-procentsintervall ${low}–${high}).`,
    withheld: (where: string) => `${where}: kan inte anges, bruset är större än värdet.`,
    missing: (where: string) => `${where}: svar saknas.`,
    rising: (size: string, n: number) =>
      `Det är säkert högre än i början: upp ${size} längs linjen genom ${n} perioder.`,
    falling: (size: string, n: number) =>
      `Det är säkert lägre än i början: ned ${size} längs linjen genom ${n} perioder.`,
    steady: "Det har inte säkert ändrats.",
    bent: "Ändringen följer ingen rak linje.",
    spread: (text: string, rest: number) =>
      `${text}${text === "" ? "" : " "}${rest} går inte att skilja från riket.`,
    better: (n: number) => `${n} ${n === 1 ? "region är" : "regioner är"} säkert bättre än riket`,
    worse: (n: number, first: boolean) =>
      first ? `${n} ${n === 1 ? "region är" : "regioner är"} säkert sämre än riket` : `${n} säkert sämre`,
    other: (n: number, first: boolean) =>
      first
        ? `${n} ${n === 1 ? "region skiljer" : "regioner skiljer"} sig säkert från riket`
        : `${n} säkert annorlunda`,
    direction: "Riktning",
    higher: "Högre är bättre",
    lower: "Lägre är bättre",
    neither: "Varken högre eller lägre är bättre",
    target: "Mål",
    noTarget: "Inget fastställt",
    made: "Publicerat",
    answered: "Regioner",
    period: "Period",
    region: "Region",
    table: "Uppdelning",
    both: "Alla",
    controls: "Val",
    why: "Varför den inte publiceras",
    unknown: "Indikatorn finns inte",
    unknownText: "Adressen leder till en indikator som inte finns i katalogen.",
  },
  en: {
    now: "Now",
    all: "Indicators",
    is: (where: string, text: string, low: string, high: string, when: string) =>
      `${where}, ${when}: ${text} (interval of 95 per cent ${low}–${high}).`,
    withheld: (where: string) => `${where}: cannot be given, the noise exceeds the value.`,
    missing: (where: string) => `${where}: missing.`,
    rising: (size: string, n: number) =>
      `It is certainly higher than at the beginning: up ${size} along the line through ${n} periods.`,
    falling: (size: string, n: number) =>
      `It is certainly lower than at the beginning: down ${size} along the line through ${n} periods.`,
    steady: "It has not certainly changed.",
    bent: "The change does not follow a straight line.",
    spread: (text: string, rest: number) =>
      `${text}${text === "" ? "" : " "}${rest} cannot be told from the nation.`,
    better: (n: number) => `${n} ${n === 1 ? "region is" : "regions are"} certainly better than the nation`,
    worse: (n: number, first: boolean) =>
      first
        ? `${n} ${n === 1 ? "region is" : "regions are"} certainly worse than the nation`
        : `${n} certainly worse`,
    other: (n: number, first: boolean) =>
      first
        ? `${n} ${n === 1 ? "region is" : "regions are"} certainly different from the nation`
        : `${n} certainly different`,
    direction: "Direction",
    higher: "Higher is better",
    lower: "Lower is better",
    neither: "Neither higher nor lower is better",
    target: "Target",
    noTarget: "None is set",
    made: "Published",
    answered: "Regions",
    period: "Period",
    region: "Region",
    table: "Broken down by",
    both: "All",
    controls: "Choices",
    why: "Why it is not published",
    unknown: "There is no such indicator",
    unknownText: "The address leads to an indicator that is not in the catalogue.",
  },
};

function Sentences({
  view,
  chosen,
  names,
  groups,
}: Omit<Part, "title" | "query"> & { readonly groups: readonly RegionGroup[] }) {
  const say = useSay(SAY);
  const language = useLanguage();
  const { indicator } = view;
  const { value, low, high, flag } = figureAt(view, chosen, chosen.region, chosen.period);
  const where = upper(names(chosen.region));
  const first =
    value === null || low === null || high === null
      ? flag === ".."
        ? say.withheld(where)
        : say.missing(where)
      : say.is(
          where,
          withUnit(indicator, value, language),
          figure(indicator, low, language),
          figure(indicator, high, language),
          period(chosen.period, language),
        );
  const trend = trendIn(view, chosen, chosen.region);
  const size =
    trend === null
      ? ""
      : `${figure(indicator, Math.abs(trend.value), language)} ${pointsOf(indicator, language)} (${range(indicator, Math.min(Math.abs(trend.low), Math.abs(trend.high)), Math.max(Math.abs(trend.low), Math.abs(trend.high)), language)})`;
  const periods = periodsOf(view).length;
  const second =
    trend === null
      ? ""
      : !trend.line
        ? say.bent
        : trend.verdict === "no certain difference"
          ? say.steady
          : trend.value > 0
            ? say.rising(size, periods)
            : say.falling(size, periods);
  const count = (tone: Verdict) => groups.find((group) => group.tone === tone)?.rows.length ?? 0;
  const compared = groups.some(({ rows }) => rows.some((row) => row.compared?.difference != null));
  const parts = [
    count("better") > 0 ? say.better(count("better")) : "",
    count("worse") > 0 ? say.worse(count("worse"), count("better") === 0) : "",
    count("differs") > 0 ? say.other(count("differs"), count("better") + count("worse") === 0) : "",
  ].filter((text) => text !== "");
  const third = compared
    ? say.spread(
        parts.length === 0 ? "" : `${upper(listed(parts, language))}.`,
        count("no certain difference"),
      )
    : "";
  return (
    <p>
      {first} {second} {third}
    </p>
  );
}

export function Indicator({
  overview,
  id,
  query,
}: {
  readonly overview: Overview;
  readonly id: string;
  readonly query: URLSearchParams;
}) {
  const say = useSay(SAY);
  const language = useLanguage();
  const of = overview.indicators.find((each) => each.id === id);
  const asked = query.get("table");
  const name =
    of === undefined
      ? null
      : asked !== null && of.tables.some((table) => table.id === asked)
        ? asked
        : of.table;
  const loaded = useTable(name);
  if (of === undefined)
    return (
      <Heading title={say.unknown}>
        <p>{say.unknownText}</p>
      </Heading>
    );
  const crumb = (
    <>
      <Link to="start">{say.now}</Link> / <Link to="indicators">{say.all}</Link> / {of.focus[language]}
    </>
  );
  if (name === null)
    return (
      <Heading title={of.name[language]} crumb={crumb}>
        <HelpLine of={[of]} />
        <p>
          <strong>{say.why}.</strong> {of.why?.[language] ?? ""}
        </p>
      </Heading>
    );
  const names = namesOf(overview.regions, language);
  return (
    <Loaded of={loaded}>
      {(view) => {
        const chosen = chosenIn(view, query);
        const groups = regionGroups(view, chosen, names, language);
        const labelled = Object.entries(chosen.groups).flatMap(
          ([column, code]) => labelIn(view, column, code)?.[language] ?? [],
        );
        const title = [of.name[language], ...labelled].join(", ");
        // Another's page shows one chart of it.
        const only = query.get("embed");
        const shows = (name: string) => only === null || only === name;
        const part: Part = { view, chosen, names, query, title };
        const release = view.releases.find((each) => each.period === chosen.period);
        const facts: Array<[string, string]> = [
          [say.direction, say[view.indicator.direction]],
          [say.target, of.target === null ? say.noTarget : upper(of.target[language])],
          [
            say.answered,
            `${release?.regions.length ?? 0} / ${(release?.regions.length ?? 0) + (release?.missing.length ?? 0)}`,
          ],
          [say.made, release === undefined ? "–" : day(release.madeAt, language)],
        ];
        const areas = view.regions.values;
        return (
          <>
            <HelpLine of={[of]} />
            <Broken release={release?.release ?? ""} table={view.id} />
            <div class="indlede">
              <Heading title={of.name[language]} crumb={crumb}>
                <Sentences view={view} chosen={chosen} names={names} groups={groups} />
              </Heading>
              <dl class="facts">
                {facts.map(([key, text]) => (
                  <div key={key}>
                    <dt>{key}</dt>
                    <dd>{text}</dd>
                  </div>
                ))}
              </dl>
            </div>
            <div class="controls" role="group" aria-label={say.controls}>
              <Choice
                label={say.period}
                value={chosen.period}
                options={periodsOf(view)
                  .toReversed()
                  .map((code) => [code, upper(period(code, language))])}
                onChange={(value) => change({ period: value })}
              />
              {areas.length > 1 && (
                <Choice
                  label={say.region}
                  value={chosen.region}
                  options={areas.map(({ code }) => [code, upper(names(code))])}
                  onChange={(value) => change({ region: value === NATION ? null : value })}
                />
              )}
              {view.columns.map((dimension) => (
                <Choice
                  key={dimension.code}
                  label={upper(dimension.label[language])}
                  value={chosen.groups[dimension.code] ?? ""}
                  options={dimension.values.map((value) => [
                    isTotal(value.code) ? "" : value.code,
                    isTotal(value.code) ? say.both : upper(value.label[language]),
                  ])}
                  onChange={(value) => change({ [dimension.code]: value })}
                />
              ))}
              {of.tables.length > 1 && (
                <Choice
                  label={say.table}
                  value={view.id}
                  options={of.tables.map(({ id: table, columns }) => [
                    table,
                    upper(
                      listed(
                        columns.map(({ label }) => label[language]),
                        language,
                      ),
                    ),
                  ])}
                  onChange={(value) => change({ table: value === of.table ? null : value })}
                />
              )}
            </div>
            {shows("time") && <Time key={`${view.id} ${language}`} {...part} />}
            {shows("regions") && <Regions {...part} groups={groups} />}
            {shows("map") && <MapPart {...part} groups={groups} />}
            {shows("groups") && <Groups {...part} />}
            {shows("funnel") && <Funnel {...part} groups={groups} />}
            {shows("about") && <About {...part} />}
          </>
        );
      }}
    </Loaded>
  );
}
