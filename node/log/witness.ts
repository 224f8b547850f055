/**
 * The node as a witness: cosigns each log's checkpoints as they grow, the coordinator's and the other regions'. It
 * reads every entry of the coordinator's log before it cosigns. What it has seen is on disk before it signs, and what
 * is inconsistent with that it refuses, loudly.
 */
import { type Federation, versionOf } from "../../protocol/federation/directory.ts";
import { type Checkpoint, cosign, openCheckpoint, parseCheckpoint } from "../../protocol/log/checkpoint.ts";
import { EMPTY, extend, type Frontier, rootOfFrontier } from "../../protocol/log/frontier.ts";
import { readLeaf } from "../../protocol/log/leaf.ts";
import { verifyConsistency } from "../../protocol/log/merkle.ts";
import { formatSignature, parseNote } from "../../protocol/log/note.ts";
import { readHashes } from "../../protocol/log/public-proof.ts";
import { COORDINATOR, logKeyOf, witnessKeyOf } from "../../protocol/log/quorum.ts";
import type { Cosigned, Offered, WitnessReply, WitnessRequest } from "../../protocol/log/witness-messages.ts";
import { WAIT_SECONDS } from "../../protocol/release/answer.ts";
import { type Signer, signDocument } from "../../protocol/signing/envelope.ts";
import { fromBase64, fromHex, toHex, utf8 } from "../../protocol/values/bytes.ts";
import { instant } from "../../protocol/values/names.ts";
import { Refusal } from "../../protocol/values/refusal.ts";
import type { Client } from "../../protocol/wire/client.ts";
import { oneAtATime, transact } from "../../server/database.ts";
import type { Sleep } from "../../server/deadline.ts";
import { type Logger, nameOf } from "../../server/logger.ts";
import { backoffOf } from "../backoff.ts";
import type { Fill } from "../random.ts";
import type { NodeStore } from "../store/database.ts";
import { isNothing, keepRead, NOTHING, type Read, readIn, together } from "./kept-documents.ts";
import type { NodeLog } from "./own-log.ts";
import { isStranger } from "./stranger.ts";
import { markOwn, readState, type Seen, type WitnessState, writeState } from "./witness-state.ts";

export type WitnessContext = {
  readonly code: string;
  readonly federation: Federation;
  readonly store: NodeStore;
  /** The witness's key. */
  readonly signer: Signer;
  /** The answer key, with which the node says who it is. */
  readonly answers: Signer;
  readonly client: Client;
  readonly now: () => Date;
  readonly random: Fill;
  readonly signal: AbortSignal;
  readonly sleep: Sleep;
  readonly logger: Logger;
  readonly log: NodeLog;
  /** Fetches versions of the directory after the one in force; if there are any, the signal comes. */
  readonly follow: () => Promise<void>;
};

/** Entries read beyond the tree that was cosigned: how much of the own log they show, and what of them is to be kept. */
type Ahead = { readonly frontier: Frontier; readonly logged: number; readonly read: Read };

const MAX_BACKOFF = 10_000;
const HOUR = 3600_000;
/** Longer than the coordinator lets pass before a log is cosigned anew. */
const STILL = 3 * HOUR;

export class Witness {
  readonly #context: WitnessContext;
  readonly #alone = oneAtATime();
  #state: WitnessState | null = null;
  /** In memory: read anew by the next process. */
  #ahead: Ahead | null = null;
  #cosigned: Cosigned[] = [];
  /** When the coordinator's log was last cosigned, or this process began, in milliseconds; and when that was last said. */
  #latest: number | null = null;
  #reported = 0;
  /** Turns that have begun, and the latest of those that have ended, however. */
  #begun = 0;
  #ended = 0;
  readonly #waiting = new Set<() => void>();

  constructor(context: WitnessContext) {
    this.#context = context;
  }

  /** Runs until the signal. Throws only where the node must stop: when its source of randomness fails. */
  async watchForever(): Promise<void> {
    const { signal, sleep, random, logger, follow } = this.#context;
    let failures = 0;
    while (!signal.aborted) {
      try {
        await this.watchOnce();
        failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        if (isStranger(error)) await follow().catch(() => undefined); // A later version may name this node's keys.
        failures++;
        if (error instanceof Refusal && LOUD.has(error.code))
          logger.error(
            { code: error.code },
            "what this node was shown is not what it was: it is not cosigned",
          );
        else if (failures === 1 || failures % 20 === 0)
          logger.warn({ error: nameOf(error), failures }, "watching failed");
        await sleep(backoffOf(failures, MAX_BACKOFF, random), signal);
      }
    }
  }

  /** Says, once an hour, that a log stands still or is kept from this node: even an idle one is cosigned each hour. */
  #report(): void {
    const { now, logger } = this.#context;
    const time = now().getTime();
    this.#latest ??= time;
    const since = this.#state?.own.missing?.since ?? null;
    const still = time - this.#latest > STILL;
    const missing = since !== null && time - Date.parse(since) > STILL;
    if (!(still || missing) || time - this.#reported < HOUR) return;
    this.#reported = time;
    if (still)
      logger.error(
        { since: new Date(this.#latest).toISOString() },
        "the coordinator's log stands still, or is kept from this node",
      );
    if (missing) logger.error({ since }, "what this node logged does not come into the coordinator's log");
  }

  /** One turn: hands in what was cosigned before, and cosigns what is offered now. */
  async watchOnce(): Promise<void> {
    const turn = ++this.#begun;
    try {
      await this.#watch();
    } finally {
      this.#ended = turn;
      this.#wake();
    }
  }

  async #watch(): Promise<void> {
    const { code, client, signal, log, now, answers } = this.#context;
    await this.missingFor(now());
    this.#report();
    const { logs, frontier } = await this.#load();
    const ahead = this.#ahead ?? { frontier, logged: 0, read: NOTHING };
    // Handed in once, whatever becomes of it: what did not arrive is offered anew.
    const cosignatures = this.#cosigned;
    this.#cosigned = [];
    const request = {
      node: code,
      time: instant(now()),
      wait: cosignatures.length > 0 ? 0 : WAIT_SECONDS,
      read: ahead.frontier.size,
      sizes: Object.entries(logs).map(([name, { size }]) => ({ log: name, size })),
      cosignatures,
      own: log.heard,
    };
    const reply = await client("witness", {
      body: signDocument("witness", request satisfies WitnessRequest, answers),
      signal,
    });
    // A node whose own log was longer has lost what it had seen of others', too: it cosigns no more.
    const whole = reply.kept <= log.size;
    const failed = whole ? await refusalOf(() => this.#cosignNext(ahead, reply)) : null;
    if (signal.aborted) return;
    await log.hear(reply.kept, reply.own);
    if (failed !== null) throw failed;
  }

  async #cosignNext(ahead: Ahead, { entries, offered }: WitnessReply): Promise<void> {
    if (!(await this.#read(ahead, entries.map(fromBase64)))) return;
    await this.#alone(() => this.#cosignAll(offered));
  }

  /** Every entry is read before the tree that holds it is cosigned. False where another version of the directory came. */
  async #read(ahead: Ahead, entries: readonly Uint8Array[]): Promise<boolean> {
    const { code, federation, follow, signal, now } = this.#context;
    let { logged } = ahead;
    const leaves = entries.map(readLeaf);
    for (const leaf of leaves) {
      if (leaf.kind === "directory" && versionOf(federation, leaf.id) === null) {
        await follow();
        if (signal.aborted) return false;
        throw new Refusal("directory-unfit", "expected versions of the directory that follow each other");
      }
      if (leaf.kind === "checkpoint" && leaf.node === code) {
        const { size } = parseCheckpoint(parseNote(utf8(leaf.checkpoint)).text);
        logged = Math.max(logged, size);
      }
    }
    const judging = { federation, code, now: now() };
    const read = together(ahead.read, readIn(leaves, ahead.frontier.size, judging));
    this.#ahead = { frontier: extend(ahead.frontier, entries), logged, read };
    return true;
  }

  async #cosignAll(offered: readonly Offered[]): Promise<void> {
    const { federation, signer, code, now } = this.#context;
    const state = await this.#load();
    const logs: Record<string, Seen> = { ...state.logs };
    let { frontier, own } = state;
    let read = NOTHING;
    const agreed: Array<{ log: string; checkpoint: Checkpoint; text: string }> = [];
    const refusals: Refusal[] = [];
    for (const { log, checkpoint: bytes, proof } of offered) {
      try {
        const { checkpoint, note } = openCheckpoint(
          utf8(bytes),
          logKeyOf(federation, log),
          federation.verify,
        );
        if (!this.#isWhole(log, checkpoint)) continue;
        checkGrown(logs[log], checkpoint, proof);
        if (log === COORDINATOR && this.#ahead !== null) {
          ({ frontier, read } = this.#ahead);
          own = { ...own, logged: Math.max(own.logged, this.#ahead.logged) };
        }
        logs[log] = { size: checkpoint.size, root: toHex(checkpoint.root) };
        agreed.push({ log, checkpoint, text: note.text });
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        refusals.push(error);
      }
    }
    if (agreed.some(({ log }) => log === COORDINATOR)) this.#latest = now().getTime();
    if (agreed.length > 0) {
      // On disk before anything is signed.
      await this.#keep({ logs, frontier, own: markOwn(own, this.#context.log.size, now()) }, read);
      if (this.#ahead?.read === read) this.#ahead = { ...this.#ahead, read: NOTHING };
      const key = witnessKeyOf(federation, code);
      const time = Math.floor(now().getTime() / 1000);
      this.#cosigned = agreed.map(({ log, checkpoint, text }) => ({
        log,
        size: checkpoint.size,
        line: formatSignature(cosign(text, time, key, signer.sign)),
      }));
    }
    const [refusal] = refusals;
    if (refusal !== undefined) throw refusal;
  }

  /** True if all entries of a tree have been read, and give its root; other regions' logs are not read. */
  #isWhole(log: string, { size, root }: Checkpoint): boolean {
    if (log !== COORDINATOR) return true;
    const { frontier } = this.#ahead ?? { frontier: EMPTY };
    if (frontier.size < size) return false; // More is to be read first.
    if (frontier.size === size && toHex(rootOfFrontier(frontier)) === toHex(root)) return true;
    this.#ahead = null;
    throw forked("entries of the coordinator's log that give the root of its checkpoint");
  }

  /** The coordinator's log as far as it was read and cosigned. */
  get seen(): Frontier {
    return this.#state?.frontier ?? EMPTY;
  }

  /**
   * Until so much of the coordinator's log was read and cosigned, however long that takes. Refuses (`unavailable`) once
   * a turn that began meanwhile has brought nothing more: the coordinator does not hand out what it says is public.
   */
  async until(size: number): Promise<void> {
    const { signal } = this.#context;
    const read = () => Math.max(this.#ahead?.frontier.size ?? 0, this.seen.size);
    let [next, before] = [this.#begun + 1, read()];
    while (this.seen.size < size) {
      const nothing = this.#ended >= next && read() === before;
      if (signal.aborted || nothing)
        throw new Refusal("unavailable", `expected to read ${size} entries of the coordinator's log`);
      if (read() !== before) [next, before] = [this.#begun + 1, read()];
      await this.#woken();
    }
  }

  /** Until something was kept, a turn ended, or the signal came. */
  #woken(): Promise<void> {
    const { signal } = this.#context;
    return new Promise((resolve) => {
      const wake = () => {
        this.#waiting.delete(wake);
        signal.removeEventListener("abort", wake);
        resolve();
      };
      this.#waiting.add(wake);
      signal.addEventListener("abort", wake, { once: true });
    });
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  /** How long this node's own log has been missing from the coordinator's, in seconds: by the clock, whatever comes. */
  missingFor(now: Date): Promise<number> {
    return this.#alone(async () => {
      const state = await this.#load();
      const own = markOwn(state.own, this.#context.log.size, now);
      if (own !== state.own) await this.#keep({ ...state, own });
      return own.missing === null ? 0 : (now.getTime() - Date.parse(own.missing.since)) / 1000;
    });
  }

  async #load(): Promise<WitnessState> {
    this.#state ??= await readState(this.#context.store);
    return this.#state;
  }

  async #keep(state: WitnessState, read: Read = NOTHING): Promise<void> {
    const { store, now } = this.#context;
    if (isNothing(read)) await writeState(store.kysely, state);
    else
      await transact(store, async (database) => {
        await writeState(database, state);
        await keepRead(database, read, now());
      });
    this.#state = state;
    this.#wake();
  }
}

const LOUD: ReadonlySet<string> = new Set(["log-forked", "directory-unfit", "signature-invalid"]);

async function refusalOf(work: () => Promise<void>): Promise<Refusal | null> {
  try {
    await work();
    return null;
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
}

const forked = (expected: string): Refusal => new Refusal("log-forked", `expected ${expected}`);

/** Refuses a tree that is not the one that was cosigned, or does not only add to it. */
function checkGrown(seen: Seen | undefined, { size, root }: Checkpoint, proof: readonly string[]): void {
  if (seen === undefined || seen.size === 0) return;
  if (size < seen.size) throw forked(`a log of at least ${seen.size} entries, which was cosigned`);
  try {
    verifyConsistency(seen.size, size, fromHex(seen.root), root, readHashes(proof));
  } catch (cause) {
    if (!(cause instanceof Refusal)) throw cause;
    throw new Refusal("log-forked", "expected a log that only adds to what was cosigned", { cause });
  }
}
