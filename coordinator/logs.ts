/**
 * The federation's logs as the coordinator keeps them: its own, and each region's, which the region signs. Signs its
 * own in batches, hands checkpoints to witnesses, gathers their cosignatures, and shows the world what a quorum has
 * cosigned. It cannot cosign for them, nor show two histories without one of them seeing it.
 */
import { join } from "node:path";
import { fromBase64, type Hash, toHex, utf8 } from "../protocol/bytes.ts";
import { openCheckpoint } from "../protocol/checkpoint.ts";
import type { Federation } from "../protocol/directory.ts";
import type { Envelope, Signer } from "../protocol/envelope.ts";
import { extend, rootOfFrontier } from "../protocol/frontier.ts";
import {
  checkpointEntry,
  type DocumentKind,
  documentEntry,
  holdsDocument,
  readNodeLeaf,
} from "../protocol/leaf.ts";
import { consistencyProof } from "../protocol/merkle.ts";
import { COORDINATOR, logKeyOf, logsOf, openWitnessed, quorumOf } from "../protocol/quorum.ts";
import { formatReceipt } from "../protocol/receipt.ts";
import { Refusal } from "../protocol/refusal.ts";
import {
  type Cosigned,
  hashTexts,
  type PublicProof,
  type Push,
  proveAll,
  readHashes,
  type WitnessReply,
  type WitnessRequest,
} from "../protocol/witness.ts";
import { oneAtATime, transact } from "../server/database.ts";
import { openTiles, type TileFolder } from "../server/tiles.ts";
import { type Batch, headOf, keepSigned, leavesOf, promiseLeaves, signNext } from "../server/tlog.ts";
import type { CoordinatorStore } from "./database.ts";
import { type Bell, bellOf } from "./dispatch.ts";
import { keepDocuments, type LogFile, readFile } from "./files.ts";
import { type Offer, ownLine, unreadOf, verifies } from "./offer.ts";
import { together } from "./write.ts";

type Database = CoordinatorStore["kysely"];

type Shown = { readonly size: number; readonly checkpoint: string; readonly asOf: number };

type Kept = {
  readonly tiles: TileFolder;
  size: number;
  checkpoint: string | null;
  offer: Offer | null;
  shown: Shown | null;
};

export type LogsContext = {
  readonly federation: Federation;
  readonly store: CoordinatorStore;
  /** Gets the files: the coordinator's log at its root, regions' below `nodes`, documents below `documents`. */
  readonly folder: string;
  readonly signer: Signer;
  readonly witness: Signer;
  readonly now: () => Date;
  /** Called when more of the coordinator's log has become public. */
  readonly onPublic: () => void;
};

/** Entries read from the database at a time. */
const MOST_ENTRIES = 2_000;
/** A checkpoint that nothing follows is cosigned anew, so that what is public stays fresh. */
const RENEW_SECONDS = 3600;
/** Checkpoints that come within so many milliseconds go to a witness together. */
const GATHER = 40;
/** Leaves that nobody waits for are signed for within so many milliseconds. */
const IDLE = 1000;

export class Logs {
  readonly #context: LogsContext;
  readonly #kept = new Map<string, Kept>();
  readonly #alone = oneAtATime();
  readonly #bell: Bell = bellOf();
  /** How many more ticks look for promised leaves: the transaction that promised them may still be on its way. */
  #ticks = 0;
  /** When promised leaves were last looked for, in milliseconds. */
  #latest = 0;

  private constructor(context: LogsContext) {
    this.#context = context;
  }

  /** Opens every log where it stood: files that lag behind the database are made up for. */
  static async open(context: LogsContext): Promise<Logs> {
    const { federation, store, folder } = context;
    const logs = new Logs(context);
    for (const name of logsOf(federation)) {
      const tiles = openTiles(name === COORDINATOR ? folder : join(folder, "nodes", name));
      const { frontier, checkpoint } = await headOf(store.kysely, name);
      if (tiles.size() > frontier.size)
        throw new Refusal(
          "log-forked",
          `expected the database of a log whose files have ${tiles.size()} entries; it has ${frontier.size}: it was set back`,
        );
      const shown = await store.kysely
        .selectFrom("published")
        .select(["size", "checkpoint"])
        .where("log", "=", name)
        .executeTakeFirst();
      const kept: Kept = { tiles, size: frontier.size, checkpoint, offer: null, shown: null };
      logs.#kept.set(name, kept);
      await logs.#catchUp(name, kept);
      if (shown !== undefined) {
        const { asOf } = openWitnessed(federation, name, utf8(shown.checkpoint));
        kept.shown = { ...shown, asOf: asOf ?? 0 };
        tiles.show(shown.checkpoint);
      }
      logs.#offer(kept, name);
    }
    const [first] = await leavesOf(store.kysely, COORDINATOR, 0, 1);
    if (first === undefined) {
      const entry = documentEntry("directory", federation.hash, federation.envelope);
      await transact(store, (database) => logs.promise(database, [entry]));
    }
    return logs;
  }

  async #catchUp(name: string, { tiles, size }: Kept): Promise<void> {
    while (tiles.size() < size) {
      const to = Math.min(size, tiles.size() + MOST_ENTRIES);
      tiles.add(await leavesOf(this.#context.store.kysely, name, tiles.size(), to));
    }
  }

  #of(name: string): Kept {
    const kept = this.#kept.get(name);
    if (kept === undefined) throw new Refusal("node-unknown", "expected the log of an active node");
    return kept;
  }

  /**
   * Adds leaves in the transaction that stores what they say; gives the first's place. `waited` are those that somebody
   * waits to see public: the others go along with them, or within a second.
   */
  async promise(database: Database, entries: readonly Uint8Array[], waited = false): Promise<number> {
    if (waited) this.#ticks = 5;
    return await promiseLeaves(database, COORDINATOR, entries);
  }

  /** Logs a document; one that does not fit an entry lies beside the log before the log names it. */
  document(database: Database, kind: DocumentKind, id: Hash, document: Envelope | null): Promise<number> {
    const entry = documentEntry(kind, id, document);
    if (document !== null && !holdsDocument(entry)) this.keep([[id, utf8(JSON.stringify(document))]]);
    return this.promise(database, [entry], kind === "release");
  }

  /** Called many times a second: signs for what is waited for soon, and for the rest once a second. */
  async tick(): Promise<void> {
    const time = Date.now();
    if (this.#ticks === 0 && time - this.#latest < IDLE) return;
    this.#latest = time;
    this.#ticks = Math.max(0, this.#ticks - 1);
    await this.append();
  }

  /** Signs for everything that was promised, and writes its files. Gives the size of the tree. */
  append(): Promise<number> {
    const { federation, store, signer } = this.#context;
    return this.#alone(async () => {
      const kept = this.#of(COORDINATOR);
      for (;;) {
        const batch = await signNext(store, COORDINATOR, logKeyOf(federation, COORDINATOR), signer.sign);
        if (batch === null) return kept.size;
        await this.#grew(COORDINATOR, kept, batch);
      }
    });
  }

  async #grew(name: string, kept: Kept, { from, entries, head }: Batch): Promise<void> {
    kept.size = head.frontier.size;
    kept.checkpoint = head.checkpoint;
    if (kept.tiles.size() === from) kept.tiles.add(entries);
    else await this.#catchUp(name, kept);
    this.#offer(kept, name);
  }

  /** Offers the latest checkpoint to witnesses, unless one that was offered still lacks its quorum. */
  #offer(kept: Kept, name: string, again = false): void {
    const { size, checkpoint, offer } = kept;
    if (checkpoint === null || (offer !== null && !offer.met)) return;
    if (!again && size === (offer?.size ?? kept.shown?.size ?? 0)) return;
    kept.offer = { size, checkpoint, lines: new Map(), met: false };
    if (quorumOf(this.#context.federation, name).least === 0) void this.#met(name, kept, kept.offer);
    this.#bell.ring();
  }

  /** Entries of a region's own log. Refuses what does not add to what is kept, or is not what the region signed for. */
  async push({ node, from, entries: texts, checkpoint: text }: Push): Promise<number> {
    const { federation, store } = this.#context;
    const kept = this.#of(node);
    const { checkpoint } = openCheckpoint(utf8(text), logKeyOf(federation, node), federation.verify);
    const entries = texts.map(fromBase64);
    for (const entry of entries) readNodeLeaf(entry);
    const added: Batch[] = [];
    await together(store, async (database) => {
      added.length = 0;
      const { frontier } = await headOf(database, node);
      if (frontier.size !== from && frontier.size === checkpoint.size) return; // Seen before.
      if (frontier.size !== from)
        throw new Refusal("log-unfit", `expected entries from ${frontier.size}; they begin at ${from}`);
      const next = extend(frontier, entries);
      if (next.size !== checkpoint.size || toHex(rootOfFrontier(next)) !== toHex(checkpoint.root))
        throw new Refusal("proof-invalid", "expected entries that lead to the checkpoint's root");
      if (entries.length === 0) return;
      const batch = { from, entries, head: { frontier: next, checkpoint: text } };
      await keepSigned(database, node, batch);
      added.push(batch);
    });
    for (const batch of added) await this.#grew(node, kept, batch);
    return kept.size;
  }

  /** What a witness hands in; then what is new for it, waiting while nothing is. */
  async answer(request: WitnessRequest, signal: AbortSignal): Promise<WitnessReply> {
    const { node, wait, cosignatures: lines } = request;
    this.#of(node);
    for (const line of lines) await this.#take(node, line);
    const until = Date.now() + wait * 1000;
    for (;;) {
      const rung = this.#bell.rung();
      const reply = await this.#replyTo(request);
      const left = until - Date.now();
      if (reply.offered.length > 0 || reply.own !== null || left <= 0 || signal.aborted) return reply;
      await this.#bell.wait(rung, left, signal);
      await new Promise((resolve) => setTimeout(resolve, GATHER));
    }
  }

  async #replyTo({ node, read, sizes, own }: WitnessRequest): Promise<WitnessReply> {
    const seen = new Map(sizes.map(({ log, size }) => [log, size]));
    const offered: WitnessReply["offered"] = [];
    let entries: string[] = [];
    for (const [log, { offer, tiles }] of this.#kept) {
      if (log === node || offer === null || offer.met || offer.lines.has(node)) continue;
      const from = seen.get(log) ?? 0;
      const proof = from === 0 || from >= offer.size ? [] : consistencyProof(from, offer.size, tiles.hashes);
      offered.push({ log, checkpoint: offer.checkpoint, proof: hashTexts(proof) });
      if (log === COORDINATOR) entries = await unreadOf(this.#context.store, read, offer.size);
    }
    const { shown, size } = this.#of(node);
    return {
      offered,
      entries,
      own: shown !== null && shown.size > own ? shown.checkpoint : null,
      kept: size,
    };
  }

  /** One that does not verify, or of a checkpoint that is not offered, is passed over: it counts for nothing. */
  async #take(node: string, { log, size, line }: Cosigned): Promise<void> {
    const { federation } = this.#context;
    const kept = this.#of(log);
    const { offer } = kept;
    if (offer === null || offer.met || offer.size !== size || offer.lines.has(node) || log === node) return;
    if (!verifies(federation, offer, node, line)) return;
    offer.lines.set(node, line);
    if (offer.lines.size < quorumOf(federation, log).least) return;
    try {
      await this.#met(log, kept, offer);
    } catch (error) {
      // Not on disk, and so not shown: the next cosignature tries again.
      offer.met = false;
      offer.lines.delete(node);
      throw error;
    }
  }

  /** A quorum stands: from now on the world is shown this checkpoint. */
  async #met(log: string, kept: Kept, offer: Offer): Promise<void> {
    const { federation, store, now, witness } = this.#context;
    offer.met = true;
    const own = log === COORDINATOR ? [] : [ownLine(federation, offer, witness, now())];
    const checkpoint = [offer.checkpoint, ...offer.lines.values(), ...own].join("");
    const { asOf } = openWitnessed(federation, log, utf8(checkpoint));
    const shown = { size: offer.size, checkpoint };
    await together(store, async (database) => {
      // Seen by the coordinator's log only once the world can see it: neither is ever ahead of the other.
      if (log !== COORDINATOR) await this.promise(database, [checkpointEntry(log, offer.checkpoint)]);
      const updated = await database
        .updateTable("published")
        .set(shown)
        .where("log", "=", log)
        .executeTakeFirst();
      if (updated.numUpdatedRows === 0n)
        await database
          .insertInto("published")
          .values({ log, ...shown })
          .execute();
    });
    kept.shown = { ...shown, asOf: asOf ?? Math.floor(now().getTime() / 1000) };
    kept.tiles.show(checkpoint);
    this.#offer(kept, log);
    this.#bell.ring();
    if (log === COORDINATOR) this.#context.onPublic();
  }

  /** Called now and then: what nothing follows is offered anew before it grows old. */
  renew(): void {
    const time = this.#context.now().getTime() / 1000;
    for (const [name, kept] of this.#kept) {
      if (kept.shown !== null && kept.offer?.met !== false && time - kept.shown.asOf > RENEW_SECONDS)
        this.#offer(kept, name, true);
    }
  }

  /** How much of the coordinator's log the world is shown. */
  get publicSize(): number {
    return this.#of(COORDINATOR).shown?.size ?? 0;
  }

  /** That leaves of the coordinator's log are public. */
  prove(places: readonly number[]): PublicProof {
    const { shown, tiles } = this.#of(COORDINATOR);
    if (shown === null) throw new Refusal("unavailable", "expected a checkpoint that a quorum has cosigned");
    return proveAll(shown.checkpoint, shown.size, places, tiles.hashes);
  }

  /** That one leaf is public, as a file that anyone can keep. */
  receipt(place: number): string {
    const { checkpoint, places } = this.prove([place]);
    const proof = readHashes(places[0]?.proof ?? []);
    return formatReceipt({ extra: null, index: place, proof, checkpoint: utf8(checkpoint) });
  }

  /** A file that the world may read, by its path below the log's address; null where there is none. */
  read(path: string): LogFile | null {
    return readFile(this.#context.folder, path, (name) => name !== COORDINATOR && this.#kept.has(name));
  }

  /** Keeps documents beside the log, each under the hash it is known by. */
  keep(documents: ReadonlyArray<readonly [Hash, Uint8Array]>): void {
    keepDocuments(this.#context.folder, documents);
  }

  /** Wakes those that wait, since this is stopping. */
  close(): void {
    this.#bell.ring();
  }
}
