/**
 * What an import is asked for, what it works with, and what it says of itself: numbers of lines and why they were
 * refused, never a value of theirs.
 */
import type { Dataset } from "../../protocol/question/catalogue.ts";
import type { Period } from "../../protocol/values/period.ts";
import type { Fill } from "../random.ts";
import type { NodeStore } from "../store/database.ts";
import type { PersonKeys } from "../store/people.ts";
import type { Mapping } from "./mapping.ts";

export type ImportRequest = {
  readonly dataset: Dataset;
  readonly mapping: Mapping;
  readonly path: string;
  readonly dryRun: boolean;
  /** Take a file that was taken before once more, in place of what came of it then: for a mended mapping. */
  readonly replace?: boolean;
  /** The periods that are delivered with it, as `2026K1` or `2025K3..2026K2`; unless said, those that its rows fall in. */
  readonly covers?: string | undefined;
};

export type ImportReport = {
  readonly file: string;
  /**
   * taken: now; known: this very file had been taken before; dry-run: nothing was kept; nothing: no row fitted, so
   * the file is not taken and can come again once it or its mapping is mended.
   */
  readonly outcome: "taken" | "known" | "dry-run" | "nothing";
  readonly rows: number;
  readonly rejected: number;
  /** Where line numbers and reasons stand, if any were rejected. It stays in the region. */
  readonly rejects: string | null;
  /** Periods that questions can be about from now on, and could not before. */
  readonly delivered: readonly Period[];
};

export type ImportContext = {
  readonly store: NodeStore;
  readonly keys: PersonKeys;
  /** The node's folder: cleaned copies and reject files go here. */
  readonly data: string;
  readonly threads: number;
  readonly now: () => Date;
  readonly random: Fill;
  readonly onProgress: (progress: ImportProgress) => void;
};

export type ImportProgress = {
  readonly step: "reading" | "translating" | "weighing";
  readonly done: number;
  readonly of: number;
};
