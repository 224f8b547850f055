/** `brus directory`: version 1 of who is who, made until it is pinned; what a version says; and the versions after it. */
import { existsSync, writeFileSync } from "node:fs";
import { type Command, InvalidArgumentError } from "commander";
import { RHO_PER_YEAR } from "../../protocol/federation/accounts.ts";
import { checkRules, Directory } from "../../protocol/federation/directory.ts";
import { ruleWords } from "../../protocol/question/approval.ts";
import { readDataset, refOf } from "../../protocol/question/catalogue.ts";
import { Envelope, envelopeId, payloadOf, signDocument } from "../../protocol/signing/envelope.ts";
import { parseJson } from "../../protocol/values/json.ts";
import { instant } from "../../protocol/values/names.ts";
import { parseWith, Refusal } from "../../protocol/values/refusal.ts";
import { publicKeyIn, signerFrom } from "../../server/keys.ts";
import { type Out, readBytes } from "../client/connect.ts";
import { asideAt, federationAt } from "./connections.ts";
import { directoryIn, versionCommands } from "./directory-versions.ts";
import {
  CALENDAR_FORM,
  collect,
  NODE_FORM,
  nodeEntry,
  publicOf,
  split,
  WITNESS_FORM,
  withCalendars,
  withWitnesses,
  YEAR,
} from "./directory-words.ts";
import type { Addressed } from "./options.ts";

type Init = {
  readonly name: string;
  readonly root: string;
  readonly release: string;
  readonly log?: string;
  readonly witness?: string;
  readonly node: string[];
  readonly approvals: number;
  readonly rhoPerYear: string;
  readonly pages?: string;
};
type Add = {
  readonly root: string;
  readonly node: string[];
  readonly researcher: string[];
  readonly approver: string[];
  readonly auditor: string[];
  readonly calendar: string[];
  readonly dataset: string[];
  readonly outsideWitness: string[];
};
type Show = Addressed & { readonly json?: boolean };

export function directoryCommands(program: Command, out: Out): void {
  const directory = program
    .command("directory")
    .description("who is who: make it, read it, change it version by version");

  directory
    .command("init <file>")
    .description("start a directory; prints its hash, which changes until all have been added")
    .requiredOption("--name <name>", "the federation's name")
    .requiredOption("--root <key file>", "the root key that signs it")
    .requiredOption("--release <key>", "the coordinator's release key: base64, or its key file")
    .option("--log <key>", "the key of the coordinator's log; without it no logs are kept")
    .option("--witness <key>", "the key with which the coordinator witnesses the regions' logs")
    .requiredOption("--node <code=name=keys...>", `the first regions, each ${NODE_FORM}`, collect, [])
    .requiredOption("--approvals <n>", "how many distinct approvers each query needs", approvers)
    .option(
      "--rho-per-year <rho>",
      "the most ρ of one person and calendar year, over all datasets",
      RHO_PER_YEAR,
    )
    .option("--pages <digest>", "what brus pages digest says of the pages that people are to be sent")
    .action((file: string, options: Init) => start(file, options, out));

  directory
    .command("add <file>")
    .description("add regions, people and datasets before the directory is pinned; prints the new hash")
    .requiredOption("--root <key file>", "the root key that signs it")
    .option("--node <code=name=keys>", `a region: ${NODE_FORM}`, collect, [])
    .option("--researcher <id=key>", "a person who asks", collect, [])
    .option("--approver <id=key>", "a person who approves", collect, [])
    .option("--auditor <id=key>", "a person who audits", collect, [])
    .option("--calendar <id>", CALENDAR_FORM, collect, [])
    .option("--dataset <file>", "a dataset", collect, [])
    .option("--outside-witness <name=key=address>", WITNESS_FORM, collect, [])
    .action((file: string, options: Add) => add(file, options, out));

  directory
    .command("show [file]")
    .description("who is who: in a file, or in the version in force")
    .option("--coordinator <address>", "the coordinator's address", "http://127.0.0.1:8700")
    .option("--directory <hash>", "pin version 1 of the directory by its hash")
    .option("--json", "for machines")
    .action((file: string | undefined, options: Show) => show(file, options, out));

  versionCommands(directory, out);
}

const approvers = (text: string): number => {
  if (!/^([1-9]|1\d|20)$/.test(text)) throw new InvalidArgumentError("expected a whole number from 1 to 20");
  return Number(text);
};

/** `brus directory init` */
function start(file: string, options: Init, { say, now, opening }: Out): void {
  if (existsSync(file)) throw new Refusal("usage", `expected no file at ${file} yet`);
  const value = {
    version: 1,
    previous: null,
    name: options.name,
    validFrom: instant(now()),
    expires: instant(new Date(now().getTime() + YEAR)),
    roots: { keys: [publicKeyIn(options.root, "root")], threshold: 1 },
    coordinator: {
      release: publicOf(options.release),
      ...(options.log === undefined ? {} : { log: publicOf(options.log) }),
      ...(options.witness === undefined ? {} : { witness: publicOf(options.witness) }),
    },
    nodes: options.node.map(nodeEntry),
    people: [],
    datasets: [],
    approvalRules: [{ dataset: "*", role: "approver", persons: options.approvals }],
    rhoPerYear: options.rhoPerYear,
    ...(options.pages === undefined ? {} : { pages: options.pages }),
  };
  say(writeSigned(file, value, options.root, opening));
}

/** `brus directory add` */
function add(file: string, options: Add, { say, now, opening }: Out): void {
  const before = payloadOf(Directory, parseWith(Envelope, parseJson(readBytes(file)), "envelope"));
  if (!before.roots.keys.includes(publicKeyIn(options.root, "root"))) {
    throw new Refusal("key-unknown", "expected the key of one of the directory's roots");
  }
  const [notBefore, notAfter] = [instant(now()), instant(new Date(now().getTime() + YEAR))];
  const person = (role: string, purpose: string) => (text: string) => {
    const [id = "", key = ""] = split(text, 2);
    const keys = [{ key: publicOf(key), purpose, notBefore, notAfter, revoked: null }];
    return { id, roles: [role], region: null, keys };
  };
  const datasets = options.dataset.map((path) => readDataset(readBytes(path)));
  const value = {
    ...before,
    nodes: [...before.nodes, ...options.node.map(nodeEntry)],
    ...withWitnesses(before, options.outsideWitness),
    people: withCalendars(
      [
        ...before.people,
        ...options.researcher.map(person("researcher", "ask")),
        ...options.approver.map(person("approver", "approve")),
        ...options.auditor.map(person("auditor", "audit")),
      ],
      options.calendar,
    ),
    datasets: [
      ...before.datasets,
      ...datasets.map(({ dataset, hash }) => ({ dataset: refOf(dataset), hash })),
    ],
  };
  say(writeSigned(file, value, options.root, opening));
}

/** Writes a directory, signed by a root; gives its hash. */
function writeSigned(file: string, value: unknown, root: string, opening: Out["opening"]): string {
  const directory = parseWith(Directory, value, "directory");
  checkRules(directory);
  const envelope = signDocument("directory", directory, signerFrom(root, "root", opening));
  writeFileSync(file, JSON.stringify(envelope));
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
    `${directory.name}, version ${directory.version}, ${hash ?? "not signed yet"}\nvalid ${directory.validFrom} to ${directory.expires}`,
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
  { id, roles, keys, card }: Directory["people"][number],
  coordinator: string | null,
): Promise<string> {
  const counting = keys.filter(({ revoked }) => revoked === null).length;
  const less = counting === keys.length ? "" : `, ${keys.length - counting} revoked`;
  const aside = card === undefined || coordinator === null ? null : await asideAt(coordinator, card);
  const who = aside?.of === "person" ? ` ${aside.name}, ${aside.title}` : "";
  return `${id}${who}: ${roles.join(", ")}; ${counting} key(s)${less}`;
}
