/** What a region's own page is told by its node: the region's own decisions and balances, and nothing of a person. */
import type { Meaning } from "../privacy/meaning.ts";
import type { Hash } from "../values/bytes.ts";

export type ConsoleQuestion = {
  readonly query: Hash;
  /** What it asks, from the signed document; null where that is not to be had just now. */
  readonly title: string | null;
  readonly words: Readonly<Record<"sv" | "en", string>> | null;
  readonly requester: string | null;
  readonly state: "charged" | "answered" | "masked" | "refused";
  /** ρ for each period; null where nothing was charged. */
  readonly charge: string | null;
  readonly periods: readonly string[];
  readonly time: string;
  /** Why it was refused, as a code of the closed set. */
  readonly code: string | null;
};

export type ConsoleState = {
  readonly code: string;
  readonly name: string;
  readonly directory1: Hash;
  readonly version: number;
  readonly coordinator: string;
  readonly ledger: {
    /** The sequence of the first entry that does not recompute; null if all do. */
    readonly broken: number | null;
    readonly sequence: number;
    readonly hash: Hash;
    readonly accounts: ReadonlyArray<{
      readonly group: string;
      readonly period: string;
      readonly spent: string;
      readonly budget: string;
    }>;
    /** What all of a person's year comes to, and the most that it may. */
    readonly years: ReadonlyArray<{
      readonly year: string;
      readonly spent: Meaning;
      readonly ceiling: Meaning;
    }>;
  };
  /** Newest first. */
  readonly questions: readonly ConsoleQuestion[];
  /** Files taken in, by hash; and how many rows of files were rejected, with the file on this machine that says why. */
  readonly imports: ReadonlyArray<{
    readonly dataset: string;
    readonly hash: string;
    readonly taken: string;
  }>;
  readonly rejects: ReadonlyArray<{ readonly file: string; readonly rows: number }>;
  /** Null where the region has set no policy, and so answers nothing. */
  readonly policy: {
    readonly mayAsk: "researchers" | readonly string[];
    readonly datasets: "all" | readonly string[];
    readonly approvals: ReadonlyArray<{
      readonly dataset: string;
      readonly role: string;
      readonly persons: number;
    }>;
    readonly rhoPerPeriod: string | null;
    readonly rhoPerYear: string | null;
    readonly rhoPerQuery: string | null;
    readonly withheld: ReadonlyArray<{ readonly dataset: string; readonly column: string }>;
  } | null;
  readonly log: {
    readonly size: number;
    /** Of the checkpoint that the world is shown; null where there is none yet, or it is not to be had. */
    readonly shown: {
      readonly size: number;
      readonly cosigned: number;
      readonly least: number;
      readonly asOf: number | null;
    } | null;
  };
};
