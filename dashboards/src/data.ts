/** What is published, fetched as static files and kept while the page is open. */
import { useEffect, useState } from "preact/hooks";
import type { Labels } from "../../protocol/values/text.ts";
import type { ShownAttacks } from "../../publication/attacks.ts";
import type { Overview } from "../../publication/overview.ts";
import { type View, type Viewed, viewed } from "../../publication/view.ts";
import type { RegionYears } from "../../publication/year.ts";

export type Loading<T> =
  | { readonly state: "loading" | "slow" }
  | { readonly state: "failed"; readonly missing: boolean }
  | { readonly state: "ready"; readonly value: T };

class Missing extends Error {}

const known = new Map<string, Promise<unknown>>();

async function read(path: string): Promise<unknown> {
  const answer = await fetch(path);
  if (answer.status === 404) throw new Missing(path);
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return await answer.json();
}

function fetched<T>(path: string, made: (value: unknown) => T): Promise<T> {
  const promise = known.get(path) ?? read(path).then(made);
  known.set(path, promise);
  promise.catch(() => known.delete(path));
  return promise as Promise<T>;
}

// Written by the same version of the same program, and served from the same origin as this script.
export const overview = (): Promise<Overview> =>
  fetched("/pages/overview.json", (value) => value as Overview);
/** What each region has said of people's years, as of now. */
export const years = (): Promise<readonly RegionYears[]> =>
  fetched("/pages/years.json", (value) => value as readonly RegionYears[]);
/** What somebody may try, and the tests that show what keeps it out. */
export const attacks = (): Promise<ShownAttacks> =>
  fetched("/pages/attacks.json", (value) => value as ShownAttacks);
export const rawTable = (id: string): Promise<View> =>
  fetched(`/pages/tables/${encodeURIComponent(id)}.json`, (value) => value as View);
export const table = async (id: string): Promise<Viewed> => viewed(await rawTable(id));

/** After this long the page says what it waits for. */
const SLOW_MS = 8000;

/** The value of a promise that is asked for again whenever `key` changes. */
export function useLoaded<T>(key: string | null, load: () => Promise<T>): Loading<T> {
  const [state, set] = useState<Loading<T> & { readonly key?: string | null }>({ state: "loading" });
  useEffect(() => {
    if (key === null) return;
    let current = true;
    const slow = setTimeout(() => current && set({ state: "slow" }), SLOW_MS);
    load()
      .then(
        (value) => current && set({ state: "ready", value, key }),
        (error: unknown) => current && set({ state: "failed", missing: error instanceof Missing, key }),
      )
      .finally(() => clearTimeout(slow));
    return () => {
      current = false;
      clearTimeout(slow);
    };
  }, [key]);
  return "key" in state && state.key !== key ? { state: "loading" } : state;
}

export const useOverview = (): Loading<Overview> => useLoaded("overview", overview);

const NO_LABELS: Labels = {};

/** Names of columns' codes, by column; none until they are here, or where they are not to be had. */
export function useLabels(): Labels {
  const loaded = useLoaded("labels", () => fetched("/pages/labels.json", (value) => value as Labels));
  return loaded.state === "ready" ? loaded.value : NO_LABELS;
}

export const useTable = (id: string | null): Loading<Viewed> => useLoaded(id, () => table(id ?? ""));
