/** Which of the two languages a page is in, and how numbers and periods are written in it. */
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Language } from "../../protocol/values/language.ts";
import type { Text } from "../../protocol/values/text.ts";
import type { Comparable } from "../../publication/comparisons.ts";

export const LanguageContext = createContext<Language>("sv");
export const useLanguage = (): Language => useContext(LanguageContext);
/** The words of a component, in the page's language. */
export const useSay = <T>(words: Readonly<Record<Language, T>>): T => words[useLanguage()];

const THIN = "\u202f";
const MINUS = "\u2212";
const EN_DASH = "\u2013";

/** A number with so many decimals: comma in Swedish, narrow spaces between thousands, a true minus. */
export function number(value: number, decimals: number, language: Language): string {
  const fixed = Math.abs(value).toFixed(decimals);
  const [whole = "0", part] = fixed.split(".");
  const grouped =
    whole.length > 4 || (whole.length === 4 && language === "en")
      ? whole.replace(/\B(?=(\d{3})+$)/g, language === "sv" ? THIN : ",")
      : whole;
  const spaced = language === "sv" && whole.length === 4 ? `${whole[0]}${THIN}${whole.slice(1)}` : grouped;
  const text = part === undefined ? spaced : `${spaced}${language === "sv" ? "," : "."}${part}`;
  return value < 0 && Number(fixed) !== 0 ? `${MINUS}${text}` : text;
}

/** What a number is of: decides factor, decimals and the word for a difference. */
export type Quantity = Pick<Comparable["indicator"], "produced">;

export const isShare = ({ produced }: Quantity): boolean => produced.measure?.kind === "share";
const isCount = ({ produced }: Quantity): boolean =>
  produced.measure?.kind === "count" && produced.per === undefined;

/** Decimals and factor with which figures of an indicator are written. */
export const scaleOf = (of: Quantity): { readonly factor: number; readonly decimals: number } =>
  isShare(of) ? { factor: 100, decimals: 1 } : { factor: 1, decimals: isCount(of) ? 0 : 1 };

/** A figure without its unit; a wide interval's decimals say nothing and are left out. */
export function figure(of: Quantity, value: number, language: Language): string {
  const { factor, decimals } = scaleOf(of);
  return number(value * factor, decimals, language);
}

/** An interval: an en dash between, or a word where an end is negative. */
export function range(of: Quantity, low: number, high: number, language: Language): string {
  const [from, to] = [figure(of, low, language), figure(of, high, language)];
  return low < 0 ? `${from} ${language === "sv" ? "till" : "to"} ${to}` : `${from}${EN_DASH}${to}`;
}

/** A figure and its interval. */
export const withRange = (
  of: Quantity,
  value: number,
  low: number,
  high: number,
  language: Language,
): string => `${figure(of, value, language)} (${range(of, low, high, language)})`;

/** With a plus where it is more. */
export const signed = (of: Quantity, value: number, language: Language): string =>
  `${value > 0 ? "+" : ""}${figure(of, value, language)}`;

/** The unit of a figure, beside it. */
export function unitOf(of: Quantity & { readonly unit: Text }, language: Language): string {
  return isShare(of) ? { sv: "procent", en: "per cent" }[language] : of.unit[language];
}

/** The unit of a difference. */
export function pointsOf(of: Quantity & { readonly unit: Text }, language: Language): string {
  if (isShare(of)) return { sv: "procentenheter", en: "percentage points" }[language];
  return /^po(äng|ints)/.test(of.unit[language])
    ? { sv: "poäng", en: "points" }[language]
    : of.unit[language];
}

const MONTHS: Readonly<Record<Language, readonly string[]>> = {
  sv: "januari februari mars april maj juni juli augusti september oktober november december".split(" "),
  en: "January February March April May June July August September October November December".split(" "),
};

/** A period as people say it. */
export function period(code: string, language: Language): string {
  const [, year = code, letter, part] = /^(\d{4})([KM])?(\d+)?$/.exec(code) ?? [];
  if (letter === "K") return language === "sv" ? `${year} kvartal ${part}` : `${year} Q${part}`;
  if (letter === "M") return `${MONTHS[language][Number(part) - 1] ?? ""} ${year}`;
  return year;
}

/** A period as a chart's axis has room for. */
export function shortPeriod(code: string, language: Language): string {
  const [, year = code, letter, part] = /^(\d{4})([KM])?(\d+)?$/.exec(code) ?? [];
  if (letter === "K") return `${language === "sv" ? "K" : "Q"}${part} ${year}`;
  if (letter === "M") return `${(MONTHS[language][Number(part) - 1] ?? "").slice(0, 3)} ${year}`;
  return year;
}

const zone = "Europe/Stockholm";
export const day = (instant: string | number, language: Language): string =>
  new Date(instant).toLocaleDateString(language === "sv" ? "sv-SE" : "en-GB", {
    day: "numeric",
    month: "long",
    year: "numeric",
    timeZone: zone,
  });
export const clock = (instant: string | number, language: Language): string =>
  new Date(instant).toLocaleTimeString(language === "sv" ? "sv-SE" : "en-GB", {
    hour: "2-digit",
    minute: "2-digit",
    timeZone: zone,
  });
/** A day and the time of it. */
export const moment = (instant: string | number, language: Language): string =>
  `${day(instant, language)} ${clock(instant, language)}`;

/** A list in words: a, b and c. */
export function listed(items: readonly string[], language: Language): string {
  if (items.length < 2) return items[0] ?? "";
  return `${items.slice(0, -1).join(", ")} ${language === "sv" ? "och" : "and"} ${items.at(-1)}`;
}

export const upper = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** A fraction such as 1/8 or 124999995769/1000000000000 as people read it: itself where it is short, a decimal where it is not. */
export function fraction(text: string, language: Language): string {
  const [over = "0", under = "1"] = text.split("/");
  if (under.length <= 4 || under === "1") return text;
  const decimals = (Number(over) / Number(under)).toPrecision(3).replace(/0+$/, "");
  return language === "sv" ? decimals.replace(".", ",") : decimals;
}
