/** `brus audit` and `brus log …`: anyone checks everything, offline where they like. */
import { existsSync, mkdirSync } from "node:fs";
import { type Command, InvalidArgumentError } from "commander";
import { z } from "zod";
import { type Audit, audit } from "../../protocol/audit/audit.ts";
import type { Federation } from "../../protocol/federation/directory.ts";
import { cosignatures, openCheckpoint, parseCheckpoint } from "../../protocol/log/checkpoint.ts";
import { federationFrom } from "../../protocol/log/directory-files.ts";
import { envelopeOf, type Source } from "../../protocol/log/documents.ts";
import { type Finding, RULES } from "../../protocol/log/finding.ts";
import { readLeaf } from "../../protocol/log/leaf.ts";
import { parseNote } from "../../protocol/log/note.ts";
import { COORDINATOR, logKeyOf } from "../../protocol/log/quorum.ts";
import { pathIn, readEntries, rememberedCheckpoints } from "../../protocol/log/reading.ts";
import { asOfText, meetsQuorum, parsePolicy, policyText } from "../../protocol/log/receipt.ts";
import { Query } from "../../protocol/question/query.ts";
import { openRelease } from "../../protocol/release/release.ts";
import { boundOf, settingFor } from "../../protocol/secure-sum/recomputing.ts";
import { payloadOf } from "../../protocol/signing/envelope.ts";
import { Hash } from "../../protocol/values/bytes.ts";
import { parseJson } from "../../protocol/values/json.ts";
import { parseWith, Refusal } from "../../protocol/values/refusal.ts";
import { hashNatively, nativePrimitives } from "../../server/primitives.ts";
import { nativeVerify } from "../../server/signing.ts";
import { client, type Out, partyOf, readBytes, writeText } from "../client/connect.ts";
import { barOf } from "../client/progress.ts";
import { givenTo } from "../client/recompute.ts";
import { lineOf, withPayload } from "../log/entries.ts";
import { keepMaterial, keptMaterial, mirror } from "../log/mirror.ts";
import { sourceOf } from "../log/source.ts";

const size = (text: string): number => {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError("expected a whole number");
  return Number(text);
};

/** The hash of directory 1: as it is given, or as the log itself says, and then it is not pinned. */
async function firstOf(source: Source, given: string | undefined): Promise<Hash> {
  if (given !== undefined) return parseWith(Hash, given, "--directory1", "usage");
  const bytes = await source("checkpoint");
  if (bytes === null) throw new Refusal("usage", "expected a log with a checkpoint");
  const { size: entries, root } = parseCheckpoint(parseNote(bytes).text);
  let first: Hash | null = null;
  const place = { origin: "", size: Math.min(entries, 1), root };
  await readEntries(
    source,
    COORDINATOR,
    { ...place, size: Math.min(entries, 256) },
    () => undefined,
    (entry, at) => {
      if (at === 0) {
        const leaf = readLeaf(entry);
        if (leaf.kind === "directory") first = leaf.id;
      }
    },
  );
  if (first === null)
    throw new Refusal("usage", "expected --directory1: the log does not begin with a directory");
  return first;
}

const federationIn = (source: Source, first: Hash): Promise<Federation> =>
  federationFrom(source, first, nativeVerify);

export function auditCommands(program: Command, { say, now }: Out): void {
  program
    .command("audit <source>")
    .description(
      "recompute everything from the logs at an address or in a folder; exit code 0 only if all holds",
    )
    .option("--directory1 <hash>", "the hash of version 1 of the directory, which alone is believed")
    .option("--policy <file>", "a tlog-policy file that the coordinator's checkpoint must meet as well")
    .option("--since <size>", "releases before this size of the log were audited before", size)
    .option("--state <file>", "what holds is written there, and the next audit goes on from it")
    .option("--key <file>", "an auditor's key: secure sums are then added up anew from the masked vectors")
    .option("--json <file>", "write all that was found there")
    .action(
      async (
        place: string,
        o: {
          directory1?: string;
          policy?: string;
          since?: number;
          state?: string;
          key?: string;
          json?: string;
        },
      ) => {
        // Read once: the policy judges the very checkpoint that the audit does.
        const source = rememberedCheckpoints(sourceOf(place));
        const first = await firstOf(source, o.directory1);
        const before = o.state === undefined ? null : stateIn(o.state, first);
        const bar = barOf("Auditing", 1);
        const given =
          o.key === undefined ? null : await giver(place, o.key, await federationIn(source, first), now);
        const result = await auditFrom(source, first, now(), {
          ...(o.since === undefined ? {} : { since: o.since }),
          ...(before === null ? {} : { before }),
          material: async (release) =>
            (await keptMaterial(place, release)) ?? (await given?.(release)) ?? null,
          onProgress: bar.set,
        });
        bar.done();
        const policy = o.policy === undefined ? [] : await checkPolicy(source, first, o.policy);
        const all: Audit = {
          ...result,
          findings: [...policy, ...result.findings],
          holds: result.holds && policy.length === 0,
        };
        if (all.holds && o.state !== undefined)
          writeText(o.state, JSON.stringify({ first, size: all.size, root: all.root } satisfies State));
        if (o.json !== undefined) writeText(o.json, JSON.stringify(all));
        say(auditText(all));
        if (o.directory1 === undefined)
          say(
            `The directory was not pinned: compare its hash, ${first}, with one from elsewhere (--directory1).`,
          );
        if (!all.holds) process.exitCode = 1;
      },
    );

  const log = program.command("log").description("read and copy the federation's logs");
  const sub = (usage: string, description: string) =>
    log
      .command(usage)
      .description(description)
      .option("--log <name>", "coordinator, or a region's code", COORDINATOR)
      .option("--directory1 <hash>", "the hash of version 1 of the directory");
  type Options = { log: string; directory1?: string };
  const leaves = async (place: string, { log: name, directory1 }: Options) => {
    const source = sourceOf(place);
    const federation = await federationIn(source, await firstOf(source, directory1));
    const bytes = await source(pathIn(name, "checkpoint"));
    if (bytes === null) throw new Refusal("usage", `expected the log of ${name} at ${place}`);
    const { checkpoint } = openCheckpoint(bytes, logKeyOf(federation, name), federation.verify);
    const entries: Uint8Array[] = [];
    await readEntries(source, name, checkpoint, refuse, (entry) => void entries.push(entry));
    return { federation, entries };
  };
  sub("ls <source>", "every entry in a line: who asked what, who approved, what it cost").action(
    async (place: string, options: Options) => {
      const { federation, entries } = await leaves(place, options);
      for (const [at, entry] of entries.entries())
        say(`${String(at).padStart(6)}  ${lineOf(entry, federation, options.log)}`);
    },
  );
  sub("show <source> <leaf>", "one entry, whole").action(
    async (place: string, leaf: string, options: Options) => {
      const { federation, entries } = await leaves(place, options);
      const entry = entries[size(leaf)];
      if (entry === undefined) throw new Refusal("usage", `expected an entry below ${entries.length}`);
      say(lineOf(entry, federation, options.log));
      say(JSON.stringify(withPayload(parseJson(entry)), null, 2));
    },
  );
  log
    .command("mirror <address> <folder>")
    .description("copy all that an audit needs, so that it can be done offline")
    .option("--directory1 <hash>", "the hash of version 1 of the directory")
    .option("--key <file>", "an auditor's key: the masked vectors behind secure sums too")
    .action(async (address: string, folder: string, o: { directory1?: string; key?: string }) => {
      const source = sourceOf(address);
      const federation = await federationIn(source, await firstOf(source, o.directory1));
      mkdirSync(folder, { recursive: true });
      const bar = barOf("Copying", 1);
      await mirror(source, folder, federation, (done) => bar.set(done, done));
      if (o.key !== undefined) await mirrorMaterial(address, folder, o.key, federation, now);
      bar.done();
      say(`Copied to ${folder}. Audit it offline: brus audit ${folder} --directory1 ${federation.first}`);
    });
  log
    .command("policy <source>")
    .description("the policy that follows from the directory, in the form tlog-policy")
    .option("--directory1 <hash>", "the hash of version 1 of the directory")
    .action(async (place: string, o: { directory1?: string }) => {
      const source = sourceOf(place);
      const federation = await federationIn(source, await firstOf(source, o.directory1));
      say(`# Of directory version ${federation.directory.version}.`);
      say(policyText(federation).trimEnd());
    });
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

const refuse = ({ log, leaf, says }: Finding): never => {
  throw new Refusal("log-malformed", `${log} ${leaf ?? ""}: ${says}`);
};

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
    ...notices.map((says) => `  ${says}`),
    "  What no audit can show: that a region counted true rows, or drew its noise.",
  ].join("\n");
}

async function checkPolicy(source: Source, first: Hash, file: string): Promise<Finding[]> {
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

const baseOf = (address: string): string => address.replace(/\/+$/, "").replace(/\/log$/, "");

/** Asks a running coordinator for what stands behind secure sums, as an auditor of the directory. */
async function giver(address: string, keyFile: string, federation: Federation, now: () => Date) {
  const auditor = partyOf(federation, keyFile, "audit");
  return (release: Hash) => givenTo(client(baseOf(address)), release, auditor, now());
}

async function mirrorMaterial(
  address: string,
  folder: string,
  keyFile: string,
  federation: Federation,
  now: () => Date,
): Promise<void> {
  const give = await giver(address, keyFile, federation, now);
  const source = sourceOf(folder);
  const found = await auditFrom(source, federation.first, now());
  for (const { id } of found.releases.filter(({ sum }) => sum === "by digest")) {
    const envelope = await envelopeOf(source, id);
    if (envelope === null) continue;
    const { payload: release, judged } = openRelease(federation, envelope);
    const asked = await client(baseOf(address))("getQuery", { params: { id: release.query } });
    const query = payloadOf(Query, asked.query);
    const given = await give(id);
    const bound = boundOf(settingFor(judged, { query, id: release.query }, release), given.messages);
    await keepMaterial(folder, id, given, bound);
  }
}
