/** What may be said of a table's figures beside each other: `/api/comparisons/{table}`. Computed by `publication/comparisons.ts`, as pages do. */
import { Hono } from "hono";
import { Refusal } from "../../protocol/values/refusal.ts";
import {
  gapBetween,
  gapWidens,
  groupTrendsOf,
  regionalVariation,
  regionsCompared,
  trendsOf,
} from "../../publication/comparisons.ts";
import { freshnessOf } from "../../publication/freshness.ts";
import { lifeExpectanciesOf, lifeTableIn } from "../../publication/life-expectancy.ts";
import type { Publication } from "./publication.ts";

export function comparisonsOf(publication: Publication): Hono {
  const app = new Hono();
  app.get("/api/comparisons/:id", async (c) => {
    const { cubes } = await publication.current();
    const cube = cubes.get(c.req.param("id"));
    if (cube === undefined)
      throw new Refusal("table-unknown", "expected the id of a table that is published");
    const periods = cube.periods.values.map(({ code }) => code);
    const period = c.req.query("period") ?? periods.at(-1) ?? "";
    if (!periods.includes(period)) throw new Refusal("selection-unfit", "expected a period of the table");
    const columns = cube.columns.map(({ code }) => code);
    const body = {
      table: cube.id,
      period,
      direction: cube.indicator.direction,
      release: cube.releases.find((each) => each.period === period)?.standing.id ?? null,
      regions: regionsCompared(cube, period),
      variation: regionalVariation(cube, period),
      trends: trendsOf(cube),
      groups: columns.map((column) => ({
        column,
        gap: gapBetween(cube, column, period),
        widens: gapWidens(cube, column),
        trends: groupTrendsOf(cube, column),
      })),
      freshness: freshnessOf(cube),
      intervals: "95 %, noise alone",
    };
    return c.json(body, 200, { "cache-control": "public, max-age=300" });
  });
  app.get("/api/life-expectancy", async (c) => {
    const found = lifeTableIn(publication.indicators.known);
    if (found === null)
      throw new Refusal("not-found", "expected an indicator of a life table in the catalogue");
    const { standings } = await publication.current();
    const body = {
      indicator: found.indicator.id,
      years: lifeExpectanciesOf(standings, found.table),
      intervals: "95 %, noise alone",
    };
    return c.json(body, 200, { "cache-control": "public, max-age=300" });
  });
  return app;
}
