/**
 * What makes the coordinator go on: a query is taken a step further when an event concerns it, or when the instant has
 * come that its last step named. The instant is in the database; one timer sleeps until the earliest. It decides
 * nothing itself: what a step does, and when to look again, `advance.ts` says.
 */
import type { Hash } from "../protocol/values/bytes.ts";
import { Refusal } from "../protocol/values/refusal.ts";
import { oneAtATime } from "../server/database.ts";
import { type Logger, nameOf } from "../server/logger.ts";
import type { CoordinatorStore } from "./store/database.ts";

/** When to look at a query again, unless an event comes first; null where only an event can change anything. */
export type Due = Date | null;

export const earliest = (first: Date, ...others: readonly Date[]): Date =>
  others.reduce((before, each) => (each < before ? each : before), first);

/** Sleeps no longer, so that it notices a clock that was set; and so that no timer overflows. */
const LONGEST = 60_000;
/** A step that failed is tried again after this long, then twice as long, and so on. */
const FIRST_RETRY = 1_000;
const LAST_RETRY = 300_000;
/** Queries read at a time of those that are due. */
const MOST = 100;

export type ClockworkContext = {
  readonly store: CoordinatorStore;
  readonly now: () => Date;
  readonly logger: Logger;
  /** Takes a query as far as it goes now, and says when to look at it again. */
  readonly step: (id: Hash) => Promise<Due>;
};

export class Clockwork {
  readonly #context: ClockworkContext;
  readonly #alone = oneAtATime();
  readonly #pending = new Set<Hash>();
  /** How often in a row the step of a query has failed. */
  readonly #failures = new Map<Hash, number>();
  #timer: NodeJS.Timeout | undefined;
  /** What the timer sleeps until, in milliseconds. */
  #until = Number.POSITIVE_INFINITY;
  #stopped = false;

  constructor(context: ClockworkContext) {
    this.#context = context;
  }

  /** Takes a query further soon. Many events come at once: one step after the last of them does for all. */
  nudge(id: Hash): void {
    if (this.#pending.has(id) || this.#stopped) return;
    this.#pending.add(id);
    void this.#alone(() => this.#run(id));
  }

  /**
   * Looks at every query that is not over: when the process starts, since it may have ended between an event and its
   * step; and when another version of the directory is in force, which may judge otherwise.
   */
  async nudgeAll(): Promise<void> {
    const rows = await this.#context.store.kysely
      .selectFrom("query")
      .select("id")
      .where("state", "in", ["waiting", "open", "late"])
      .execute();
    for (const { id } of rows) this.nudge(id);
    this.#wakeAt(this.#time() + LONGEST);
  }

  /** Looks at what is due, and sleeps until the next. */
  async look(): Promise<void> {
    const rows = await this.#context.store.kysely
      .selectFrom("query")
      .select(["id", "due"])
      .where("due", "is not", null)
      .orderBy("due")
      .limit(MOST)
      .execute();
    const time = this.#time();
    const isDue = ({ due }: { due: bigint | null }) => Number(due) <= time;
    for (const { id } of rows.filter(isDue)) this.nudge(id);
    const next = rows.find((row) => !isDue(row));
    if (next !== undefined) this.#wakeAt(Number(next.due));
    else if (rows.length === MOST) this.#wakeAt(time + FIRST_RETRY);
    this.#wakeAt(time + LONGEST);
  }

  /** Once the step that is under way is done. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#alone(async () => undefined);
  }

  #time(): number {
    return this.#context.now().getTime();
  }

  async #run(id: Hash): Promise<void> {
    this.#pending.delete(id);
    if (this.#stopped) return;
    const due = await this.#stepOf(id);
    if (due !== null && due.getTime() <= this.#time()) return this.nudge(id); // It has come further: on from there.
    if (due !== null) this.#wakeAt(due.getTime());
    try {
      await this.#keep(id, due);
    } catch (error) {
      this.#context.logger.error({ error: nameOf(error), query: id }, "when to look again was not kept");
    }
  }

  async #stepOf(id: Hash): Promise<Due> {
    const { step, logger } = this.#context;
    try {
      const due = await step(id);
      this.#failures.delete(id);
      return due;
    } catch (error) {
      const failures = (this.#failures.get(id) ?? 0) + 1;
      this.#failures.set(id, failures);
      if (error instanceof Refusal) logger.warn({ code: error.code, query: id, failures }, "a query waits");
      else logger.error({ error: nameOf(error), query: id, failures }, "a step failed; it is tried again");
      return new Date(this.#time() + Math.min(LAST_RETRY, FIRST_RETRY * 2 ** Math.min(failures - 1, 20)));
    }
  }

  async #keep(id: Hash, due: Due): Promise<void> {
    const at = due === null ? null : BigInt(due.getTime());
    await this.#context.store.kysely
      .updateTable("query")
      .set({ due: at })
      .where("id", "=", id)
      .where("due", "is distinct from", at)
      .execute();
  }

  #wakeAt(time: number): void {
    if (time >= this.#until || this.#stopped) return;
    this.#until = time;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#wake(), Math.max(0, Math.min(time - this.#time(), LONGEST)));
  }

  #wake(): void {
    this.#until = Number.POSITIVE_INFINITY;
    this.look().catch((error) => {
      this.#context.logger.error(
        { error: nameOf(error) },
        "what is due was not looked at; it is tried again",
      );
      this.#wakeAt(this.#time() + FIRST_RETRY);
    });
  }
}
