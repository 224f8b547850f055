/** What the nodes have said of their ledgers: each one's latest head, as it signed it in a poll. */
import { Poll } from "../../protocol/release/answer.ts";
import { payloadOf } from "../../protocol/signing/envelope.ts";
import type { Budgets } from "../../protocol/wire/routes.ts";
import { type Context, storedEnvelope } from "../context.ts";

/** Each node's latest poll, which says where its ledger stands. */
export async function budgetsOf({ store }: Pick<Context, "store">): Promise<Budgets> {
  const rows = await store.kysely.selectFrom("budget").select(["node", "envelope"]).orderBy("node").execute();
  return rows.map(({ node, envelope }) => {
    const poll = storedEnvelope(envelope);
    return { node, ledger: payloadOf(Poll, poll).ledger, poll };
  });
}
