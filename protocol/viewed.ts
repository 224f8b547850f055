/** Makes the views of published tables, which pages are sent. */
import { type Cube, contentsOf } from "./cube.ts";
import { definitionOf, FOCUS_AREAS, type Indicator } from "./indicator.ts";
import { privacyOf } from "./published.ts";
import { placesIn, type View, type ViewIndicator } from "./view.ts";

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
