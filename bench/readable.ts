/** Which of the default calendar's figures can be read, dataset by dataset and table by table; and what a year comes to. */
import { yearOf } from "../protocol/values/period.ts";
import { toNumber } from "../protocol/values/rational.ts";
import { plansOf, type Readable, readableIn, shareOf } from "../test/support/readable.ts";
import { report } from "./report.ts";

export async function readable(): Promise<void> {
  const plans = plansOf();
  const all = readableIn(plans);
  const told = (name: string, of: readonly Readable[]) =>
    report({
      name: `readable/${name}`,
      value: 100 * shareOf(of),
      unit: "%",
      figures: of.reduce((sum, { figures }) => sum + figures, 0),
    });
  for (const regions of [true, false]) {
    const own = all.filter((each) => each.regions === regions);
    const whose = regions ? "regions" : "nation";
    told(whose, own);
    for (const dataset of new Set(own.map((each) => each.dataset))) {
      const within = own.filter((each) => each.dataset === dataset);
      told(`${whose}/${dataset}`, within);
      for (const table of new Set(within.map((each) => each.table)))
        told(
          `${whose}/${dataset}/${table}`,
          within.filter((each) => each.table === table),
        );
    }
  }
  const years = new Map<string, number>();
  for (const { periods, charge } of plans)
    for (const year of periods.map(yearOf)) years.set(year, (years.get(year) ?? 0) + toNumber(charge));
  for (const [year, value] of [...years].sort()) report({ name: `readable/year-${year}`, value, unit: "ρ" });
}
