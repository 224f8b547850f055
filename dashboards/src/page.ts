/** What every page is given: the overview, and what its address says. */
import type { Overview } from "../../publication/overview.ts";

export type PageProps = { readonly overview: Overview; readonly id: string; readonly query: URLSearchParams };
