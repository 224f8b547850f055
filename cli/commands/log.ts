/** `brus log …`: anyone reads the federation's logs, and takes a copy of all that an audit needs. */
import { mkdirSync } from "node:fs";
import type { Command } from "commander";
import { systemRandom } from "../../node/random.ts";
import type { Federation } from "../../protocol/federation/directory.ts";
import { openCheckpoint } from "../../protocol/log/checkpoint.ts";
import { envelopeOf, wholeEntry } from "../../protocol/log/documents.ts";
import type { Finding } from "../../protocol/log/finding.ts";
import { pathIn, readEntries } from "../../protocol/log/open-log.ts";
import { COORDINATOR, logKeyOf } from "../../protocol/log/quorum.ts";
import { policyText } from "../../protocol/log/receipt.ts";
import { Query } from "../../protocol/question/query.ts";
import { openRelease } from "../../protocol/release/release.ts";
import { boundOf, settingFor } from "../../protocol/secure-sum/recompute.ts";
import { payloadOf } from "../../protocol/signing/envelope.ts";
import { parseJson } from "../../protocol/values/json.ts";
import { Refusal } from "../../protocol/values/refusal.ts";
import type { Out } from "../client/connect.ts";
import { barOf } from "../client/progress.ts";
import { baseOf, materialGiver } from "../client/recompute.ts";
import { lineOf, withPayload } from "../log/entries.ts";
import { federationIn, firstOf } from "../log/federation.ts";
import { keepMaterial, keptMaterial, mirror } from "../log/mirror.ts";
import { auditFrom } from "./audit.ts";
import { client, sourceOf } from "./connections.ts";
import { wholeNumber } from "./options.ts";

type Pinned = { readonly directory1?: string };
type OneLog = Pinned & { readonly log: string };

export function logCommands(program: Command, out: Out): void {
  const log = program.command("log").description("read and copy the federation's logs");
  const pinned = (command: Command) =>
    command.option("--directory1 <hash>", "the hash of version 1 of the directory");
  const ofOneLog = (command: Command) =>
    pinned(command.option("--log <name>", "coordinator, or a region's code", COORDINATOR));

  ofOneLog(
    log
      .command("ls <source>")
      .description("every entry in a line: who asked what, who approved, what it cost"),
  ).action((place: string, options: OneLog) => listEntries(place, options, out));

  ofOneLog(
    log
      .command("show")
      .description("one entry, whole")
      .argument("<source>")
      .argument("<leaf>", "its place in the log", wholeNumber),
  ).action((place: string, leaf: number, options: OneLog) => showEntry(place, leaf, options, out));

  pinned(
    log
      .command("mirror <address> <folder>")
      .description("copy all that an audit needs, so that it can be done offline"),
  )
    .option("--key <file>", "an auditor's key: the masked vectors behind secure sums too")
    .action((address: string, folder: string, options: Pinned & { key?: string }) =>
      copyLogs(address, folder, options, out),
    );

  pinned(
    log
      .command("policy <source>")
      .description("the policy that follows from the directory, in the form tlog-policy"),
  ).action((place: string, options: Pinned) => showPolicy(place, options, out));
}

/** `brus log ls` */
async function listEntries(place: string, options: OneLog, { say }: Out): Promise<void> {
  const { federation, entries, whole } = await entriesAt(place, options);
  for (const [at, entry] of entries.entries())
    say(`${String(at).padStart(6)}  ${lineOf(await whole(entry), federation, options.log)}`);
}

/** `brus log show` */
async function showEntry(place: string, leaf: number, options: OneLog, { say }: Out): Promise<void> {
  const { federation, entries, whole } = await entriesAt(place, options);
  const entry = entries[leaf];
  if (entry === undefined) throw new Refusal("usage", `expected an entry below ${entries.length}`);
  say(lineOf(await whole(entry), federation, options.log));
  say(JSON.stringify(withPayload(parseJson(await whole(entry))), null, 2));
}

/** `brus log mirror` */
async function copyLogs(
  address: string,
  folder: string,
  { directory1, key }: Pinned & { readonly key?: string },
  out: Out,
): Promise<void> {
  const source = sourceOf(address);
  const federation = await federationIn(source, await firstOf(source, directory1));
  mkdirSync(folder, { recursive: true });
  const bar = barOf("Copying", 1);
  await mirror(source, folder, federation, (done) => bar.set(done, done));
  if (key !== undefined) await copyMaterial(address, folder, key, federation, out);
  bar.done();
  out.say(`Copied to ${folder}. Audit it offline: brus audit ${folder} --directory1 ${federation.first}`);
}

/** `brus log policy` */
async function showPolicy(place: string, { directory1 }: Pinned, { say }: Out): Promise<void> {
  const source = sourceOf(place);
  const federation = await federationIn(source, await firstOf(source, directory1));
  say(`# Of directory version ${federation.directory.version}.`);
  say(policyText(federation).trimEnd());
}

/** All entries of one log, by its checkpoint. */
async function entriesAt(place: string, { log, directory1 }: OneLog) {
  const source = sourceOf(place);
  const federation = await federationIn(source, await firstOf(source, directory1));
  const bytes = await source(pathIn(log, "checkpoint"));
  if (bytes === null) throw new Refusal("usage", `expected the log of ${log} at ${place}`);
  const { checkpoint } = openCheckpoint(bytes, logKeyOf(federation, log), federation.verify);
  const entries: Uint8Array[] = [];
  await readEntries(source, log, checkpoint, refuse, (entry) => void entries.push(entry));
  const whole = (entry: Uint8Array) => (log === COORDINATOR ? wholeEntry(source, entry) : entry);
  return { federation, entries, whole };
}

const refuse = ({ log, leaf, says }: Finding): never => {
  throw new Refusal("log-malformed", `${log} ${leaf ?? ""}: ${says}`);
};

/** Beside copied logs, what stands behind their secure sums: what an audit of the copy finds held by digest alone. */
async function copyMaterial(
  address: string,
  folder: string,
  keyFile: string,
  federation: Federation,
  { now, opening }: Out,
): Promise<void> {
  const fresh = { now, random: systemRandom };
  const give = materialGiver(client(baseOf(address)), keyFile, federation, fresh, opening);
  const source = sourceOf(folder);
  const found = await auditFrom(source, federation.first, now());
  for (const { id } of found.releases.filter(({ sum }) => sum === "by digest")) {
    // What an earlier copy was given is whole: each request is one more entry of the log.
    if ((await keptMaterial(folder, id)) !== null) continue;
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
