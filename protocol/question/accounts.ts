/**
 * What accounts are called: a ledger group's, by its name, and those of a calendar year, over all datasets. Names
 * alone; what a query is booked on, and how far, is said in `protocol/federation/accounts.ts`.
 */
import { z } from "zod";
import { DatasetName } from "./catalogue.ts";

/** Parts of a year that nothing else may take: what a calendar releases, what is said of units, and other questions. */
export const COMPARTMENTS = ["calendar", "units", "questions"] as const;
export type Compartment = (typeof COMPARTMENTS)[number];

/** All that is released from one person's rows of a calendar year. No dataset can be called so: names have no colon. */
export const YEAR_TOTAL = "year: total";
/** One compartment of it. */
export const compartmentAccount = (compartment: Compartment): string => `year: ${compartment}`;
/** Of its questions, one person's. */
export const requesterAccount = (requester: string): string => `year: requester ${requester}`;

const YearAccount = z
  .string()
  .regex(
    /^year: (total|calendar|units|questions|requester [a-z0-9][a-z0-9-]{0,47})$/,
    "expected an account of a year",
  );

export const AccountName = z.union([DatasetName, YearAccount]);

export const isYearAccount = (account: string): boolean => YearAccount.safeParse(account).success;
