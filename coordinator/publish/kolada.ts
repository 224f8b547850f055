/**
 * The yearly indicators in Kolada's shape (v3), for those who harvest it: key figures, regions, values by sex. Figures with
 * noise of a quarter are not made into a year's: nobody adds them up.
 */
import { Hono, type Context as HonoContext } from "hono";
import { definitionOf } from "../../protocol/question/indicator.ts";
import { totalCode } from "../../protocol/values/codes.ts";
import type { Cube } from "../../publication/cube.ts";
import { noiseNote } from "../../publication/footnotes.ts";
import type { Publication, Published } from "./publication.ts";
import { whole } from "./pxweb-listing.ts";

const MOST = 5000;
/** Kolada's genders by our codes of sex. */
const GENDERS = [
  [totalCode("sex"), "T"],
  ["1", "M"],
  ["2", "K"],
] as const;

export function koladaOf(publication: Publication): Hono {
  const app = new Hono();
  const pageOf = <T>(c: HonoContext, all: readonly T[]) => {
    const size = Math.min(MOST, whole(c.req.query("per_page"), 1, MOST, "per_page"));
    const page = whole(c.req.query("page"), 1, 1, "page");
    const values = all.slice((page - 1) * size, page * size);
    const next = new URL(c.req.url);
    next.searchParams.set("page", String(page + 1));
    const more = page * size < all.length ? next.href : null;
    const previous = new URL(c.req.url);
    previous.searchParams.set("page", String(page - 1));
    const back = page > 1 ? previous.href : null;
    return c.json({ values, count: values.length, next_url: more, previous_url: back }, 200, {
      "cache-control": "public, max-age=300",
    });
  };
  app.get("/kolada/v3/kpi", async (c) => {
    const title = (c.req.query("title") ?? "").toLowerCase();
    const kpis = [...yearly(await publication.current()).values()].map(kpiOf);
    return pageOf(
      c,
      kpis.filter((kpi) => kpi.title.toLowerCase().includes(title)),
    );
  });
  app.get("/kolada/v3/kpi/:ids", async (c) => {
    const cubes = yearly(await publication.current());
    return pageOf(
      c,
      idsOf(c, "ids").flatMap((id) => {
        const cube = cubes.get(id);
        return cube === undefined ? [] : [kpiOf(cube)];
      }),
    );
  });
  app.get("/kolada/v3/municipality", async (c) => pageOf(c, areasOf(await publication.current())));
  app.get("/kolada/v3/municipality/:ids", async (c) => {
    const wanted = new Set(idsOf(c, "ids"));
    return pageOf(
      c,
      areasOf(await publication.current()).filter(({ id }) => wanted.has(id)),
    );
  });
  app.get("/kolada/v3/data/kpi/:kpis/municipality/:areas/year/:years", async (c) =>
    pageOf(c, dataOf(await publication.current(), idsOf(c, "kpis"), idsOf(c, "areas"), idsOf(c, "years"))),
  );
  app.get("/kolada/v3/data/kpi/:kpis/year/:years", async (c) =>
    pageOf(c, dataOf(await publication.current(), idsOf(c, "kpis"), null, idsOf(c, "years"))),
  );
  app.get("/kolada/v3/data/kpi/:kpis/municipality/:areas", async (c) =>
    pageOf(c, dataOf(await publication.current(), idsOf(c, "kpis"), idsOf(c, "areas"), null)),
  );
  return app;
}

const idsOf = (c: HonoContext, name: string): string[] =>
  (c.req.param(name) ?? "")
    .split(",")
    .map((id) => id.trim())
    .filter((id) => id !== "")
    .slice(0, 100);

/** One table of each indicator that is measured by the year: with regions and by sex, where there is one. */
function yearly({ cubes }: Published): ReadonlyMap<string, Cube> {
  const found = new Map<string, Cube>();
  for (const cube of cubes.values()) {
    if (cube.plan.dataset.period !== "year") continue;
    const known = found.get(cube.indicator.id);
    if (known === undefined || worth(known) < worth(cube)) found.set(cube.indicator.id, cube);
  }
  return found;
}

const worth = (cube: Cube): number => (cube.kind === "national" ? 0 : 2) + (hasSex(cube) ? 1 : 0);
const sexesIn = ({ columns }: Cube) => columns.find(({ code }) => code === "sex")?.values ?? [];
const hasSex = (cube: Cube): boolean => sexesIn(cube).length > 0;

const kpiOf = (cube: Cube) => ({
  id: cube.indicator.id,
  title: cube.indicator.name.sv,
  description: `${definitionOf(cube.indicator, "sv")} Enhet: ${cube.indicator.unit.sv}. ${noiseNote("sv")}`,
  is_divided_by_gender: hasSex(cube),
  municipality_type: "L",
  operating_area: cube.indicator.focus,
  publication_date: cube.updated.slice(0, 10),
  has_ou_data: false,
});

/** Kolada's codes of regions have four digits: 0001 is Stockholm, 0000 the nation. */
const areaId = (code: string): string => code.padStart(4, "0");

function areasOf({ cubes }: Published) {
  const areas = new Map<string, string>();
  for (const { regions } of cubes.values())
    for (const { code, label } of regions.values) areas.set(code, label.sv);
  return [...areas].sort().map(([code, title]) => ({ id: areaId(code), title, type: "L" }));
}

function dataOf(
  published: Published,
  kpis: readonly string[],
  areas: readonly string[] | null,
  years: readonly string[] | null,
) {
  const cubes = yearly(published);
  return kpis.flatMap((kpi) => {
    const cube = cubes.get(kpi);
    if (cube === undefined) return [];
    const sexes = sexesIn(cube);
    return cube.regions.values.flatMap(({ code: region }) => {
      if (areas !== null && !areas.includes(areaId(region))) return [];
      return cube.periods.values.flatMap(({ code: period }) => {
        if (years !== null && !years.includes(period)) return [];
        const values = GENDERS.flatMap(([sex, gender]) => {
          const known = hasSex(cube) ? sexes.some(({ code }) => code === sex) : gender === "T";
          if (!known) return [];
          const figure = cube.at({ region, period, groups: hasSex(cube) ? { sex } : {} });
          const status =
            figure.value === null ? (figure.flag === ":" || figure.flag === "." ? "Missing" : "Privacy") : "";
          return [{ gender, count: 1, status, value: figure.value, isdeleted: false }];
        });
        return [{ kpi, municipality: areaId(region), period: Number(period), values }];
      });
    });
  });
}
