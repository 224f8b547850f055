/**
 * The public report of what is released, as one HTML file that prints well: a section a finding, in words, figures and
 * their intervals. Nothing is ranked within noise.
 */
import { html, raw } from "hono/html";
import { definitionOf } from "../../protocol/question/indicator.ts";
import { NATION } from "../../protocol/values/codes.ts";
import type { Language } from "../../protocol/values/language.ts";
import { add, format, parseRational, type Rational, ZERO } from "../../protocol/values/rational.ts";
import { type Cube, lastOf } from "../../publication/cube.ts";
import { noiseNote, privacyOf, WORDS, yearNote } from "../../publication/footnotes.ts";
import { HELP_LINE, needsHelpLine } from "../../publication/help-line.ts";
import { lifeExpectanciesOf, lifeTableIn } from "../../publication/life-expectancy.ts";
import type { StandingRelease } from "../../publication/standing-release.ts";
import { catalogueHere } from "../../server/catalogue.ts";
import { chartOf } from "./chart.ts";
import { decimal, difference, regionName, written } from "./figures.ts";
import { changesIn, differencesIn, gapsIn, oneEach, unsaidIn } from "./findings.ts";
import { SAYS } from "./words.ts";

/** What is released: tables, and the releases that they are of. */
export type ReleasedTables = {
  readonly cubes: readonly Cube[];
  readonly standings: readonly StandingRelease[];
};

type Differences = ReturnType<typeof differencesIn>;
type Changes = ReturnType<typeof changesIn>;
type Gaps = ReturnType<typeof gapsIn>;
type Unsaid = ReturnType<typeof unsaidIn>;

/** `source` is the coordinator's address, where a reader may check it all. */
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
${certainSection(differencesIn(all, families), language)}
${changedSection(changesIn(all, families), language)}
${gapsSection(gapsIn(all, cubes, families, language), language)}
${livesSection(standings, language)}
${unsaidSection(unsaidIn(all, language), language)}
<section><h2>${say.method}</h2><p>${say.how}</p><p>${WORDS[language].symbols}</p></section>
${costSection(cubes, language)}
${checkSection(cubes, language, source)}
${help ? html`<aside>${HELP_LINE[language]}</aside>` : ""}
</main>
</body>
</html>
`);
}

const named = (cube: Cube, language: Language) =>
  html`<strong>${cube.indicator.name[language]}</strong> (${lastOf(cube)})`;

const listed = (items: readonly unknown[], language: Language) =>
  items.length === 0 ? html`<p>${SAYS[language].none}</p>` : html`<ul>${items}</ul>`;

function certainSection(found: Differences, language: Language) {
  const say = SAYS[language];
  const word = (verdict: string) =>
    verdict === "better" ? say.better : verdict === "worse" ? say.worse : say.differs;
  const articles = found.map(({ cube, compared, told }) => {
    const nation = cube.at({ region: NATION, period: lastOf(cube) }).value;
    const figure = (value: number) => written(cube, value, language);
    const lines = told.map(
      ({ region, difference: apart, value, low, high }) =>
        html`<li>${regionName(cube, region, language)}: ${word(apart?.verdict ?? "")}, ${figure(value)} (${say.between(figure(low), figure(high))})</li>`,
    );
    return html`<article><h3>${cube.indicator.name[language]}, ${lastOf(cube)}</h3><ul>${lines}</ul>${chartOf(cube, compared, nation, language)}<p class="small">${say.definition}: ${definitionOf(cube.indicator, language)}</p></article>`;
  });
  return html`<section><h2>${say.certain}</h2>${articles.length === 0 ? html`<p>${say.alike}</p>` : articles}</section>`;
}

function changedSection(found: Changes, language: Language) {
  const say = SAYS[language];
  const went = (verdict: string) =>
    verdict === "better" ? say.improved : verdict === "worse" ? say.worsened : say.moved;
  const lines = found.flatMap(({ cube, of }) =>
    of.map(({ region, trend }) => {
      const first = cube.periods.values[0]?.code ?? "";
      return html`<li>${named(cube, language)}: ${regionName(cube, region, language)} ${went(trend?.verdict ?? "")}, ${say.from(first, lastOf(cube))}</li>`;
    }),
  );
  return html`<section><h2>${say.changed}</h2>${listed(lines, language)}</section>`;
}

function gapsSection(found: Gaps, language: Language) {
  const say = SAYS[language];
  const lines = found.map(({ cube, column, gap, widens }) => {
    const [low, high] = [difference(cube, gap.low, language), difference(cube, gap.high, language)];
    return html`<li>${named(cube, language)}: ${say.gap(column, low, high)}${widens ? `, ${say.widens}` : ""}</li>`;
  });
  return html`<section><h2>${say.gaps}</h2>${listed(lines, language)}</section>`;
}

/** The latest life expectancies, where what they follow from is released. */
function livesSection(standings: readonly StandingRelease[], language: Language) {
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

function unsaidSection(found: Unsaid, language: Language) {
  const lines = found.map(
    ({ cube, lines: said }) => html`<li>${named(cube, language)}: ${said.join(" ")}</li>`,
  );
  return html`<section><h2>${SAYS[language].unsaid}</h2>${listed(lines, language)}</section>`;
}

function costSection(cubes: readonly Cube[], language: Language) {
  const say = SAYS[language];
  const [year] = cubes.map((cube) => cube.year);
  if (year === undefined) return "";
  const latest = new Map(
    cubes.flatMap(({ releases }) => releases.slice(-1).map(({ standing }) => [standing.id, standing])),
  );
  // All that is released of a dataset adds up.
  const costs = new Map<string, { standing: StandingRelease; charge: Rational }>();
  for (const standing of latest.values()) {
    const title = standing.plan.dataset.title[language];
    const charge = add(costs.get(title)?.charge ?? ZERO, parseRational(standing.release.charge));
    costs.set(title, { standing, charge });
  }
  const lines = [...costs].map(([title, { standing, charge }]) => {
    const { rho, epsilon, delta } = privacyOf(standing.plan, standing.release.release, format(charge), year);
    const [over, under = 1] = rho.split("/").map(Number);
    return html`<li>${title}: ρ = ${Number(over) / under} ${say.each} (ε = ${epsilon.toFixed(2)}, δ = ${delta})</li>`;
  });
  return html`<section><h2>${say.cost}</h2><ul>${lines}</ul><p>${yearNote(year, language)}</p></section>`;
}

function checkSection(cubes: readonly Cube[], language: Language, source: string) {
  const say = SAYS[language];
  const releases = [...new Set(cubes.flatMap((cube) => cube.releases.map(({ standing }) => standing.id)))];
  return html`<section><h2>${say.verify}</h2><p>${say.command}</p><pre>./brus log mirror ${source} kopia
./brus audit kopia</pre><ul class="small">${releases.map((id) => html`<li><code>${id}</code></li>`)}</ul></section>`;
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
