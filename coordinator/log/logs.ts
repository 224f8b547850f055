/**
 * The federation's logs as the coordinator keeps them: its own, and each region's, which the region signs. Signs its
 * own in batches, hands checkpoints to witnesses, gathers their cosignatures, and shows the world what a quorum has
 * cosigned. It cannot cosign for them, nor show two histories without one of them seeing it.
 */
import { join } from "node:path";
import type { Federation } from "../../protocol/federation/directory.ts";
import { checkpointEntry, type DocumentKind, documentEntry, holdsDocument } from "../../protocol/log/leaf.ts";
import { consistencyProof } from "../../protocol/log/merkle.ts";
import { type PublicProof, proveAll, readHashes } from "../../protocol/log/public-proof.ts";
import {
  COORDINATOR,
  logKeyOf,
  logsOf,
  openWitnessed,
  outsideWitnessesOf,
} from "../../protocol/log/quorum.ts";
import { formatReceipt } from "../../protocol/log/receipt.ts";
import type { Cosigned, Push, WitnessReply, WitnessRequest } from "../../protocol/log/witness-messages.ts";
import type { Envelope, Signer } from "../../protocol/signing/envelope.ts";
import { type Hash, utf8 } from "../../protocol/values/bytes.ts";
import { Refusal } from "../../protocol/values/refusal.ts";
import type { Fetch } from "../../protocol/wire/client.ts";
import { onceWritten, oneAtATime, transact } from "../../server/database.ts";
import { deadlineIn, sleep } from "../../server/deadline.ts";
import {
  type Batch,
  headOf,
  leavesOf,
  MOST_LEAVES,
  promiseLeaves,
  signNext,
} from "../../server/log-tables.ts";
import { type Logger, nameOf } from "../../server/logger.ts";
import { type Bell, bellOf } from "../bell.ts";
import type { CoordinatorStore } from "../store/database.ts";
import { together } from "../store/write.ts";
import { keepDocuments, keepVersions, type LogFile, readFile } from "./files.ts";
import { catchUp, type Kept, type Offer, openKept } from "./kept-log.ts";
import {
  awaitedFor,
  filesOf,
  isOf,
  isWitnessed,
  lineOf,
  linesShown,
  offersTo,
  ownLine,
  turnsOf,
  unreadOf,
} from "./offers.ts";
import { askOutside, type OutsideContext } from "./outside.ts";
import { publish, takePush } from "./region-entries.ts";

type Database = CoordinatorStore["kysely"];

export type LogsContext = {
  /** The version of the directory in force. */
  readonly federation: () => Federation;
  readonly store: CoordinatorStore;
  /** Gets the files: the coordinator's log at its root, regions' below `nodes`, documents below `documents`. */
  readonly folder: string;
  /** The keys that a version names for the log, and for witnessing others'. */
  readonly signers: (federation: Federation) => { readonly log: Signer; readonly witness: Signer };
  readonly now: () => Date;
  /** Called when more of the coordinator's log has become public. */
  readonly onPublic: () => void;
  /** By which witnesses from outside are asked. */
  readonly fetch: Fetch;
  readonly logger: Logger;
};

/** A checkpoint that nothing follows is cosigned anew, so that what is public stays fresh. */
const RENEW_SECONDS = 3600;
/** Checkpoints that come within so many milliseconds go to a witness together. */
const GATHER = 40;
/** A leaf that somebody waits to see public waits so many milliseconds for others to share a checkpoint with. */
const SOON = 20;
/** Leaves that nobody waits for are signed for within so many milliseconds. */
const LATER = 1000;

export class Logs {
  readonly #context: LogsContext;
  readonly #kept = new Map<string, Kept>();
  readonly #alone = oneAtATime();
  readonly #bell: Bell = bellOf();
  readonly #turns = turnsOf();
  /** Each is running while leaves are promised and not signed for yet. */
  readonly #timers: { soon: NodeJS.Timeout | undefined; later: NodeJS.Timeout | undefined } = {
    soon: undefined,
    later: undefined,
  };
  #closed = false;
  /** Ends the asking of witnesses from outside. */
  #outside = new AbortController();

  private constructor(context: LogsContext) {
    this.#context = context;
  }

  /** Opens every log where it stood: files that lag behind the database are made up for. */
  static async open(context: LogsContext): Promise<Logs> {
    const { federation, store } = context;
    const logs = new Logs(context);
    const { earlier } = federation();
    const first = earlier[0] ?? federation();
    logs.keep([...earlier, federation()].flatMap(filesOf));
    keepVersions(context.folder, federation());
    for (const name of logsOf(federation())) await logs.#open(name);
    const [leaf] = await leavesOf(store.kysely, COORDINATOR, 0, 1);
    if (leaf === undefined) {
      const entry = documentEntry("directory", first.hash, first.envelope);
      await transact(store, (database) => logs.promise(database, [entry]));
    }
    logs.#askOutside();
    return logs;
  }

  async #open(name: string): Promise<void> {
    const { federation, store, folder } = this.#context;
    const at = name === COORDINATOR ? folder : join(folder, "nodes", name);
    const kept = await openKept(name, at, federation(), store);
    this.#kept.set(name, kept);
    this.#offer(kept, name);
  }

  /**
   * Runs `adopt`, which brings another version of the directory into force, while nothing is signed for. What was
   * offered to witnesses is offered anew: they are judged by other keys now.
   */
  follow<T>(adopt: () => Promise<T>): Promise<T> {
    return this.#alone(async () => {
      const result = await adopt();
      keepVersions(this.#context.folder, this.#context.federation());
      for (const name of logsOf(this.#context.federation()))
        if (!this.#kept.has(name)) await this.#open(name);
      for (const [name, kept] of this.#kept) {
        kept.offer = null;
        this.#offer(kept, name, true);
      }
      this.#askOutside();
      return result;
    });
  }

  /** Asks the witnesses from outside that the version in force names, and no others. */
  #askOutside(): void {
    this.#outside.abort();
    if (this.#closed) return;
    this.#outside = new AbortController();
    const { federation, store, fetch, now, logger } = this.#context;
    const kept = this.#of(COORDINATOR);
    const context: OutsideContext = {
      ...{ store, fetch, now, logger, verify: federation().verify, bell: this.#bell },
      offer: () => kept.offer,
      proof: (from, to) => consistencyProof(from, to, kept.tiles.hashes),
      take: (name, offer, line) => this.#takeOutside(kept, name, offer, line),
    };
    for (const witness of outsideWitnessesOf(federation()))
      void askOutside(witness, context, this.#outside.signal);
  }

  /** Shown with what has cosigned already; or what lets the offer be public, if nothing else was lacking. */
  async #takeOutside(kept: Kept, name: string, offer: Offer, line: string): Promise<void> {
    if (kept.offer !== offer) return; // The log has gone on meanwhile: it is asked for what it has come to.
    offer.outside.set(name, line);
    if (offer.met) await this.#show(COORDINATOR, kept, offer);
    else await this.#meet(COORDINATOR, kept, offer);
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
    const place = await promiseLeaves(database, COORDINATOR, entries);
    onceWritten(database, () => this.#signWithin(waited ? SOON : LATER));
    return place;
  }

  /** Logs a document; one that does not fit an entry lies beside the log before the log names it. */
  async document(
    database: Database,
    kind: DocumentKind,
    id: Hash,
    document: Envelope | null,
  ): Promise<number> {
    const entry = documentEntry(kind, id, document);
    if (document !== null && !holdsDocument(entry)) this.keep([[id, utf8(JSON.stringify(document))]]);
    const place = await this.promise(database, [entry], kind === "release" || kind === "directory");
    await database
      .insertInto("placed")
      .values({ id, place })
      .onConflict((on) => on.column("id").doNothing())
      .execute();
    return place;
  }

  /** One checkpoint for all that come meanwhile; what could not be signed for is tried again. */
  #signWithin(milliseconds: typeof SOON | typeof LATER): void {
    const which = milliseconds === SOON ? "soon" : "later";
    if (this.#closed || this.#timers[which] !== undefined) return;
    this.#timers[which] = setTimeout(() => {
      this.append().catch((error) => {
        this.#context.logger.error({ error: nameOf(error) }, "the log was not added to");
        this.#signWithin(LATER);
      });
    }, milliseconds);
  }

  #stopTimers(): void {
    clearTimeout(this.#timers.soon);
    clearTimeout(this.#timers.later);
    this.#timers.soon = undefined;
    this.#timers.later = undefined;
  }

  /** Signs for everything that was promised, and writes its files. Gives the size of the tree. */
  append(): Promise<number> {
    const { federation, store, signers } = this.#context;
    this.#stopTimers();
    return this.#alone(async () => {
      const kept = this.#of(COORDINATOR);
      for (;;) {
        const { log } = signers(federation());
        const batch = await signNext(store, COORDINATOR, logKeyOf(federation(), COORDINATOR), log.sign);
        if (batch !== null || kept.behind) await this.#grew(COORDINATOR, kept, batch);
        if (batch === null || batch.entries.length < MOST_LEAVES) return kept.size;
      }
    });
  }

  /** Files first, then what witnesses are offered: what failed half-way is made up for by whoever comes next. */
  async #grew(name: string, kept: Kept, batch: Batch | null): Promise<void> {
    kept.behind = true;
    if (batch !== null && kept.tiles.size() === batch.from) kept.tiles.add(batch.entries);
    const { frontier, checkpoint } = batch?.head ?? (await headOf(this.#context.store.kysely, name));
    await catchUp(name, kept.tiles, frontier.size, this.#context.store);
    kept.size = frontier.size;
    kept.checkpoint = checkpoint;
    kept.behind = false;
    this.#offer(kept, name);
  }

  /** Offers the latest checkpoint to witnesses, unless one that was offered still lacks its quorum. */
  #offer(kept: Kept, name: string, again = false): void {
    const { size, checkpoint, offer } = kept;
    if (checkpoint === null || (offer !== null && !offer.met)) return;
    if (!again && size === offer?.size) return;
    const federation = this.#context.federation();
    if (!isOf(federation, name, checkpoint)) return;
    // What the world is shown already is there for those to read who have not.
    const met = !again && kept.shown?.size === size;
    const { lines, outside } = linesShown(federation, kept.shown, checkpoint);
    // Regions cosign anew what is offered anew, so that it is fresh. From outside it stands, with its own time.
    const offered = { size, checkpoint, lines: met ? lines : new Map(), outside, met };
    kept.offer = offered;
    if (!met)
      this.#meet(name, kept, offered).catch((error) => {
        // Shown with whatever the log grows by next: no cosignature comes that would try again.
        if (kept.offer === offered) kept.offer = null;
        this.#context.logger.error({ error: nameOf(error), log: name }, "a log was not shown");
      });
    this.#bell.ring();
  }

  /**
   * Entries of a region's own log. Refuses what does not add to what is kept, or is not what the region signed for.
   * `count` is called before what does add is kept: the region alone can have sent it.
   */
  push(push: Push, count: () => void): Promise<number> {
    const kept = this.#of(push.node);
    return kept.alone(() => this.#push(push, kept, count));
  }

  async #push(push: Push, kept: Kept, count: () => void): Promise<number> {
    const { federation, store } = this.#context;
    const { size, batch } = await takePush(push, federation(), store, count);
    if (batch !== null || kept.behind || kept.size < size) await this.#grew(push.node, kept, batch);
    return kept.size;
  }

  /** What a witness hands in; then what is new for it, waiting while nothing is. */
  async answer(request: WitnessRequest, stopping: AbortSignal): Promise<WitnessReply> {
    const { node, wait, cosignatures: lines } = request;
    this.#of(node);
    for (const line of new Map(lines.map((each) => [each.log, each])).values()) await this.#take(node, line);
    const deadline = deadlineIn(wait * 1000);
    const over = AbortSignal.any([stopping, this.#turns(node), deadline.signal]);
    try {
      for (;;) {
        const rung = this.#bell.rung();
        const reply = await this.#replyTo(request);
        if (reply.offered.length > 0 || reply.own !== null || over.aborted) return reply;
        await this.#bell.wait(rung, over);
        await sleep(GATHER);
      }
    } finally {
      deadline.stop();
    }
  }

  async #replyTo({ node, read, sizes, own }: WitnessRequest): Promise<WitnessReply> {
    const seen = new Map(sizes.map(({ log, size }) => [log, size]));
    const offered = offersTo(node, seen, this.#kept);
    const next = offered.find(({ log }) => log === COORDINATOR);
    const entries = next === undefined ? [] : await unreadOf(this.#context.store, read, next.size);
    const { shown, size } = this.#of(node);
    return {
      offered: offered.map(({ offer }) => offer),
      entries,
      own: shown !== null && shown.size > own ? shown.checkpoint : null,
      kept: size,
    };
  }

  /** One that does not verify, or of a checkpoint that is not offered, is passed over: it counts for nothing. */
  async #take(node: string, { log, size, line }: Cosigned): Promise<void> {
    const { federation, now } = this.#context;
    const kept = this.#of(log);
    const { offer } = kept;
    if (offer === null || offer.met || offer.size !== size || offer.lines.has(node) || log === node) return;
    const own = lineOf(federation(), offer, node, line, now());
    if (own === null) return;
    offer.lines.set(node, own);
    try {
      await this.#meet(log, kept, offer);
    } catch (error) {
      offer.lines.delete(node);
      throw error;
    }
  }

  /** Once all have cosigned that must: from then on the world is shown this checkpoint, and the next is offered. */
  async #meet(log: string, kept: Kept, offer: Offer): Promise<void> {
    if (offer.met || !isWitnessed(this.#context.federation(), log, offer)) return;
    offer.met = true;
    try {
      await this.#show(log, kept, offer);
    } catch (error) {
      // Not on disk, and so not shown: the next cosignature tries again.
      offer.met = false;
      throw error;
    }
    this.#offer(kept, log);
    this.#bell.ring();
    if (log === COORDINATOR) this.#context.onPublic();
  }

  /** The world is shown an offer that has been met, with every cosignature that it has. */
  async #show(log: string, kept: Kept, offer: Offer): Promise<void> {
    const { store, now, signers } = this.#context;
    const federation = this.#context.federation();
    const own = log === COORDINATOR ? [] : [ownLine(federation, offer, signers(federation).witness, now())];
    const checkpoint = [offer.checkpoint, ...offer.lines.values(), ...offer.outside.values(), ...own].join(
      "",
    );
    const { asOf } = openWitnessed(federation, log, utf8(checkpoint));
    const shown = { size: offer.size, checkpoint };
    await together(store, async (database) => {
      const before = await publish(database, log, shown);
      // Seen by the coordinator's log only once the world can see it: neither is ever ahead of the other. Cosigned
      // anew, it is the same.
      if (log !== COORDINATOR && before < offer.size)
        await this.promise(database, [checkpointEntry(log, offer.checkpoint)]);
    });
    kept.shown = { ...shown, asOf: asOf ?? Math.floor(now().getTime() / 1000) };
    kept.tiles.show(checkpoint, offer.size);
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

  /** The witnesses from outside, of those that the directory requires, without whose cosignature nothing more is public. */
  get waitsFor(): string[] {
    const { offer } = this.#of(COORDINATOR);
    return offer === null || offer.met ? [] : awaitedFor(this.#context.federation(), offer);
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

  /** Wakes those that wait, since this is stopping. What is promised from now on is signed for by whoever comes next. */
  close(): void {
    this.#closed = true;
    this.#stopTimers();
    this.#outside.abort();
    this.#bell.ring();
  }
}
