/** Makes the views of published tables, which pages are sent; and holds a view to the release it says it is of. */
import { UNKNOWN_CODE } from "../protocol/plan/cells.ts";
import { groupCorrelation } from "../protocol/plan/tables.ts";
import { definitionOf, FOCUS_AREAS, type Indicator } from "../protocol/question/indicator.ts";
import type { Measure } from "../protocol/question/query.ts";
import { regionsOf } from "../protocol/release/release.ts";
import { NATION, totalCode } from "../protocol/values/codes.ts";
import { ordinalOf } from "../protocol/values/period.ts";
import { type Cube, type CubeDimension, contentsOf, dimensionsOf, everyAt } from "./cube.ts";
import type { CubeFigure } from "./figure.ts";
import { privacyIn } from "./footnotes.ts";
import { whyMissing } from "./missing.ts";
import { finderOf, isTabled, type StandingRelease, type TabledPlan } from "./standing-release.ts";
import { type View, type ViewIndicator, type ViewRelease, viewed } from "./view.ts";

export const viewIndicator = (indicator: Indicator): ViewIndicator => {
  const {
    id,
    name,
    unit,
    direction,
    official,
    sources,
    target = null,
    subject = null,
    focus,
    produced,
  } = indicator;
  return {
    id,
    name,
    unit,
    direction,
    official,
    sources,
    target,
    subject,
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
  const { id, indicator, label, regions, periods, columns, kind, ordinals, correlations, plan } = cube;
  const { epsilon, delta } = privacyIn(cube);
  const figures: Array<number | null> = [];
  const flags: Record<string, NonNullable<CubeFigure["flag"]>> = {};
  const displays: Array<number | null> = [];
  for (const at of everyAt(cube)) {
    const { value, se, low, high, flag, display } = cube.at(at);
    if (flag !== null) flags[displays.length] = flag;
    figures.push(value, se, low, high);
    displays.push(display);
  }
  return {
    id,
    indicator: viewIndicator(indicator),
    label,
    dataset: plan.dataset.title,
    others,
    regions,
    periods,
    columns,
    kind,
    ordinals,
    correlations,
    epsilon,
    delta,
    releases: cube.releases.map(({ period, standing: { id: release, release: made }, regions: within }) => ({
      period,
      release,
      query: made.query,
      madeAt: made.madeAt,
      regions: within,
      missing: made.missing.map((each) => ({ region: each.region, why: whyMissing(each) })),
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
  const { plan, id } = standing;
  const measure = plan.measures.find((each) => each.measure.id === view.indicator.id)?.measure;
  const own = view.releases.filter((each) => each.release === id);
  if (!isTabled(plan) || measure === undefined || own.length === 0) return ["another release"];
  const wrong = [
    ...unlikeMeasure(view, standing, measure.kind),
    ...own.flatMap((each) => unlikeRelease(each, standing)),
    ...unlikeDimensions(view, standing),
    ...view.columns.flatMap((column) => unlikeColumn(column, view, { ...standing, plan })),
  ];
  return wrong.length > 0 ? wrong : unlikeFigures(view, standing, new Set(own.map(({ period }) => period)));
}

const isLatest = ({ releases }: View, { id }: StandingRelease): boolean => releases.at(-1)?.release === id;

function unlikeMeasure(view: View, standing: StandingRelease, kind: Measure["kind"]): string[] {
  const { plan, release } = standing;
  const { produced } = view.indicator;
  const measured = produced.by === "measure" && produced.measure?.kind === kind;
  return [
    ...(measured && plan.where === null && !plan.pool ? [] : ["another measure"]),
    ...(produced.per !== undefined && kind !== "count" ? ["a rate of what is no number"] : []),
    ...(isLatest(view, standing) && view.kind !== release.release ? ["another release kind"] : []),
  ];
}

function unlikeRelease(said: ViewRelease, { release }: StandingRelease): string[] {
  const listed = (missing: ViewRelease["missing"]) =>
    missing.map(({ region, why }) => `${region} ${why}`).join();
  const missing = release.missing.map((each) => ({ region: each.region, why: whyMissing(each) }));
  const alike = said.regions.join() === regionsOf(release).join() && said.charge === release.charge;
  return [
    ...(alike ? [] : [`regions or charge of ${said.period}`]),
    ...(listed(said.missing) === listed(missing) ? [] : [`missing regions of ${said.period}`]),
  ];
}

const codesOf = ({ values }: CubeDimension): string[] => values.map(({ code }) => code);

function unlikeDimensions(view: View, { plan, table }: StandingRelease): string[] {
  const { regions, periods } = view;
  const [areas, published] = [codesOf(regions), codesOf(periods)];
  const named = regions.code === "Region" && periods.code === "Tid" && periods.total === null;
  const ordinals = published.map((period) => ordinalOf(plan.dataset.period, period) ?? -1);
  // A figure is found by its codes: what stands twice is never looked at the second time.
  const once =
    new Set(view.columns.map(({ code }) => code)).size === view.columns.length &&
    dimensionsOf(view).every((each) => new Set(codesOf(each)).size === each.values.length);
  return [
    ...(named && once ? [] : ["dimensions"]),
    ...(table.areas.every((area) => areas.includes(area)) ? [] : ["regions left out"]),
    ...(regions.total === NATION ? [] : ["another nation"]),
    ...(view.ordinals.join() === ordinals.join() ? [] : ["periods' places in time"]),
  ];
}

function unlikeColumn(
  { code: column, total, values }: CubeDimension,
  view: View,
  standing: StandingRelease & { readonly plan: TabledPlan },
): string[] {
  const { tables } = standing.plan;
  const latest = isLatest(view, standing);
  const attribute = tables.attributes.find((each) => each.column === column);
  const whole = attribute?.values.map((value) => value ?? UNKNOWN_CODE) ?? [];
  const said = values.map(({ code }) => code);
  // The codes are the latest release's: an earlier one may be of another version of the dataset.
  const alike = !latest || said.join() === [totalCode(column), ...whole].join();
  if (attribute === undefined || total !== totalCode(column) || said[0] !== total || !alike)
    return [`groups of ${column}`];
  const correlated = !latest || view.correlations[column] === groupCorrelation(tables, column);
  return correlated ? [] : [`correlation of ${column}`];
}

function unlikeFigures(view: View, standing: StandingRelease, periods: ReadonlySet<string>): string[] {
  const find = finderOf(standing);
  const { at } = viewed(view);
  const { id, produced } = view.indicator;
  const wrong: string[] = [];
  for (const where of everyAt(view)) {
    if (!periods.has(where.period)) continue;
    const [is, said] = [find(where, id), at(where)];
    const alike = produced.per === undefined ? isSame(said, is) : isRate(said, is);
    if (!alike) wrong.push(`${where.region} ${where.period} ${Object.values(where.groups ?? {}).join(" ")}`);
  }
  return wrong;
}

/** The very figure; and missing, where it is missing, in the same way. */
const isSame = (said: CubeFigure, is: CubeFigure): boolean =>
  said.value === is.value &&
  said.se === is.se &&
  said.low === is.low &&
  said.high === is.high &&
  said.flag === is.flag;

function isRate(said: CubeFigure, is: CubeFigure): boolean {
  if (said.value === null) return true;
  if (is.value === null) return false;
  return is.value === 0 ? said.value === 0 : isScaled(said, is, said.value / is.value);
}

const isScaled = (said: CubeFigure, is: CubeFigure, factor: number): boolean =>
  (["low", "high", "se"] as const).every(
    (name) =>
      Math.abs((said[name] ?? 0) - factor * (is[name] ?? 0)) <=
      ROUNDED * Math.abs(factor * (is.se ?? 1)) + 1e-5,
  );
