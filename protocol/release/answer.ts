/**
 * What a node sends: its answer, one vector of noisy integers at fixed width; or its refusal; and its polls, with
 * the head of its ledger, so that what remains of every budget is public.
 */
import { z } from "zod";
import type { Plan } from "../plan/plan.ts";
import { AccountName } from "../question/accounts.ts";
import { ofKind } from "../signing/envelope.ts";
import { decodeVector, encodeVector, fromBase64, Hash, toBase64 } from "../values/bytes.ts";
import { Instant, RegionCode } from "../values/names.ts";
import { Period } from "../values/period.ts";
import { RationalText } from "../values/rational.ts";
import { Refusal, RefusalCode } from "../values/refusal.ts";

export const Answer = ofKind(
  "answer",
  z.strictObject({
    query: Hash,
    directory: Hash,
    node: RegionCode,
    /** ρ that each period of the query was charged in this node's ledger. */
    charge: RationalText,
    /** Base64 of 8 bytes an integer: period by period, vector by vector, cell by cell, bin by bin. */
    vector: z.string().max(1_200_000),
  }),
);
export type Answer = z.infer<typeof Answer>;

/** A node's signed no. `charge` is what its ledger keeps all the same: 0 unless it had begun. */
export const RefusalNote = ofKind(
  "refusal",
  z.strictObject({
    query: Hash,
    directory: Hash,
    node: RegionCode,
    code: RefusalCode,
    detail: z.string().max(2000),
    charge: RationalText,
  }),
);
export type RefusalNote = z.infer<typeof RefusalNote>;

export const LedgerHead = z.strictObject({
  sequence: z.int().min(0),
  hash: Hash,
  /** Of a ledger group a period's balance, and of a year's accounts a year's. */
  accounts: z.array(z.strictObject({ group: AccountName, period: Period, spent: RationalText })).max(20_000),
});
export type LedgerHead = z.infer<typeof LedgerHead>;

/** For so long a node asks to be kept waiting while there is nothing: less than the minute after which proxies give up. */
export const WAIT_SECONDS = 50;

/** A poll: a repeatable read of the work after a cursor, signed so that ledger heads cannot be put in a node's mouth. */
export const Poll = ofKind(
  "poll",
  z.strictObject({
    node: RegionCode,
    cursor: z.int().min(0),
    /** Seconds the coordinator may hold the poll open while there is nothing. */
    wait: z.int().min(0).max(60),
    time: Instant,
    ledger: LedgerHead,
  }),
);
export type Poll = z.infer<typeof Poll>;

export const writeVector = (values: readonly bigint[]): string => toBase64(encodeVector(values));

/** The integers of an answer; refuses another number of them than the plan has. */
export function readVector(answer: Answer, plan: Plan): bigint[] {
  const values = decodeVector(fromBase64(answer.vector));
  const expected = plan.length * plan.periods.length;
  if (values.length !== expected) throw new Refusal("answer-unfit", `expected ${expected} integers`);
  return values;
}
