/**
 * A node serving under one version of the directory after another: the next begins once the one before has ended, and
 * nothing is ever judged by two at a time.
 */
import { Refusal } from "../../protocol/values/refusal.ts";
import type { Answerer } from "../answer/answer.ts";
import { beginServing, type Serving, type ServingContext } from "./version.ts";

/** How often a node that cannot serve under the version in force looks for another, in milliseconds. */
const LOOK_AGAIN = 5_000;

type SuccessionContext = Omit<ServingContext, "superseded">;

export class Succession {
  readonly #context: SuccessionContext;
  #serving: Serving;
  #stopped = false;
  #working: Promise<void> = Promise.resolve();

  private constructor(context: SuccessionContext, serving: Serving) {
    this.#context = context;
    this.#serving = serving;
  }

  /** Refuses (`config-invalid`) where the node does not hold the keys that the version in force names for it. */
  static async begin(context: SuccessionContext): Promise<Succession> {
    let succession: Succession | null = null;
    // Before it has begun there is nobody to stop: work looks by itself whether it was overtaken.
    const superseded = (): void => succession?.supersede();
    succession = new Succession(context, await beginServing({ ...context, superseded }));
    return succession;
  }

  /** Who answers under the version in force. */
  get answerer(): Answerer {
    return this.#serving.answerer;
  }

  /** A period was delivered since some question was declined for want of it. */
  lookAgain(): void {
    this.#serving.lookAgain();
  }

  /** Another version is in force, or a key was revoked here: what serves ends, and the next begins. */
  supersede(): void {
    // Said late, by a version that has ended: who serves now is not meant.
    if (this.#context.followed.current() === this.#serving.answerer.federation) return;
    this.#serving.stop();
  }

  /** Works until stopped. Ends by itself only where the node must stop. */
  work(): Promise<void> {
    this.#working = this.#work();
    return this.#working;
  }

  /** Once what it works at has ended; the attempts' secrets are forgotten. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#serving.stop();
    await this.#working.catch(() => undefined); // Whoever called work() has been told.
    for (const { participant } of this.#context.attempts.values()) participant.forget();
  }

  async #work(): Promise<void> {
    const { followed } = this.#context;
    for (;;) {
      const { federation } = this.#serving.answerer;
      if (followed.current() !== federation) this.#serving.stop(); // Overtaken while it began.
      await this.#serving.work();
      if (this.#stopped) return;
      if (followed.current() === federation)
        throw new Error("a node that serves ends only where it is stopped");
      this.#serving = await this.#next();
      if (this.#stopped) return;
    }
  }

  async #next(): Promise<Serving> {
    const {
      followed,
      effects: { sleep, logger },
    } = this.#context;
    for (let attempt = 1; ; attempt++) {
      if (this.#stopped) return this.#serving;
      try {
        const { version } = followed.current().directory;
        logger.info({ version }, "another version of the directory is in force, or a key was revoked here");
        return await beginServing({ ...this.#context, superseded: () => this.supersede() });
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        if (attempt === 1)
          logger.error({ code: error.code }, "this node cannot serve under the version that is in force");
        const { hash } = followed.current();
        while (!this.#stopped && followed.current().hash === hash) {
          await sleep(LOOK_AGAIN);
          await followed.follow().catch(() => false); // Looked for again.
        }
      }
    }
  }
}
