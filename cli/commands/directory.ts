/** `brus directory`: version 1 of who is who, made until it is pinned; what a version says; and the versions after it. */
import { existsSync } from "node:fs";
import type { Command } from "commander";
import { RHO_PER_YEAR } from "../../protocol/federation/accounts.ts";
import { checkRules, Directory } from "../../protocol/federation/directory.ts";
import { DEFAULT_RULE, ruleWords } from "../../protocol/question/approval.ts";
import { Envelope, envelopeId, payloadOf, signDocument } from "../../protocol/signing/envelope.ts";
import { parseJson } from "../../protocol/values/json.ts";
import { parseWith, Refusal } from "../../protocol/values/refusal.ts";
import { publicKeyIn, signerFrom } from "../../server/keys.ts";
import { type Out, readBytes, writeText } from "../client/connect.ts";
import { asideAt, federationAt } from "./connections.ts";
import { type Joining, peopleAfter, termFrom, withPeopleOptions } from "./directory-people.ts";
import { directoryIn, versionCommands, warnOfMissing } from "./directory-versions.ts";
import {
  collect,
  datasetsAfter,
  NODE_FORM,
  nodeEntry,
  publicOf,
  rulesAfter,
  thresholdOf,
  WITNESS_FORM,
  withRuleOption,
  withWitnesses,
} from "./directory-words.ts";
import { type Addressed, addressed } from "./options.ts";

type Init = {
  readonly name: string;
  readonly root: string[];
  readonly threshold?: string;
  readonly release: string;
  readonly log?: string;
  readonly witness?: string;
  readonly node: string[];
  readonly rule: string[];
  readonly rhoPerYear: string;
  readonly pages?: string;
};
type Add = Joining & {
  readonly root: string[];
  readonly node: string[];
  readonly rule: string[];
  readonly dataset: string[];
  readonly outsideWitness: string[];
};
type Show = Addressed & { readonly json?: boolean };

export function directoryCommands(program: Command, out: Out): void {
  const directory = program
    .command("directory")
    .description("who is who: make it, read it, change it version by version");

  const init = directory
    .command("init <file>")
    .description("start a directory; prints its hash, which changes until all have been added")
    .requiredOption("--name <name>", "the federation's name")
    .requiredOption("--root <key...>", "each root: its key file, which signs, or the key that another holds")
    .option("--threshold <n>", "how many roots must sign each version: more than half")
    .requiredOption("--release <key>", "the coordinator's release key: base64, or its key file")
    .option("--log <key>", "the key of the coordinator's log; without it no logs are kept")
    .option("--witness <key>", "the key with which the coordinator witnesses the regions' logs")
    .requiredOption("--node <code=name=keys...>", `the first regions, each ${NODE_FORM}`, collect, [])
    .option(
      "--rho-per-year <rho>",
      "the most ρ of one person and calendar year, over all datasets",
      RHO_PER_YEAR,
    )
    .option("--pages <digest>", "what brus pages digest says of the pages that people are to be sent");
  withRuleOption(init).action((file: string, options: Init) => start(file, options, out));

  const add = directory
    .command("add <file>")
    .description(
      "add regions, people, rules and datasets before the directory is pinned; prints the new hash",
    )
    .requiredOption("--root <key file...>", "the root keys that sign it")
    .option("--node <code=name=keys>", `a region: ${NODE_FORM}`, collect, [])
    .option("--dataset <file>", "a dataset", collect, [])
    .option("--outside-witness <name=key=address>", WITNESS_FORM, collect, []);
  withRuleOption(withPeopleOptions(add)).action((file: string, options: Add) => addTo(file, options, out));

  addressed(directory.command("show [file]"))
    .description("who is who: in a file, or in the version in force")
    .option("--json", "for machines")
    .action((file: string | undefined, options: Show) => show(file, options, out));

  versionCommands(directory, out);
}

/** `brus directory init` */
function start(file: string, options: Init, { say, now, opening }: Out): void {
  if (existsSync(file)) throw new Refusal("usage", `expected no file at ${file} yet`);
  const roots = options.root.map((text) => publicOf(text, "root"));
  const { from, until } = termFrom(now());
  const value = {
    version: 1,
    previous: null,
    name: options.name,
    validFrom: from,
    expires: until,
    roots: { keys: roots, threshold: thresholdOf(options.threshold, roots.length) },
    coordinator: {
      release: publicOf(options.release, "release"),
      ...(options.log === undefined ? {} : { log: publicOf(options.log, "log") }),
      ...(options.witness === undefined ? {} : { witness: publicOf(options.witness, "witness") }),
    },
    nodes: options.node.map(nodeEntry),
    people: [],
    datasets: [],
    approvalRules: options.rule.length === 0 ? [DEFAULT_RULE] : rulesAfter([], options.rule),
    rhoPerYear: options.rhoPerYear,
    ...(options.pages === undefined ? {} : { pages: options.pages }),
  };
  say(writeSigned(file, value, options.root.filter(existsSync), opening));
}

/** `brus directory add` */
function addTo(file: string, options: Add, { say, now, opening }: Out): void {
  const before = payloadOf(Directory, parseWith(Envelope, parseJson(readBytes(file)), "envelope"));
  if (options.root.some((path) => !before.roots.keys.includes(publicKeyIn(path, "root")))) {
    throw new Refusal("key-unknown", "expected the key of one of the directory's roots");
  }
  const nodes = [...before.nodes, ...options.node.map(nodeEntry)];
  const codes = nodes.map(({ code }) => code);
  const value = {
    ...before,
    nodes,
    ...withWitnesses(before, options.outsideWitness),
    people: peopleAfter(before.people, options, termFrom(now()), codes),
    datasets: datasetsAfter(before.datasets, options.dataset),
    approvalRules: rulesAfter(before.approvalRules, options.rule),
  };
  say(writeSigned(file, value, options.root, opening));
}

/** Writes a directory, signed by those of its roots whose files are given; gives its hash. Says how many must sign yet. */
function writeSigned(
  file: string,
  value: unknown,
  roots: readonly string[],
  opening: Out["opening"],
): string {
  const directory = parseWith(Directory, value, "directory");
  checkRules(directory);
  if (roots.length === 0)
    throw new Refusal("usage", "expected the key file of at least one root, to sign with");
  const signers = roots.map((root) => signerFrom(root, "root", opening));
  const envelope = signDocument("directory", directory, ...signers);
  writeText(file, JSON.stringify(envelope));
  warnOfMissing(file, envelope, opening);
  return envelopeId(envelope);
}

/** `brus directory show` */
async function show(file: string | undefined, options: Show, { say }: Out): Promise<void> {
  const inForce = file === undefined;
  const { hash, directory } = inForce
    ? await federationAt(options.coordinator, options.directory)
    : signedIn(file);
  if (options.json === true) return say(JSON.stringify({ hash, ...directory }));
  say(
    `${directory.name}, version ${directory.version}, ${hash ?? "not signed yet"}\nvalid ${directory.validFrom} to ${directory.expires}\n  roots: ${directory.roots.threshold} of ${directory.roots.keys.length} must sign`,
  );
  if (directory.rhoPerYear !== undefined) say(`  ρ of a person and year: at most ${directory.rhoPerYear}`);
  if (directory.pages !== undefined) say(`  pages: ${directory.pages}`);
  for (const { code, name, status } of directory.nodes) say(`  region ${code} ${name}: ${status}`);
  for (const person of directory.people)
    say(`  person ${await personLine(person, inForce ? options.coordinator : null)}`);
  for (const { dataset, hash: body } of directory.datasets) say(`  dataset ${dataset} ${body}`);
  for (const { name, url, required } of directory.witnesses ?? [])
    say(`  witness from outside ${name}: ${url}${required === true ? ", required" : ""}`);
  for (const rule of directory.approvalRules) say(`  approvals: ${ruleWords(rule, "en")}`);
}

/** What a file says, and its hash if it is signed. */
function signedIn(file: string) {
  const directory = directoryIn(file);
  const signed = Envelope.safeParse(parseJson(readBytes(file)));
  return { hash: signed.success ? envelopeId(signed.data) : null, directory };
}

/** A person's roles and keys; with the name, where a coordinator keeps the card. */
async function personLine(
  { id, roles, region, keys, card }: Directory["people"][number],
  coordinator: string | null,
): Promise<string> {
  const counting = keys.filter(({ revoked }) => revoked === null).length;
  const less = counting === keys.length ? "" : `, ${keys.length - counting} revoked`;
  const aside = card === undefined || coordinator === null ? null : await asideAt(coordinator, card);
  const who = aside?.of === "person" ? ` ${aside.name}, ${aside.title}` : "";
  const from = region === null ? "" : ` of region ${region}`;
  return `${id}${who}${from}: ${roles.join(", ")}; ${counting} key(s)${less}`;
}
