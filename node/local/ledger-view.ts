/** What a node says of itself to those who run it. */
import { ledgerGroupOf } from "../../protocol/question/catalogue.ts";
import type { Hash } from "../../protocol/values/bytes.ts";
import { checkLedger } from "../answer/ledger.ts";
import type { RunningNode } from "../node.ts";

export type LedgerView = {
  node: string;
  /** The sequence of the first entry that does not recompute; null if all do. */
  broken: number | null;
  head: { sequence: number; hash: Hash };
  accounts: Array<{ group: string; period: string; spent: string; budget: string }>;
};

export async function ledgerView(node: RunningNode): Promise<LedgerView> {
  const { sequence, hash, accounts } = await node.answerer.ledger.head();
  const datasets = [...node.answerer.federation.datasets.values()].map(({ dataset }) => dataset);
  const budgetOf = (group: string) =>
    datasets.find((dataset) => ledgerGroupOf(dataset) === group)?.budget.rhoPerPeriod ?? "0";
  return {
    node: node.config.code,
    broken: await checkLedger(node.store),
    head: { sequence, hash },
    accounts: accounts.map((account) => ({ ...account, budget: budgetOf(account.group) })),
  };
}
