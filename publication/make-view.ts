/** Makes the views of published tables, which pages are sent. */

import { UNKNOWN_CODE } from "../protocol/plan/cells.ts";
import { cellAt, groupCorrelation } from "../protocol/plan/tables.ts";
import { definitionOf, FOCUS_AREAS, type Indicator } from "../protocol/question/indicator.ts";
import { regionsOf } from "../protocol/release/release.ts";
import { NATION, totalCode } from "../protocol/values/codes.ts";
import { ordinalOf } from "../protocol/values/period.ts";
import { type Cube, contentsOf, finderOf, type StandingRelease } from "./cube.ts";
import { privacyOf } from "./pxweb-dataset.ts";
import { placesIn, type View, type ViewIndicator, viewed } from "./view.ts";

export const viewIndicator = (indicator: Indicator): ViewIndicator => {
  const { id, name, unit, direction, official, sources, target = null, focus, produced } = indicator;
  return {
    id,
    name,
    unit,
    direction,
    official,
    sources,
    target,
    focus: FOCUS_AREAS[focus],
    definition: { sv: definitionOf(indicator, "sv"), en: definitionOf(indicator, "en") },
    produced:
      produced.by === "measure"
        ? { by: produced.by, measure: { kind: produced.measure.kind }, per: produced.per }
        : { by: produced.by },
  };
};

/** A table as pages are sent it: everything that is published of it, and nothing else. */
export function viewOf(cube: Cube, others: readonly string[]): View {
  const { id, indicator, label, dimensions, kind, ordinals, correlations, plan } = cube;
  const { epsilon, delta } = privacyOf(cube);
  const figures: Array<number | null> = [];
  const flags: Record<string, NonNullable<ReturnType<Cube["at"]>["flag"]>> = {};
  const displays: Array<number | null> = [];
  let cell = 0;
  for (const places of placesIn(dimensions)) {
    const { value, se, low, high, flag, display } = cube.at(places);
    figures.push(value, se, low, high);
    displays.push(display);
    if (flag !== null) flags[cell] = flag;
    cell++;
  }
  return {
    id,
    indicator: viewIndicator(indicator),
    label,
    dataset: plan.dataset.title,
    others,
    dimensions,
    kind,
    ordinals,
    correlations,
    epsilon,
    delta,
    releases: cube.releases.map(({ period, standing: { id: release, release: made }, regions }) => ({
      period,
      release,
      query: made.query,
      madeAt: made.madeAt,
      regions,
      missing: made.missing.map(({ region, reason }) => ({ region, late: reason === "no-answer" })),
      charge: made.charge,
      budget: plan.dataset.budget.rhoPerPeriod,
    })),
    figures,
    flags,
    displays: contentsOf(cube).includes("display") ? displays : null,
  };
}

/** How far a rate's limits may be from its count's, as parts of it: rates are rounded, and scaled by a public number. */
const ROUNDED = 1e-3;

/**
 * What of a view is not what a release's own table says, of the periods that the view says are of this release: words
 * for a log, none where all agree. Names, definitions, directions and the population are not of the release.
 */
export function unlikeIn(view: View, standing: StandingRelease): string[] {
  const { plan, release, id } = standing;
  const measure = plan.measures.findIndex((each) => each.measure.id === view.indicator.id);
  const { tables } = plan;
  const periods = new Set(view.releases.flatMap((each) => (each.release === id ? [each.period] : [])));
  if (tables === null || measure < 0 || periods.size === 0) return ["another release"];
  const wrong: string[] = [];
  const { produced } = view.indicator;
  const kind = plan.measures[measure]?.measure.kind;
  if (produced.by !== "measure" || produced.measure?.kind !== kind || plan.where !== null || plan.pool)
    wrong.push("another measure");
  if (produced.per !== undefined && kind !== "count") wrong.push("a rate of what is no number");
  const latest = view.releases.at(-1)?.release === id;
  if (latest && view.kind !== release.release) wrong.push("another release kind");
  for (const each of view.releases.filter((own) => own.release === id)) {
    const missing = release.missing.map(({ region, reason }) => `${region} ${reason === "no-answer"}`).join();
    if (each.regions.join() !== regionsOf(release).join() || each.charge !== release.charge)
      wrong.push(`regions or charge of ${each.period}`);
    if (each.missing.map(({ region, late }) => `${region} ${late}`).join() !== missing)
      wrong.push(`missing regions of ${each.period}`);
  }
  const [regions, times, ...groups] = view.dimensions;
  const codes = (dimension: typeof regions) => dimension?.values.map(({ code }) => code) ?? [];
  const published = codes(times);
  if (regions?.code !== "Region" || times?.code !== "Tid") wrong.push("dimensions");
  if (standing.table.areas.some((area) => !codes(regions).includes(area))) wrong.push("regions left out");
  if (codes(regions).includes(NATION) && codes(regions)[regions?.total ?? -1] !== NATION)
    wrong.push("another nation");
  const ordinals = published.map((period) => ordinalOf(plan.dataset.period, period) ?? -1);
  if (view.ordinals.join() !== ordinals.join()) wrong.push("periods' places in time");
  const columns = groups.map(({ code }) => code);
  for (const { code: column, total, values } of groups) {
    const attribute = tables.attributes.find((each) => each.column === column);
    const whole = attribute?.values.map((value) => value ?? UNKNOWN_CODE) ?? [];
    const said = values.map(({ code }) => code);
    // The codes are the latest release's: an earlier one may be of another version of the dataset.
    const alike = !latest || said.join() === [totalCode(column), ...whole].join();
    if (attribute === undefined || total !== 0 || said[0] !== totalCode(column) || !alike)
      wrong.push(`groups of ${column}`);
    else if (latest && view.correlations[column] !== groupCorrelation(tables, column))
      wrong.push(`correlation of ${column}`);
  }
  if (wrong.length > 0) return wrong;
  const find = finderOf(standing);
  const { at } = viewed(view);
  for (const places of placesIn(view.dimensions)) {
    const [region = "", period = "", ...chosenCodes] = view.dimensions.map(
      ({ values }, own) => values[places[own] ?? 0]?.code ?? "",
    );
    if (!periods.has(period)) continue;
    const chosen = columns.flatMap((column, own) =>
      (places[own + 2] ?? 0) === 0 ? [] : [[column, chosenCodes[own] ?? ""] as const],
    );
    const cell = cellAt(tables, new Map(chosen));
    const is = cell === null ? null : find(region, period, cell.set, cell.cell, measure);
    const said = at(places);
    const same =
      is === null
        ? said.value === null
        : produced.per === undefined
          ? said.value === is.value &&
            said.se === is.se &&
            said.low === is.low &&
            said.high === is.high &&
            said.flag === is.flag
          : said.value === null ||
            (is.value !== null &&
              (is.value === 0 ? said.value === 0 : isScaled(said, is, said.value / is.value)));
    if (!same) wrong.push(`${region} ${period} ${chosenCodes.join(" ")}`);
  }
  return wrong;
}

type Limits = Pick<ReturnType<Cube["at"]>, "low" | "high" | "se">;
const isScaled = (said: Limits, is: Limits, factor: number): boolean =>
  (["low", "high", "se"] as const).every(
    (name) =>
      Math.abs((said[name] ?? 0) - factor * (is[name] ?? 0)) <=
      ROUNDED * Math.abs(factor * (is.se ?? 1)) + 1e-5,
  );
