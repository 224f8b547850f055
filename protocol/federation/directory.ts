/**
 * The directory: who is who. Keys, roles, nodes, datasets by hash, and the floor of approvals. A node pins
 * version 1 by hash and judges every signature by it; nothing else says who may do what.
 */
import { z } from "zod";
import { NOTE_TYPES, parseVerifierKey } from "../log/note.ts";
import { MAX_INTEGERS } from "../plan/statistic.ts";
import { Approval, ApprovalRule, rulesFor } from "../question/approval.ts";
import {
  checkCatalogue,
  type DatasetDocument,
  DatasetRef,
  readDataset,
  refOf,
} from "../question/catalogue.ts";
import type { Query } from "../question/query.ts";
import { PublicKey, type Verify } from "../signing/ed25519.ts";
import { type Envelope, envelopeId, KEY_PURPOSES, ofKind, payloadOf, signedBy } from "../signing/envelope.ts";
import { fromBase64, Hash, toBase64 } from "../values/bytes.ts";
import { Instant, PersonId, RegionCode } from "../values/names.ts";
import { compare, parseRational, RationalText, ZERO } from "../values/rational.ts";
import { Refusal } from "../values/refusal.ts";
import { textOf } from "../values/text.ts";

const PersonKey = z.strictObject({
  key: PublicKey,
  purpose: z.enum(KEY_PURPOSES),
  notBefore: Instant,
  notAfter: Instant,
  revoked: Instant.nullable(),
});

export const Person = z.strictObject({
  id: PersonId,
  roles: z.array(Approval.shape.role).max(10),
  region: RegionCode.nullable(),
  /** The digest of who this is, which stands beside the log and can be erased. */
  card: Hash.optional(),
  keys: z.array(PersonKey).max(20),
});

export type Person = z.infer<typeof Person>;

export const NodeEntry = z.strictObject({
  code: RegionCode,
  name: textOf(100),
  status: z.enum(["active", "paused"]),
  /** One key, one purpose. The log's and the witness's are used by the transparency log. */
  keys: z.strictObject({ answer: PublicKey, log: PublicKey.optional(), witness: PublicKey.optional() }),
});

/** `name+key id+key` (C2SP signed-note) of a key for cosignature/v1. */
const WitnessKey = z
  .string()
  .max(300)
  .refine(isWitnessKey, { error: "expected a verifier key of type cosignature/v1", abort: true });

function isWitnessKey(text: string): boolean {
  try {
    parseVerifierKey(text, [NOTE_TYPES.cosignature]);
    return true;
  } catch {
    return false;
  }
}

/**
 * What `add-checkpoint` is put behind: https at a name that anyone can look up, or http on this very machine. No name
 * and password, and nothing behind the path. No slash at its end.
 */
const WitnessUrl = z.string().max(300).refine(isWitnessUrl, "expected an https address, or http to loopback");

function isWitnessUrl(text: string): boolean {
  if (!URL.canParse(text) || text.endsWith("/") || /[?#@\s]/.test(text)) return false;
  const { protocol, hostname } = new URL(text);
  if (protocol === "http:") return ["127.0.0.1", "localhost", "[::1]"].includes(hostname);
  return protocol === "https:" && /\.[a-z][a-z0-9-]*$/.test(hostname);
}

/** A witness from outside the federation (C2SP tlog-witness). It is asked and shown, and counts in no quorum. */
const OutsideWitness = z.strictObject({
  name: textOf(100),
  key: WitnessKey,
  url: WitnessUrl,
  /** True where nothing is public before it has cosigned. */
  required: z.boolean().optional(),
});

export const Directory = ofKind(
  "directory",
  z
    .strictObject({
      version: z.int().min(1),
      previous: Hash.nullable(),
      name: textOf(100),
      validFrom: Instant,
      expires: Instant,
      roots: z.strictObject({ keys: z.array(PublicKey).min(1).max(20), threshold: z.int().min(1).max(20) }),
      coordinator: z.strictObject({
        release: PublicKey,
        log: PublicKey.optional(),
        witness: PublicKey.optional(),
      }),
      nodes: z.array(NodeEntry).min(1).max(1000),
      people: z.array(Person).max(10_000),
      datasets: z.array(z.strictObject({ dataset: DatasetRef, hash: Hash })).max(1000),
      approvalRules: z.array(ApprovalRule).min(1).max(100),
      witnesses: z.array(OutsideWitness).max(20).optional(),
      /**
       * The most ρ that a region may release of one person's rows of a calendar year, over all datasets, in parts that
       * nothing else may take. A directory without it (as all were once) has no parts, and no ceiling but its datasets'.
       */
      rhoPerYear: RationalText.optional(),
      /** The digest of the list of the pages' files, each by its own: which scripts and styles people are to be sent. */
      pages: Hash.optional(),
    })
    .refine(
      ({ rhoPerYear }) => rhoPerYear === undefined || compare(parseRational(rhoPerYear), ZERO) > 0,
      "expected rhoPerYear above 0",
    )
    .refine(
      ({ roots }) => roots.threshold <= new Set(roots.keys).size,
      "expected a threshold the roots can meet",
    )
    .refine(
      ({ nodes }) => new Set(nodes.map(({ code }) => code)).size === nodes.length,
      "expected each node once",
    )
    .refine(
      ({ people }) => new Set(people.map(({ id }) => id)).size === people.length,
      "expected each person once",
    )
    .refine(({ coordinator, nodes }) => {
      const named = [coordinator, ...nodes.map(({ keys }) => keys)].flatMap(({ log, witness }) => [
        log,
        witness,
      ]);
      return named.every((key) => key !== undefined) || named.every((key) => key === undefined);
    }, "expected keys for log and witness of the coordinator and of every node, or of none")
    .refine(
      ({ witnesses = [], coordinator }) => witnesses.length === 0 || coordinator.log !== undefined,
      "expected witnesses from outside only of a federation that keeps logs",
    )
    .refine(
      ({ witnesses = [] }) => new Set(witnesses.map(({ name }) => name)).size === witnesses.length,
      "expected each witness from outside once",
    )
    .refine((directory) => {
      const keys = keysOf(directory);
      return new Set(keys).size === keys.length;
    }, "expected each key once: one key, one purpose"),
);
export type Directory = z.infer<typeof Directory>;

type HasKeys = {
  roots: { keys: PublicKey[] };
  coordinator: Record<string, PublicKey | undefined>;
  nodes: z.infer<typeof NodeEntry>[];
  people: z.infer<typeof Person>[];
  witnesses?: z.infer<typeof OutsideWitness>[] | undefined;
};

/** The public key within the verifier key of a witness from outside, which was checked as it was read. */
export const witnessPublicKey = (key: string): PublicKey =>
  toBase64(fromBase64(key.replace(/^[^+]*\+[^+]*\+/, "")).slice(1));

/** Every key that a version names, whosever it is. */
export function keysOf({ roots, coordinator, nodes, people, witnesses = [] }: HasKeys): PublicKey[] {
  return [
    ...roots.keys,
    ...Object.values(coordinator),
    ...nodes.flatMap(({ keys }) => Object.values(keys)),
    ...people.flatMap(({ keys }) => keys.map(({ key }) => key)),
    ...witnesses.map(({ key }) => witnessPublicKey(key)),
  ].filter((key) => key !== undefined);
}

/** A directory version with its datasets, all checked: what every judgement below is made against. */
export type Federation = {
  readonly hash: Hash;
  /** The hash of version 1, by which the federation and its logs are known. */
  readonly first: Hash;
  /** The versions before it, oldest first. */
  readonly earlier: readonly Federation[];
  readonly envelope: Envelope;
  readonly directory: Directory;
  readonly datasets: ReadonlyMap<string, DatasetDocument>;
  readonly verify: Verify;
  /** Integers an answer may have: the protocol's limit; only benchmarks lift it. */
  readonly limit: number;
  /** Keys that whoever judges has revoked by hand, whatever the directory says of them. */
  readonly revoked: ReadonlySet<PublicKey>;
  /** By region, answer keys of earlier versions: for judging what may have been signed under either. */
  readonly former: ReadonlyMap<string, readonly PublicKey[]>;
};

/**
 * Reads version 1 of a directory pinned by its hash, with the datasets it names. Refuses another hash, too few
 * root signatures, a dataset that is missing or not the one named, and a catalogue with a budget to be had twice.
 */
export function readFederation(
  envelope: Envelope,
  bodies: readonly Uint8Array[],
  pinned: Hash | null,
  verify: Verify,
  limit: number = MAX_INTEGERS,
): Federation {
  const hash = envelopeId(envelope);
  if (pinned !== null && hash !== pinned)
    throw new Refusal(
      "directory-unknown",
      `expected the directory of the hash that is pinned, ${pinned}; another was handed out`,
    );
  const directory = readDirectory(envelope, verify);
  if (directory.version !== 1 || directory.previous !== null) {
    throw new Refusal("directory-unknown", "expected version 1 of the directory");
  }
  const datasets = datasetsOf(directory, bodies, new Map());
  checkCatalogue([...datasets.values()].map(({ dataset }) => dataset));
  const none = { earlier: [], revoked: new Set<PublicKey>(), former: new Map<string, PublicKey[]>() };
  return { hash, first: hash, envelope, directory, datasets, verify, limit, ...none };
}

/** The datasets that a version names: from the bodies that come with it, and from those that are known. */
export function datasetsOf(
  directory: Directory,
  bodies: readonly Uint8Array[],
  known: ReadonlyMap<string, DatasetDocument>,
): Map<string, DatasetDocument> {
  const given = new Map<string, DatasetDocument>();
  for (const document of bodies.map(readDataset)) {
    const ref = refOf(document.dataset);
    const named = directory.datasets.find(({ dataset }) => dataset === ref);
    if (named === undefined || named.hash !== document.hash || given.has(ref)) {
      throw new Refusal("dataset-unknown", `expected ${ref} once, as the directory names it by hash`);
    }
    given.set(ref, document);
  }
  return new Map(
    directory.datasets.map(({ dataset, hash }) => {
      const document = given.get(dataset) ?? known.get(dataset);
      if (document === undefined || document.hash !== hash)
        throw new Refusal("dataset-unknown", `expected ${dataset} beside the directory`);
      return [dataset, document];
    }),
  );
}

/** A version of the directory, signed by as many of its own roots as it asks for. */
export function readDirectory(
  envelope: Envelope,
  verify: Verify,
  revoked: ReadonlySet<PublicKey> = new Set(),
): Directory {
  const directory = payloadOf(Directory, envelope);
  const { keys, threshold } = directory.roots;
  const counting = keys.filter((key) => !revoked.has(key));
  if (signedBy(envelope, "directory", counting, verify).length < threshold) {
    throw new Refusal("signature-invalid", `expected ${threshold} root signatures on the directory`);
  }
  return directory;
}

const answerers = new WeakMap<Federation, ReadonlyMap<PublicKey, string>>();

/** Whose each key is, of those with which regions sign what they answer: their own while active, and former ones that count. */
export function answerKeysOf(federation: Federation): ReadonlyMap<PublicKey, string> {
  const known = answerers.get(federation);
  if (known !== undefined) return known;
  const { directory, former, revoked } = federation;
  const active = directory.nodes.filter(({ status }) => status === "active");
  const keys = [
    ...active.map(({ code, keys }) => [keys.answer, code] as const),
    ...[...former].flatMap(([code, list]) => list.map((key) => [key, code] as const)),
  ];
  const counting = new Map(keys.filter(([key]) => !revoked.has(key)));
  answerers.set(federation, counting);
  return counting;
}

/**
 * What a version must hold that is made, signed, published or followed from now on (`directory-unfit`): a rule for each
 * dataset, or nobody could approve a question of it. Versions that stand are read without this: they were in force.
 */
export function checkRules({ datasets, approvalRules }: Pick<Directory, "datasets" | "approvalRules">): void {
  const left = datasets.find(({ dataset }) => rulesFor({ dataset }, approvalRules).length === 0);
  if (left !== undefined)
    throw new Refusal(
      "directory-unfit",
      `expected an approval rule that names ${left.dataset}, or all datasets (*): without one nobody can approve`,
    );
}

/** Whose a person's key is, and its entry; null where it is nobody's. Each key stands once. */
export function holderOf(
  { people }: Pick<Directory, "people">,
  key: PublicKey,
): { readonly person: Person; readonly entry: Person["keys"][number] } | null {
  for (const person of people) {
    const entry = person.keys.find((each) => each.key === key);
    if (entry !== undefined) return { person, entry };
  }
  return null;
}

/** The node that the directory lists as active under this code. */
export function nodeOf({ directory }: Federation, code: string) {
  const node = directory.nodes.find((entry) => entry.code === code);
  if (node === undefined || node.status !== "active") {
    throw new Refusal("node-unknown", "expected a node that the directory lists as active");
  }
  return node;
}

/** The version of this hash: this one or an earlier one; null where it is neither. */
export const versionOf = (federation: Federation, hash: Hash): Federation | null =>
  federation.hash === hash ? federation : (federation.earlier.find((each) => each.hash === hash) ?? null);

/**
 * The codes a query is put to, in the order of the directory that it is bound to. Refuses one that is not active
 * there.
 */
export const rosterOf = (federation: Federation, query: Query): string[] =>
  rosterIn(versionOf(federation, query.directory) ?? federation, query);

/** Refuses (`region-unknown`) a question that asks for more answers than it has regions: none could ever be published. */
export function checkEnough(federation: Federation, query: Query): void {
  const asked = rosterOf(federation, query).length;
  if (asked < query.minRegions)
    throw new Refusal(
      "region-unknown",
      `expected minRegions of at most ${asked}, as many regions as are asked, not ${query.minRegions}`,
    );
}

export function rosterIn({ directory }: Federation, query: Query): string[] {
  const active = directory.nodes.filter(({ status }) => status === "active").map(({ code }) => code);
  if (query.regions === "all") return active;
  const unknown = query.regions.find((code) => !active.includes(code));
  if (unknown !== undefined || new Set(query.regions).size !== query.regions.length) {
    throw new Refusal("region-unknown", "expected active regions of the directory, each once");
  }
  return active.filter((code) => query.regions.includes(code));
}

/** True where the federation keeps logs: its directory names every key that they need. */
export const isLogged = ({ directory }: Pick<Federation, "directory">): boolean =>
  directory.coordinator.log !== undefined;
