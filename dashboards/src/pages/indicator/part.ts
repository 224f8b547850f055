import { NATION } from "../../../../protocol/values/codes.ts";
import type { Viewed } from "../../../../publication/view.ts";
import type { Chosen, RegionGroup } from "../../figures.ts";
import type { Search } from "../../router.tsx";
import type { Names } from "../../sentences.ts";

/** What each part of the indicator's page is given. */
export type Part = {
  readonly view: Viewed;
  readonly chosen: Chosen;
  readonly names: Names;
  readonly query: URLSearchParams;
  /** The indicator with the groups that are chosen. */
  readonly title: string;
};

/** And where it is of the regions, those by their verdict. */
export type RegionsPart = Part & { readonly groups: readonly RegionGroup[] };

/** What the address of a chart's seal says: the figure that is chosen, its area only where there is one. */
export const sealQuery = ({ view, chosen }: Part, region?: string): Search => ({
  table: view.id,
  period: chosen.period,
  region: region === NATION ? null : region,
  ...chosen.groups,
});
