/** What every page of a desk is given: how the desk stands, and what its address says. */
import type { DeskState } from "../../../protocol/wire/desk.ts";

export type DeskPageProps = { readonly desk: DeskState; readonly query: URLSearchParams };
