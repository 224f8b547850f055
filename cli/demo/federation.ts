/**
 * Makes a whole federation in a folder: keys, directory, datasets, and a configuration for each party. For the
 * demonstration and the tests; a real one has each party make its own keys (`brus keys new`).
 */
import { randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { CoordinatorConfig } from "../../coordinator/config.ts";
import type { Policy } from "../../node/answer/policy.ts";
import type { NodeConfig } from "../../node/config.ts";
import { CALENDAR_ROLE } from "../../protocol/federation/accounts.ts";
import type { Directory } from "../../protocol/federation/directory.ts";
import type { ApprovalRule } from "../../protocol/question/approval.ts";
import { type DatasetDocument, refOf } from "../../protocol/question/catalogue.ts";
import { envelopeId, type Signer, signDocument } from "../../protocol/signing/envelope.ts";
import type { Hash } from "../../protocol/values/bytes.ts";
import { instant } from "../../protocol/values/names.ts";
import type { KeyFile } from "../../server/keys.ts";
import { SCRYPT_COST, sealKey } from "../../server/sealed-key.ts";
import { newKey, signerOf, writeSecret } from "../../server/signing.ts";
import type { Party } from "../client/ask.ts";

export type FederationPlan = {
  readonly name: string;
  readonly regions: ReadonlyArray<{ readonly code: string; readonly name: string }>;
  readonly datasets: readonly DatasetDocument[];
  /** Distinct approvers that every query needs; of two regions at least, where several are needed. */
  readonly approvals: number;
  readonly approvers?: number;
  readonly rules?: readonly ApprovalRule[];
  /** The most ρ of one person and year; what the datasets' budgets come to, unless said. */
  readonly rhoPerYear?: string | undefined;
  /** The digest of the pages' files; none unless said. */
  readonly pages?: Hash | undefined;
  /** From outside the federation. */
  readonly witnesses?: Directory["witnesses"];
  /** What a guess at the passphrase of a root's key costs: tests alone make cheaper keys, which no command opens. */
  readonly sealCost?: number;
  /** False leaves logs and witnesses out: for tests and benchmarks of something else. */
  readonly logged?: boolean;
};

/** One key file each: to begin with there is no other. */
type WatchingFiles = { logKey?: string; witnessKey?: string };

export type MadeFederation = {
  readonly folder: string;
  readonly hash: Hash;
  readonly researcher: Party;
  readonly approvers: readonly Party[];
  readonly auditor: Party;
  /** As many as must sign are more than half of them. Their keys are sealed by the passphrase in `passphraseFile`. */
  readonly roots: readonly Signer[];
  readonly passphraseFile: string;
  readonly directory: Directory;
  readonly coordinator: CoordinatorConfig & WatchingFiles & { releaseKey: string };
  readonly nodes: readonly MadeNode[];
};

type MadeNode = {
  readonly code: string;
  readonly folder: string;
  readonly signer: Signer;
  readonly config: NodeConfig & WatchingFiles & { answerKey: string };
};

const YEAR = 365 * 24 * 3600 * 1000;
export const OPEN_POLICY: Policy = {
  mayAsk: "researchers",
  datasets: "all",
  approvals: [],
  ceilings: {},
  withheld: [],
};

/** `address` is where nodes will find the coordinator; port 0 is filled in by whoever listens. */
export function makeFederation(
  folder: string,
  plan: FederationPlan,
  now: Date,
  address: string,
): MadeFederation {
  const keys = keyRing(join(folder, "keys"), plan);
  const parties = partiesOf(plan, keys);
  const directory = directoryOf(plan, parties, now);
  const envelope = signDocument("directory", directory, ...parties.roots);
  const hash = envelopeId(envelope);
  const directoryFile = join(folder, "directory.json");
  writeFileSync(directoryFile, JSON.stringify(envelope));
  const { researcher, approvers, auditor, roots } = parties;
  return {
    folder,
    hash,
    researcher,
    approvers,
    auditor,
    roots,
    passphraseFile: keys.passphraseFile,
    directory,
    coordinator: configureCoordinator(folder, plan, { directoryFile, directory: hash }, keys),
    nodes: parties.nodes.map(({ code, signer }) => {
      const own = join(folder, `node-${code}`);
      const known = { code, coordinator: address, directory: hash };
      return { code, folder: own, signer, config: configureNode(own, known, keys) };
    }),
  };
}

type WatchingKeys = { readonly log?: string; readonly witness?: string };

/** New keys, each in a file of its own, named after whose it is and what for. */
type KeyRing = {
  readonly make: (name: string, purpose: string) => Signer;
  /** Sealed, as a root's key always is. */
  readonly makeRoot: (name: string) => Signer;
  readonly passphraseFile: string;
  /** A party's keys for its log and as a witness, where logs are kept. */
  readonly makeWatching: (name: string) => WatchingKeys;
  readonly fileOf: (name: string) => string;
  readonly watchingFilesOf: (name: string) => WatchingFiles;
};

/** So many roots: one may be lost, and one alone changes nothing. */
const ROOTS = 3;

function keyRing(folder: string, { logged = true, sealCost = SCRYPT_COST }: FederationPlan): KeyRing {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const passphraseFile = join(folder, "passphrase");
  const passphrase = randomBytes(16).toString("hex");
  writeSecret(passphraseFile, `${passphrase}\n`);
  const fileOf = (name: string) => join(folder, `${name}.json`);
  const write = (name: string, file: KeyFile) =>
    writeSecret(fileOf(name), `${JSON.stringify(file, null, 2)}\n`);
  const make = (name: string, purpose: string): Signer => {
    const file = newKey(purpose);
    write(name, file);
    return signerOf(file);
  };
  return {
    make,
    makeRoot: (name) => {
      const file = newKey("root");
      write(name, sealKey(file, passphrase, { salt: randomBytes(32), cost: sealCost }));
      return signerOf(file);
    },
    passphraseFile,
    makeWatching: (name) =>
      logged
        ? {
            log: make(`${name}-log`, "log").publicKey,
            witness: make(`${name}-witness`, "witness").publicKey,
          }
        : {},
    fileOf,
    watchingFilesOf: (name) =>
      logged ? { logKey: fileOf(`${name}-log`), witnessKey: fileOf(`${name}-witness`) } : {},
  };
}

/** Everybody in it, each with the keys that are theirs. */
function partiesOf(plan: FederationPlan, { make, makeRoot, makeWatching }: KeyRing) {
  const person = (id: string, purpose: string): Party => ({ id, signer: make(id, purpose) });
  const approvers = plan.approvers ?? Math.max(plan.approvals, 1);
  return {
    roots: Array.from({ length: ROOTS }, (_, index) => makeRoot(`root-${index + 1}`)),
    coordinator: { release: make("coordinator", "release").publicKey, ...makeWatching("coordinator") },
    researcher: person("researcher", "ask"),
    approvers: Array.from({ length: approvers }, (_, index) => person(`approver-${index + 1}`, "approve")),
    auditor: person("auditor", "audit"),
    nodes: plan.regions.map(({ code, name }) => {
      const signer = make(`node-${code}`, "answer");
      return { code, name, signer, watching: makeWatching(`node-${code}`) };
    }),
  };
}

function directoryOf(plan: FederationPlan, parties: ReturnType<typeof partiesOf>, now: Date): Directory {
  const { roots, coordinator, researcher, approvers, auditor, nodes } = parties;
  const rule = { dataset: "*", role: "approver", persons: Math.max(1, plan.approvals) } as const;
  // Of several regions where there are several: nobody decides who has all the keys of one place.
  const several = rule.persons > 1 && plan.regions.length > 1 ? { regions: 2 } : {};
  const validity = {
    notBefore: instant(new Date(now.getTime() - 60_000)),
    notAfter: instant(new Date(now.getTime() + YEAR)),
  };
  const person = (
    { id, signer }: Party,
    purpose: "ask" | "approve" | "audit",
    roles: string[],
    region: string | null = null,
  ): Directory["people"][number] => ({
    id,
    roles,
    region,
    keys: [{ key: signer.publicKey, purpose, ...validity, revoked: null }],
  });
  return {
    version: 1,
    previous: null,
    name: plan.name,
    validFrom: validity.notBefore,
    expires: validity.notAfter,
    roots: { keys: roots.map(({ publicKey }) => publicKey), threshold: Math.floor(ROOTS / 2) + 1 },
    coordinator,
    nodes: nodes.map(({ code, name, signer, watching }) => ({
      code,
      name,
      status: "active",
      keys: { answer: signer.publicKey, ...watching },
    })),
    people: [
      person(researcher, "ask", ["researcher", CALENDAR_ROLE]),
      person(auditor, "audit", ["auditor"]),
      ...approvers.map((approver, at) =>
        person(approver, "approve", ["approver"], plan.regions[at % plan.regions.length]?.code),
      ),
    ],
    datasets: plan.datasets.map(({ dataset, hash }) => ({ dataset: refOf(dataset), hash })),
    approvalRules: [...(plan.rules ?? [{ ...rule, ...several }])],
    ...(plan.witnesses === undefined ? {} : { witnesses: plan.witnesses }),
    ...(plan.rhoPerYear === undefined ? {} : { rhoPerYear: plan.rhoPerYear }),
    ...(plan.pages === undefined ? {} : { pages: plan.pages }),
  };
}

/** The coordinator's configuration and datasets, written into the folder. */
function configureCoordinator(
  folder: string,
  plan: FederationPlan,
  known: { readonly directoryFile: string; readonly directory: Hash },
  keys: KeyRing,
): MadeFederation["coordinator"] {
  const datasetFiles = plan.datasets.map(({ dataset, body }) => {
    const path = join(folder, `${refOf(dataset)}.dataset.json`);
    writeFileSync(path, body);
    return path;
  });
  const config: MadeFederation["coordinator"] = {
    data: join(folder, "coordinator"),
    ...known,
    datasetFiles,
    releaseKey: keys.fileOf("coordinator"),
    ...keys.watchingFilesOf("coordinator"),
    host: "127.0.0.1",
    port: 0,
    publisher: { name: plan.name, email: "kontakt@example.se" },
    requestsPerMinute: 1_000_000,
    threads: 1,
    memory: "1GB",
    logLevel: "warn",
  };
  writeFileSync(join(folder, "coordinator.json"), `${JSON.stringify(config, null, 2)}\n`);
  return config;
}

/** A node's configuration and policy, written into a folder of its own. */
function configureNode(
  own: string,
  known: { readonly code: string; readonly coordinator: string; readonly directory: Hash },
  keys: KeyRing,
): MadeNode["config"] {
  const name = `node-${known.code}`;
  mkdirSync(own, { recursive: true, mode: 0o700 });
  const config: MadeNode["config"] = {
    ...known,
    data: join(own, "data"),
    answerKey: keys.fileOf(name),
    ...keys.watchingFilesOf(name),
    secrets: own,
    keepIdentities: true,
    policy: join(own, "policy.json"),
    threads: 1,
    memory: "1GB",
    tick: 50,
    logLevel: "warn",
  };
  writeFileSync(config.policy, `${JSON.stringify(OPEN_POLICY, null, 2)}\n`);
  writeFileSync(join(own, "node.json"), `${JSON.stringify(config, null, 2)}\n`);
  return config;
}
