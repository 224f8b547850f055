/**
 * What a region's poll is answered with: its work from a cursor on. A repeatable read, of questions as they stand now:
 * a round's sets are fixed when its phase begins, its approvals and proofs are the latest.
 */
import type { Poll } from "../protocol/release/answer.ts";
import type { Hash } from "../protocol/values/bytes.ts";
import type { WorkItem } from "../protocol/wire/routes.ts";
import { deadlineIn } from "../server/deadline.ts";
import type { Bell } from "./bell.ts";
import type { Context } from "./context.ts";
import type { Dispatcher } from "./query/dispatch.ts";
import { MAY_YET_ANSWER, shownOf, stateOf } from "./query/stored-state.ts";
import { isForming, itemIn, roundOf } from "./secure-sum/state.ts";

export type WorkList = { cursor: number; work: WorkItem[] };

/** What a poll is answered with: at once where there is news, or else once there is, within the time that it waits. */
export async function answerPoll(
  poll: Poll,
  context: Context & Dispatcher,
  signal: AbortSignal,
): Promise<WorkList & { directory: Hash }> {
  const { bell, federation } = context;
  const deadline = deadlineIn(poll.wait * 1000);
  const over = AbortSignal.any([signal, deadline.signal]);
  try {
    const before = federation().hash;
    for (;;) {
      const directory = federation().hash;
      if (signal.aborted) return { cursor: poll.cursor, work: [], directory };
      const rung = bell.rung();
      const list = await workFor(poll, context);
      // One came into force while the work was read: its proofs may be of either, and the reply names one of them.
      if (federation().hash !== directory) continue;
      // Another version of the directory is news, too: the node fetches it first.
      if (list.cursor !== poll.cursor || directory !== before || over.aborted) return { ...list, directory };
      await bell.wait(rung, over);
    }
  } finally {
    deadline.stop();
  }
}

const MOST = 20;

/** Cursors after which there was nothing, until the bell rings: nodes that wait ask from the same one again and again. */
const ends = new WeakMap<Bell, { readonly rung: number; readonly cursors: Set<number> }>();

/** What a node has not read yet, of queries that are open and put to it; and the cursor after it. */
async function workFor(poll: Poll, context: Context & Dispatcher): Promise<WorkList> {
  const { bell } = context;
  const rung = bell.rung();
  const known = ends.get(bell);
  const end = known?.rung === rung ? known : { rung, cursors: new Set<number>() };
  ends.set(bell, end);
  if (end.cursors.has(poll.cursor)) return { cursor: poll.cursor, work: [] };
  const list = await workAfter(poll, context);
  if (list === null) return { cursor: poll.cursor, work: [] };
  if (list.cursor === poll.cursor) end.cursors.add(poll.cursor);
  return list;
}

/** Null while nothing may be answered, whatever there is. */
async function workAfter({ node, cursor }: Poll, context: Context): Promise<WorkList | null> {
  const after = (from: number) =>
    context.store.kysely
      .selectFrom("work")
      .innerJoin("query", "query.id", "work.query")
      .select(["work.sequence", "work.query"])
      .where("work.sequence", ">", from)
      .where("query.state", "in", ["open", "late"])
      .orderBy("work.sequence")
      .limit(MOST)
      .execute();
  // Until the version in force is public no node may answer: the proof would be of another.
  const { logs, directoryPlace } = context;
  if (logs !== null && directoryPlace() >= logs.publicSize) return null;
  let from = cursor;
  let entries = await after(from);
  if (entries.length === 0 && from > 0) {
    const { last } = await context.store.kysely
      .selectFrom("work")
      .select((row) => row.fn.max("sequence").as("last"))
      .executeTakeFirstOrThrow();
    // A cursor beyond the end is of a history that was lost (a restored coordinator): begin anew; answers are idempotent.
    if (from > Number(last ?? 0)) {
      from = 0;
      entries = await after(from);
    }
  }
  const work: WorkItem[] = [];
  for (const id of new Set(entries.map(({ query }) => query))) {
    const item = await itemFor(id, node, context);
    if (item !== null) work.push(item);
  }
  return { cursor: entries.at(-1)?.sequence ?? from, work };
}

/** A query as a node is to see it now; null where it is not put to it, or its round goes on without it. */
async function itemFor(id: string, node: string, context: Context): Promise<WorkItem | null> {
  const round = await roundOf(id, context);
  const member = round === null || round.members.includes(node);
  if (round !== null && member && round.phase !== "advertise") return await itemIn(round, node, context);
  if (round !== null && !member && !isForming(round)) return null;
  const state = await stateOf(id, context);
  if (!state.roster.includes(node)) return null;
  if (round === null) return { ...shownOf(state, context), round: null };
  // Who is not in this attempt may join the next, should there be one; unless it has refused for good.
  const { code } = state.outcomes.find(({ region }) => region === node) ?? { code: null };
  if (!member && code !== null && !MAY_YET_ANSWER.has(code)) return null;
  const attempt = member ? round.attempt : round.attempt + 1;
  return { ...shownOf(state, context), round: { phase: "advertise", attempt } };
}
