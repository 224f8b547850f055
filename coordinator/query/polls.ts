/**
 * Polls: a node asks for work in its own name, once with each. What it is given holds shares that are encrypted for it;
 * whoever has copied a poll that was answered, or held one back, is given nothing.
 */
import { openByNode } from "../../protocol/federation/openers.ts";
import { Poll, type PolledWith } from "../../protocol/release/answer.ts";
import type { Hash } from "../../protocol/values/bytes.ts";
import { Refusal } from "../../protocol/values/refusal.ts";
import type { Context } from "../context.ts";
import type { CoordinatorStore } from "../store/database.ts";
import { together } from "../store/write.ts";
import { openHead } from "./budgets.ts";
import { checkClock } from "./intake.ts";

/** A poll, judged and spent; the ledger's head that came with it is kept as the node's latest. */
export async function takePoll(given: PolledWith, context: Context): Promise<Poll> {
  const { federation, store } = context;
  const { poll: envelope, head } = "poll" in given ? given : { poll: given, head: null };
  const { id, payload: poll } = openByNode(federation(), envelope, Poll);
  checkClock(poll, context);
  const keep = head === null ? null : openHead(federation(), poll.node, head, store);
  await spend(id, poll, store);
  await keep?.();
  return poll;
}

/** Polls of one node and second that are known apart: one that asks more often waits for the next. */
const MOST = 256;

/**
 * On disk before anything is given, so that no restart forgets it. A node's polls are never older than those before, so
 * that one row a node holds all that were spent: those of its latest second by name, and all of earlier ones.
 */
async function spend(id: Hash, { node, time }: Poll, store: CoordinatorStore): Promise<void> {
  await together(store, async (database) => {
    const latest = await database
      .selectFrom("poll")
      .select(["time", "ids"])
      .where("node", "=", node)
      .executeTakeFirst();
    const spent = latest?.time === time ? (JSON.parse(latest.ids) as string[]) : []; // Our own text.
    if (spent.includes(id) || (latest !== undefined && time < latest.time))
      throw new Refusal("answered-before", "expected a poll that is newer than this node's latest");
    if (spent.length >= MOST)
      throw new Refusal("rate-limited", `expected at most ${MOST} polls of a node in a second`);
    const row = { time, ids: JSON.stringify([...spent, id]) };
    if (latest === undefined)
      await database
        .insertInto("poll")
        .values({ node, ...row })
        .execute();
    else await database.updateTable("poll").set(row).where("node", "=", node).execute();
  });
}
