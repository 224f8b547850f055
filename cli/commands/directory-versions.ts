/** `brus directory`, after version 1: from a draft of the next version to what is in force; and names that are forgotten. */
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import type { Command } from "commander";
import { Aside, writeAside } from "../../protocol/federation/aside.ts";
import { changesOf } from "../../protocol/federation/changes.ts";
import { checkRules, Directory } from "../../protocol/federation/directory.ts";
import { endingsOf, endingWords } from "../../protocol/federation/expiry.ts";
import {
  Envelope,
  envelopeId,
  keyIdOf,
  payloadOf,
  signDocument,
  signDocumentBytes,
  signedBy,
  unwrap,
} from "../../protocol/signing/envelope.ts";
import { Hash, toBase64 } from "../../protocol/values/bytes.ts";
import { parseJson } from "../../protocol/values/json.ts";
import { instant } from "../../protocol/values/names.ts";
import { parseWith, Refusal } from "../../protocol/values/refusal.ts";
import { signerFrom } from "../../server/keys.ts";
import { nativeVerify } from "../../server/signing.ts";
import { type Out, readBytes, writeText } from "../client/connect.ts";
import { client, federationAt } from "./connections.ts";
import { type Edits, edited } from "./directory-edits.ts";
import { EVERYBODY, withPeopleOptions } from "./directory-people.ts";
import { collect, textIn, WITNESS_FORM, withRuleOption } from "./directory-words.ts";
import { type Addressed, addressed } from "./options.ts";

type Publish = Addressed & { readonly dataset: string[]; readonly card: string[] };

export function versionCommands(directory: Command, out: Out): void {
  proposeCommand(directory, out);

  directory
    .command("sign <file>")
    .description("sign a draft, or add a signature, with roots' keys; prints the version's hash")
    .requiredOption("--root <key file...>", "roots' keys: of the version in force, or of the new one")
    .action((file: string, options: { root: string[] }) => addSignatures(file, options.root, out));

  directory
    .command("card <file>")
    .description("who a person is: kept beside the log by its digest, and erasable; prints the digest")
    .requiredOption("--name <name>", "the person's name")
    .requiredOption("--title <title>", "and title")
    .action((file: string, options: { name: string; title: string }) => writeCard(file, options, out));

  directory
    .command("erase <digest>")
    .description("forget a name, or a purpose, for good: only the digest is left of it")
    .requiredOption("--root <key file>", "a root's key")
    .option("--coordinator <address>", "the coordinator's address", "http://127.0.0.1:8700")
    .action((digest: string, options: { root: string; coordinator: string }) => erase(digest, options, out));

  addressed(directory.command("publish <file>"))
    .description("hand in a signed version: nodes follow it once it stands in the log; prints its hash")
    .option("--dataset <file>", "a dataset that is new in it", collect, [])
    .option("--card <file>", "who a person is, who is new in it", collect, [])
    .action((file: string, options: Publish) => publish(file, options, out));

  addressed(directory.command("diff <file> [other]"))
    .description("what a draft or a signed version changes of the one in force, or of another")
    .action((file: string, other: string | undefined, options: Addressed) =>
      showChanges(file, other, options, out),
    );
}

function proposeCommand(directory: Command, out: Out): void {
  const propose = addressed(directory.command("propose <file>")).description(
    "draft the version after the one in force, as JSON that you may edit; roots sign it then",
  );
  withRuleOption(withPeopleOptions(propose))
    .option(
      "--renew <id>",
      `whose keys count for a year more; "${EVERYBODY}" for all of those in force`,
      collect,
      [],
    )
    .option("--revoke <key>", "a person's key that counts no more, from now on", collect, [])
    .option("--node <code=name=keys>", "another region: answer key,log key,witness key", collect, [])
    .option("--keys <code=keys>", "a region's new keys: answer key,log key,witness key", collect, [])
    .option("--pause <code>", "a region that answers no more for now", collect, [])
    .option("--resume <code>", "a region that answers again", collect, [])
    .option("--root <key>", "another root", collect, [])
    .option("--drop-root <key>", "a root that is one no more", collect, [])
    .option("--threshold <n>", "how many roots must sign from then on: more than half")
    .option("--release <key>", "the coordinator's new release key")
    .option("--rho-per-year <rho>", "the most ρ of one person and calendar year: named, or lowered")
    .option("--dataset <file>", "another dataset", collect, [])
    .option("--pages <digest>", "what brus pages digest says of the pages that people are to be sent")
    .option("--outside-witness <name=key=address>", WITNESS_FORM, collect, [])
    .option("--card <id=file>", "who a person is, beside the log: a file of `directory card`", collect, [])
    .action((file: string, options: Addressed & Edits) => draftNext(file, options, out));
}

/** `brus directory propose` */
async function draftNext(file: string, options: Addressed & Edits, { say, now }: Out): Promise<void> {
  if (existsSync(file)) throw new Refusal("usage", `expected no file at ${file} yet`);
  const federation = await federationAt(options.coordinator, options.directory);
  const next = parseWith(Directory, edited(federation, options, now()), "directory");
  checkRules(next);
  writeText(file, `${JSON.stringify(next, null, 2)}\n`);
  for (const line of changesOf(federation.directory, next)) say(line);
  for (const ending of endingsOf(next, now())) say(`not renewed: ${endingWords(ending, "en")}`);
}

/** `brus directory sign`: a root's signature takes the place of an earlier one by the same key. */
function addSignatures(file: string, roots: readonly string[], { say, opening }: Out): void {
  const document = parseJson(readBytes(file));
  const drafted = Envelope.safeParse(document);
  const body = drafted.success
    ? unwrap(drafted.data, "directory").body
    : Buffer.from(JSON.stringify(parseWith(Directory, document, "directory")));
  checkRules(parseWith(Directory, parseJson(body), "directory"));
  const signers = roots.map((root) => signerFrom(root, "root", opening));
  const signed = signDocumentBytes("directory", body, signers);
  const before = drafted.success ? drafted.data.signatures : [];
  const own = new Set(signers.map(({ publicKey }) => keyIdOf(publicKey)));
  const envelope = {
    ...signed,
    signatures: [...before.filter(({ keyid }) => !own.has(keyid)), ...signed.signatures],
  };
  writeText(file, JSON.stringify(envelope));
  warnOfMissing(file, envelope, opening);
  say(envelopeId(envelope));
}

/** Says how many of a version's own roots have yet to sign it, where there are any. */
export function warnOfMissing(file: string, envelope: Envelope, { warn }: Out["opening"]): void {
  const { keys, threshold } = payloadOf(Directory, envelope).roots;
  const left = threshold - signedBy(envelope, "directory", keys, nativeVerify).length;
  if (left > 0) warn?.(`${left} more of its roots must sign it: brus directory sign ${file} --root …`);
}

/** `brus directory card` */
function writeCard(file: string, { name, title }: { name: string; title: string }, { say }: Out): void {
  const salt = randomBytes(32).toString("hex");
  const card = parseWith(Aside, { of: "person", salt, name, title }, "card");
  const { id, text } = writeAside(card);
  writeText(file, text);
  say(id);
}

/** `brus directory erase` */
async function erase(
  digest: string,
  { root, coordinator }: { root: string; coordinator: string },
  { say, now, opening }: Out,
): Promise<void> {
  const aside = parseWith(Hash, digest, "digest", "usage");
  const word = signDocument("erasure", { aside, time: instant(now()) }, signerFrom(root, "root", opening));
  await client(coordinator)("erase", { body: word });
  say(`Forgotten: ${aside}`);
}

/** `brus directory publish` */
async function publish(file: string, { coordinator, dataset, card }: Publish, { say }: Out): Promise<void> {
  const directory = parseWith(Envelope, parseJson(readBytes(file)), "envelope");
  const datasets = dataset.map((path) => toBase64(readBytes(path)));
  const to = client(coordinator);
  const { id } = await to("publishDirectory", { body: { directory, datasets } });
  for (const path of card) await to("submitAside", { body: { text: textIn(path) } });
  say(id);
}

/** `brus directory diff`: from the version in force to a file's, or from one file's to another's. */
async function showChanges(
  file: string,
  other: string | undefined,
  options: Addressed,
  { say }: Out,
): Promise<void> {
  const own = directoryIn(file);
  if (other !== undefined) return sayChanges(own, directoryIn(other), say);
  const { directory: inForce } = await federationAt(options.coordinator, options.directory);
  sayChanges(inForce, own, say);
  say(signaturesOf(file, inForce));
}

function sayChanges(from: Directory, to: Directory, say: Out["say"]): void {
  say(`version ${from.version} → ${to.version}`);
  for (const line of changesOf(from, to)) say(line);
}

/** A draft, or what an envelope says. */
export function directoryIn(file: string): Directory {
  const document = parseJson(readBytes(file));
  const signed = Envelope.safeParse(document);
  return signed.success ? payloadOf(Directory, signed.data) : parseWith(Directory, document, "directory");
}

function signaturesOf(file: string, before: Directory): string {
  const signed = Envelope.safeParse(parseJson(readBytes(file)));
  if (!signed.success) return "not signed yet";
  const after = directoryIn(file);
  const [old, own] = [before, after].map(({ roots }) => {
    const count = signedBy(signed.data, "directory", roots.keys, nativeVerify).length;
    return `${count} of the ${roots.threshold}`;
  });
  return `signed by ${old} roots needed of version ${before.version}, and by ${own} needed of its own`;
}
