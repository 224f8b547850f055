/** What the nodes have said of their ledgers: each one's latest head, as it signed it. */
import type { Federation } from "../../protocol/federation/directory.ts";
import { openByNode } from "../../protocol/federation/openers.ts";
import { LedgerHead } from "../../protocol/release/answer.ts";
import { type Envelope, envelopeId, payloadOf } from "../../protocol/signing/envelope.ts";
import type { Hash } from "../../protocol/values/bytes.ts";
import { Refusal } from "../../protocol/values/refusal.ts";
import type { Budgets } from "../../protocol/wire/routes.ts";
import { type Context, storedEnvelope } from "../context.ts";
import type { CoordinatorStore } from "../store/database.ts";
import { once } from "../store/write.ts";

/** Where each node's ledger stands, and the head that says so. */
export async function budgetsOf({ store }: Pick<Context, "store">): Promise<Budgets> {
  const rows = await store.kysely.selectFrom("budget").select(["node", "envelope"]).orderBy("node").execute();
  return rows.map(({ node, envelope }) => {
    const head = storedEnvelope(envelope);
    const { node: _, time: __, ...ledger } = payloadOf(LedgerHead, head);
    return { node, ledger, head };
  });
}

/** Each node's head that is known to be kept, by its id: most polls bring the same. */
const heads = new WeakMap<CoordinatorStore, Map<string, Hash>>();

/** A head that a node brought with its poll: judged before anything is kept, unless it is the one that is kept. */
export function openHead(
  federation: Federation,
  node: string,
  envelope: Envelope,
  store: CoordinatorStore,
): (() => Promise<void>) | null {
  const id = envelopeId(envelope);
  if (heads.get(store)?.get(node) === id) return null;
  const { payload: head } = openByNode(federation, envelope, LedgerHead);
  if (head.node !== node)
    throw new Refusal("key-unknown", "expected the head of the ledger of the node that asks");
  return async () => {
    if ((await keepHead(head, envelope, federation, store)) !== id) return;
    const known = heads.get(store) ?? new Map<string, Hash>();
    heads.set(store, known.set(node, id));
  };
}

/** Gives the id of the head that is kept from now on. */
async function keepHead(
  { node, sequence, time }: LedgerHead,
  envelope: Envelope,
  federation: Federation,
  store: CoordinatorStore,
): Promise<Hash> {
  let id = envelopeId(envelope);
  const kept = { sequence, time, envelope: JSON.stringify(envelope) };
  await once(store, async (database) => {
    id = envelopeId(envelope);
    const latest = await database
      .selectFrom("budget")
      .select(["sequence", "time", "envelope"])
      .where("node", "=", node)
      .executeTakeFirst();
    if (latest === undefined)
      return void (await database
        .insertInto("budget")
        .values({ node, ...kept })
        .execute());
    // Heads are public, and anyone may bring one again: it must not show an older ledger.
    const older = latest.sequence > sequence || (latest.sequence === sequence && latest.time >= time);
    const before = storedEnvelope(latest.envelope);
    if (older && stands(federation, before)) id = envelopeId(before);
    else await database.updateTable("budget").set(kept).where("node", "=", node).execute();
  });
  return id;
}

/** Whether a head is still signed by a key of its node's: a stolen one's, of the highest number, goes when the key does. */
function stands(federation: Federation, head: Envelope): boolean {
  try {
    return openByNode(federation, head, LedgerHead).id !== "";
  } catch (error) {
    if (error instanceof Refusal) return false;
    throw error;
  }
}
