/** `brus audit`: anyone checks everything, offline where they like. */
import { existsSync } from "node:fs";
import type { Command } from "commander";
import { z } from "zod";
import { systemRandom } from "../../node/random.ts";
import { type Audit, audit } from "../../protocol/audit/audit.ts";
import { cosignatures, openCheckpoint } from "../../protocol/log/checkpoint.ts";
import type { Source } from "../../protocol/log/documents.ts";
import { type Finding, RULES } from "../../protocol/log/finding.ts";
import { rememberedCheckpoints } from "../../protocol/log/open-log.ts";
import { COORDINATOR, logKeyOf } from "../../protocol/log/quorum.ts";
import { asOfText, meetsQuorum, outsideText, parsePolicy } from "../../protocol/log/receipt.ts";
import { Hash } from "../../protocol/values/bytes.ts";
import { parseJson } from "../../protocol/values/json.ts";
import { parseWith, Refusal } from "../../protocol/values/refusal.ts";
import { hashNatively, nativePrimitives } from "../../server/primitives.ts";
import { nativeVerify } from "../../server/signing.ts";
import { type Out, readBytes, writeText } from "../client/connect.ts";
import { barOf } from "../client/progress.ts";
import { baseOf, materialGiver } from "../client/recompute.ts";
import { federationIn, firstOf } from "../log/federation.ts";
import { keptMaterial } from "../log/mirror.ts";
import { client, sourceOf } from "./connections.ts";
import { wholeNumber } from "./options.ts";

type AuditOptions = {
  readonly directory1?: string;
  readonly policy?: string;
  readonly since?: number;
  readonly state?: string;
  readonly key?: string;
  readonly json?: string;
};

export function auditCommands(program: Command, out: Out): void {
  program
    .command("audit <source>")
    .description(
      "recompute everything from the logs at an address or in a folder; exit code 0 only if all holds",
    )
    .option("--directory1 <hash>", "the hash of version 1 of the directory, which alone is believed")
    .option("--policy <file>", "a tlog-policy file that the coordinator's checkpoint must meet as well")
    .option("--since <size>", "releases before this size of the log were audited before", wholeNumber)
    .option("--state <file>", "what holds is written there, and the next audit goes on from it")
    .option("--key <file>", "an auditor's key: secure sums are then added up anew from the masked vectors")
    .option("--json <file>", "write all that was found there")
    .action((place: string, options: AuditOptions) => auditPlace(place, options, out));
}

/** `brus audit`: says what holds and what does not, writes down what was asked for, and sets the exit code. */
async function auditPlace(place: string, options: AuditOptions, out: Out): Promise<void> {
  const { say } = out;
  // Read once: the policy judges the very checkpoint that the audit does.
  const source = rememberedCheckpoints(sourceOf(place));
  const first = await firstOf(source, options.directory1);
  const found = await audited(place, source, first, options, out);
  const policy = options.policy === undefined ? [] : await checkPolicy(source, first, options.policy);
  const all: Audit = {
    ...found,
    findings: [...policy, ...found.findings],
    holds: found.holds && policy.length === 0,
  };
  if (all.holds && options.state !== undefined)
    writeText(options.state, JSON.stringify({ first, size: all.size, root: all.root } satisfies State));
  if (options.json !== undefined) writeText(options.json, JSON.stringify(all));
  say(auditText(all));
  if (options.directory1 === undefined)
    say(`The directory was not pinned: compare its hash, ${first}, with one from elsewhere (--directory1).`);
  if (!all.holds) process.exitCode = 1;
}

/** The audit that the options ask for: from where the last one ended, and with an auditor's key of masked vectors too. */
async function audited(
  place: string,
  source: Source,
  first: Hash,
  { state, since, key }: AuditOptions,
  { now, opening }: Out,
): Promise<Audit> {
  const before = state === undefined ? null : stateIn(state, first);
  const bar = barOf("Auditing", 1);
  const given =
    key === undefined
      ? null
      : materialGiver(
          client(baseOf(place)),
          key,
          await federationIn(source, first),
          { now, random: systemRandom },
          opening,
        );
  const found = await auditFrom(source, first, now(), {
    ...(since === undefined ? {} : { since }),
    ...(before === null ? {} : { before }),
    material: async (release) => (await keptMaterial(place, release)) ?? (await given?.(release)) ?? null,
    onProgress: bar.set,
  });
  bar.done();
  return found;
}

/** What an audit found to hold, for the next one to go on from. */
const State = z.strictObject({ first: Hash, size: z.int().min(1), root: z.string().length(44) });
type State = z.infer<typeof State>;

function stateIn(file: string, first: Hash): State | null {
  if (!existsSync(file)) return null;
  const state = parseWith(State, parseJson(readBytes(file)), "state");
  if (state.first !== first)
    throw new Refusal("usage", `expected the state of an audit of this federation in ${file}`);
  return state;
}

/** The audit with the platform's own primitives. */
export const auditFrom = (
  source: Source,
  first: Hash,
  time: Date,
  more: Partial<Parameters<typeof audit>[1]> = {},
): Promise<Audit> =>
  audit(source, {
    first,
    verify: nativeVerify,
    primitives: nativePrimitives,
    hash: hashNatively,
    now: time,
    ...more,
  });

type Named = { readonly title: string; readonly id: string };
const nameOf = ({ title, id }: Named): string => `${title}\0${id}`;
const byTitle = (a: Named, b: Named): number => (nameOf(a) < nameOf(b) ? -1 : 1);

export function auditText({
  holds,
  findings,
  notices,
  size: entries,
  root,
  asOf,
  outside,
  releases,
  regions,
  version,
}: Audit): string {
  // By title: in the log they stand as they happened to be done.
  const digest = releases.filter(({ sum }) => sum === "by digest").toSorted(byTitle);
  const recomputed = releases.filter(({ sum }) => sum === "recomputed");
  const seen = `${entries} entries, ${regions} regions' own logs, ${releases.length} releases${asOfText(asOf)}; root ${root}${version > 1 ? `; directory version ${version}` : ""}`;
  const things = findings.length === 1 ? "1 thing does" : `${findings.length} things do`;
  return [
    holds ? `Audit: all holds. ${seen}.` : `Audit: ${things} not hold. ${seen}.`,
    ...findings.map(
      ({ log, leaf, rule, says }) =>
        `  ${log}${leaf === null ? "" : ` entry ${leaf}`}: ${rule}: ${says}. ${RULES[rule]}`,
    ),
    ...(recomputed.length === 0
      ? []
      : [`  recomputed from what the regions signed: ${recomputed.length} releases`]),
    ...digest.map(
      ({ title, id }) =>
        `  checked by digest, not added up anew, since masked vectors are for the directory's auditors: “${title}” (${id.slice(0, 23)}…)`,
    ),
    ...(outside.length === 0 ? [] : [`  ${outsideText(outside)}`]),
    ...notices.map((says) => `  ${says}`),
    "  What no audit can show: that a region counted true rows, or drew its noise.",
  ].join("\n");
}

export async function checkPolicy(source: Source, first: Hash, file: string): Promise<Finding[]> {
  const policy = parsePolicy(new TextDecoder().decode(readBytes(file)));
  const federation = await federationIn(source, first);
  const bytes = await source("checkpoint");
  const key = policy.logs.find(({ name }) => name === logKeyOf(federation, COORDINATOR).name);
  const finding = (says: string): Finding[] => [{ log: COORDINATOR, leaf: null, rule: "quorum", says }];
  if (bytes === null || key === undefined) return finding("expected a log of the policy");
  try {
    const { note } = openCheckpoint(bytes, key, nativeVerify);
    const by = cosignatures(note, [...policy.witnesses.values()], nativeVerify).map(({ witness }) => witness);
    return meetsQuorum(policy, by) ? [] : finding("expected cosignatures that meet the policy's quorum");
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return finding(`the policy: ${error.message}`);
  }
}
