/** `brus directory`: version 1 of who is who, and those after it, from a draft to what is in force. */
import { randomBytes } from "node:crypto";
import { existsSync, writeFileSync } from "node:fs";
import { type Command, InvalidArgumentError } from "commander";
import { Aside, asideId, writeAside } from "../../protocol/federation/aside.ts";
import { changesOf } from "../../protocol/federation/changes.ts";
import { Directory, type Federation, NodeEntry } from "../../protocol/federation/directory.ts";
import { readDataset, refOf } from "../../protocol/question/catalogue.ts";
import {
  Envelope,
  envelopeId,
  keyIdOf,
  payloadOf,
  seal,
  sealBytes,
  signedBy,
  unwrap,
} from "../../protocol/signing/envelope.ts";
import { Hash, toBase64 } from "../../protocol/values/bytes.ts";
import { parseJson } from "../../protocol/values/json.ts";
import { instant } from "../../protocol/values/names.ts";
import { parseWith, Refusal } from "../../protocol/values/refusal.ts";
import { nativeVerify, readKey, signerOf } from "../../server/signing.ts";
import { asideAt, client, federationAt, type Out, readBytes, writeText } from "../client/connect.ts";
import { collect, NODE_FORM, nodeEntry, publicOf, split, YEAR } from "./directory-words.ts";

type Edits = {
  readonly researcher: string[];
  readonly approver: string[];
  readonly auditor: string[];
  readonly revoke: string[];
  readonly node: string[];
  readonly keys: string[];
  readonly pause: string[];
  readonly resume: string[];
  readonly root: string[];
  readonly dropRoot: string[];
  readonly threshold?: string;
  readonly release?: string;
  readonly dataset: string[];
  readonly card: string[];
};

export function versionCommands(directory: Command, { say, now }: Pick<Out, "say" | "now">): void {
  const at = (command: Command) =>
    command
      .option("--coordinator <address>", "the coordinator's address", "http://127.0.0.1:8700")
      .option("--directory <hash>", "pin version 1 of the directory by its hash");
  type At = { coordinator: string; directory?: string };

  at(directory.command("propose <file>"))
    .description("draft the version after the one in force, as JSON that you may edit; roots sign it then")
    .option("--researcher <id=key>", "a person who asks, or another key of theirs", collect, [])
    .option("--approver <id=key>", "a person who approves, or another key of theirs", collect, [])
    .option("--auditor <id=key>", "a person who audits, or another key of theirs", collect, [])
    .option("--revoke <key>", "a person's key that counts no more, from now on", collect, [])
    .option("--node <code=name=keys>", "another region: answer key,log key,witness key", collect, [])
    .option("--keys <code=keys>", "a region's new keys: answer key,log key,witness key", collect, [])
    .option("--pause <code>", "a region that answers no more for now", collect, [])
    .option("--resume <code>", "a region that answers again", collect, [])
    .option("--root <key>", "another root", collect, [])
    .option("--drop-root <key>", "a root that is one no more", collect, [])
    .option("--threshold <n>", "how many roots must sign from then on")
    .option("--release <key>", "the coordinator's new release key")
    .option("--dataset <file>", "another dataset", collect, [])
    .option("--card <id=file>", "who a person is, beside the log: a file of `directory card`", collect, [])
    .action(async (file: string, o: At & Edits) => {
      if (existsSync(file)) throw new Refusal("usage", `expected no file at ${file} yet`);
      const federation = await federationAt(o.coordinator, o.directory);
      const next = parseWith(Directory, edited(federation, o, now()), "directory");
      writeText(file, `${JSON.stringify(next, null, 2)}\n`);
      for (const line of changesOf(federation.directory, next)) say(line);
    });

  directory
    .command("sign <file>")
    .description("sign a draft, or add a signature, with a root's key; prints the version's hash")
    .requiredOption("--root <key file>", "a root's key: of the version in force, or of the new one")
    .action((file: string, o: { root: string }) => {
      const signer = signerOf(readKey(o.root, "root"));
      const document = parseJson(readBytes(file));
      const drafted = Envelope.safeParse(document);
      const body = drafted.success
        ? unwrap(drafted.data, "directory").body
        : Buffer.from(JSON.stringify(parseWith(Directory, document, "directory")));
      const signed = sealBytes("directory", body, [signer]);
      const before = drafted.success ? drafted.data.signatures : [];
      const others = before.filter(({ keyid }) => keyid !== keyIdOf(signer.publicKey));
      const envelope = { ...signed, signatures: [...others, ...signed.signatures] };
      writeText(file, JSON.stringify(envelope));
      say(envelopeId(envelope));
    });

  directory
    .command("card <file>")
    .description("who a person is: kept beside the log by its digest, and erasable; prints the digest")
    .requiredOption("--name <name>", "the person's name")
    .requiredOption("--title <title>", "and title")
    .action((file: string, o: { name: string; title: string }) => {
      const salt = randomBytes(32).toString("hex");
      const card = parseWith(Aside, { of: "person", salt, name: o.name, title: o.title }, "card");
      const { id, text } = writeAside(card);
      writeText(file, text);
      say(id);
    });

  directory
    .command("erase <digest>")
    .description("forget a name, or a purpose, for good: only the digest is left of it")
    .requiredOption("--root <key file>", "a root's key")
    .option("--coordinator <address>", "the coordinator's address", "http://127.0.0.1:8700")
    .action(async (digest: string, o: { root: string; coordinator: string }) => {
      const aside = parseWith(Hash, digest, "digest", "usage");
      const word = seal("erasure", { aside, time: instant(now()) }, signerOf(readKey(o.root, "root")));
      await client(o.coordinator)("erase", { body: word });
      say(`Forgotten: ${aside}`);
    });

  at(directory.command("publish <file>"))
    .description("hand in a signed version: nodes follow it once it stands in the log; prints its hash")
    .option("--dataset <file>", "a dataset that is new in it", collect, [])
    .option("--card <file>", "who a person is, who is new in it", collect, [])
    .action(async (file: string, o: At & { dataset: string[]; card: string[] }) => {
      const envelope = parseWith(Envelope, parseJson(readBytes(file)), "envelope");
      const datasets = o.dataset.map((path) => toBase64(readBytes(path)));
      const { id } = await client(o.coordinator)("publishDirectory", {
        body: { directory: envelope, datasets },
      });
      for (const card of o.card) await client(o.coordinator)("submitAside", { body: { text: textIn(card) } });
      say(id);
    });

  at(directory.command("diff <file> [other]"))
    .description("what a draft or a signed version changes of the one in force, or of another")
    .action(async (file: string, other: string | undefined, o: At) => {
      const after = directoryIn(file);
      const before =
        other === undefined ? (await federationAt(o.coordinator, o.directory)).directory : directoryIn(other);
      const [from, to] = other === undefined ? [before, after] : [after, before];
      say(`version ${from.version} → ${to.version}`);
      for (const line of changesOf(from, to)) say(line);
      if (other === undefined) say(signaturesOf(file, before));
    });
}

const textIn = (file: string): string => new TextDecoder().decode(readBytes(file));

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

function edited({ directory, hash }: Federation, o: Edits, now: Date): unknown {
  const from = instant(now);
  const until = instant(new Date(now.getTime() + YEAR));
  const datasets = o.dataset.map((path) => readDataset(readBytes(path)));
  const revoked = new Set(o.revoke.map(publicOf));
  let people = directory.people.map((person) => ({
    ...person,
    keys: person.keys.map((entry) => (revoked.delete(entry.key) ? { ...entry, revoked: from } : entry)),
  }));
  const [unknown] = revoked;
  if (unknown !== undefined) throw new Refusal("key-unknown", `expected a person's key, not ${unknown}`);
  const add = (role: string, purpose: "ask" | "approve" | "audit", text: string): void => {
    const [id = "", key = ""] = split(text, 2);
    const entry = { key: publicOf(key), purpose, notBefore: from, notAfter: until, revoked: null };
    const known = people.find((person) => person.id === id);
    const person = known ?? { id, roles: [], region: null, keys: [] };
    const roles = [...new Set([...person.roles, role])];
    const next = { ...person, roles, keys: [...person.keys, entry] };
    people = [...people.filter((each) => each.id !== id), next];
  };
  for (const text of o.researcher) add("researcher", "ask", text);
  for (const text of o.approver) add("approver", "approve", text);
  for (const text of o.auditor) add("auditor", "audit", text);
  const cards = new Map(
    o.card.map((text) => {
      const [id = "", file = ""] = split(text, 2);
      return [id, asideId(textIn(file))] as const;
    }),
  );
  people = people.map((person) => {
    const card = cards.get(person.id);
    return card === undefined ? person : { ...person, card };
  });
  const keys = new Map(
    o.keys.map((text) => {
      const [code = "", list = ""] = split(text, 2);
      return [code, parseWith(NodeEntry, nodeEntry(`${code}=-=${list}`), "keys", "usage").keys] as const;
    }),
  );
  const statuses = new Map([
    ...o.pause.map((code) => [code, "paused"] as const),
    ...o.resume.map((code) => [code, "active"] as const),
  ]);
  const nodes = directory.nodes.map((node) => ({
    ...node,
    status: statuses.get(node.code) ?? node.status,
    keys: keys.get(node.code) ?? node.keys,
  }));
  const named = new Set(nodes.map(({ code }) => code));
  const stranger = [...keys.keys(), ...statuses.keys()].find((code) => !named.has(code));
  if (stranger !== undefined) throw new Refusal("region-unknown", `expected a region, not ${stranger}`);
  const dropped = new Set(o.dropRoot.map(publicOf));
  const roots = [...directory.roots.keys.filter((key) => !dropped.has(key)), ...o.root.map(publicOf)];
  return {
    ...directory,
    version: directory.version + 1,
    previous: hash,
    validFrom: from,
    expires: until,
    roots: {
      keys: roots,
      threshold: o.threshold === undefined ? directory.roots.threshold : Number(o.threshold),
    },
    coordinator: {
      ...directory.coordinator,
      ...(o.release === undefined ? {} : { release: publicOf(o.release) }),
    },
    nodes: [...nodes, ...o.node.map(nodeEntry)],
    people,
    datasets: [
      ...directory.datasets,
      ...datasets.map((document) => ({ dataset: refOf(document.dataset), hash: document.hash })),
    ],
  };
}

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
