/**
 * A cast of regions for secure sums, without databases or HTTP: real participants over disks in memory that survive a
 * crash, and a stage on which a test plays the coordinator, honest or not.
 */
import { drawNoiseShares } from "../../node/answer/noise.ts";
import { type Fill, systemRandom } from "../../node/random.ts";
import type { AgreedSet, AttemptDisk } from "../../node/secure-sum/attempts.ts";
import { Participant, type Reply } from "../../node/secure-sum/participant.ts";
import type { Directory, Federation } from "../../protocol/federation/directory.ts";
import { readFederation } from "../../protocol/federation/directory.ts";
import { type Plan, planOf } from "../../protocol/plan/plan.ts";
import { type Dataset, writeDataset } from "../../protocol/question/catalogue.ts";
import type { Query } from "../../protocol/question/query.ts";
import type { Setting } from "../../protocol/secure-sum/messages.ts";
import { type OpenedSum, openSum, readMaterial } from "../../protocol/secure-sum/open-sum.ts";
import { type Envelope, envelopeId, type Signer, signDocument } from "../../protocol/signing/envelope.ts";
import { type Hash, hashOf, utf8 } from "../../protocol/values/bytes.ts";
import { Refusal } from "../../protocol/values/refusal.ts";
import type { RoundState } from "../../protocol/wire/routes.ts";
import { nativePrimitives } from "../../server/primitives.ts";
import { nativeVerify, newKey, signerOf } from "../../server/signing.ts";
import { CARE } from "./federation.ts";
import { queryOf } from "./generate.ts";

/** What `node/secure-sum/attempts.ts` keeps in a database, by the same rules: it outlives a participant's memory. */
export class MemoryDisk implements AttemptDisk {
  readonly begun = new Map<Hash, number>();
  readonly sent = new Map<string, Hash>();
  readonly sets = new Map<Hash, AgreedSet>();
  readonly charged = new Set<Hash>();
  /** Called before and after each write, so that a test can let the process die there. */
  onWrite: () => void = () => undefined;

  charge(query: Hash): void {
    this.onWrite();
    this.charged.add(query);
    this.onWrite();
  }

  async begin(query: Hash, attempt: number): Promise<void> {
    this.onWrite();
    if (this.sets.has(query)) throw new Refusal("round-burnt", "expected a query with no set signed");
    if ((this.begun.get(query) ?? 0) >= attempt) throw new Refusal("round-unfit", "expected a new attempt");
    this.begun.set(query, attempt);
    this.onWrite();
  }

  async keepMasked(query: Hash, attempt: number, masked: Hash): Promise<void> {
    this.onWrite();
    const key = `${query} ${attempt}`;
    if (this.sent.has(key)) throw new Refusal("round-unfit", "expected an attempt with no vector sent");
    this.sent.set(key, masked);
    this.onWrite();
  }

  async agree(query: Hash, set: AgreedSet): Promise<void> {
    this.onWrite();
    const stored = this.sets.get(query);
    if (stored !== undefined && JSON.stringify(stored) !== JSON.stringify(set))
      throw new Refusal("round-unfit", "expected the one set that was signed");
    this.sets.set(query, set);
    this.onWrite();
  }
}

/** One region: its disk for ever, its part until it crashes, and everything it ever sent. */
export class Actor {
  readonly code: string;
  readonly disk = new MemoryDisk();
  readonly sent: Reply[] = [];
  readonly noise: Float64Array[][] = [];
  readonly signer: Signer;
  participant: Participant | null = null;
  readonly #cast: Cast;

  constructor(cast: Cast, code: string, signer: Signer) {
    this.#cast = cast;
    this.code = code;
    this.signer = signer;
  }

  /** As `node/secure-sum/turn.ts` does, for a query that is admitted. Throws what the participant refuses. */
  async take(round: RoundState, query: Hash = this.#cast.query): Promise<Reply> {
    if (this.participant?.attempt !== round.attempt || this.#of !== query) {
      if (round.phase !== "advertise")
        throw new Refusal("round-unfit", "expected an attempt that was joined");
      const { plan, settingOf: setting, sums, draw } = this.#cast;
      this.participant = await Participant.begin({
        setting: setting(round.attempt, query),
        plan,
        code: this.code,
        signer: this.signer,
        disk: this.disk,
        primitives: nativePrimitives,
        random: this.#cast.random,
        noiseShares: (planned) => {
          const drawn = draw(planned);
          this.noise.push(drawn.map((component) => component.slice())); // The participant wipes its own.
          return drawn;
        },
        sums: async () => {
          if (!this.disk.charged.has(query)) throw new Error("data are read before they are charged for");
          return sums(this.code);
        },
      });
      this.#of = query;
    }
    const reply = await this.participant.reply(round, async () => {
      this.disk.charge(query);
    });
    this.sent.push(reply);
    return reply;
  }

  #of: Hash | null = null;

  /** kill -9 and restart: the attempt's secrets are gone, the disk is not. */
  crash(): void {
    this.participant = null;
  }
}

export type CastOptions = {
  readonly n: number;
  readonly query?: Partial<Query>;
  readonly dataset?: Partial<Dataset>;
  readonly sums?: (plan: Plan, code: string) => bigint[];
  readonly draw?: (plan: Plan) => Float64Array[];
  readonly random?: Fill;
};

export type Cast = {
  readonly federation: Federation;
  readonly plan: Plan;
  readonly query: Hash;
  readonly roster: readonly string[];
  readonly settingOf: (attempt: number, query?: Hash) => Setting;
  readonly sums: (code: string) => bigint[];
  readonly draw: (plan: Plan) => Float64Array[];
  readonly random: Fill;
  readonly actors: ReadonlyMap<string, Actor>;
};

const codeOf = (index: number): string => String(index + 1).padStart(3, "0");

export function castOf(options: CastOptions): Cast {
  const { n } = options;
  const root = signerOf(newKey("root"));
  const signers = Array.from({ length: n }, () => signerOf(newKey("answer")));
  const document = writeDataset({ ...CARE, ...options.dataset });
  const always = { notBefore: "2020-01-01T00:00:00Z", notAfter: "2040-01-01T00:00:00Z", revoked: null };
  const directory: Directory = {
    version: 1,
    previous: null,
    name: "Cast",
    validFrom: always.notBefore,
    expires: always.notAfter,
    roots: { keys: [root.publicKey], threshold: 1 },
    coordinator: { release: signerOf(newKey("release")).publicKey },
    nodes: signers.map(({ publicKey }, index) => ({
      code: codeOf(index),
      name: codeOf(index),
      status: "active",
      keys: { answer: publicKey },
    })),
    people: [],
    datasets: [{ dataset: "care@1", hash: document.hash }],
    approvalRules: [{ dataset: "*", role: "approver", persons: 1 }],
  };
  const federation = readFederation(
    signDocument("directory", directory, root),
    [document.body],
    null,
    nativeVerify,
  );
  const plan = planOf(queryOf({ release: "national", ...options.query }), document.dataset, n);
  const { noiseShares } = plan;
  if (noiseShares === null) throw new Error("a cast plays a national query");
  const roster = directory.nodes.map(({ code }) => code);
  const query = hashOf(utf8("the query"));
  const size = plan.length * plan.periods.length;
  const actors = new Map<string, Actor>();
  const cast: Cast = {
    federation,
    plan,
    query,
    roster,
    settingOf: (attempt, of = query) => ({
      federation,
      directory: federation.hash,
      query: of,
      attempt,
      roster,
      noiseShares,
    }),
    sums: (code) =>
      options.sums?.(plan, code) ??
      Array.from({ length: size }, (_, index) => BigInt(60 * Number(code) + index)),
    draw: options.draw ?? ((planned) => drawNoiseShares(planned, systemRandom)),
    random: options.random ?? systemRandom,
    actors,
  };
  signers.forEach((signer, index) => {
    actors.set(codeOf(index), new Actor(cast, codeOf(index), signer));
  });
  return cast;
}

export type Act = "advertise" | "share" | "mask" | "agree" | "open";

/** What a coordinator has of an attempt: the messages, by region. */
export class Stage {
  readonly cast: Cast;
  readonly attempt: number;
  readonly adverts = new Map<string, Reply>();
  readonly shared = new Map<string, Reply>();
  readonly masked = new Map<string, Reply>();
  readonly agreed = new Map<string, Reply>();
  readonly opened = new Map<string, Reply>();

  constructor(cast: Cast, attempt = 1) {
    this.cast = cast;
    this.attempt = attempt;
  }

  readonly #in = (map: ReadonlyMap<string, Reply>, nodes: Iterable<string>): Envelope[] =>
    [...nodes].toSorted().flatMap((node) => map.get(node)?.envelope ?? []);

  shareState(nodes: Iterable<string> = this.adverts.keys()): RoundState {
    return { phase: "share", attempt: this.attempt, adverts: this.#in(this.adverts, nodes) };
  }

  maskState(to: string, nodes: Iterable<string> = this.shared.keys()): RoundState {
    const members = [...nodes].toSorted().flatMap((node) => {
      const reply = this.shared.get(node);
      if (reply === undefined) return [];
      const box = reply.boxes.find((each) => each.node === to)?.box ?? null;
      return [{ commitment: reply.envelope, box }];
    });
    return { phase: "mask", attempt: this.attempt, members };
  }

  agreeState(nodes: Iterable<string> = this.masked.keys()): RoundState {
    return { phase: "agree", attempt: this.attempt, masked: this.#in(this.masked, nodes) };
  }

  openState(
    nodes: Iterable<string> = this.masked.keys(),
    signers: Iterable<string> = this.agreed.keys(),
  ): RoundState {
    const survivors = [...nodes].toSorted().map((node) => {
      const reply = this.masked.get(node);
      if (reply === undefined) throw new Error("a survivor has sent its vector");
      return { node, masked: envelopeId(reply.envelope) };
    });
    return { phase: "open", attempt: this.attempt, survivors, agreements: this.#in(this.agreed, signers) };
  }

  /** One phase put to those named; who refuses is missing. Gives the refusals. */
  async play(
    act: Act,
    nodes: Iterable<string>,
    state?: (to: string) => RoundState,
  ): Promise<Map<string, unknown>> {
    const refusals = new Map<string, unknown>();
    const into = {
      advertise: this.adverts,
      share: this.shared,
      mask: this.masked,
      agree: this.agreed,
      open: this.opened,
    }[act];
    const honest = {
      advertise: (): RoundState => ({ phase: "advertise", attempt: this.attempt }),
      share: () => this.shareState(),
      mask: (to: string) => this.maskState(to),
      agree: () => this.agreeState(),
      open: () => this.openState(),
    }[act];
    for (const node of [...nodes]) {
      const actor = this.cast.actors.get(node);
      if (actor === undefined) throw new Error(`there is no ${node}`);
      try {
        into.set(node, await actor.take((state ?? honest)(node)));
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        refusals.set(node, error);
      }
    }
    return refusals;
  }

  /** The honest run, but for those who are missing from a phase on. */
  async run(missing: Partial<Record<Act, readonly string[]>> = {}): Promise<void> {
    let there: string[] = [...this.cast.roster];
    for (const act of ["advertise", "share", "mask", "agree", "open"] as const) {
      there = there.filter((node) => missing[act]?.includes(node) !== true);
      const refusals = await this.play(
        act,
        act === "agree" || act === "open" ? there.filter((node) => this.masked.has(node)) : there,
      );
      if (refusals.size > 0) throw [...refusals.values()][0];
    }
  }

  /** Opens the sum as the coordinator does, from what it has. */
  async sum(survivors: readonly string[] = [...this.masked.keys()].toSorted()): Promise<OpenedSum> {
    const setting = this.cast.settingOf(this.attempt);
    const material = readMaterial(setting, {
      adverts: this.#in(this.adverts, this.adverts.keys()),
      commitments: this.#in(this.shared, this.shared.keys()),
      masked: this.#in(this.masked, survivors),
      openings: [...this.opened.values()].map(({ envelope }) => envelope),
    });
    const chunks = new Map(
      [...this.masked.values(), ...this.opened.values()].map((reply) => [
        envelopeId(reply.envelope),
        reply.chunks,
      ]),
    );
    const chunk = async (document: Hash, place: number) => {
      const bytes = chunks.get(document)?.[place];
      if (bytes === undefined) throw new Error("a piece that was sent is there");
      return bytes;
    };
    return await openSum(setting, this.cast.plan, material, chunk, nativePrimitives);
  }

  /** What the opened sum must be: the survivors' sums times the scale, with the noise that stays in. */
  expected(survivors: readonly string[], unopened: readonly string[] = []): bigint[] {
    const { plan } = this.cast;
    const { noiseShares } = plan;
    if (noiseShares === null) throw new Error("a cast plays a national query");
    const missing = noiseShares.n - survivors.length;
    const step = noiseShares.steps.findIndex((covers) => covers >= missing);
    const total = new Array<bigint>(plan.length * plan.periods.length).fill(0n);
    for (const node of survivors) {
      const noise = this.cast.actors.get(node)?.noise.at(-1) ?? [];
      const kept = unopened.includes(node) ? noise : noise.slice(0, step + 1);
      this.cast.sums(node).forEach((value, index) => {
        total[index] =
          (total[index] ?? 0n) +
          value * noiseShares.scale +
          kept.reduce((sum, component) => sum + BigInt(component[index] ?? 0), 0n);
      });
    }
    return total;
  }
}
