/**
 * What an import is asked for, what it works with, and what it says of itself: numbers of lines and persons, and why
 * lines were refused, never a value of theirs.
 */
import type { Dataset } from "../../protocol/question/catalogue.ts";
import type { Period } from "../../protocol/values/period.ts";
import type { Fill } from "../random.ts";
import type { NodeStore } from "../store/database.ts";
import type { PersonKeys } from "../store/people.ts";
import type { Listed } from "./listed.ts";
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

/**
 * What may make several persons of one, and how many persons it may concern. mixed-forms: one person written in several
 * ways, made one, though the mapping does not say what its identities are; leading-zeros: a person beside another whose
 * number differs in leading zeros alone; unread-numbers: taken as text, though the digits are a personal number's;
 * whole-numbers: identities stored as numbers, which have no leading zeros.
 */
export type ImportWarning = {
  readonly kind: "mixed-forms" | "leading-zeros" | "unread-numbers" | "whole-numbers";
  readonly persons: number;
};

/** What is so of how many persons, and what to do. */
const WARNINGS = {
  "mixed-forms": [
    "persons written in more than one way, each taken as one",
    "say what identities are: identity in the mapping",
  ],
  "leading-zeros": [
    "persons whose number is another's but for leading zeros, and who may be one with them",
    "mend the file that lost them",
  ],
  "unread-numbers": [
    "persons whose identity has a personal number's digits in a form that is not read, and was taken as text",
    "write it as YYYYMMDD-NNNN, or say identity: text",
  ],
  "whole-numbers": [
    "persons whose identity is stored as a number, without leading zeros",
    "store it as text, or say identity: number",
  ],
} as const satisfies Record<ImportWarning["kind"], readonly [string, string]>;

/** A warning, said to people. */
export const warningText = ({ kind, persons }: ImportWarning): string =>
  `${WARNINGS[kind][0]}: ${persons} (${WARNINGS[kind][1]})`;

export type ImportReport = {
  readonly file: string;
  /**
   * taken: now; known: this very file had been taken before; dry-run: nothing was kept; nothing: no row fitted, so
   * the file is not taken and can come again once it or its mapping is mended.
   */
  readonly outcome: "taken" | "known" | "dry-run" | "nothing";
  /** That fit; those of persons who are not counted among them, or the report would tell of these. */
  readonly rows: number;
  /** Whose the rows are. */
  readonly persons: number;
  readonly rejected: number;
  /** Rows that the mapping's `where` leaves to somebody else. */
  readonly leftOut: number;
  readonly warnings: readonly ImportWarning[];
  /** Where line numbers and reasons stand, if any were rejected. It stays in the region. */
  readonly rejects: string | null;
  /** Periods that questions can be about from now on, and could not before. */
  readonly delivered: readonly Period[];
};

/** A report in a line, and a line for each warning. */
export function reportLines({ file, outcome, ...report }: ImportReport): string[] {
  const { rows, persons, rejected, leftOut, rejects, warnings, delivered } = report;
  const left = leftOut === 0 ? "" : `, ${leftOut} left out by where`;
  const why = rejects === null ? "" : ` (${rejects})`;
  const now = delivered.length === 0 ? "" : `; delivered: ${delivered.join(", ")}`;
  return [
    `${file}: ${outcome}, ${rows} rows in, ${rejected} rejected${left}${why}; ${persons} persons${now}`,
    ...warnings.map((warning) => `${file}: ${warningText(warning)}`),
  ];
}

export type ImportContext = {
  readonly store: NodeStore;
  readonly keys: PersonKeys;
  /** Who is not counted, where anybody is not. */
  readonly listed?: Listed | null;
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
