/** Small federations in this process, over real HTTP, with what a test wants in them. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { z } from "zod";
import { ask, fillQuery, follow, signApproval, signQuery } from "../../cli/client/ask.ts";
import { type Network, type NetworkOptions, startNetwork } from "../../cli/demo/network.ts";
import { type Mapping, readMapping } from "../../node/import/mapping.ts";
import { usedColumns } from "../../node/import/stage.ts";
import type { RunningNode } from "../../node/node.ts";
import { systemRandom } from "../../node/random.ts";
import type { Directory } from "../../protocol/federation/directory.ts";
import {
  type Dataset,
  type DatasetDocument,
  refOf,
  writeDataset,
} from "../../protocol/question/catalogue.ts";
import type { Query } from "../../protocol/question/query.ts";
import type { Hash } from "../../protocol/values/bytes.ts";
import type { Period } from "../../protocol/values/period.ts";
import { fetchResult, type Result } from "../../protocol/wire/fetch-release.ts";
import type { QueryStatus } from "../../protocol/wire/routes.ts";
import { plainMapping } from "./generate.ts";

export type DatasetDraft = z.input<typeof Dataset>;

/** A small dataset: a category, a score, a flag; generous budget unless said. */
export const CARE: DatasetDraft = {
  dataset: "care",
  version: 1,
  title: { sv: "Vård", en: "Care" },
  person: "one person within one region",
  period: "quarter",
  rowsPerPerson: 5,
  maxPersons: 1_000_000,
  columns: {
    sex: { kind: "category", values: ["1", "2"] },
    unit: { kind: "category", values: ["a", "b", "c"], nullable: true },
    score: { kind: "integer", min: 0, max: 100, nullable: true },
    flag: { kind: "boolean" },
  },
  budget: { rhoPerPeriod: "1", delta: "1e-9" },
};

export type Regions = Readonly<Record<string, string>>;

export type FederationOptions = NetworkOptions & {
  readonly datasets?: readonly DatasetDraft[];
  readonly approvals?: number;
  /** With logs and witnesses: for tests of what they are for, since every step then waits for a quorum. */
  readonly logged?: boolean;
  readonly rhoPerYear?: string;
  readonly pages?: Hash;
  readonly witnesses?: Directory["witnesses"];
  /** Roots whose files commands can open, which takes its time: for tests of the command line. */
  readonly sealCost?: number;
  readonly mapping?: (dataset: DatasetDraft) => unknown;
};

/** Each region's code with the CSV of its first dataset. */
export async function federationOf(
  folder: string,
  regions: Regions,
  options: FederationOptions = {},
): Promise<Network> {
  const drafts = options.datasets ?? [CARE];
  const datasets: DatasetDocument[] = drafts.map(writeDataset);
  const [first] = datasets;
  const [draft] = drafts;
  if (first === undefined || draft === undefined) throw new Error("a federation has a dataset");
  const mapping = readMapping((options.mapping ?? plainMapping)(draft));
  const plan = {
    name: "Test",
    regions: Object.keys(regions).map((code) => ({ code, name: `Region ${code}` })),
    datasets,
    approvals: options.approvals ?? 1,
    approvers: 3,
    logged: options.logged ?? false,
    rhoPerYear: options.rhoPerYear,
    pages: options.pages,
    witnesses: options.witnesses,
    sealCost: options.sealCost ?? CHEAP_SEAL,
  };
  return await startNetwork(folder, plan, {
    tick: 1,
    prepare: async (node) => {
      await importText(node, refOf(first.dataset), mapping, regions[node.config.code] ?? "", folder);
      for (const other of drafts.slice(1)) {
        const { dataset, version } = other;
        await importText(node, `${dataset}@${version}`, readMapping(plainMapping(other)), "", folder);
      }
    },
    ...options,
  });
}

/** Of keys that only tests make and open. */
export const CHEAP_SEAL = 2;

let files = 0;

/** Every period that a test asks about is delivered, rows or none. */
const ALL = { year: "2010..2026", quarter: "2020K1..2026K4", month: "2024M01..2026M12" } as const;

export async function importText(
  node: RunningNode,
  dataset: string,
  mapping: Mapping,
  text: string,
  folder: string,
): Promise<void> {
  const path = join(folder, `source-${files++}.csv`);
  writeFileSync(path, text === "" ? `${usedColumns(mapping).join(mapping.delimiter)}\n` : text);
  const kind = node.answerer.federation.datasets.get(dataset)?.dataset.period ?? "quarter";
  await node.import({ dataset, mapping, path, dryRun: false, covers: ALL[kind] }, () => undefined);
}

/** Says in a region's policy that these periods are complete, whatever was imported. */
export function complete(policy: string, dataset: string, periods: readonly Period[]): void {
  const said = JSON.parse(readFileSync(policy, "utf8")) as object;
  writeFileSync(policy, JSON.stringify({ ...said, complete: [{ dataset, periods }] }));
}

export const DRAFT = {
  dataset: "care@1",
  title: "A test",
  purpose: "To test",
  periods: ["2025K1"],
  groupBy: [] as string[],
  measures: [{ id: "n", kind: "count" }] as unknown[],
  release: "regions",
  regions: "all",
  minRegions: 1,
  pool: false,
  rho: "1/100",
};

export const now = (): Date => new Date();

/** Signs a draft as the researcher, approves it as asked, and submits. */
export async function submit(network: Network, draft: object, approvals = 1): Promise<string> {
  const query: Query = fillQuery(
    { ...DRAFT, ...draft },
    network.made.hash,
    network.made.researcher.id,
    network.now(),
    systemRandom,
  );
  const envelope = signQuery(query, network.made.researcher.signer);
  const id = await ask(network.client, envelope, []);
  const signed = network.made.approvers
    .slice(0, approvals)
    .map((approver) => signApproval(id, approver, network.now()));
  return await ask(network.client, envelope, signed);
}

export async function settled(network: Network, draft: object, approvals = 1): Promise<QueryStatus> {
  return await follow(network.client, await submit(network, draft, approvals));
}

/** Asks, waits, and reads the checked result. */
export async function released(network: Network, draft: object): Promise<Result> {
  const federation = network.nodes[0]?.answerer.federation;
  if (federation === undefined) throw new Error("a federation has a node");
  const { id } = await settled(network, draft);
  return await fetchResult(network.client, federation, id);
}
