/** That one document stands in the coordinator's log, for whoever handed it in and will not take the coordinator's word. */
import type { Hash } from "../../protocol/values/bytes.ts";
import { Refusal } from "../../protocol/values/refusal.ts";
import type { Context } from "../context.ts";
import { withHindrances } from "../query/hindrances.ts";
import type { Logs } from "./logs.ts";
import { isPublic } from "./public.ts";

/**
 * A text in the form tlog-proof (`protocol/log/receipt.ts`). Refuses (`proof-pending`) what no quorum has cosigned yet, and
 * says where too few regions witness; and (`not-found`) what is no document of the log.
 */
export async function proofOf(id: Hash, logs: Logs, context: Context): Promise<string> {
  const place = await placeOf(id, context);
  if (place === null) throw new Refusal("not-found", "expected the id of a document in the log");
  if (!isPublic(place, context))
    throw new Refusal(
      "proof-pending",
      withHindrances(`expected a log that a quorum has cosigned as far as entry ${place}`, [], context),
    );
  return logs.receipt(place);
}

async function placeOf(id: Hash, { federation, store }: Context): Promise<number | null> {
  if (id === federation().first) return 0;
  const { kysely } = store;
  const row = await kysely.selectFrom("placed").select("place").where("id", "=", id).executeTakeFirst();
  return row?.place ?? null;
}
