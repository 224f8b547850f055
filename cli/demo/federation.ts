/**
 * Makes a whole federation in a folder: keys, directory, datasets, and a configuration for each party. For the
 * demonstration and the tests; a real one has each party make its own keys (`brus keys new`).
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { CoordinatorConfig } from "../../coordinator/config.ts";
import type { Policy } from "../../node/answer/policy.ts";
import type { NodeConfig } from "../../node/config.ts";
import type { Directory } from "../../protocol/federation/directory.ts";
import type { ApprovalRule } from "../../protocol/question/approval.ts";
import { type DatasetDocument, refOf } from "../../protocol/question/catalogue.ts";
import { envelopeId, type Signer, seal } from "../../protocol/signing/envelope.ts";
import type { Hash } from "../../protocol/values/bytes.ts";
import { instant } from "../../protocol/values/names.ts";
import { newKey, signerOf, writeSecret } from "../../server/signing.ts";
import type { Party } from "../client/ask.ts";

export type FederationPlan = {
  readonly name: string;
  readonly regions: ReadonlyArray<{ readonly code: string; readonly name: string }>;
  readonly datasets: readonly DatasetDocument[];
  /** Distinct approvers that every query needs. */
  readonly approvals: number;
  readonly approvers?: number;
  readonly rules?: readonly ApprovalRule[];
  /** False leaves logs and witnesses out: for tests and benchmarks of something else. */
  readonly logged?: boolean;
};

/** One key file each: to begin with there is no other. */
type Watching = { logKey?: string; witnessKey?: string };

export type MadeFederation = {
  readonly folder: string;
  readonly hash: Hash;
  readonly researcher: Party;
  readonly approvers: readonly Party[];
  readonly auditor: Party;
  readonly root: Signer;
  readonly directory: Directory;
  readonly coordinator: CoordinatorConfig & Watching & { releaseKey: string };
  readonly nodes: ReadonlyArray<{
    readonly code: string;
    readonly folder: string;
    readonly signer: Signer;
    readonly config: NodeConfig & Watching & { answerKey: string };
  }>;
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
  const keys = join(folder, "keys");
  mkdirSync(keys, { recursive: true, mode: 0o700 });
  const key = (name: string, purpose: string): Signer => {
    const file = newKey(purpose);
    writeSecret(join(keys, `${name}.json`), `${JSON.stringify(file, null, 2)}\n`);
    return signerOf(file);
  };
  const validity = {
    notBefore: instant(new Date(now.getTime() - 60_000)),
    notAfter: instant(new Date(now.getTime() + YEAR)),
    revoked: null,
  };
  const root = key("root", "root");
  const release = key("coordinator", "release");
  const logged = plan.logged !== false;
  const watching = (name: string) =>
    logged
      ? { log: key(`${name}-log`, "log").publicKey, witness: key(`${name}-witness`, "witness").publicKey }
      : {};
  const watchingFiles = (name: string) =>
    logged ? { logKey: join(keys, `${name}-log.json`), witnessKey: join(keys, `${name}-witness.json`) } : {};
  const researcher: Party = { id: "researcher", signer: key("researcher", "ask") };
  const approvers = Array.from(
    { length: plan.approvers ?? Math.max(plan.approvals, 1) },
    (_, index): Party => {
      const id = `approver-${index + 1}`;
      return { id, signer: key(id, "approve") };
    },
  );
  const auditor: Party = { id: "auditor", signer: key("auditor", "audit") };
  const nodes = plan.regions.map(({ code, name }) => ({ code, name, signer: key(`node-${code}`, "answer") }));
  const directory: Directory = {
    version: 1,
    previous: null,
    name: plan.name,
    validFrom: validity.notBefore,
    expires: validity.notAfter,
    roots: { keys: [root.publicKey], threshold: 1 },
    coordinator: { release: release.publicKey, ...watching("coordinator") },
    nodes: nodes.map(({ code, name, signer }) => ({
      code,
      name,
      status: "active",
      keys: { answer: signer.publicKey, ...watching(`node-${code}`) },
    })),
    people: [
      {
        id: researcher.id,
        roles: ["researcher"],
        region: null,
        keys: [{ key: researcher.signer.publicKey, purpose: "ask", ...validity }],
      },
      {
        id: auditor.id,
        roles: ["auditor"],
        region: null,
        keys: [{ key: auditor.signer.publicKey, purpose: "audit", ...validity }],
      },
      ...approvers.map(({ id, signer }) => ({
        id,
        roles: ["approver"],
        region: null,
        keys: [{ key: signer.publicKey, purpose: "approve" as const, ...validity }],
      })),
    ],
    datasets: plan.datasets.map(({ dataset, hash }) => ({ dataset: refOf(dataset), hash })),
    approvalRules: [
      ...(plan.rules ?? [{ dataset: "*", role: "approver", persons: Math.max(1, plan.approvals) }]),
    ],
  };
  const envelope = seal("directory", directory, root);
  const hash = envelopeId(envelope);
  writeFileSync(join(folder, "directory.json"), JSON.stringify(envelope));
  const datasetFiles = plan.datasets.map(({ dataset, body }) => {
    const path = join(folder, `${refOf(dataset)}.dataset.json`);
    writeFileSync(path, body);
    return path;
  });
  const coordinator: MadeFederation["coordinator"] = {
    data: join(folder, "coordinator"),
    directoryFile: join(folder, "directory.json"),
    directory: hash,
    datasetFiles,
    releaseKey: join(keys, "coordinator.json"),
    ...watchingFiles("coordinator"),
    host: "127.0.0.1",
    port: 0,
    publisher: { name: plan.name, email: "kontakt@example.se" },
    requestsPerMinute: 1_000_000,
    threads: 1,
    memory: "1GB",
    logLevel: "warn",
  };
  writeFileSync(join(folder, "coordinator.json"), `${JSON.stringify(coordinator, null, 2)}\n`);
  return {
    folder,
    hash,
    researcher,
    approvers,
    auditor,
    root,
    directory,
    coordinator,
    nodes: nodes.map(({ code, signer }) => {
      const own = join(folder, `node-${code}`);
      mkdirSync(own, { recursive: true, mode: 0o700 });
      const config: MadeFederation["nodes"][number]["config"] = {
        code,
        coordinator: address,
        directory: hash,
        data: join(own, "data"),
        answerKey: join(keys, `node-${code}.json`),
        ...watchingFiles(`node-${code}`),
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
      return { code, folder: own, signer, config };
    }),
  };
}
