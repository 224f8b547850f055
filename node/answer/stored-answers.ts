/**
 * The shelf of answers: one row a query for ever, made by the reservation, filled once. What has been put there is
 * what leaves the node, then and every time after.
 */
import { Envelope, envelopeId } from "../../protocol/signing/envelope.ts";
import type { Hash } from "../../protocol/values/bytes.ts";
import { parseJson } from "../../protocol/values/json.ts";
import { instant } from "../../protocol/values/names.ts";
import { parseWith } from "../../protocol/values/refusal.ts";
import { transact } from "../../server/database.ts";
import type { NodeLog } from "../log/own-log.ts";
import type { NodeStore } from "../store/database.ts";

export type AnswerShelf = {
  readonly find: (query: Hash) => Promise<Envelope | null>;
  /** Stores the answer unless there is one already; gives the stored one, once it is on disk. */
  readonly keep: (query: Hash, envelope: Envelope) => Promise<Envelope>;
  /** ρ that the query was charged for each period, or null if it never was. */
  readonly charge: (query: Hash) => Promise<string | null>;
};

export function shelfOf(
  store: NodeStore,
  now: () => Date,
  log: Pick<NodeLog, "promise"> | null,
): AnswerShelf {
  const { kysely } = store;
  const row = (query: Hash) =>
    kysely.selectFrom("answer").select(["envelope", "charge"]).where("query", "=", query).executeTakeFirst();
  const find = async (query: Hash) => {
    const text = (await row(query))?.envelope ?? null;
    return text === null ? null : parseWith(Envelope, parseJson(text), "stored answer");
  };
  return {
    find,
    keep: async (query, envelope) => {
      await transact(store, async (database) => {
        const kept = await database
          .updateTable("answer")
          .set({ envelope: JSON.stringify(envelope) })
          .where("query", "=", query)
          .where("envelope", "is", null)
          .executeTakeFirst();
        if (kept.numUpdatedRows > 0n)
          await log?.promise(database, {
            kind: "answer",
            query,
            id: envelopeId(envelope),
            time: instant(now()),
          });
      });
      const kept = await find(query);
      if (kept === null) throw new Error("an answer was computed for a query that has no reservation");
      return kept;
    },
    charge: async (query) => (await row(query))?.charge ?? null,
  };
}
