/** The seal beside a figure: what this browser has itself checked of the release it comes from, and the way to the proof. */
import { useEffect, useState } from "preact/hooks";
import { SealMark, type SealState } from "../charts/marks.tsx";
import { clock, useLanguage } from "../language.ts";
import { Link, type Search } from "../router.tsx";

export type Checked = { readonly state: SealState; readonly at: number };

/** By release and table, while the page is open: nothing is remembered that was not checked here and now. */
const checked = new Map<string, Checked>();
const listeners = new Set<() => void>();

export function remember(release: string, table: string, state: SealState, at: number): void {
  checked.set(`${release} ${table}`, { state, at });
  for (const listener of listeners) listener();
}

export function useChecked(name: string): Checked {
  const [, redraw] = useState(0);
  useEffect(() => {
    const listener = () => redraw((count) => count + 1);
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }, []);
  return checked.get(name) ?? { state: "unchecked", at: 0 };
}

export const SEAL_WORDS = {
  sv: { unchecked: "Pröva", checked: "Prövat här", digest: "Mot avtryck", broken: "Sigillet är brutet" },
  en: { unchecked: "Check", checked: "Checked here", digest: "By digest", broken: "The seal is broken" },
};

/** `what` names the figure for those who cannot see where the seal stands. */
export function Seal({
  release,
  table = null,
  query,
  what,
  bare = false,
}: {
  readonly release: string;
  /** The table that the figure is shown from, all of which was checked; null where it is from an overview, which was not. */
  readonly table?: string | null;
  readonly query: Search;
  readonly what: string;
  readonly bare?: boolean;
}) {
  const language = useLanguage();
  const { state, at } = useChecked(table === null ? "" : `${release} ${table}`);
  const word = `${SEAL_WORDS[language][state]}${state === "checked" || state === "digest" ? ` ${clock(at, language)}` : ""}`;
  const tone = state === "checked" ? "" : state === "broken" ? "bad" : "un";
  return (
    <Link to="seal" query={{ ...query, release }} class={`seal ${tone}`} label={`${word}: ${what}`}>
      <SealMark state={state} />
      {bare ? null : <span>{word}</span>}
    </Link>
  );
}
