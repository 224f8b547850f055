/**
 * A region's part in a secure sum: five phases, each a function of what the coordinator shows, judged by
 * `protocol/secure-sum/messages.ts`. Its secrets live in this process's memory alone: a node that restarts is missing
 * for the attempt. It helps to open one set of one query, ever, and never gives a seed and a mask key of the same peer.
 */
import { split } from "shamir-secret-sharing";
import type { Federation } from "../../protocol/federation/directory.ts";
import type { Plan } from "../../protocol/plan/plan.ts";
import { stepOf } from "../../protocol/privacy/noise-shares.ts";
import type { Primitives } from "../../protocol/secure-sum/mask.ts";
import {
  type Advert,
  openAdverts,
  openAgreements,
  openCommitments,
  openMasked,
  type Setting,
  type Signed,
  type Survivor,
  seedCommitment,
  sessionOf,
  survivorsHash,
  survivorsOf,
  u2Of,
  unfit,
} from "../../protocol/secure-sum/messages.ts";
import {
  documentId,
  type Envelope,
  envelopeId,
  type Kind,
  type Signer,
  signDocument,
  signDocumentBytes,
} from "../../protocol/signing/envelope.ts";
import { concat, fromBase64, type Hash, toBase64, utf8 } from "../../protocol/values/bytes.ts";
import type { EncryptedBox, RoundState } from "../../protocol/wire/routes.ts";
import { oneAtATime } from "../../server/database.ts";
import { decryptBox, encryptBox } from "../../server/primitives.ts";
import { drawn, type Fill } from "../random.ts";
import type { AttemptDisk } from "./attempts.ts";
import { type MaskedVector, maskVector, surplusAbove } from "./mask.ts";

/** What a node sends in a round: a signed message; in round 1 encrypted shares; in rounds 2 and 4 a vector's pieces. */
export type Reply = {
  readonly envelope: Envelope;
  readonly boxes: readonly EncryptedBox[];
  readonly chunks: readonly Uint8Array[];
};

export type ParticipantContext = {
  readonly setting: Setting;
  readonly plan: Plan;
  readonly code: string;
  readonly signer: Signer;
  readonly disk: AttemptDisk;
  readonly primitives: Primitives;
  readonly random: Fill;
  /** This region's sums without noise, and its share of the noise, component by component; drawn before they are read. */
  readonly noiseShares: (plan: Plan) => Float64Array[];
  readonly sums: (plan: Plan) => Promise<bigint[]>;
};

type Keys = { readonly private: Uint8Array; readonly public: Uint8Array };
type SecretShares = { readonly seed: Uint8Array; readonly mask: Uint8Array };

/** Everything of one attempt, in memory only. Each part is made once; shown the same again, the node sends the same. */
export class Participant {
  readonly attempt: number;
  readonly #own: ParticipantContext;
  readonly #channel: Keys;
  readonly #mask: Keys;
  readonly #advert: Reply;
  #shared: {
    session: Hash;
    adverts: Signed<Advert>[];
    seed: Uint8Array;
    own: SecretShares;
    reply: Reply;
  } | null = null;
  #masked: {
    u2: Hash;
    members: string[];
    secretShares: ReadonlyMap<string, SecretShares>;
    vector: MaskedVector;
    reply: Reply;
  } | null = null;
  #opening: Reply | null = null;
  #over = false;
  readonly #alone = oneAtATime();

  /** Round 0. The attempt is on disk before its keys leave. */
  static async begin(own: ParticipantContext): Promise<Participant> {
    const { query, attempt } = own.setting;
    await own.disk.begin(query, attempt);
    return new Participant(own);
  }

  private constructor(own: ParticipantContext) {
    this.#own = own;
    this.attempt = own.setting.attempt;
    const fresh = (): Keys => {
      const secret = this.#fresh(32);
      return { private: secret, public: own.primitives.publicOf(secret) };
    };
    this.#channel = fresh();
    this.#mask = fresh();
    this.#advert = this.#reply("advert", {
      directory: own.setting.directory,
      channel: toBase64(this.#channel.public),
      mask: toBase64(this.#mask.public),
    });
  }

  /** The version of the directory that it began under. */
  get federation(): Federation {
    return this.#own.setting.federation;
  }

  /** Whether its vector is made: charged for, and bound by what is on disk. */
  get hasMasked(): boolean {
    return this.#masked !== null;
  }

  #fresh(length: number): Uint8Array {
    return drawn(length, this.#own.random);
  }

  #payload(more: object): object {
    const { setting, code } = this.#own;
    return { query: setting.query, attempt: setting.attempt, node: code, ...more };
  }

  #reply(
    kind: Kind,
    more: object,
    boxes: readonly EncryptedBox[] = [],
    chunks: readonly Uint8Array[] = [],
  ): Reply {
    return { envelope: signDocument(kind, this.#payload(more), this.#own.signer), boxes, chunks };
  }

  /**
   * The reply to where the coordinator says that the attempt stands. Throws a refusal, and then sends nothing. `charge`
   * is called before data are read, once all that the phase `mask` shows has been judged; what it refuses is refused.
   */
  reply(round: RoundState, charge: () => Promise<void>): Promise<Reply> {
    return this.#alone(() => this.#replyTo(round, charge));
  }

  async #replyTo(round: RoundState, charge: () => Promise<void>): Promise<Reply> {
    if (this.#over || round.attempt !== this.attempt) throw unfit("the attempt that this session is of");
    switch (round.phase) {
      case "advertise":
        return this.#advert;
      case "share":
        return await this.#share(round.adverts);
      case "mask":
        return await this.#maskOnce(round.members, charge);
      case "agree":
        return await this.#agree(round.masked);
      case "open":
        return await this.#open(round.survivors, round.agreements);
    }
  }

  /** Round 1: a seed for the own mask; it and the mask key in shares, any t of which give them back. */
  async #share(envelopes: readonly Envelope[]): Promise<Reply> {
    const { setting, code, primitives } = this.#own;
    const adverts = openAdverts(setting, envelopes);
    const session = sessionOf(setting, adverts);
    if (this.#shared !== null) {
      if (this.#shared.session !== session) throw unfit("the first set of regions that was shown");
      return this.#shared.reply;
    }
    if (!adverts.some(({ id }) => id === envelopeId(this.#advert.envelope)))
      throw unfit("the advert that this region sent");
    const seed = this.#fresh(32);
    const { threshold } = setting.noiseShares;
    const [seeds, masks] = await Promise.all([
      split(seed, adverts.length, threshold),
      split(this.#mask.private, adverts.length, threshold),
    ]);
    let own: SecretShares | null = null;
    const boxes: EncryptedBox[] = [];
    for (const [index, { payload }] of adverts.entries()) {
      const secretShares = { seed: seeds[index] ?? new Uint8Array(), mask: masks[index] ?? new Uint8Array() };
      if (payload.node === code) {
        own = secretShares;
        continue;
      }
      const secret = primitives.agree(this.#channel.private, fromBase64(payload.channel));
      const key = primitives.derive(secret, session, channelInfo(code, payload.node));
      boxes.push({
        node: payload.node,
        box: toBase64(encryptBox(key, concat(secretShares.seed, secretShares.mask))),
      });
    }
    if (own === null) throw unfit("the advert that this region sent");
    const commitment = seedCommitment(session, code, seed);
    const reply = this.#reply("commitment", { session, commitment }, boxes);
    this.#shared = { session, adverts, seed, own, reply };
    return reply;
  }

  /** Round 2: the charge, noise, data, masks; the digest on disk before anything is signed or sent; once. */
  async #maskOnce(
    members: ReadonlyArray<{ commitment: Envelope; box: string | null }>,
    charge: () => Promise<void>,
  ): Promise<Reply> {
    const { setting, code, plan, primitives, disk, signer } = this.#own;
    const shared = this.#shared;
    if (shared === null) throw unfit("a session whose first set this region was shown");
    const { session, adverts } = shared;
    const u1 = adverts.map(({ payload }) => payload.node);
    const commitments = openCommitments(
      setting,
      session,
      u1,
      members.map(({ commitment }) => commitment),
    );
    const u2 = u2Of(session, commitments);
    if (this.#masked !== null) {
      if (this.#masked.u2 !== u2) throw unfit("the second set of regions that was shown");
      return this.#masked.reply;
    }
    if (!commitments.some(({ id }) => id === envelopeId(shared.reply.envelope)))
      throw unfit("the commitment that this region sent");
    const boxes = new Map(members.map(({ commitment, box }) => [envelopeId(commitment), box]));
    const secretShares = new Map<string, SecretShares>([[code, shared.own]]);
    for (const { id, payload } of commitments) {
      if (payload.node !== code)
        secretShares.set(payload.node, this.#decrypt(payload.node, adverts, session, boxes.get(id) ?? ""));
    }
    await charge();
    const noise = this.#own.noiseShares(plan);
    const sums = await this.#own.sums(plan);
    const vector = maskVector({
      plan,
      sums,
      noise,
      session,
      u2,
      code,
      seed: shared.seed,
      maskKey: this.#mask.private,
      peers: adverts.flatMap(({ payload }) =>
        payload.node !== code && secretShares.has(payload.node)
          ? [{ node: payload.node, key: fromBase64(payload.mask) }]
          : [],
      ),
      primitives,
      salt: () => this.#fresh(32),
    });
    const body = utf8(
      JSON.stringify(this.#payload({ session, u2, chunks: vector.hashes, surplus: vector.commitments })),
    );
    await disk.keepMasked(setting.query, this.attempt, documentId("masked", body));
    const reply = { envelope: signDocumentBytes("masked", body, [signer]), boxes: [], chunks: vector.chunks };
    this.#masked = { u2, members: [...secretShares.keys()], secretShares, vector, reply };
    // All that they were for is done: what is opened from now on are shares, which others hold.
    wipe([this.#channel.private, this.#mask.private, shared.seed]);
    for (const component of noise) component.fill(0);
    return reply;
  }

  /** Refuses to go on where a share does not open: it may have been changed, or encrypted for another session. */
  #decrypt(from: string, adverts: readonly Signed<Advert>[], session: Hash, box: string): SecretShares {
    const { code, primitives } = this.#own;
    const advert = adverts.find(({ payload }) => payload.node === from);
    if (advert === undefined) throw unfit("shares of members of the first set");
    const secret = primitives.agree(this.#channel.private, fromBase64(advert.payload.channel));
    const plain = decryptBox(primitives.derive(secret, session, channelInfo(from, code)), fromBase64(box));
    if (plain.length !== 66) throw unfit("two shares of 33 bytes");
    return { seed: plain.slice(0, 33), mask: plain.slice(33) };
  }

  /** Round 3: signs the one set of this query, once it is on disk. */
  async #agree(envelopes: readonly Envelope[]): Promise<Reply> {
    const { setting } = this.#own;
    const { session, u2, members } = this.#sent();
    const survivors = survivorsOf(openMasked(setting, { session, u2 }, members, envelopes));
    const hash = await this.#settle(session, u2, survivors);
    return this.#reply("agreement", { session, u2, survivors: hash });
  }

  #sent() {
    const [shared, masked] = [this.#shared, this.#masked];
    if (shared === null || masked === null) throw unfit("a session in which this region has sent its vector");
    return { ...masked, session: shared.session };
  }

  /** The set must have this region in it, with the very vector it sent, and be the only one it ever signed. */
  async #settle(session: Hash, u2: Hash, survivors: readonly Survivor[]): Promise<Hash> {
    const { setting, code, disk } = this.#own;
    const own = envelopeId(this.#sent().reply.envelope);
    if (!survivors.some(({ node, masked }) => node === code && masked === own))
      throw unfit("a set of survivors with this region and the vector it sent");
    const hash = survivorsHash(session, u2, survivors);
    await disk.agree(setting.query, { attempt: this.attempt, session, survivors: hash });
    return hash;
  }

  /** Round 4: shown t signatures of one set, gives of each peer one kind of share, and its surplus for this D. */
  async #open(survivors: readonly Survivor[], agreements: readonly Envelope[]): Promise<Reply> {
    const { setting } = this.#own;
    const { session, u2, members, secretShares, vector } = this.#sent();
    const codes = survivors.map(({ node }) => node);
    const rising = codes.every((node, index) => index === 0 || (codes[index - 1] ?? "") < node);
    if (
      !rising ||
      codes.some((node) => !members.includes(node)) ||
      codes.length < setting.noiseShares.survivors
    )
      throw unfit("survivors of the second set, each once, not fewer than the floor");
    const hash = survivorsHash(session, u2, survivors);
    openAgreements(setting, { session, u2, survivors: hash }, survivors, agreements);
    await this.#settle(session, u2, survivors);
    if (this.#opening !== null) return this.#opening;
    const step = stepOf(setting.noiseShares, setting.noiseShares.n - codes.length);
    const surplus = surplusAbove(vector, step);
    const give = (kind: keyof SecretShares, nodes: readonly string[]) =>
      nodes
        .toSorted()
        .map((of) => ({ of, share: toBase64(secretShares.get(of)?.[kind] ?? new Uint8Array()) }));
    const gone = members.filter((node) => !codes.includes(node));
    this.#opening = this.#reply(
      "opening",
      {
        session,
        survivors: hash,
        self: give("seed", codes),
        mask: give("mask", gone),
        surplus: surplus === null ? null : { salt: toBase64(surplus.salt), chunks: surplus.hashes },
      },
      [],
      surplus?.chunks ?? [],
    );
    for (const share of secretShares.values()) wipe([share.seed, share.mask]);
    return this.#opening;
  }

  /** Forgets the secrets: the attempt is over. */
  forget(): void {
    this.#over = true;
    wipe([this.#channel.private, this.#mask.private, this.#shared?.seed]);
    const held = [...(this.#masked?.secretShares.values() ?? []), this.#shared?.own];
    for (const share of held) wipe([share?.seed, share?.mask]);
    this.#shared = null;
    this.#masked = null;
    this.#opening = null;
  }
}

function wipe(secrets: ReadonlyArray<Uint8Array | undefined>): void {
  for (const secret of secrets) secret?.fill(0);
}

const channelInfo = (from: string, to: string): Uint8Array => utf8(JSON.stringify(["share", from, to]));
