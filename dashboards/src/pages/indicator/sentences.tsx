/** The verdict in three sentences: how it is, which way it goes, and how the regions differ. */
import type { Language } from "../../../../protocol/values/language.ts";
import type { Verdict } from "../../../../publication/intervals.ts";
import { figureAt, periodsOf, type RegionGroup, trendIn } from "../../figures.ts";
import { figure, listed, period, pointsOf, range, upper, useLanguage } from "../../language.ts";
import { withUnit } from "../../sentences.ts";
import type { Part, RegionsPart } from "./part.ts";

const SAY = {
  sv: {
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
  },
  en: {
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
  },
};

type Of = Pick<Part, "view" | "chosen" | "names">;

function nowText({ view: { indicator }, view, chosen, names }: Of, language: Language): string {
  const say = SAY[language];
  const { value, low, high, flag } = figureAt(view, chosen, chosen.region, chosen.period);
  const where = upper(names(chosen.region));
  if (value === null || low === null || high === null)
    return flag === ".." ? say.withheld(where) : say.missing(where);
  return say.is(
    where,
    withUnit(indicator, value, language),
    figure(indicator, low, language),
    figure(indicator, high, language),
    period(chosen.period, language),
  );
}

function trendText({ view: { indicator }, view, chosen }: Of, language: Language): string {
  const say = SAY[language];
  const trend = trendIn(view, chosen, chosen.region);
  if (trend === null) return "";
  if (!trend.line) return say.bent;
  if (trend.verdict === "no certain difference") return say.steady;
  const [value, low, high] = [Math.abs(trend.value), Math.abs(trend.low), Math.abs(trend.high)];
  const interval = range(indicator, Math.min(low, high), Math.max(low, high), language);
  const size = `${figure(indicator, value, language)} ${pointsOf(indicator, language)} (${interval})`;
  return (trend.value > 0 ? say.rising : say.falling)(size, periodsOf(view).length);
}

function regionsText(groups: readonly RegionGroup[], language: Language): string {
  const say = SAY[language];
  if (!groups.some(({ rows }) => rows.some((row) => row.compared?.difference != null))) return "";
  const count = (tone: Verdict) => groups.find((group) => group.tone === tone)?.rows.length ?? 0;
  const [better, worse, differs] = [count("better"), count("worse"), count("differs")];
  const parts = [
    better > 0 ? say.better(better) : "",
    worse > 0 ? say.worse(worse, better === 0) : "",
    differs > 0 ? say.other(differs, better + worse === 0) : "",
  ].filter((text) => text !== "");
  const certain = parts.length === 0 ? "" : `${upper(listed(parts, language))}.`;
  return say.spread(certain, count("no certain difference"));
}

export function Sentences({ groups, ...of }: Of & Pick<RegionsPart, "groups">) {
  const language = useLanguage();
  return (
    <p>
      {nowText(of, language)} {trendText(of, language)} {regionsText(groups, language)}
    </p>
  );
}
