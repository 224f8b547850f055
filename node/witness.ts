/**
 * The node as a witness: cosigns each log's checkpoints as they grow, the coordinator's and the other regions'. It
 * reads every entry of the coordinator's log before it cosigns. What it has seen is on disk before it signs, and what
 * is inconsistent with that it refuses, loudly.
 */
import { fromBase64, fromHex, toHex, utf8 } from "../protocol/bytes.ts";
import { type Checkpoint, cosign, openCheckpoint } from "../protocol/checkpoint.ts";
import type { Client } from "../protocol/client.ts";
import type { Federation } from "../protocol/directory.ts";
import type { Signer } from "../protocol/envelope.ts";
import { EMPTY, extend, type Frontier, rootOfFrontier } from "../protocol/frontier.ts";
import { readLeaf } from "../protocol/leaf.ts";
import { verifyConsistency } from "../protocol/merkle.ts";
import { formatSignature } from "../protocol/note.ts";
import { COORDINATOR, logKeyOf, witnessKeyOf } from "../protocol/quorum.ts";
import { Refusal } from "../protocol/refusal.ts";
import { type Cosigned, type Offered, readHashes } from "../protocol/witness.ts";
import { type Logger, nameOf } from "../server/log.ts";
import type { NodeStore } from "./database.ts";
import type { NodeLog } from "./log.ts";

export type WitnessContext = {
  readonly code: string;
  readonly federation: Federation;
  readonly store: NodeStore;
  readonly signer: Signer;
  readonly client: Client;
  readonly now: () => Date;
  readonly signal: AbortSignal;
  readonly sleep: (milliseconds: number) => Promise<void>;
  readonly logger: Logger;
  readonly log: NodeLog;
};

type Seen = { readonly size: number; readonly root: string };

/** What this witness has cosigned, and what it has read. */
export type WitnessState = {
  /** Of each log, the largest tree it has cosigned: size, and root in hexadecimal. */
  readonly logs: Readonly<Record<string, Seen>>;
  /** Of the coordinator's log, as far as the tree it has cosigned. */
  readonly frontier: Frontier;
  /** How much of this node's own log stands in the coordinator's, and since when more of it does not. */
  readonly own: { readonly logged: number; readonly missingSince: string | null };
};

const START: WitnessState = { logs: {}, frontier: EMPTY, own: { logged: 0, missingSince: null } };
const WAIT_SECONDS = 20;

export class Witness {
  readonly #context: WitnessContext;
  #state: WitnessState | null = null;
  /** Entries read beyond the tree that was cosigned: in memory, read anew by the next process. */
  #ahead: Frontier | null = null;
  #logged = 0;
  #cosigned: Cosigned[] = [];

  constructor(context: WitnessContext) {
    this.#context = context;
  }

  /** Runs until the signal. */
  async watchForever(): Promise<void> {
    const { signal, sleep, logger } = this.#context;
    let failures = 0;
    while (!signal.aborted) {
      try {
        await this.watchOnce();
        failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        failures++;
        if (error instanceof Refusal && error.code === "log-forked")
          logger.error(
            { code: error.code },
            "what this node was shown is not one history: it is not cosigned",
          );
        else if (failures === 1 || failures % 20 === 0)
          logger.warn({ error: nameOf(error), failures }, "watching failed");
        await sleep(Math.min(10_000, 100 * 2 ** Math.min(failures, 7)) * (0.5 + Math.random()));
      }
    }
  }

  /** One turn: hands in what was cosigned before, and cosigns what is offered now. */
  async watchOnce(): Promise<void> {
    const { code, client, signal, log } = this.#context;
    this.#state ??= await readState(this.#context.store);
    const { logs, frontier } = this.#state;
    const ahead = this.#ahead ?? frontier;
    const cosignatures = this.#cosigned;
    const reply = await client("witness", {
      body: {
        node: code,
        wait: cosignatures.length > 0 ? 0 : WAIT_SECONDS,
        read: ahead.size,
        sizes: Object.entries(logs).map(([name, { size }]) => ({ log: name, size })),
        cosignatures,
        own: log.cosigned,
      },
      signal,
    });
    this.#cosigned = [];
    this.#read(ahead, reply.entries.map(fromBase64));
    await this.#cosignAll(reply.offered);
    await log.heard(reply.kept, reply.own);
  }

  /** Every entry is read before the tree that holds it is cosigned. */
  #read(ahead: Frontier, entries: readonly Uint8Array[]): void {
    for (const leaf of entries.map(readLeaf)) {
      if (leaf.kind === "checkpoint" && leaf.node === this.#context.code) {
        const { checkpoint } = openCheckpoint(
          utf8(leaf.checkpoint),
          logKeyOf(this.#context.federation, leaf.node),
          this.#context.federation.verify,
        );
        this.#logged = Math.max(this.#logged, checkpoint.size);
      }
    }
    this.#ahead = extend(ahead, entries);
  }

  async #cosignAll(offered: readonly Offered[]): Promise<void> {
    const { federation, store, signer, code, now } = this.#context;
    const state = this.#state ?? START;
    const logs: Record<string, Seen> = { ...state.logs };
    let frontier = state.frontier;
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
        if (log === COORDINATOR && this.#ahead !== null) frontier = this.#ahead;
        logs[log] = { size: checkpoint.size, root: toHex(checkpoint.root) };
        agreed.push({ log, checkpoint, text: note.text });
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        refusals.push(error);
      }
    }
    if (agreed.length > 0) {
      const { logged, missingSince } = state.own;
      const own = Math.max(logged, this.#logged);
      const missing = own >= this.#context.log.size ? null : (missingSince ?? now().toISOString());
      const next = { logs, frontier, own: { logged: own, missingSince: missing } };
      // On disk before anything is signed.
      await writeState(store, next);
      this.#state = next;
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
    const ahead = this.#ahead ?? EMPTY;
    if (ahead.size < size) return false; // More is to be read first.
    if (ahead.size === size && toHex(rootOfFrontier(ahead)) === toHex(root)) return true;
    this.#ahead = null;
    throw forked("entries of the coordinator's log that give the root of its checkpoint");
  }

  /** How long this node's own log has been missing from the coordinator's, in seconds. */
  missingFor(now: Date): number {
    const since = this.#state?.own.missingSince ?? null;
    return since === null ? 0 : (now.getTime() - Date.parse(since)) / 1000;
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

async function readState({ kysely }: NodeStore): Promise<WitnessState> {
  const row = await kysely.selectFrom("witness").select("state").where("id", "=", 1).executeTakeFirst();
  if (row === undefined) return START;
  // Our own text.
  const { logs, frontier, own } = JSON.parse(row.state) as {
    logs: WitnessState["logs"];
    frontier: { size: number; roots: string[] };
    own: WitnessState["own"];
  };
  return { logs, own, frontier: { size: frontier.size, roots: frontier.roots.map(fromHex) } };
}

async function writeState({ kysely }: NodeStore, { logs, frontier, own }: WitnessState): Promise<void> {
  const state = JSON.stringify({
    logs,
    own,
    frontier: { size: frontier.size, roots: frontier.roots.map(toHex) },
  });
  const updated = await kysely.updateTable("witness").set({ state }).where("id", "=", 1).executeTakeFirst();
  if (updated.numUpdatedRows === 0n) await kysely.insertInto("witness").values({ id: 1, state }).execute();
}
