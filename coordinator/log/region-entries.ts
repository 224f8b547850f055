/** A region's own log as it comes in: entries and the checkpoint they lead to; and what the world is shown of a log. */
import type { Federation } from "../../protocol/federation/directory.ts";
import { openCheckpoint } from "../../protocol/log/checkpoint.ts";
import { extend, rootOfFrontier } from "../../protocol/log/frontier.ts";
import { readNodeLeaf } from "../../protocol/log/leaf.ts";
import { formatNote } from "../../protocol/log/note.ts";
import { logKeyOf } from "../../protocol/log/quorum.ts";
import type { Push } from "../../protocol/log/witness-messages.ts";
import { fromBase64, fromUtf8, toHex, utf8 } from "../../protocol/values/bytes.ts";
import { Refusal } from "../../protocol/values/refusal.ts";
import { type Batch, headOf, keepSigned } from "../../server/log-tables.ts";
import type { CoordinatorStore } from "../store/database.ts";
import { together } from "../store/write.ts";

/**
 * Stores entries of a region's own log; gives the size they lead to, and what was added, null where it was there before.
 * Refuses what does not add to what is kept, or is not what the region signed for.
 */
export async function takePush(
  { node, from, entries: texts, checkpoint: given }: Push,
  federation: Federation,
  store: CoordinatorStore,
  count: () => void,
): Promise<{ readonly size: number; readonly batch: Batch | null }> {
  const key = logKeyOf(federation, node);
  const { checkpoint, note } = openCheckpoint(utf8(given), key, federation.verify);
  // The region's own signature and no other line: what it says of others' keys would be kept with it.
  const signatures = note.signatures.filter(({ name, id }) => name === key.name && id === key.id);
  const text = fromUtf8(formatNote({ text: note.text, signatures }));
  const added: Batch[] = [];
  await together(store, async (database) => {
    added.length = 0;
    const { frontier } = await headOf(database, node);
    if (frontier.size !== from && frontier.size === checkpoint.size) return; // Seen before.
    if (frontier.size !== from)
      throw new Refusal("log-unfit", `expected entries from ${frontier.size}; they begin at ${from}`);
    const entries = texts.map(fromBase64);
    const next = extend(frontier, entries);
    if (next.size !== checkpoint.size || toHex(rootOfFrontier(next)) !== toHex(checkpoint.root))
      throw new Refusal("proof-invalid", "expected entries that lead to the checkpoint's root");
    // Not before: its checkpoints are public, and anyone may bring other entries with one.
    for (const entry of entries) readNodeLeaf(entry);
    if (entries.length === 0) return;
    count();
    const batch = { from, entries, head: { frontier: next, checkpoint: text } };
    await keepSigned(database, node, batch);
    added.push(batch);
  });
  return { size: checkpoint.size, batch: added[0] ?? null };
}

/** From now on the world is shown this checkpoint of a log; gives the size of the one before. Never a smaller one. */
export async function publish(
  database: CoordinatorStore["kysely"],
  log: string,
  shown: { readonly size: number; readonly checkpoint: string },
): Promise<number> {
  const row = await database.selectFrom("published").select("size").where("log", "=", log).executeTakeFirst();
  if (row === undefined)
    await database
      .insertInto("published")
      .values({ log, ...shown })
      .execute();
  else if (row.size > shown.size)
    throw new Refusal("unavailable", "expected to be the log's one writer; another has published more");
  else await database.updateTable("published").set(shown).where("log", "=", log).execute();
  return row?.size ?? 0;
}
