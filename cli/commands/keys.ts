/** `brus keys` and `brus directory`: making keys, version 1 of who is who, and reading it. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { type Command, InvalidArgumentError, Option } from "commander";
import { Directory } from "../../protocol/federation/directory.ts";
import { readDataset, refOf } from "../../protocol/question/catalogue.ts";
import { instant } from "../../protocol/question/query.ts";
import { Envelope, envelopeId, payloadOf, seal } from "../../protocol/signing/envelope.ts";
import { parseJson } from "../../protocol/values/json.ts";
import { parseWith, Refusal } from "../../protocol/values/refusal.ts";
import { KeyFile, newKey, readKey, signerOf, writeSecret } from "../../server/signing.ts";
import { directoryIn, versionCommands } from "./directory.ts";
import { asideAt, federationAt, type Out, readBytes } from "./query.ts";

const NODE_FORM = "code=name=answer key,log key,witness key (the last two where logs are kept)";
export const YEAR = 365 * 24 * 3600 * 1000;

export function keyCommands(program: Command, { say }: Out): void {
  const keys = program.command("keys").description("make signing keys");
  keys
    .command("new <file>")
    .description("make a key and write it to a new file that only you can read; prints the public part")
    .addOption(
      new Option("--purpose <purpose>", "one key, one purpose")
        .choices(["root", "release", "answer", "log", "witness", "ask", "approve", "audit"])
        .makeOptionMandatory(),
    )
    .option("--json", "for machines")
    .action((file: string, options: { purpose: string; json?: boolean }) => {
      const key = newKey(options.purpose);
      writeSecret(file, `${JSON.stringify(key, null, 2)}\n`);
      say(options.json === true ? JSON.stringify({ public: key.public }) : key.public);
    });
}

/** The public part of a key given as itself or as a key file. */
export const publicOf = (text: string): string =>
  existsSync(text) ? parseWith(KeyFile, parseJson(readFileSync(text)), "key file", "usage").public : text;

export function directoryCommands(program: Command, { say, now }: Out): void {
  const directory = program
    .command("directory")
    .description("who is who: make it, read it, change it version by version");
  const write = (file: string, value: unknown, root: string) => {
    const envelope = seal(
      "directory",
      parseWith(Directory, value, "directory"),
      signerOf(readKey(root, "root")),
    );
    writeFileSync(file, JSON.stringify(envelope));
    say(envelopeId(envelope));
  };
  const payload = (file: string) =>
    payloadOf(Directory, parseWith(Envelope, parseJson(readBytes(file)), "envelope"));

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
    .action(
      (
        file: string,
        o: {
          name: string;
          root: string;
          release: string;
          log?: string;
          witness?: string;
          node: string[];
          approvals: number;
        },
      ) => {
        if (existsSync(file)) throw new Refusal("usage", `expected no file at ${file} yet`);
        const times = { validFrom: instant(now()), expires: instant(new Date(now().getTime() + YEAR)) };
        const value = {
          version: 1,
          previous: null,
          name: o.name,
          ...times,
          roots: { keys: [readKey(o.root, "root").public], threshold: 1 },
          coordinator: {
            release: publicOf(o.release),
            ...(o.log === undefined ? {} : { log: publicOf(o.log) }),
            ...(o.witness === undefined ? {} : { witness: publicOf(o.witness) }),
          },
          nodes: o.node.map(nodeEntry),
          people: [],
          datasets: [],
          approvalRules: [{ dataset: "*", role: "approver", persons: o.approvals }],
        };
        write(file, value, o.root);
      },
    );

  directory
    .command("add <file>")
    .description("add regions, people and datasets before the directory is pinned; prints the new hash")
    .requiredOption("--root <key file>", "the root key that signs it")
    .option("--node <code=name=keys>", `a region: ${NODE_FORM}`, collect, [])
    .option("--researcher <id=key>", "a person who asks", collect, [])
    .option("--approver <id=key>", "a person who approves", collect, [])
    .option("--auditor <id=key>", "a person who audits", collect, [])
    .option("--dataset <file>", "a dataset", collect, [])
    .action(
      (
        file: string,
        o: {
          root: string;
          node: string[];
          researcher: string[];
          approver: string[];
          auditor: string[];
          dataset: string[];
        },
      ) => {
        const before = payload(file);
        if (!before.roots.keys.includes(readKey(o.root, "root").public)) {
          throw new Refusal("key-unknown", "expected the key of one of the directory's roots");
        }
        const person = (role: string, purpose: string) => (text: string) => {
          const [id = "", key = ""] = split(text, 2);
          const notAfter = instant(new Date(now().getTime() + YEAR));
          return {
            id,
            roles: [role],
            region: null,
            keys: [{ key: publicOf(key), purpose, notBefore: instant(now()), notAfter, revoked: null }],
          };
        };
        const datasets = o.dataset.map((path) => readDataset(readBytes(path)));
        const value = {
          ...before,
          nodes: [...before.nodes, ...o.node.map(nodeEntry)],
          people: [
            ...before.people,
            ...o.researcher.map(person("researcher", "ask")),
            ...o.approver.map(person("approver", "approve")),
            ...o.auditor.map(person("auditor", "audit")),
          ],
          datasets: [
            ...before.datasets,
            ...datasets.map(({ dataset, hash }) => ({ dataset: refOf(dataset), hash })),
          ],
        };
        write(file, value, o.root);
      },
    );

  directory
    .command("show [file]")
    .description("who is who: in a file, or in the version in force")
    .option("--coordinator <address>", "the coordinator's address", "http://127.0.0.1:8700")
    .option("--directory <hash>", "pin version 1 of the directory by its hash")
    .option("--json", "for machines")
    .action(
      async (file: string | undefined, o: { coordinator: string; directory?: string; json?: boolean }) => {
        const inForce = file === undefined ? await federationAt(o.coordinator, o.directory) : null;
        const value = inForce === null ? directoryIn(file ?? "") : inForce.directory;
        const signed = file === undefined ? null : Envelope.safeParse(parseJson(readBytes(file)));
        const hash = inForce?.hash ?? (signed?.success === true ? envelopeId(signed.data) : null);
        if (o.json === true) return say(JSON.stringify({ hash, ...value }));
        say(
          `${value.name}, version ${value.version}, ${hash ?? "not signed yet"}\nvalid ${value.validFrom} to ${value.expires}`,
        );
        for (const { code, name, status } of value.nodes) say(`  region ${code} ${name}: ${status}`);
        for (const { id, roles, keys, card } of value.people) {
          const counting = keys.filter(({ revoked }) => revoked === null).length;
          const less = counting === keys.length ? "" : `, ${keys.length - counting} revoked`;
          const aside = card === undefined || inForce === null ? null : await asideAt(o.coordinator, card);
          const who = aside?.of === "person" ? ` ${aside.name}, ${aside.title}` : "";
          say(`  person ${id}${who}: ${roles.join(", ")}; ${counting} key(s)${less}`);
        }
        for (const { dataset, hash: body } of value.datasets) say(`  dataset ${dataset} ${body}`);
        for (const rule of value.approvalRules)
          say(`  approvals: ${rule.persons} × ${rule.role} for ${rule.dataset}`);
      },
    );
  versionCommands(directory, { say, now });
}

const approvers = (text: string): number => {
  if (!/^([1-9]|1\d|20)$/.test(text)) throw new InvalidArgumentError("expected a whole number from 1 to 20");
  return Number(text);
};

export const collect = (value: string, before: string[]): string[] => [...before, value];

export function split(text: string, parts: number): string[] {
  const pieces = text.split("=");
  // Base64 ends in "=": the last part takes the rest.
  const all = [...pieces.slice(0, parts - 1), pieces.slice(parts - 1).join("=")];
  if (all.length !== parts || all.some((part) => part === ""))
    throw new Refusal("usage", `expected ${parts} parts joined by =`);
  return all;
}

export const nodeEntry = (text: string) => {
  const [code = "", name = "", list = ""] = split(text, 3);
  const [answer = "", log, witness, ...more] = list.split(",");
  if (more.length > 0 || (log === undefined) !== (witness === undefined))
    throw new Refusal("usage", `expected ${NODE_FORM}`);
  const watching =
    log === undefined || witness === undefined ? {} : { log: publicOf(log), witness: publicOf(witness) };
  return { code, name, status: "active", keys: { answer: publicOf(answer), ...watching } };
};
