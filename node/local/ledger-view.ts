/** What a node says of itself to those who run it. */
import { ceilingsOf } from "../../protocol/federation/accounts.ts";
import { type Meaning, meaningOf } from "../../protocol/privacy/meaning.ts";
import { YEAR_TOTAL } from "../../protocol/question/accounts.ts";
import type { Hash } from "../../protocol/values/bytes.ts";
import { format, parseRational } from "../../protocol/values/rational.ts";
import { checkLedger } from "../answer/ledger.ts";
import type { RunningNode } from "../node.ts";

export type LedgerView = {
  node: string;
  /** The sequence of the first entry that does not recompute; null if all do. */
  broken: number | null;
  head: { sequence: number; hash: Hash };
  accounts: Array<{ group: string; period: string; spent: string; budget: string }>;
  /** What all of a person's year comes to, and the most that it may. */
  years: Array<{ year: string; spent: Meaning; ceiling: Meaning }>;
};

export async function ledgerView(node: RunningNode): Promise<LedgerView> {
  const { sequence, hash, accounts } = await node.answerer.ledger.head();
  const ceilings = ceilingsOf(node.answerer.federation);
  return {
    node: node.config.code,
    broken: await checkLedger(node.store),
    head: { sequence, hash },
    accounts: accounts.map((account) => ({ ...account, budget: format(ceilings(account.group)) })),
    years: accounts
      .filter(({ group }) => group === YEAR_TOTAL)
      .map(({ period, spent }) => ({
        year: period,
        spent: meaningOf(parseRational(spent)),
        ceiling: meaningOf(ceilings(YEAR_TOTAL)),
      })),
  };
}
