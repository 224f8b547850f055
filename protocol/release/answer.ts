/**
 * What a node sends: its answer, one vector of noisy integers at fixed width; or its refusal; its polls, and beside them
 * the head of its ledger, so that what remains of every budget is public.
 */
import { z } from "zod";
import type { Plan } from "../plan/plan.ts";
import { AccountName } from "../question/accounts.ts";
import { Envelope, ofKind } from "../signing/envelope.ts";
import { decodeVector, encodeVector, fromBase64, Hash, toBase64 } from "../values/bytes.ts";
import { Instant, Nonce, RegionCode } from "../values/names.ts";
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

const LEDGER = {
  sequence: z.int().min(0),
  hash: Hash,
  /** Of a ledger group a period's balance, and of a year's accounts a year's. */
  accounts: z.array(z.strictObject({ group: AccountName, period: Period, spent: RationalText })).max(20_000),
};

/** Where a node's ledger stands: its latest entry, and what each account comes to. */
export const LedgerState = z.strictObject(LEDGER);
export type LedgerState = z.infer<typeof LedgerState>;

/** The same, as a node says it to everyone: a document of its own, published as it was signed. */
export const LedgerHead = ofKind(
  "ledger-head",
  z.strictObject({ node: RegionCode, time: Instant, ...LEDGER }),
);
export type LedgerHead = z.infer<typeof LedgerHead>;

/** For so long a node asks to be kept waiting while there is nothing: less than the minute after which proxies give up. */
export const WAIT_SECONDS = 50;

/**
 * A poll: asks for the work after a cursor, in a node's name. It is answered once, and shown to nobody: whoever had it
 * could else ask in the node's place, and be given the shares that are encrypted for it.
 */
export const Poll = ofKind(
  "poll",
  z.strictObject({
    node: RegionCode,
    cursor: z.int().min(0),
    /** Seconds the coordinator may hold the poll open while there is nothing. */
    wait: z.int().min(0).max(60),
    /** Never earlier than of the poll before. */
    time: Instant,
    /** 16 random bytes, in hexadecimal: two polls of one second are two documents. Left out by programs from before. */
    nonce: Nonce.optional(),
    /** By programs from before, which brought no head beside it; not read. */
    ledger: LedgerState.optional(),
  }),
);
export type Poll = z.infer<typeof Poll>;

/** A poll as it is handed in: with the head of the node's ledger. By programs from before, the poll alone. */
export const PolledWith = z.union([Envelope, z.strictObject({ poll: Envelope, head: Envelope })]);
export type PolledWith = z.infer<typeof PolledWith>;

export const writeVector = (values: readonly bigint[]): string => toBase64(encodeVector(values));

/** The integers of an answer; refuses another number of them than the plan has. */
export function readVector(answer: Answer, plan: Plan): bigint[] {
  const values = decodeVector(fromBase64(answer.vector));
  const expected = plan.length * plan.periods.length;
  if (values.length !== expected) throw new Refusal("answer-unfit", `expected ${expected} integers`);
  return values;
}
