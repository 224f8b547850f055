/**
 * The region's own log: its starts, charges, answers' digests and refusals, each promised in the transaction that makes
 * it so. Its key signs here; the coordinator only serves it. Nothing leaves the node that the log's quorum has not
 * cosigned, so that a node set back to a backup stays silent.
 */
import type { Federation } from "../../protocol/federation/directory.ts";
import { parseCheckpoint, signCheckpoint } from "../../protocol/log/checkpoint.ts";
import { EMPTY, extend, rootOfFrontier } from "../../protocol/log/frontier.ts";
import { type NodeLeaf, nodeEntry } from "../../protocol/log/leaf.ts";
import { parseNote, type VerifierKey } from "../../protocol/log/note.ts";
import { logKeyOf, openWitnessed, type Witnessed } from "../../protocol/log/quorum.ts";
import type { Push } from "../../protocol/log/witness-messages.ts";
import type { Signer } from "../../protocol/signing/envelope.ts";
import { fromUtf8, toBase64, toHex, utf8 } from "../../protocol/values/bytes.ts";
import { instant } from "../../protocol/values/names.ts";
import { Refusal } from "../../protocol/values/refusal.ts";
import type { Client } from "../../protocol/wire/client.ts";
import { oneAtATime, transact } from "../../server/database.ts";
import { headOf, leavesOf, promiseLeaves, signNext } from "../../server/log-tables.ts";
import { drawn, type Fill } from "../random.ts";
import type { NodeStore } from "../store/database.ts";

export type NodeLogContext = {
  readonly code: string;
  readonly federation: Federation;
  readonly store: NodeStore;
  readonly signer: Signer;
  readonly client: Client;
  readonly now: () => Date;
  readonly signal: AbortSignal;
  readonly random: Fill;
};

type Database = NodeStore["kysely"];

/** Entries handed out at a time: a few hundred kilobytes. */
const MOST_PUSHED = 500;

export class NodeLog {
  readonly #context: NodeLogContext;
  readonly #key: VerifierKey;
  readonly #alone = oneAtATime();
  /** Roots of the trees that this process signed, by size: no other history is this node's. */
  readonly #signed = new Map<number, string>();
  /** The size of the largest of them that a quorum has cosigned. */
  #cosigned = 0;
  #heard = 0;
  /** How much of this log the coordinator has; null until it has said so. */
  #kept: number | null = null;
  #started = 0;
  #size = 0;
  readonly #waiting = new Set<() => void>();

  constructor(context: NodeLogContext) {
    this.#context = context;
    this.#key = logKeyOf(context.federation, context.code);
  }

  /** The size of the largest checkpoint of this log, of whatever process, that came back with cosignatures. */
  get heard(): number {
    return this.#heard;
  }

  /** Entries that were signed for. */
  get size(): number {
    return this.#size;
  }

  /** Adds a leaf in the transaction that makes it true. */
  async promise(database: Database, leaf: NodeLeaf): Promise<void> {
    await promiseLeaves(database, this.#context.code, [nodeEntry(leaf)]);
  }

  /** The first leaf of a process: fresh, so that no other process of this node can have a tree like it. */
  async start(): Promise<void> {
    const { store, now, random } = this.#context;
    const leaf = { kind: "started", nonce: toHex(drawn(32, random)), time: instant(now()) } as const;
    await transact(store, (database) => this.promise(database, leaf));
    this.#started = await this.#alone(() => this.#sign());
  }

  /** Until a quorum has cosigned the leaf of this process's start. */
  async started(): Promise<void> {
    await this.#until(this.#started);
  }

  /** Signs for all that was promised, hands it out, and waits until a quorum has cosigned it. Throws where it cannot be. */
  async settle(): Promise<void> {
    const size = await this.#alone(async () => {
      const signed = await this.#sign();
      await this.#push();
      return signed;
    });
    await this.#until(size);
  }

  /** What the coordinator says of this log: how much it has, and the checkpoint that a quorum has cosigned. */
  async hear(kept: number, own: string | null): Promise<void> {
    if (own !== null) this.#take(own);
    // A push that failed is made up for here, whoever waits for it.
    if (this.#kept === kept && kept === this.#size) return;
    await this.#alone(async () => {
      this.#kept = kept;
      await this.#sign();
      await this.#push();
    });
  }

  /** One that lacks its quorum by this version of the directory may have had it by another: the next one will do. */
  #take(own: string): void {
    const { federation, code } = this.#context;
    this.#heard = Math.max(this.#heard, parseCheckpoint(parseNote(utf8(own)).text).size);
    let opened: Witnessed;
    try {
      opened = openWitnessed(federation, code, utf8(own));
    } catch (error) {
      if (error instanceof Refusal) return;
      throw error;
    }
    this.#cosign(opened);
  }

  #cosign({ checkpoint: { size, root } }: Witnessed): void {
    const [first = 0] = this.#signed.keys();
    if (size <= this.#cosigned || size < first) return;
    if (this.#signed.get(size) !== toHex(root)) throw setBack();
    this.#cosigned = size;
    for (const wake of [...this.#waiting]) wake();
  }

  async #until(size: number): Promise<void> {
    const { signal } = this.#context;
    while (this.#cosigned < size) {
      if (signal.aborted) throw new Refusal("unavailable", "expected to go on; the node is stopping");
      await new Promise<void>((resolve) => {
        const wake = () => {
          this.#waiting.delete(wake);
          signal.removeEventListener("abort", wake);
          resolve();
        };
        this.#waiting.add(wake);
        signal.addEventListener("abort", wake, { once: true });
      });
    }
  }

  /** The size of the tree once all that was promised is signed for. */
  async #sign(): Promise<number> {
    const { store, code, signer } = this.#context;
    for (;;) {
      const batch = await signNext(store, code, this.#key, signer.sign);
      if (batch === null) break;
      const { frontier } = batch.head;
      this.#signed.set(frontier.size, toHex(rootOfFrontier(frontier)));
    }
    // Whatever was said of it: what was committed is signed.
    const { frontier } = await headOf(store.kysely, code);
    if (frontier.size > 0) this.#signed.set(frontier.size, toHex(rootOfFrontier(frontier)));
    this.#size = frontier.size;
    return this.#size;
  }

  async #push(): Promise<void> {
    const { store, code, client, signal, signer } = this.#context;
    const { frontier, checkpoint } = await headOf(store.kysely, code);
    if (checkpoint === null || this.#kept === null) return;
    if (this.#kept > frontier.size) throw setBack();
    while (this.#kept < frontier.size) {
      const to = Math.min(this.#kept + MOST_PUSHED, frontier.size);
      const entries = await leavesOf(store.kysely, code, this.#kept, to);
      const note = to === frontier.size ? checkpoint : await this.#signedAt(to, signer.sign);
      const body: Push = { node: code, from: this.#kept, entries: entries.map(toBase64), checkpoint: note };
      const { kept } = await client("submitLeaves", { body, signal });
      if (kept <= this.#kept) throw new Refusal("unavailable", "expected more of this log to be kept");
      this.#kept = kept;
    }
  }

  /** A checkpoint on the way, where more is to be handed out than goes at a time. */
  async #signedAt(size: number, sign: Signer["sign"]): Promise<string> {
    const { store, code } = this.#context;
    let frontier = EMPTY;
    while (frontier.size < size) {
      const to = Math.min(frontier.size + MOST_PUSHED, size);
      frontier = extend(frontier, await leavesOf(store.kysely, code, frontier.size, to));
    }
    const checkpoint = { origin: this.#key.name, size, root: rootOfFrontier(frontier) };
    this.#signed.set(size, toHex(checkpoint.root));
    return fromUtf8(signCheckpoint(checkpoint, this.#key, sign));
  }
}

const setBack = (): Refusal =>
  new Refusal("log-forked", "expected the history that others have seen of this node: its disk was set back");
