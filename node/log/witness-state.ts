/** What a witness keeps: what it has cosigned of each log, and how much of its own has come into the coordinator's. */

import { EMPTY, type Frontier } from "../../protocol/log/frontier.ts";
import { fromHex, toHex } from "../../protocol/values/bytes.ts";
import type { NodeStore } from "../store/database.ts";

export type Seen = { readonly size: number; readonly root: string };

/** What this witness has cosigned, and what it has read. */
export type WitnessState = {
  /** Of each log, the largest tree it has cosigned: size, and root in hexadecimal. */
  readonly logs: Readonly<Record<string, Seen>>;
  /** Of the coordinator's log, as far as the tree it has cosigned. */
  readonly frontier: Frontier;
  readonly own: Own;
};

/** How much of this node's own log stands in the coordinator's, and since when so much of it does not. */
export type Own = {
  readonly logged: number;
  readonly missing: { readonly size: number; readonly since: string } | null;
};

const START: WitnessState = { logs: {}, frontier: EMPTY, own: { logged: 0, missing: null } };

/** What is missing is so until all of it that was there then has come. */
export function markOwn(own: Own, size: number, now: Date): Own {
  const { logged, missing } = own;
  if (missing !== null && logged < missing.size) return own;
  if (logged >= size) return missing === null ? own : { logged, missing: null };
  return { logged, missing: { size, since: now.toISOString() } };
}

export async function readState({ kysely }: NodeStore): Promise<WitnessState> {
  const row = await kysely.selectFrom("witness").select("state").where("id", "=", 1).executeTakeFirst();
  if (row === undefined) return START;
  // Our own text.
  const { logs, frontier, own } = JSON.parse(row.state) as {
    logs: WitnessState["logs"];
    frontier: { size: number; roots: string[] };
    own: { logged: number; missing?: Own["missing"] };
  };
  return {
    logs,
    own: { missing: null, ...own },
    frontier: { size: frontier.size, roots: frontier.roots.map(fromHex) },
  };
}

export async function writeState(
  kysely: NodeStore["kysely"],
  { logs, frontier, own }: WitnessState,
): Promise<void> {
  const state = JSON.stringify({
    logs,
    own,
    frontier: { size: frontier.size, roots: frontier.roots.map(toHex) },
  });
  const updated = await kysely.updateTable("witness").set({ state }).where("id", "=", 1).executeTakeFirst();
  if (updated.numUpdatedRows === 0n) await kysely.insertInto("witness").values({ id: 1, state }).execute();
}
