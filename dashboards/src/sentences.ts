/** What is said of figures in words: the same grammar on every page. Nothing is judged here; verdicts come from `protocol/`. */

import type { Change, OverviewIndicator, Story } from "../../protocol/overview.ts";
import {
  figure,
  type Language,
  listed,
  lower,
  type Measured,
  period,
  pointsOf,
  range,
  type Text,
  unitOf,
  upper,
} from "./language.ts";
import { NATION } from "./nation.ts";

export type Names = (code: string) => string;

export const nationName: Text = { sv: "riket", en: "the nation" };

/** Names of areas, the nation among them. */
export const namesOf =
  (regions: ReadonlyArray<{ readonly code: string; readonly name: string }>, language: Language): Names =>
  (code) =>
    code === NATION ? nationName[language] : (regions.find((each) => each.code === code)?.name ?? code);

type Said = Measured & { readonly name: Text; readonly unit: Text };

/** A figure with its unit. */
export function withUnit(of: Said, value: number, language: Language): string {
  const { produced } = of;
  const text = figure(of, value, language);
  if (produced.measure?.kind === "share") return `${text} ${unitOf(of, language)}`;
  if (/^po(äng|ints) 0–100/.test(of.unit[language]))
    return `${text} ${language === "sv" ? "av 100" : "of 100"}`;
  return `${text} ${/^po(äng|ints)/.test(of.unit[language]) ? pointsOf(of, language) : of.unit[language]}`;
}

/** By how much, with its interval: "Upp 1,4 poäng (1,1–1,8)". */
export function changeText(of: Said, change: Change, language: Language): string {
  const up = change.value >= 0;
  const word = language === "sv" ? (up ? "Upp" : "Ned") : up ? "Up" : "Down";
  const [low, high] = up ? [change.low, change.high] : [-change.high, -change.low];
  return `${word} ${figure(of, Math.abs(change.value), language)} ${pointsOf(of, language)} (${range(of, low, high, language)})`;
}

const VERBS = {
  sv: { better: "har förbättrats", worse: "har försämrats", differs: "har förändrats" },
  en: { better: "has improved", worse: "has worsened", differs: "has changed" },
};

/** Of numbers of persons one says which way they went. */
const COUNTED = {
  sv: { more: "har ökat", fewer: "har minskat" },
  en: { more: "has risen", fewer: "has fallen" },
};

/** The statement of a story, a whole sentence. */
export function storyTitle(story: Story, of: OverviewIndicator, names: Names, language: Language): string {
  const name = of.name[language];
  if (story.of === "gap" && story.column !== null) {
    const [above, below] = story.column.groups.map((group) => group[language]);
    return language === "sv"
      ? `Gapet växer mellan ${above} och ${below}: ${lower(name)}`
      : `The gap between ${above} and ${below} grows: ${lower(name)}`;
  }
  const counted = of.produced.measure?.kind === "count";
  const verb = counted
    ? COUNTED[language][story.change.value > 0 ? "more" : "fewer"]
    : VERBS[language][story.verdict === "no certain difference" ? "differs" : story.verdict];
  const [first = ""] = story.areas;
  const place = (text: string) => (language === "sv" ? `i ${text}` : `in ${text}`);
  if (first === NATION)
    return `${upper(place(nationName[language]))} ${verb.split(" ")[0]} ${lower(name)} ${verb.split(" ").slice(1).join(" ")}`;
  if (story.areas.length === 1)
    return language === "sv"
      ? `I ${names(first)} ${verb.split(" ")[0]} ${lower(name)} ${verb.split(" ")[1]}`
      : `In ${names(first)}, ${lower(name)} ${verb}`;
  const count = story.areas.length;
  return language === "sv"
    ? `I ${count} regioner ${verb.split(" ")[0]} ${lower(name)} ${verb.split(" ")[1]}`
    : `In ${count} regions, ${lower(name)} ${verb}`;
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
  if (story.of === "gap")
    return language === "sv"
      ? `${now.replace(/ procent$/, " procentenheter")} ${period(to, language)}, mot ${then} ${period(from, language)}. ${changeText(of, story.change, language)}.`
      : `${now.replace(/ per cent$/, " percentage points")} in ${period(to, language)}, against ${then} in ${period(from, language)}. ${changeText(of, story.change, language)}.`;
  return language === "sv"
    ? `${lead_}${now} ${period(to, language)}, mot ${then} ${period(from, language)}. ${changeText(of, story.change, language)}, längs linjen genom ${known.length} perioder.${elsewhere}`
    : `${lead_}${now} in ${period(to, language)}, against ${then} in ${period(from, language)}. ${changeText(of, story.change, language)}, along the line through ${known.length} periods.${elsewhere}`;
}
