/**
 * What a node does under one version of the directory: answers, keeps its log, witnesses. Another version, or a key
 * revoked by hand, begins another: everything is judged by one version at a time, from the first line to the last.
 */
import { answerKeysOf, type Federation, isLogged, nodeOf } from "../../protocol/federation/directory.ts";
import { Refusal } from "../../protocol/values/refusal.ts";
import type { Client } from "../../protocol/wire/client.ts";
import { tellEndings } from "../../server/endings.ts";
import { keyringOf, openingBy } from "../../server/keys.ts";
import { type Logger, nameOf } from "../../server/logger.ts";
import type { Answerer } from "../answer/answer.ts";
import { ledgerOf } from "../answer/ledger.ts";
import { readPolicy } from "../answer/policy.ts";
import { shelfOf } from "../answer/stored-answers.ts";
import type { Effects, NodeConfig } from "../config.ts";
import { anewIn } from "../import/anew.ts";
import { logDaily } from "../log/daily.ts";
import { calendarsOf, declinesOf } from "../log/kept-documents.ts";
import { sayingWhatFor } from "../log/lonely.ts";
import { NodeLog, type NodeLogContext } from "../log/own-log.ts";
import { Witness, type WitnessContext } from "../log/witness.ts";
import type { Leaving } from "../people/leaving.ts";
import { attemptDiskOf } from "../secure-sum/attempts.ts";
import type { Attempts } from "../secure-sum/turn.ts";
import type { NodeStore } from "../store/database.ts";
import { deliveredIn } from "../store/delivered.ts";
import type { Followed } from "./follow.ts";
import { lookAgain, type Polled, pollForever, type Worker } from "./poll.ts";

export type Serving = {
  readonly answerer: Answerer;
  /** Until it is stopped. Ends by itself only where the node must stop. */
  readonly work: () => Promise<void>;
  readonly stop: () => void;
  /** What it has declined may be answered now: its work is read from the beginning. */
  readonly lookAgain: () => void;
};

export type ServingContext = {
  readonly config: NodeConfig;
  readonly at: (path: string) => string;
  readonly store: NodeStore;
  readonly client: Client;
  readonly effects: Effects;
  readonly followed: Followed;
  /** By how many seconds this clock is ahead of the coordinator's, as that says; null where they agree. */
  readonly ahead: () => number | null;
  /** Who is not counted: a digest of it goes into the region's log each day. */
  readonly leaving: Leaving;
  /** Attempts that this process is in: those of an earlier version go on where everyone signs with the same keys. */
  readonly attempts: Attempts;
  readonly polled: Polled;
  /** Called when there is another version to begin with. */
  readonly superseded: () => void;
};

/** Refuses (`config-invalid`) where the node does not hold the keys that the version in force names for it. */
export async function beginServing(context: ServingContext): Promise<Serving> {
  const { config, at, store, client, effects, followed, attempts, polled } = context;
  const { now, sleep, random, noise, logger } = effects;
  const federation = followed.current();
  forgetOthers(attempts, federation);
  const { code, tick } = config;
  const named = nodeOf(federation, code).keys;
  const signer = keyringOf(
    config.answerKey,
    "answer",
    at,
    openingBy(config.passphraseFile, at),
  )(named.answer);
  const stopping = new AbortController();
  const { signal } = stopping;
  const follow = followOf(context, federation);
  const shared = { code, federation, store, client, now, sleep, logger, random, signal, follow };
  const watching = await watchingOf(config, at, { ...shared, answers: signer });
  const log = watching?.log ?? null;
  if (log !== null) await context.leaving.promise(log);
  const answerer: Answerer = {
    code,
    federation,
    signer,
    store,
    ledger: ledgerOf(store, now, log),
    answers: shelfOf(store, now, log),
    policy: policyOf(at(config.policy), logger),
    noise,
    now,
    seen: () => watching?.witness.seen ?? null,
    declines: (query) => declinesOf(query, store),
    delivered: () => deliveredIn(store),
    anew: () => anewIn(store),
    counted: () => context.leaving.applied,
    calendars: (query) => calendarsOf(query, store),
  };
  const worker: Worker = {
    ...answerer,
    ...shared,
    tick,
    ahead: context.ahead,
    disk: attemptDiskOf(store, now, log),
    log,
    witness: watching?.witness ?? null,
    attempts,
    memory: { cursor: null, anew: false, head: null, polled, untimely: new Map(), wake: () => undefined },
  };
  return {
    answerer,
    work: () => workOn(worker, context.leaving),
    stop: () => stopping.abort(),
    lookAgain: () => lookAgain(worker.memory),
  };
}

/** Side by side: a node witnesses for others while it waits for them to witness its own. */
async function workOn(worker: Worker, leaving: Leaving): Promise<void> {
  const { log, witness, sleep, logger, signal } = worker;
  const daily = log === null ? undefined : logDaily({ leaving, log, sleep, logger }, signal);
  // Where nobody asks it anything, since too few witness, it says so all the same. It ends with the signal.
  const started = log === null ? undefined : sayingWhatFor(log.started(), worker).catch(() => undefined);
  const telling = tellEndings(() => worker.federation.directory, { now: worker.now, sleep, logger }, signal);
  await Promise.all([pollForever(worker), witness?.watchForever(), daily, started, telling]);
}

/** Looks for versions after the one in force, on behalf of what serves under this one. */
const followOf =
  ({ followed, superseded }: ServingContext, federation: Federation) =>
  async (): Promise<void> => {
    try {
      await followed.follow();
    } finally {
      // Also where more came than was right: what was right is in force.
      if (followed.current() !== federation) superseded();
    }
  };

/** The region's policy as its file says it now. */
const policyOf =
  (path: string, logger: Logger): Answerer["policy"] =>
  () => {
    try {
      return readPolicy(path);
    } catch (error) {
      // What is wrong with it is the region's own matter; a refusal is published.
      logger.warn({ error: nameOf(error) }, "the policy cannot be read");
      throw new Refusal("policy-missing", "the region's policy cannot be read, and so it answers nothing");
    }
  };

/** An attempt goes on under another version if the regions that answer, and the keys they sign with, are the same. */
function forgetOthers(attempts: Attempts, federation: Federation): void {
  const keys = (of: Federation) => JSON.stringify([...answerKeysOf(of)].sort());
  for (const [id, { participant }] of attempts) {
    if (keys(participant.federation) === keys(federation)) continue;
    participant.forget();
    attempts.delete(id);
  }
}

/** The node's log with its start in it, and the node as a witness; null where the directory names no keys for logs. */
async function watchingOf(
  { code, logKey, witnessKey, passphraseFile }: NodeConfig,
  at: (path: string) => string,
  context: Omit<NodeLogContext & WitnessContext, "signer" | "log">,
): Promise<{ log: NodeLog; witness: Witness } | null> {
  const { federation } = context;
  if (!isLogged(federation)) return null;
  if (logKey === undefined || witnessKey === undefined)
    throw new Refusal("config-invalid", "expected logKey and witnessKey: the directory names keys for logs");
  const named = nodeOf(federation, code).keys;
  const opening = openingBy(passphraseFile, at);
  const log = new NodeLog({ ...context, signer: keyringOf(logKey, "log", at, opening)(named.log) });
  const signer = keyringOf(witnessKey, "witness", at, opening)(named.witness);
  await log.start();
  return { log, witness: new Witness({ ...context, signer, log }) };
}
