/** Where the regions' ledgers stand, read from what each region signed. */
import type { Federation } from "../federation/directory.ts";
import { openByNode } from "../federation/openers.ts";
import { LedgerHead, type LedgerState } from "../release/answer.ts";
import { Refusal } from "../values/refusal.ts";
import type { Budgets } from "./routes.ts";

export type Ledgers = ReadonlyArray<{ readonly node: string; readonly ledger: LedgerState }>;

/** Of each region whose head is its own; what the coordinator says beside it is not read. */
export const ledgersIn = (federation: Federation, budgets: Budgets): Ledgers =>
  budgets.flatMap(({ node, head }) => {
    try {
      const { node: own, time: _, ...ledger } = openByNode(federation, head, LedgerHead).payload;
      return own === node ? [{ node, ledger }] : [];
    } catch (error) {
      if (error instanceof Refusal) return []; // By a key that is the region's no more: it has yet to say it anew.
      throw error;
    }
  });
