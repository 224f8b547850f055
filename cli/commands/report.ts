/**
 * `brus report`: the public report of what is released, as one HTML file that prints well. Says what stands out with
 * certainty, what changed, what cannot be said and why; never ranks within noise. Every figure in it was checked here
 * against what the regions signed.
 */
import { type Command, Option } from "commander";
import { html, raw } from "hono/html";
import type { Federation } from "../../protocol/federation/directory.ts";
import { openSigned } from "../../protocol/federation/openers.ts";
import { Calendar } from "../../protocol/plan/calendar.ts";
import { definitionOf } from "../../protocol/question/indicator.ts";
import { NATION } from "../../protocol/values/codes.ts";
import type { Language } from "../../protocol/values/language.ts";
import { Refusal } from "../../protocol/values/refusal.ts";
import type { Text } from "../../protocol/values/text.ts";
import type { Client } from "../../protocol/wire/client.ts";
import { fetchResult } from "../../protocol/wire/fetch-release.ts";
import {
  type Compared,
  gapBetween,
  gapWidens,
  isLine,
  regionsCompared,
  trendsOf,
} from "../../publication/comparisons.ts";
import { type Cube, cubesOf } from "../../publication/cube.ts";
import { noiseNote, privacyIn, WORDS } from "../../publication/footnotes.ts";
import { HELP_LINE, needsHelpLine } from "../../publication/help-line.ts";
import type { Verdict } from "../../publication/intervals.ts";
import { lifeExpectanciesOf, lifeTableIn } from "../../publication/life-expectancy.ts";
import type { StandingRelease } from "../../publication/standing-release.ts";
import { catalogueHere } from "../../server/catalogue.ts";
import { client, federationAt, type Out, writeText } from "../client/connect.ts";

const SAYS = {
  sv: {
    title: "Vårdens indikatorer",
    made: "Framställd",
    certain: "Det som säkert skiljer sig",
    changed: "Det som säkert förändrats",
    gaps: "Säkra skillnader mellan grupper",
    unsaid: "Det som inte kan sägas, och varför",
    method: "Metod",
    cost: "Vad det kostat i integritet",
    verify: "Kontrollera själv",
    none: "Inget som går utanför den slumpmässiga osäkerheten.",
    better: "bättre än riket",
    worse: "sämre än riket",
    differs: "skiljer sig från riket",
    improved: "har förbättrats",
    worsened: "har försämrats",
    moved: "har förändrats",
    nation: "riket",
    between: (low: string, high: string) => `mellan ${low} och ${high}`,
    from: (from: string, to: string) => `${from} till ${to}`,
    gap: (column: string, low: string, high: string) =>
      `mellan grupper efter ${column}: minst ${low}, högst ${high}`,
    widens: "växande",
    weak: (count: number, of: number) =>
      `${count} av ${of} regioners tal är osäkra: skyddet av enskilda väger tyngre än talet i en så liten grupp.`,
    gone: (count: number, of: number) =>
      `${count} av ${of} regioners tal är för osäkra för att redovisas alls.`,
    alike: "Ingen region skiljer sig säkert från riket.",
    how: "Varje region svarar själv, från sina egna uppgifter, med slumpmässig osäkerhet tillförd innan något lämnar regionen. Tabellerna i ett släpp stämmer med varandra. Skillnader nämns bara där hela intervallet går fri från noll, med hänsyn till hur många jämförelser som görs bredvid varandra. Ingen rangordning görs inom osäkerheten.",
    each: "per region och period",
    command: "Allt ovan kan räknas om av vem som helst, utan nät:",
    definition: "Definition",
    points: "procentenheter",
    missing: (regions: string) => `Inte med i släppet: ${regions}.`,
    left: (age: string) => `år kvar vid ${age}`,
    all: "alla",
  },
  en: {
    title: "Indicators of care",
    made: "Made",
    certain: "What differs with certainty",
    changed: "What has changed with certainty",
    gaps: "Certain differences between groups",
    unsaid: "What cannot be said, and why",
    method: "Method",
    cost: "What it cost in privacy",
    verify: "Check it yourself",
    none: "Nothing beyond the random noise.",
    better: "better than the nation",
    worse: "worse than the nation",
    differs: "differs from the nation",
    improved: "has improved",
    worsened: "has worsened",
    moved: "has changed",
    nation: "the nation",
    between: (low: string, high: string) => `between ${low} and ${high}`,
    from: (from: string, to: string) => `${from} to ${to}`,
    gap: (column: string, low: string, high: string) =>
      `between groups by ${column}: at least ${low}, at most ${high}`,
    widens: "widening",
    weak: (count: number, of: number) =>
      `${count} of ${of} regions' figures are unreliable: the protection of individuals weighs more than the figure in so small a group.`,
    gone: (count: number, of: number) =>
      `${count} of ${of} regions' figures are too uncertain to be published at all.`,
    alike: "No region differs from the nation with certainty.",
    how: "Each region answers by itself, from its own records, with random noise added before anything leaves it. The tables of a release agree with each other. Differences are named only where the whole interval is clear of nought, given how many comparisons stand beside each other. Nothing is ranked within noise.",
    each: "a region and period",
    command: "Anyone can recompute all of the above, without a network:",
    definition: "Definition",
    points: "percentage points",
    missing: (regions: string) => `Not in the release: ${regions}.`,
    left: (age: string) => `years left at ${age}`,
    all: "all",
  },
} as const;

export type ReleasedTables = {
  readonly cubes: readonly Cube[];
  readonly standings: readonly StandingRelease[];
};

/** Every released table, each release checked against the regions' own answers first. */
export async function releasedFrom(to: Client, federation: Federation): Promise<ReleasedTables> {
  const { calendars } = await to("listCalendars");
  const named = calendars.flatMap((envelope) => openSigned(federation, envelope, Calendar).payload.entries);
  const standings: StandingRelease[] = [];
  for (const { query } of named) {
    const { release } = await to("getQuery", { params: { id: query } });
    if (release === null) continue;
    const result = await fetchResult(to, federation, query);
    const { releaseId: id, plan, release: made, table, query: asked } = result;
    standings.push({ id, at: asked.notBefore, plan, release: made, table });
  }
  const regions = new Map(federation.directory.nodes.map(({ code, name }) => [code, name]));
  return { standings, cubes: cubesOf(standings, { ...catalogueHere(), regions }) };
}

/** One table of each indicator, of those that reach furthest: it has the nation, its regions and a breakdown. */
const oneEach = (cubes: readonly Cube[]): Cube[] => {
  const found = new Map<string, Cube>();
  for (const cube of cubes) {
    const known = found.get(cube.indicator.id);
    if (known === undefined || latest(known) < latest(cube)) found.set(cube.indicator.id, cube);
  }
  return [...found.values()];
};

/** Every breakdown of an indicator, each once, from a table that has it and reaches as far as any. */
function breakdownsOf(
  cubes: readonly Cube[],
  of: Cube,
): Array<{ readonly cube: Cube; readonly column: string; readonly label: Text }> {
  const found = new Map<string, { cube: Cube; column: string; label: Text }>();
  for (const cube of cubes.filter(({ indicator }) => indicator.id === of.indicator.id))
    for (const { code, label } of cube.columns)
      if (latest(cube) === latest(of) && !found.has(code)) found.set(code, { cube, column: code, label });
  return [...found.values()];
}

const latest = (cube: Cube): string => cube.periods.values.at(-1)?.code ?? "";
const regionName = (cube: Cube, code: string, language: Language): string =>
  cube.regions.values.find((value) => value.code === code)?.label[language] ?? code;

/** As people write it: a share in per cent, other figures with as many decimals as their interval bears. */
function written(cube: Cube, value: number, language: Language): string {
  const { produced } = cube.indicator;
  const share = produced.by === "measure" && produced.measure.kind === "share";
  const locale = language === "sv" ? "sv-SE" : "en-GB";
  if (share) return `${(100 * value).toLocaleString(locale, { maximumFractionDigits: 1 })} %`;
  return value.toLocaleString(locale, { maximumFractionDigits: Math.abs(value) >= 100 ? 0 : 1 });
}

const decimal = (value: number, language: Language): string =>
  value.toLocaleString(language === "sv" ? "sv-SE" : "en-GB", { maximumFractionDigits: 1 });

/** A difference of shares is in percentage points. */
function difference(cube: Cube, value: number, language: Language): string {
  const { produced } = cube.indicator;
  const share = produced.by === "measure" && produced.measure.kind === "share";
  // Two shares cannot be further apart than all is from nothing.
  const text = written(cube, share ? Math.min(1, value) : value, language);
  return text.endsWith(" %") ? `${text.slice(0, -2)} ${SAYS[language].points}` : text;
}

/** Told apart by shape, not by colour alone: upwards is better, downwards worse, a square differs, a ring does neither. */
const SHAPES: Readonly<Record<Verdict, (x: number, y: number) => string>> = {
  better: (x, y) => `M${x - 5} ${y + 4}h10l-5 -9z`,
  worse: (x, y) => `M${x - 5} ${y - 4}h10l-5 9z`,
  differs: (x, y) => `M${x - 4} ${y - 4}h8v8h-8z`,
  "no certain difference": (x, y) => `M${x - 4} ${y}a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z`,
};

/** Regions as dots with their intervals, the nation as a line: what words say, to look at. */
function chartOf(cube: Cube, compared: readonly Compared[], nation: number | null, language: Language) {
  const [low, high] = [
    Math.min(...compared.map((each) => each.low)),
    Math.max(...compared.map((each) => each.high)),
  ];
  const [left, width, row] = [190, 400, 16];
  const x = (value: number) => (left + (width * (value - low)) / Math.max(1e-12, high - low)).toFixed(1);
  const ordered = [...compared].sort((a, b) => (a.region < b.region ? -1 : 1));
  const bottom = ordered.length * row + 6;
  const rows = ordered.map((each, at) => {
    const y = at * row + 12;
    const state = each.difference?.verdict ?? "no certain difference";
    const shape = state === "no certain difference" ? "none" : state;
    return html`<text x="${left - 8}" y="${y + 4}" text-anchor="end">${regionName(cube, each.region, language)}</text><line x1="${x(each.low)}" x2="${x(each.high)}" y1="${y}" y2="${y}" class="interval" /><path d="${SHAPES[state](Number(x(each.value)), y)}" class="${shape}" />`;
  });
  const line =
    nation === null
      ? ""
      : html`<line x1="${x(nation)}" x2="${x(nation)}" y1="2" y2="${bottom}" class="nation" />`;
  return html`<svg viewBox="0 0 ${left + width + 20} ${bottom + 4}" role="img" aria-label="${cube.label[language]}">${line}${rows}</svg>`;
}

/** The latest life expectancies, where what they follow from is released. */
function livesOf(standings: readonly StandingRelease[], language: Language) {
  const say = SAYS[language];
  const { indicators, labels } = catalogueHere();
  const found = lifeTableIn(indicators);
  if (found === null) return "";
  const { indicator, table } = found;
  const lives = lifeExpectanciesOf(standings, table);
  const lately = lives.filter(({ period }) => period === lives.at(-1)?.period);
  if (lately.length === 0) return "";
  const [from = ""] = /^\d+/.exec(table.ages[0]?.code ?? "") ?? [];
  const sexOf = (code: string) => labels[table.sex]?.[code]?.[language] ?? say.all;
  const title = `${indicator.name[language]}: ${say.left(from)}`;
  return html`<section><h2>${title}</h2><ul>${lately.map(({ sex, period, value, low, high }) => html`<li>${sexOf(sex)}, ${period}: ${decimal(value, language)} (${say.between(decimal(low, language), decimal(high, language))})</li>`)}</ul></section>`;
}

export function reportOf(
  { cubes, standings }: ReleasedTables,
  language: Language,
  madeAt: string,
  source: string,
): string {
  const say = SAYS[language];
  const all = oneEach(cubes);
  // All that stands in one report is judged at once.
  const families = all.length;
  const certain = all.flatMap((cube) => {
    const compared = regionsCompared(cube, latest(cube), families);
    const told = compared.filter(
      ({ difference }) => difference !== null && difference.verdict !== "no certain difference",
    );
    return told.length === 0 ? [] : [{ cube, compared, told }];
  });
  const changed = all.flatMap((cube) => {
    const of = trendsOf(cube, families).filter(
      ({ trend }) => trend !== null && trend.verdict !== "no certain difference" && isLine(trend),
    );
    return of.length === 0 ? [] : [{ cube, of }];
  });
  const gaps = all.flatMap((of) =>
    breakdownsOf(cubes, of).flatMap(({ cube, column, label }) => {
      const gap = gapBetween(cube, column, latest(cube), families);
      const widens = gapWidens(cube, column, families) === true;
      return gap?.certain === true ? [{ cube, column: label[language], gap, widens }] : [];
    }),
  );
  const unsaid = all.flatMap((cube) => {
    const compared = regionsCompared(cube, latest(cube));
    const weak = compared.filter(({ unreliable }) => unreliable).length;
    const release = cube.releases.find(({ period }) => period === latest(cube))?.standing.release;
    const missing = release?.missing.map(({ region }) => region) ?? [];
    const within = cube.regions.values.filter(
      ({ code }) => code !== NATION && !missing.includes(code),
    ).length;
    const lines = [
      ...(missing.length > 0
        ? [say.missing(missing.map((code) => regionName(cube, code, language)).join(", "))]
        : []),
      ...(weak > 0 ? [say.weak(weak, compared.length)] : []),
      ...(within > compared.length ? [say.gone(within - compared.length, within)] : []),
    ];
    return lines.length === 0 ? [] : [{ cube, lines }];
  });
  const name = (cube: Cube) => html`<strong>${cube.indicator.name[language]}</strong> (${latest(cube)})`;
  const word = (verdict: string) =>
    verdict === "better" ? say.better : verdict === "worse" ? say.worse : say.differs;
  const went = (verdict: string) =>
    verdict === "better" ? say.improved : verdict === "worse" ? say.worsened : say.moved;
  const list = (items: readonly unknown[]) =>
    items.length === 0 ? html`<p>${say.none}</p>` : html`<ul>${items}</ul>`;
  const nationOf = (cube: Cube) => cube.at({ region: NATION, period: latest(cube) }).value;
  const costs = new Map(cubes.map((cube) => [cube.plan.dataset.title[language], privacyIn(cube)]));
  const releases = [
    ...new Set(cubes.flatMap(({ releases: each }) => each.map(({ standing }) => standing.id))),
  ];
  const help = needsHelpLine(all.map(({ indicator }) => indicator));
  return String(html`<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${say.title}</title>
<style>${raw(STYLE)}</style>
</head>
<body>
<header><h1>${say.title}</h1><p>${say.made} ${madeAt.slice(0, 10)}. ${noiseNote(language)}</p></header>
<main>
<section><h2>${say.certain}</h2>${certain.length === 0 ? html`<p>${say.alike}</p>` : certain.map(({ cube, compared, told }) => html`<article><h3>${cube.indicator.name[language]}, ${latest(cube)}</h3><ul>${told.map((each) => html`<li>${regionName(cube, each.region, language)}: ${word(each.difference?.verdict ?? "")}, ${written(cube, each.value, language)} (${say.between(written(cube, each.low, language), written(cube, each.high, language))})</li>`)}</ul>${chartOf(cube, compared, nationOf(cube), language)}<p class="small">${say.definition}: ${definitionOf(cube.indicator, language)}</p></article>`)}</section>
<section><h2>${say.changed}</h2>${list(
    changed.flatMap(({ cube, of }) =>
      of.map(({ region, trend }) => {
        const periods = cube.periods.values;
        return html`<li>${name(cube)}: ${regionName(cube, region, language)} ${went(trend?.verdict ?? "")}, ${say.from(periods[0]?.code ?? "", latest(cube))}</li>`;
      }),
    ),
  )}</section>
<section><h2>${say.gaps}</h2>${list(gaps.map(({ cube, column, gap, widens }) => html`<li>${name(cube)}: ${say.gap(column, difference(cube, gap.low, language), difference(cube, gap.high, language))}${widens ? `, ${say.widens}` : ""}</li>`))}</section>
${livesOf(standings, language)}
<section><h2>${say.unsaid}</h2>${list(unsaid.map(({ cube, lines }) => html`<li>${name(cube)}: ${lines.join(" ")}</li>`))}</section>
<section><h2>${say.method}</h2><p>${say.how}</p><p>${WORDS[language].symbols}</p></section>
<section><h2>${say.cost}</h2><ul>${[...costs].map(([title, { rho, epsilon, delta }]) => html`<li>${title}: ρ = ${Number(rho.split("/")[0]) / Number(rho.split("/")[1] ?? 1)} ${say.each} (ε = ${epsilon.toFixed(2)}, δ = ${delta})</li>`)}</ul></section>
<section><h2>${say.verify}</h2><p>${say.command}</p><pre>./brus log mirror ${source} kopia
./brus audit kopia</pre><ul class="small">${releases.map((id) => html`<li><code>${id}</code></li>`)}</ul></section>
${help ? html`<aside>${HELP_LINE[language]}</aside>` : ""}
</main>
</body>
</html>
`);
}

const STYLE = `
:root { color-scheme: light; --ink: #1c2430; --quiet: #5b6675; --better: #1b6e4b; --worse: #a4342a; --differs: #3d5a99; }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: #fff; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.8rem; } h2 { font-size: 1.3rem; margin-top: 2.2rem; } h3 { font-size: 1rem; margin-bottom: .3rem; }
article { break-inside: avoid; } .small { font-size: .85rem; color: var(--quiet); } code { overflow-wrap: anywhere; }
pre { background: #f2f4f7; padding: .6rem .8rem; overflow-x: auto; } aside { border: 1px solid var(--quiet); padding: .8rem 1rem; margin-top: 2rem; }
svg { width: 100%; height: auto; font: 11px system-ui, sans-serif; } .interval { stroke: var(--quiet); stroke-width: 2; }
.nation { stroke: var(--ink); stroke-dasharray: 3 3; } .none { fill: #fff; stroke: var(--quiet); stroke-width: 2; }
.better { fill: var(--better); } .worse { fill: var(--worse); } .differs { fill: var(--differs); }
@page { margin: 18mm; } @media print { body { margin: 0; max-width: none; font-size: 11pt; } }
`;

export function reportCommands(program: Command, { say, now }: Out): void {
  program
    .command("report")
    .description(
      "the public report of what is released, as one HTML file that prints well; checked before it is written",
    )
    .option("--coordinator <address>", "the coordinator's address", "http://127.0.0.1:8700")
    .option("--directory <hash>", "pin the directory by its hash")
    .addOption(new Option("--language <language>", "of the report").choices(["sv", "en"]).default("sv"))
    .requiredOption("--out <file>", "where to write")
    .action(async (options: { coordinator: string; directory?: string; language: string; out: string }) => {
      const federation = await federationAt(options.coordinator, options.directory);
      const released = await releasedFrom(client(options.coordinator), federation);
      if (released.cubes.length === 0)
        throw new Refusal("release-unknown", "expected a calendar of which something is released");
      const language = options.language === "en" ? "en" : "sv";
      writeText(options.out, reportOf(released, language, now().toISOString(), options.coordinator));
      say(options.out);
    });
}
