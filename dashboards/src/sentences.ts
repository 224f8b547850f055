/** What is said of figures in words: the same grammar on every page. Nothing is judged here; verdicts come from `publication/`. */

import { NATION } from "../../protocol/values/codes.ts";
import type { Language } from "../../protocol/values/language.ts";
import type { Text } from "../../protocol/values/text.ts";
import type { Change, OverviewIndicator, Story } from "../../publication/overview.ts";
import { figure, listed, period, pointsOf, type Quantity, range, unitOf, upper } from "./language.ts";

export type Names = (code: string) => string;

export const nationName: Text = { sv: "riket", en: "the nation" };

/** Names of areas, the nation among them. */
export const namesOf =
  (regions: ReadonlyArray<{ readonly code: string; readonly name: string }>, language: Language): Names =>
  (code) =>
    code === NATION ? nationName[language] : (regions.find((each) => each.code === code)?.name ?? code);

type Named = Quantity & { readonly name: Text; readonly unit: Text };

/** A figure with its unit. */
export function withUnit(of: Named, value: number, language: Language): string {
  const { produced } = of;
  const text = figure(of, value, language);
  if (produced.measure?.kind === "share") return `${text} ${unitOf(of, language)}`;
  if (/^po(äng|ints) 0–100/.test(of.unit[language]))
    return `${text} ${language === "sv" ? "av 100" : "of 100"}`;
  return `${text} ${/^po(äng|ints)/.test(of.unit[language]) ? pointsOf(of, language) : of.unit[language]}`;
}

/** By how much, with its interval: "Upp 1,4 poäng (1,1–1,8)". */
export function changeText(of: Named, change: Change, language: Language): string {
  const up = change.value >= 0;
  const word = language === "sv" ? (up ? "Upp" : "Ned") : up ? "Up" : "Down";
  const [low, high] = up ? [change.low, change.high] : [-change.high, -change.low];
  return `${word} ${figure(of, Math.abs(change.value), language)} ${pointsOf(of, language)} (${range(of, low, high, language)})`;
}

const CHANGES = {
  sv: {
    better: "säker förbättring",
    worse: "säker försämring",
    differs: "säker ändring",
    more: "säker ökning",
    fewer: "säker minskning",
  },
  en: {
    better: "certain improvement",
    worse: "certain worsening",
    differs: "certain change",
    more: "certain rise",
    fewer: "certain fall",
  },
};

/** The statement of a story: what it is of, which way it went, and where. */
export function storyTitle(story: Story, of: OverviewIndicator, names: Names, language: Language): string {
  const name = of.name[language];
  if (story.of === "gap" && story.column !== null) {
    const [above, below] = story.column.groups.map((group) => group[language]);
    return language === "sv"
      ? `Gapet växer mellan ${above} och ${below}: ${name}`
      : `The gap between ${above} and ${below} grows: ${name}`;
  }
  // Of numbers of persons, and where no way is good, one says which way they went.
  const counted = of.produced.measure?.kind === "count" || story.verdict === "differs";
  const word = counted
    ? story.change.value > 0
      ? "more"
      : "fewer"
    : story.verdict === "worse"
      ? "worse"
      : "better";
  const [first = ""] = story.areas;
  const count = story.areas.length;
  const where =
    first === NATION || count === 1 ? names(first) : `${count} ${language === "sv" ? "regioner" : "regions"}`;
  return `${name}: ${CHANGES[language][word]} ${language === "sv" ? "i" : "in"} ${where}`;
}

/** Where and by how much: difference and size in the same sentence. */
export function storyDetail(story: Story, of: OverviewIndicator, names: Names, language: Language): string {
  const known = story.points.flatMap((point, at) => (point === null ? [] : [{ point, at }]));
  const [first, last] = [known[0], known.at(-1)];
  if (first === undefined || last === undefined) return "";
  const [from, to] = [story.periods[first.at] ?? "", story.periods[last.at] ?? ""];
  const now = withUnit(of, last.point[0], language);
  const then = figure(of, first.point[0], language);
  const more = story.areas.filter((area) => area !== story.areas[0]);
  const [lead = ""] = story.areas;
  const elsewhere =
    more.length === 0
      ? ""
      : lead === NATION
        ? language === "sv"
          ? ` Säkert också i ${more.length === 1 ? names(more[0] ?? "") : `${more.length} regioner`}.`
          : ` Certain in ${more.length === 1 ? names(more[0] ?? "") : `${more.length} regions`} as well.`
        : ` ${language === "sv" ? "Regionerna är" : "The regions are"} ${listed(story.areas.map(names), language)}.`;
  const lead_ = lead !== NATION && story.areas.length > 1 ? `${names(lead)}: ` : "";
  const gap = story.of === "gap" ? ` ${pointsOf(of, language)}` : null;
  const value = gap === null ? now : `${figure(of, last.point[0], language)}${gap}`;
  const line =
    gap === null
      ? language === "sv"
        ? `, längs linjen genom ${known.length} perioder`
        : `, along the line through ${known.length} periods`
      : "";
  const against = language === "sv" ? "mot" : "against";
  return `${lead_}${upper(period(to, language))}: ${value}, ${against} ${then} ${period(from, language)}. ${changeText(of, story.change, language)}${line}.${elsewhere}`;
}
