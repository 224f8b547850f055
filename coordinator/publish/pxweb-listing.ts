/** What PxWebApi 2 says of itself and of its tables: configuration, lists, pages. */
import type { Context as HonoContext } from "hono";
import { FOCUS_AREAS } from "../../protocol/question/indicator.ts";
import { LANGUAGES, type Language } from "../../protocol/values/language.ts";
import { Refusal } from "../../protocol/values/refusal.ts";
import { type Cube, dimensionsOf } from "../../publication/cube.ts";
import { WORDS } from "../../publication/footnotes.ts";
import { MAX_CELLS } from "../../publication/pxweb-selection.ts";
import { FORMATS, LICENSE } from "./formats.ts";
import type { Published } from "./publication.ts";

/** Where this interface stands, as whoever asks sees it. */
export const addressOf = (c: HonoContext, { address }: Pick<Published, "address">): string =>
  address ?? new URL(c.req.url).origin;

export function languageOf(c: HonoContext): Language {
  const asked = c.req.query("lang") ?? "sv";
  const language = LANGUAGES.find((each) => each === asked);
  if (language === undefined)
    throw new Refusal("language-unknown", `expected one of ${LANGUAGES.join(", ")}`);
  return language;
}

export function configOf(callsPerMinute: number) {
  return {
    apiVersion: "2.2.0",
    appVersion: "1.0.0",
    languages: [
      { id: "sv", label: "Svenska" },
      { id: "en", label: "English" },
    ],
    defaultLanguage: "sv",
    maxDataCells: MAX_CELLS,
    maxCallsPerTimeWindow: callsPerMinute,
    timeWindow: 60,
    license: LICENSE,
    sourceReferences: [
      { language: "sv", text: WORDS.sv.source },
      { language: "en", text: WORDS.en.source },
    ],
    defaultDataFormat: "json-stat2",
    dataFormats: [...FORMATS],
    features: [{ id: "CORS", params: [{ key: "enabled", value: "True" }] }],
  };
}

const UNITS = { year: "Annual", quarter: "Quarterly", month: "Monthly" } as const;

export function tableIn(cube: Cube, language: Language, address: string) {
  const { id, label, indicator, periods, updated, plan } = cube;
  const link = (rel: string, path: string, hreflang: Language = language) => ({
    rel,
    hreflang,
    href: `${address}/api/v2/tables/${id}${path}lang=${hreflang}`,
  });
  const other = LANGUAGES.find((each) => each !== language) ?? language;
  const area = {
    id: indicator.focus,
    label: FOCUS_AREAS[indicator.focus][language],
    sortCode: indicator.focus,
  };
  return {
    id,
    label: label[language],
    description: indicator.numerator[language],
    sortCode: id,
    updated,
    firstPeriod: periods.values[0]?.code ?? null,
    lastPeriod: periods.values.at(-1)?.code ?? null,
    category: "public",
    variableNames: [...dimensionsOf(cube).map((each) => each.label[language]), WORDS[language].contents],
    discontinued: false,
    source: "Brus",
    subjectCode: indicator.focus,
    timeUnit: UNITS[plan.dataset.period],
    paths: [[area]],
    links: [
      link("self", "?"),
      link("alternate", "?", other),
      link("metadata", "/metadata?"),
      link("data", "/data?outputFormat=json-stat2&"),
      { rel: "describedby", hreflang: language, href: `${address}/data/${language}/${id}.csv-metadata.json` },
    ],
  };
}

/** A whole number of an address, or what it is unless said. Refuses (`selection-unfit`) anything else. */
export const whole = (text: string | undefined, least: number, unless: number, what: string): number => {
  if (text === undefined) return unless;
  if (!/^\d{1,9}$/.test(text) || Number(text) < least)
    throw new Refusal("selection-unfit", `expected ${what} of at least ${least}`);
  return Number(text);
};

export function tablesOf(c: HonoContext, published: Published, now: Date) {
  const { cubes } = published;
  const language = languageOf(c);
  const address = addressOf(c, published);
  const words = (c.req.query("query") ?? "")
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "")
    .slice(0, 20);
  const days =
    c.req.query("pastDays") === undefined ? null : whole(c.req.query("pastDays"), 1, 1, "pastDays");
  const discontinued = c.req.query("includeDiscontinued");
  if (discontinued !== undefined && !/^(true|false)$/i.test(discontinued))
    throw new Refusal("selection-unfit", "expected includeDiscontinued to be true or false");
  const since = days === null ? "" : new Date(now.getTime() - days * 86_400_000).toISOString();
  const found = [...cubes.values()].filter((cube) => {
    const text = [cube.id, cube.label[language], cube.indicator.numerator[language], cube.indicator.sources]
      .join(" ")
      .toLowerCase();
    return cube.updated >= since && words.every((word) => text.includes(word));
  });
  const size = Math.min(1000, whole(c.req.query("pageSize"), 1, 20, "pageSize"));
  const number = whole(c.req.query("pageNumber"), 1, 1, "pageNumber");
  const pages = Math.max(1, Math.ceil(found.length / size));
  if (number > pages) throw new Refusal("not-found", `expected pageNumber to be at most ${pages}`);
  const href = (page: number) => {
    const { pathname, search } = new URL(c.req.url);
    const url = new URL(`${address}${pathname}${search}`);
    url.searchParams.set("pageNumber", String(page));
    url.searchParams.set("pageSize", String(size));
    return url.href;
  };
  const link = (rel: string, page: number) => ({ rel, hreflang: language, href: href(page) });
  return {
    language,
    tables: found.slice((number - 1) * size, number * size).map((cube) => tableIn(cube, language, address)),
    page: {
      pageNumber: number,
      pageSize: size,
      totalElements: found.length,
      totalPages: pages,
      links: [
        ...(number < pages ? [link("next", number + 1)] : []),
        ...(number > 1 ? [link("previous", number - 1)] : []),
        link("last", pages),
      ],
    },
    links: [link("self", number)],
  };
}
