/**
 * How the coordinator writes: one unit at a time within this process, each in a transaction that is tried again where
 * another's conflicts with it.
 */
import { Refusal } from "../../protocol/values/refusal.ts";
import { oneAtATime, transact } from "../../server/database.ts";
import type { CoordinatorDatabase, CoordinatorStore } from "./database.ts";

const turns = new WeakMap<CoordinatorStore, ReturnType<typeof oneAtATime>>();

function turnsOf(store: CoordinatorStore): ReturnType<typeof oneAtATime> {
  const alone = turns.get(store) ?? oneAtATime();
  turns.set(store, alone);
  return alone;
}

/** A unit of writing: one at a time within this process, tried again where another one's conflicts. */
export async function once(
  store: CoordinatorStore,
  work: (database: CoordinatorStore["kysely"]) => Promise<void>,
): Promise<void> {
  await turnsOf(store)(() => transact<CoordinatorDatabase, void>(store, work));
}

type Work = (database: CoordinatorStore["kysely"]) => Promise<void>;
type Waiting = { readonly work: Work; readonly done: (error?: unknown) => void };
const waiting = new WeakMap<CoordinatorStore, Waiting[]>();

/**
 * As `once`, but all that waits is written in one transaction: messages of a round come from all regions at once. A
 * refusal concerns its own work alone, which must refuse before it has changed anything; where a statement fails,
 * each is tried by itself.
 */
export function together(store: CoordinatorStore, work: Work): Promise<void> {
  const queue = waiting.get(store) ?? [];
  waiting.set(store, queue);
  return new Promise((resolve, reject) => {
    queue.push({ work, done: (error) => (error === undefined ? resolve() : reject(error)) });
    if (queue.length === 1) void writeAll(store, queue);
  });
}

async function writeAll(store: CoordinatorStore, queue: Waiting[]): Promise<void> {
  await turnsOf(store)(async () => {
    const batch = queue.splice(0);
    const refused = new Map<Waiting, Refusal>();
    try {
      await transact<CoordinatorDatabase, void>(store, async (database) => {
        refused.clear();
        for (const each of batch) {
          try {
            await each.work(database);
          } catch (error) {
            if (!(error instanceof Refusal)) throw error;
            refused.set(each, error);
          }
        }
      });
      for (const each of batch) each.done(refused.get(each));
    } catch {
      // One of them failed, and with it all: each by itself, so that it fails alone.
      for (const each of batch)
        await transact<CoordinatorDatabase, void>(store, each.work).then(() => each.done(), each.done);
    }
  });
}
