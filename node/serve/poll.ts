/**
 * The node's worker: asks the coordinator for work, answers it, sends what was stored. Opens no port. Survives the
 * coordinator's absence, and its own restart at any step, since everything it sends is already on disk.
 */
import { versionOf } from "../../protocol/federation/directory.ts";
import { parseCheckpoint } from "../../protocol/log/checkpoint.ts";
import { parseNote } from "../../protocol/log/note.ts";
import { type Poll, type RefusalNote, WAIT_SECONDS } from "../../protocol/release/answer.ts";
import { type Envelope, envelopeId, signDocument } from "../../protocol/signing/envelope.ts";
import { toHex, utf8 } from "../../protocol/values/bytes.ts";
import { instant } from "../../protocol/values/names.ts";
import { Refusal, type RefusalCode } from "../../protocol/values/refusal.ts";
import { type RoundState, WorkItem } from "../../protocol/wire/routes.ts";
import { aheadInWords } from "../../server/clock.ts";
import { transact } from "../../server/database.ts";
import type { Sleep } from "../../server/deadline.ts";
import { type Logger, nameOf } from "../../server/logger.ts";
import { Untimely } from "../answer/admit.ts";
import { answer } from "../answer/answer.ts";
import { backoffOf } from "../backoff.ts";
import { sayingWhatFor } from "../log/lonely.ts";
import type { NodeLog } from "../log/own-log.ts";
import { isStranger } from "../log/stranger.ts";
import type { Witness } from "../log/witness.ts";
import { drawn, RandomnessFailure } from "../random.ts";
import { isRoundRefusal, type RoundWorker, sendReply, takeTurn, withdrawal } from "../secure-sum/turn.ts";
import { factOf, keepFact } from "../store/facts.ts";

export type Worker = RoundWorker & {
  /** What need not be read anew for each poll: its cursor, unless it begins anew, and the ledger's head while nothing can have charged it. */
  readonly memory: PollMemory;
  readonly logger: Logger;
  /** The region's own log; null where the federation keeps none. */
  readonly log: NodeLog | null;
  /** The node as a witness; null where the federation keeps no logs. */
  readonly witness: Witness | null;
  /** By how many seconds this clock is ahead of the coordinator's, as that says; null where they agree. */
  readonly ahead: () => number | null;
  /** Fetches versions of the directory after the one in force. */
  readonly follow: () => Promise<void>;
  /** Answers leave on multiples of this many milliseconds of the clock, so that their time tells little of the data. */
  readonly tick: number;
  readonly sleep: Sleep;
};

/** When this process signed its latest poll, under whichever version of the directory: none may be of an earlier time. */
export type Polled = { latest: string };

type PollMemory = {
  cursor: number | null;
  anew: boolean;
  /** The ledger's head, as it was signed. */
  head: Envelope | null;
  readonly polled: Polled;
  /** Questions that this clock cannot judge yet, by id: looked at again when their time has come. */
  untimely: Map<string, { readonly item: WorkItem; readonly until: Date }>;
  /** Ends the wait for news, where one goes on. */
  wake: () => void;
};

/** What it has declined may be answered now: its work is read from the beginning, at once. */
export function lookAgain(memory: PollMemory): void {
  memory.anew = true;
  memory.wake();
}

/** In `meta`, how far its work was read. */
export const CURSOR = "cursor";

const MAX_BACKOFF = 30_000;
const TRIES = 3;
/** While a question waits for the clock, which may be mended, in seconds. */
const UNTIMELY_WAIT = 5;
/** Questions that wait so in memory. */
const MOST_UNTIMELY = 1000;

/** Runs until the signal. Throws only where the node must stop: when its source of randomness fails. */
export async function pollForever(worker: Worker): Promise<void> {
  let failures = 0;
  while (!worker.signal.aborted) {
    try {
      await pollOnce(worker);
      failures = 0;
    } catch (error) {
      if (error instanceof RandomnessFailure) throw error;
      if (worker.signal.aborted) return;
      if (isStranger(error)) await worker.follow().catch(() => undefined); // A later version may name this node's keys.
      failures++;
      if (failures === 1 || failures % 20 === 0)
        worker.logger.warn({ error: nameOf(error), failures }, "poll failed");
      await worker.sleep(backoffOf(failures, MAX_BACKOFF, worker.random), worker.signal);
    }
  }
}

/** One poll and all the work it brings; the cursor moves only when every outcome has been handed in. */
export async function pollOnce(worker: Worker): Promise<number> {
  const { code, ledger, now, signer, signal, client } = worker;
  const { memory } = worker;
  memory.cursor = memory.anew ? 0 : (memory.cursor ?? (await readCursor(worker)));
  memory.anew = false;
  // Never earlier than the one before, or it would not be answered: this clock may be set back.
  const time = [instant(now()), memory.polled.latest].sort().at(-1) ?? "";
  memory.polled.latest = time;
  memory.head ??= signDocument("ledger-head", { node: code, time, ...(await ledger.head()) }, signer);
  const { cursor, head } = memory;
  const wait = waitFor(memory, now());
  const poll = { node: code, cursor, wait, time, nonce: toHex(drawn(16, worker.random)) };
  const waking = new AbortController();
  memory.wake = () => waking.abort();
  const waiting = {
    body: { poll: signDocument("poll", poll satisfies Poll, signer), head },
    signal: AbortSignal.any([signal, waking.signal]),
  };
  const reply = await client("poll", waiting).catch((error: unknown) => {
    if (waking.signal.aborted) return null;
    throw error;
  });
  if (reply === null) return 0;
  if (versionOf(worker.federation, reply.directory) === null) {
    await worker.follow();
    if (!signal.aborted)
      throw new Refusal("directory-unfit", "expected the coordinator's directory to follow the one in force");
  }
  if (signal.aborted) return 0; // Another version is in force: the work is for whoever serves under it.
  const { cursor: next, work: items } = reply;
  const work = items.flatMap((item) => {
    const parsed = WorkItem.safeParse(item);
    if (parsed.success && isReadable(parsed.data)) return [parsed.data];
    worker.logger.warn({}, "the coordinator sent what is no query: passed over");
    return [];
  });
  work.push(...timely(worker, work));
  if (work.some(({ round }) => round === null || CHARGED.has(round.phase))) memory.head = null;
  if (work.length > 0) await beforeWork(work, worker);
  await workOff(work, worker);
  memory.cursor = next;
  // Rounds move fast, and a node that restarts is shown where they stand: only single answers are worth a write.
  // And a process that ends forgets what waits for the clock: the next reads it again.
  if (next !== cursor && memory.untimely.size === 0 && work.some(({ round }) => round === null))
    await writeCursor(worker, next);
  return work.length;
}

/**
 * What holds before anything is charged: others have seen this node's start, what it logged is public within a day,
 * and it has read and cosigned the coordinator's log as far as the questions' proofs go, so that it knows the
 * newest directory in them. Otherwise the work is asked for again.
 */
async function beforeWork(work: readonly WorkItem[], worker: Worker): Promise<void> {
  const { log, witness, now } = worker;
  await log?.started();
  if (witness === null) return;
  if ((await witness.missingFor(now())) > DAY)
    throw new Refusal("unavailable", "expected this node's log in the coordinator's within a day");
  await witness.until(Math.max(...work.map(({ proof }) => sizeOf(proof))));
}

/** How far the log goes that a proof is about; 0 where that cannot be read, which is refused where it is judged. */
function sizeOf(proof: WorkItem["proof"]): number {
  try {
    return proof === null ? 0 : parseCheckpoint(parseNote(utf8(proof.checkpoint)).text).size;
  } catch (error) {
    if (error instanceof Refusal) return 0;
    throw error;
  }
}

/** What is on disk and signed, to be sent. Fresh keys and encrypted shares say nothing of the data: they need not wait. */
type Ready = { readonly waits: boolean; readonly send: () => Promise<void> };

/**
 * All of a poll's work made ready first, and then sent: what needs a quorum's cosignatures waits for them once, not each
 * for its own. What could not be made ready is asked for again, once the rest has left.
 */
async function workOff(items: readonly WorkItem[], worker: Worker): Promise<void> {
  let later: unknown = null;
  // Rounds first: the other regions wait for them, and not for what this one answers by itself.
  const rounds = items.filter(({ round }) => round !== null);
  for (const group of [rounds, items.filter(({ round }) => round === null)]) {
    const waiting: Ready[] = [];
    for (const item of group) {
      try {
        const made = await (item.round === null ? single(item, worker) : inRound(item, item.round, worker));
        if (made?.waits === true) waiting.push(made);
        else if (made !== null) {
          await atTick(worker);
          await made.send();
        }
        worker.memory.untimely.delete(envelopeId(item.query));
      } catch (error) {
        if (error instanceof Untimely && putOff(item, error, worker)) continue;
        if (!isForLater(error)) throw error;
        later = error;
      }
    }
    if (waiting.length > 0) await leave(worker);
    await Promise.all(waiting.map(({ send }) => send()));
  }
  if (later !== null) throw later;
}

/** How long there may be nothing, in seconds: not for long where a question waits for the clock. */
function waitFor({ untimely }: PollMemory, now: Date): number {
  if (untimely.size === 0) return WAIT_SECONDS;
  const first = Math.min(...[...untimely.values()].map(({ until }) => until.getTime()));
  return Math.min(UNTIMELY_WAIT, Math.max(1, Math.ceil((first - now.getTime()) / 1000)));
}

/** What waited for this clock, and need not any more; unless it has just been brought anew. */
function timely({ memory: { untimely }, now }: Worker, brought: readonly WorkItem[]): WorkItem[] {
  const anew = new Set(brought.map(({ query }) => envelopeId(query)));
  const due = [...untimely].filter(([id, { until }]) => until <= now() && !anew.has(id));
  return due.map(([, { item }]) => item);
}

/** Keeps a question until the clock can judge it; false where too many wait so already. */
function putOff(item: WorkItem, { until, reason }: Untimely, worker: Worker): boolean {
  const { untimely } = worker.memory;
  const query = envelopeId(item.query);
  if (untimely.size >= MOST_UNTIMELY && !untimely.has(query)) return false;
  if (!untimely.has(query))
    worker.logger.warn(
      { query, reason, ahead: worker.ahead() },
      "by this clock a question cannot be judged yet: it waits, and is not refused",
    );
  untimely.set(query, { item, until });
  return true;
}

/** A question that this region answers by itself. */
async function single(item: WorkItem, worker: Worker): Promise<Ready | null> {
  try {
    const outcome = await settle(item, () => answer(item, worker), worker);
    return { waits: true, send: () => hand(outcome, worker) };
  } catch (error) {
    if (!isPassedOver(error)) throw error; // What is for later is asked for again.
    worker.logger.warn({ code: error.code }, "a query that cannot be answered so was passed over");
    return null;
  }
}

/** A question that regions answer together: what the round asks for now, or that this region takes no part in it. */
async function inRound(item: WorkItem, round: RoundState, worker: Worker): Promise<Ready> {
  const passing = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof Refusal) || error.status >= 500 || error.code === "rate-limited") throw error;
      worker.logger.warn({ code: error.code, phase: round.phase }, "nothing was taken in this round");
    }
  };
  const withdraw = () => passing(() => sendReply(withdrawal(item, round, worker), worker));
  try {
    const turn = await settle(item, () => takeTurn(item, round, worker), worker);
    if (!("reply" in turn)) {
      const send = async () => {
        await passing(() => hand(turn, worker));
        // Where its own answer stands already, a refusal is not taken; and an attempt that has formed waits for it.
        if (round.phase !== "advertise") await withdraw();
      };
      return { waits: true, send };
    }
    const { reply, own } = turn;
    const send = async () => {
      if (own !== null) await hand(own, worker);
      await sendReply(reply, worker);
    };
    return { waits: own !== null || !KEYS.has(round.phase), send: () => passing(send) };
  } catch (error) {
    if (!isRoundRefusal(error)) throw error; // What is for later is asked for again.
    worker.logger.warn({ code: error.code, phase: round.phase }, "nothing is sent in this round");
    // What it was charged for and has stored still leaves it, though the attempt's secrets are gone.
    const own = round.phase === "advertise" ? await worker.answers.find(envelopeId(item.query)) : null;
    const send = async () => {
      if (own !== null) await passing(() => hand(own, worker));
      await withdraw();
    };
    return { waits: own !== null, send };
  }
}

const KEYS: ReadonlySet<RoundState["phase"]> = new Set(["advertise", "share"]);
/** Where the ledger may be charged: with a region's own answer, and before a vector is masked. */
const CHARGED: ReadonlySet<RoundState["phase"]> = new Set(["advertise", "mask"]);
const DAY = 24 * 3600;

/**
 * What goes before anything leaves: a quorum has cosigned a checkpoint of this node's log that holds the charge, and
 * the answer's digest or the set.
 */
async function leave(worker: Worker): Promise<void> {
  if (worker.log !== null) await sayingWhatFor(worker.log.settle(), worker);
  await atTick(worker);
}

/** What the world does not know of is not refused before it. */
const isPassedOver = (error: unknown): error is Refusal =>
  isRoundRefusal(error) || (error instanceof Refusal && error.code === "query-not-public");

/**
 * Not the region's no: what is missing may come. So it is for a round whose proof does not hold, which a relay can spoil,
 * too: asked for again, the attempt's secrets are still here, and the others wait no longer than for one that is silent.
 * A withdrawal would be worse: it speaks of what the world may not know of, and ends at once, for good, attempts that
 * the others needed this region for.
 */
const isForLater = (error: unknown): boolean =>
  error instanceof Refusal &&
  (error.code === "unavailable" || error.code === "query-not-public" || error instanceof Untimely);

const atTick = ({ sleep, tick, now, signal }: Worker): Promise<void> =>
  sleep(tick - (now().getTime() % tick), signal);

const isReadable = (item: WorkItem): boolean => {
  try {
    return envelopeId(item.query) !== "";
  } catch (error) {
    if (error instanceof Refusal) return false; // Not base64: only a lying coordinator sends it.
    throw error;
  }
};

/** What `work` makes, or a signed refusal. What is unexpected is tried again, then refused with the charge kept. */
async function settle<T>(item: WorkItem, work: () => Promise<T>, worker: Worker): Promise<T | Envelope> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (error instanceof RandomnessFailure || isPassedOver(error) || isForLater(error)) throw error;
      if (error instanceof Refusal) return await refuse(item, error, worker);
      worker.logger.error({ error: nameOf(error), attempt }, "answering failed");
      if (attempt >= TRIES)
        return await refuse(item, new Refusal("internal", "the node could not compute its answer"), worker);
      await worker.sleep(200 * attempt, worker.signal);
    }
  }
}

/** What is refused for a time that has come, or gone, by this clock. */
const OF_A_TIME: ReadonlySet<RefusalCode> = new Set<RefusalCode>([
  "query-expired",
  "key-not-in-force",
  "period-unfit",
  "approvals-missing",
]);

/** The coordinator chooses what it says of the time: it stands beside what was decided, and is no part of it. */
const withClock = (text: string, ahead: number | null): string =>
  ahead === null ? text : `${text} (${aheadInWords(ahead)})`;

async function refuse(
  item: WorkItem,
  refusal: Refusal,
  { answers, code, federation, signer, logger, log, store, now, ahead }: Worker,
): Promise<Envelope> {
  const query = envelopeId(item.query);
  logger.info({ query, code: refusal.code }, "refused");
  const charge = (await answers.charge(query)) ?? "0";
  const note = {
    query,
    directory: federation.hash,
    node: code,
    code: refusal.code,
    detail: OF_A_TIME.has(refusal.code) ? withClock(refusal.message, ahead()) : refusal.message,
    charge,
  };
  const envelope = signDocument("refusal", note satisfies RefusalNote, signer);
  if (log !== null)
    await transact(store, (database) =>
      log.promise(database, { kind: "refusal", query, id: envelopeId(envelope), time: instant(now()) }),
    );
  return envelope;
}

/** A no from the coordinator (late, or already there) ends the matter; its absence does not. */
async function hand(envelope: Envelope, { client, logger, signal }: Worker): Promise<void> {
  try {
    await client("submitAnswer", { body: envelope, signal });
  } catch (error) {
    if (!(error instanceof Refusal) || error.status >= 500 || error.code === "rate-limited") throw error;
    logger.warn({ code: error.code }, "the coordinator did not take an answer");
  }
}

async function readCursor({ store }: Worker): Promise<number> {
  return Number((await factOf(store.kysely, CURSOR)) ?? 0);
}

const writeCursor = ({ store }: Worker, cursor: number): Promise<void> =>
  keepFact(store.kysely, CURSOR, String(cursor));
