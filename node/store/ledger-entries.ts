/** The ledger's hash chain: each entry names the hash of the one before, so that none can be changed or left out. */
import { type Hash, hashOf, utf8 } from "../../protocol/values/bytes.ts";

/** Append only; `spent` is the account's balance after the entry. */
export type LedgerEntry = {
  sequence: number;
  query: string;
  /** The account: a ledger group's, or one of a year's. */
  ledger_group: string;
  period: string;
  charge: string;
  spent: string;
  made: string;
  hash: string;
};

/** Where a chain stands. */
export type LedgerEnd = Pick<LedgerEntry, "sequence" | "hash">;

export const LEDGER_START: { readonly sequence: number; readonly hash: Hash } = {
  sequence: 0,
  hash: hashOf(utf8("brus ledger")),
};

/** Entries after where a chain stands, in this order. The fields are hashed in the order in which they are named here. */
export function chained(
  end: LedgerEnd,
  bodies: ReadonlyArray<Omit<LedgerEntry, "sequence" | "hash">>,
): LedgerEntry[] {
  let { sequence, hash } = end;
  return bodies.map(({ query, ledger_group, period, charge, spent, made }) => {
    const entry = { sequence: ++sequence, query, ledger_group, period, charge, spent, made };
    hash = hashOf(utf8(`${hash}\n${JSON.stringify(entry)}`));
    return { ...entry, hash };
  });
}
