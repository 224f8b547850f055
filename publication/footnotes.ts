/** What everyone must read with what is published: that it is noisy, how much was spent on it, who is missing, where there is help. */
import type { Plan } from "../protocol/plan/plan.ts";
import type { Meaning } from "../protocol/privacy/meaning.ts";
import { epsilonAt } from "../protocol/privacy/privacy.ts";
import { definitionOf } from "../protocol/question/indicator.ts";
import type { Release } from "../protocol/release/release.ts";
import type { Language } from "../protocol/values/language.ts";
import { format, parseRational, toNumber } from "../protocol/values/rational.ts";
import { type Cube, contentsOf } from "./cube.ts";
import { HELP_LINE, needsHelpLine } from "./help-line.ts";
import { whyMissing } from "./missing.ts";
import { meaningText, twiceText } from "./year-words.ts";

export const WORDS = {
  sv: {
    contents: "tabellinnehåll",
    value: "värde",
    se: "standardfel",
    low: "undre gräns (95 %)",
    high: "övre gräns (95 %)",
    display: "visningstal (avrundat, aldrig negativt)",
    noise:
      "Slumpmässig osäkerhet har tillförts varje tal för att skydda enskilda personer. Tal får inte adderas till nya totaler: varje total redovisas för sig, med mindre osäkerhet. Intervallen (95 %) anger osäkerheten av detta slag, och ingen annan.",
    agree: "Tabellerna i ett släpp stämmer med varandra så när som på avrundning.",
    symbols:
      "u: osäkert tal, med ett standardfel över 30 % av talet, eller för andelar och medelvärden av det antal personer som de avser. ..: för osäkert för att redovisas. : (kolon): regionen är inte med i släppet. . (punkt): inte tillämpligt.",
    year: "Allt som får lämnas ut om en människa i en region under ett kalenderår:",
    missing: "Regioner som inte är med i släppet för",
    late: "svarade inte i tid",
    undelivered: "har inte lämnat perioden",
    declined: "avböjde",
    shown:
      "Visningstalen är framräknade ur talen: hela, aldrig negativa, och summerar inom varje region; inte mellan regioner. De är snedvridna, och inget ska räknas på dem.",
    source: "Källa: Brus",
  },
  en: {
    contents: "contents",
    value: "value",
    se: "standard error",
    low: "lower limit (95 %)",
    high: "upper limit (95 %)",
    display: "display figure (whole, never negative)",
    noise:
      "Random noise was added to every figure to protect individuals. Figures may not be added up to new totals: each total is published by itself, with less error. Intervals (95 %) state the error of this kind, and of no other.",
    agree: "The tables of a release agree with each other but for rounding.",
    symbols:
      "u: unreliable, with a standard error above 30 % of the figure or, for shares and means, of the number of persons they are of. ..: too uncertain to be published. : (colon): the region is not in the release. . (full stop): not applicable.",
    year: "All that may be released of one person in one region in a calendar year:",
    missing: "Regions that are not in the release of",
    late: "did not answer in time",
    undelivered: "has not delivered the period",
    declined: "declined",
    shown:
      "Display figures are made from the figures: whole, never negative, adding up within each region, not between regions. They are biased, and nothing is to be reckoned with them.",
    source: "Source: Brus",
  },
} as const satisfies Record<Language, Record<string, string>>;

/** That figures have noise, and of tables that are measured together that they agree. */
export const noiseNote = (language: Language): string => `${WORDS[language].noise} ${WORDS[language].agree}`;

/** What one person's year comes to, of which a release is a part. */
export const yearNote = (year: Meaning, language: Language): string =>
  `${WORDS[language].year} ${meaningText(year, language)} ${twiceText(language)}`;

/** Who is not in the releases of these periods; none where all are. */
export function missingNotes(
  releases: ReadonlyArray<{ readonly period: string; readonly missing: Release["missing"] }>,
  named: (region: string) => string,
  language: Language,
): string[] {
  const say = WORDS[language];
  const periods = releases.flatMap(({ period, missing }) => {
    if (missing.length === 0) return [];
    const regions = missing.map((each) => `${named(each.region)} (${say[whyMissing(each)]})`);
    return [`${period}: ${regions.join(", ")}`];
  });
  return periods.length === 0 ? [] : [`${say.missing} ${periods.join("; ")}.`];
}

/** What everyone must read with a table's figures, the first of it mandatory. */
export function notesOf(cube: Cube, language: Language): string[] {
  const { indicator, population } = cube;
  const say = WORDS[language];
  const releases = cube.releases.map(({ period, standing: { release } }) => ({
    period,
    missing: release.missing,
  }));
  return [
    noiseNote(language),
    definitionOf(indicator, language),
    say.symbols,
    yearNote(cube.year, language),
    ...missingNotes(releases, (region) => region, language),
    ...(contentsOf(cube).includes("display") ? [say.shown] : []),
    ...(population === null ? [] : [population[language]]),
    ...(needsHelpLine([indicator]) ? [HELP_LINE[language]] : []),
  ];
}

/** A release's noise and cost, as data. */
export function privacyOf(
  { dataset, tables }: Pick<Plan, "dataset" | "tables">,
  kind: Release["release"],
  charge: string,
  year: Meaning,
) {
  const delta = toNumber(parseRational(dataset.budget.delta));
  const rho = parseRational(charge);
  return {
    mechanism: tables === null ? "discrete Gaussian" : "discrete Gaussian on residuals of marginals",
    kind,
    unit: dataset.person,
    rho: format(rho),
    epsilon: epsilonAt(toNumber(rho), delta),
    delta,
    per: tables === null ? "region and period" : "region and period, for all tables of the release together",
    intervals: "95 %, noise alone",
    /** All that a region may release of one person in a calendar year; a guesser who knows all else is right so often of 100. */
    personYear: year,
  };
}

/** The same of a table: what its latest release cost. */
export const privacyIn = ({
  plan,
  kind,
  releases,
  year,
}: Pick<Cube, "plan" | "kind" | "releases" | "year">) =>
  privacyOf(plan, kind, releases.at(-1)?.standing.release.charge ?? "0", year);
