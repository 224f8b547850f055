import type { Viewed } from "../../../../publication/view.ts";
import type { Chosen } from "../../figures.ts";
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
