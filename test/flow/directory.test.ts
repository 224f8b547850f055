/**
 * Who is who, changed while questions are asked: keys of a researcher, an approver, a region and a root rotated and
 * revoked through the command line; releases before and after verify, and the audit judges each by its own version.
 */

import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, describe, expect, test } from "vitest";
import {
  ask,
  fillQuery,
  follow,
  type Party,
  signApproval,
  signQuery,
  withPurpose,
} from "../../cli/client/ask.ts";
import { auditFrom } from "../../cli/commands/audit.ts";
import type { Network } from "../../cli/demo/network.ts";
import { sourceOf } from "../../cli/log/source.ts";
import type { CoordinatorDatabase } from "../../coordinator/store/database.ts";
import { systemNoise } from "../../node/answer/noise.ts";
import type { NodeConfig } from "../../node/config.ts";
import { type RunningNode, startNode } from "../../node/node.ts";
import { systemRandom } from "../../node/random.ts";
import { type Directory, readFederation } from "../../protocol/federation/directory.ts";
import { readVersions } from "../../protocol/federation/versions.ts";
import { documentEntry } from "../../protocol/log/leaf.ts";
import { COORDINATOR } from "../../protocol/log/quorum.ts";
import { writeDataset } from "../../protocol/question/catalogue.ts";
import { Envelope, envelopeId, type Signer, signDocument } from "../../protocol/signing/envelope.ts";
import type { Hash } from "../../protocol/values/bytes.ts";
import { instant } from "../../protocol/values/names.ts";
import { fetchResult } from "../../protocol/wire/fetch-release.ts";
import type { QueryStatus } from "../../protocol/wire/routes.ts";
import { transact } from "../../server/database.ts";
import { sleep } from "../../server/deadline.ts";
import { promiseLeaves } from "../../server/log-tables.ts";
import { loggerOf } from "../../server/logger.ts";
import { SCRYPT_COST, sealKey } from "../../server/sealed-key.ts";
import { nativeVerify, newKey, signerOf, writeSecret } from "../../server/signing.ts";
import { type Clock, clockOf } from "../support/clock.ts";
import { temporaryFolder } from "../support/engines.ts";
import { CARE, complete, DRAFT, federationOf } from "../support/federation.ts";
import { countedTurns } from "../support/turns.ts";

const shell = promisify(execFile);
const ROOT = join(import.meta.dirname, "../..");
const running: Array<() => Promise<void>> = [];
/** Of all parties that run in this process; commands have the machine's. */
let clock: Clock = clockOf();
const now = (): Date => clock.now();
afterEach(async () => {
  for (const stop of running.splice(0).reverse()) await stop();
  clock = clockOf();
});

type Setting = {
  readonly network: Network;
  readonly turns: ReturnType<typeof countedTurns>;
  /** The nodes that run, in the order of their codes. */
  readonly nodes: RunningNode[];
  readonly folder: string;
  readonly brus: (...words: string[]) => Promise<string>;
  /** Makes a key; gives its file and its signer. */
  readonly key: (name: string, purpose: string) => { readonly file: string; readonly signer: Signer };
  readonly keys: (name: string) => string;
  /** Signs a draft with roots' keys, by the names of their files. */
  readonly sign: (name: string, ...roots: string[]) => Promise<string>;
  /** Asked, and followed to its end, once what is given with the question's id is done. */
  readonly ask: (
    draft: object,
    who?: Party,
    approvers?: readonly Party[],
    then?: (id: Hash) => Promise<void>,
  ) => Promise<QueryStatus>;
  /** Proposes a version, has two roots sign it, and publishes it. */
  readonly publish: (name: string, ...edits: string[]) => Promise<string>;
  /** Until every node that is told to is at this version. */
  readonly reached: (version: number, nodes?: readonly RunningNode[]) => Promise<void>;
  readonly restart: (code: string, config: Partial<NodeConfig>, log?: Warned) => Promise<RunningNode>;
  /** Starts a node with the configuration of a region, or of another's in a folder of its own. */
  readonly start: (
    code: string,
    config: Partial<NodeConfig>,
    like?: string,
    log?: Warned,
  ) => Promise<RunningNode>;
};

/** Told what a node warns of. */
type Warned = { readonly warn: (fields: object) => void };

async function setting(): Promise<Setting> {
  const folder = temporaryFolder();
  const regions = { "01": "", "03": "", "04": "", "05": "" };
  const turns = countedTurns();
  const network = await federationOf(folder.path, regions, {
    logged: true,
    sealCost: SCRYPT_COST,
    fetch: turns.fetch,
    now,
  });
  const nodes = [...network.nodes];
  running.push(async () => {
    await Promise.all(nodes.map((node) => node.stop()));
    await network.stop();
    folder.remove();
  });
  const { made, client, address } = network;
  const keys = (name: string) => join(made.folder, "keys", `${name}.json`);
  const brus = async (...words: string[]) => {
    const { stdout } = await shell(join(ROOT, "brus"), words, { cwd: folder.path });
    return stdout.trim();
  };
  const sign: Setting["sign"] = (name, ...roots) =>
    brus("directory", "sign", name, "--root", ...roots.map(keys), "--passphrase-file", made.passphraseFile);
  const start: Setting["start"] = async (code, config, like = code, log) => {
    const before = network.nodes.find((node) => node.config.code === like)?.config ?? expect.fail();
    const entry = made.nodes.find((node) => node.code === like) ?? expect.fail();
    const data = like === code ? before.data : join(made.folder, `data-${code}`);
    complete(before.policy, "care@1", DRAFT.periods);
    const secrets = like === code ? before.secrets : data;
    const node = await startNode(
      { ...before, code, data, secrets, coordinator: address, ...config },
      entry.folder,
      {
        fetch: globalThis.fetch,
        now,
        noise: systemNoise,
        random: systemRandom,
        sleep,
        logger: Object.assign(loggerOf(`node-${code}`, "silent"), log),
      },
    );
    void node.work().catch(() => undefined);
    return node;
  };
  return {
    network,
    turns,
    nodes,
    folder: folder.path,
    brus,
    key: (name, purpose) => {
      const file = newKey(purpose);
      writeSecret(keys(name), JSON.stringify(file));
      return { file: keys(name), signer: signerOf(file) };
    },
    keys,
    sign,
    ask: async (draft, who = made.researcher, approvers = made.approvers.slice(0, 1), then) => {
      const { directory } = await newest(network);
      const query = fillQuery(
        { directory, ...DRAFT, minRegions: 2, ...draft },
        made.hash,
        who.id,
        now(),
        systemRandom,
      );
      const envelope = signQuery(query, who.signer);
      const id = await ask(client, envelope, []);
      await ask(
        client,
        envelope,
        approvers.map((each) => signApproval(id, each, now())),
      );
      await then?.(id);
      return await follow(client, id);
    },
    reached: async (version, those = nodes) => {
      const versions = () => those.map(({ answerer }) => answerer.federation.directory.version);
      await expect.poll(versions).toEqual(those.map(() => version));
    },
    publish: async (name, ...edits) => {
      const at = ["--coordinator", address, "--directory", made.hash];
      await brus("directory", "propose", name, ...at, ...edits);
      await sign(name, "root-1", "root-2");
      return await brus("directory", "publish", name, ...at);
    },
    start,
    restart: async (code, config, log) => {
      const index = nodes.findIndex((node) => node.config.code === code);
      await nodes[index]?.stop();
      const node = await start(code, config, code, log);
      nodes[index] = node;
      return node;
    },
  };
}

async function newest({ client }: Network): Promise<{ directory: string; value: Directory }> {
  const federation = readVersions(await client("getDirectory"), null, nativeVerify);
  return { directory: federation.hash, value: federation.directory };
}

const auditOf = ({ address, made }: Network) => auditFrom(sourceOf(address, fetch), made.hash, now());

describe("versions of the directory", () => {
  test("keys of a researcher, an approver, a region and a root are rotated and revoked; all releases verify", async () => {
    const { network, folder, brus, key, keys, sign, ask: asked, reached, restart } = await setting();
    const { made, address, client } = network;
    const at = ["--coordinator", address, "--directory", made.hash];
    const first = await asked({ rho: "1/100" });
    expect(first.state).toBe("released");
    await brus("receipt", first.release ?? "", ...at, "--out", "before");

    // The region is given its next keys first; the directory says when they count.
    const names = ["answer", "log", "witness"] as const;
    const next = Object.fromEntries(names.map((purpose) => [purpose, key(`next-${purpose}`, purpose).file]));
    await restart("03", {
      answerKey: [keys("node-03"), next["answer"] ?? ""],
      logKey: [keys("node-03-log"), next["log"] ?? ""],
      witnessKey: [keys("node-03-witness"), next["witness"] ?? ""],
    });
    const researcher: Party = { id: "researcher", signer: key("researcher-2", "ask").signer };
    const approver: Party = { id: "approver-1", signer: key("approver-1-2", "approve").signer };
    const root = key("root-4", "root");
    const changes = await brus(
      ...["directory", "propose", "two.json", ...at],
      ...["--researcher", `researcher=${keys("researcher-2")}`, "--revoke", keys("researcher")],
      ...["--approver", `approver-1=${keys("approver-1-2")}`, "--revoke", keys("approver-1")],
      ...["--keys", `03=${names.map((purpose) => next[purpose]).join(",")}`],
      ...["--root", root.file, "--threshold", "3"],
    );
    expect(changes).toContain("answer key of region 03");
    await sign("two.json", "root-1", "root-2");
    // By the old roots alone it does not follow: the new one has not signed.
    await expect(brus("directory", "publish", "two.json", ...at)).rejects.toThrow(/signature-invalid/);
    const hash = await sign("two.json", "root-4");
    expect(await brus("directory", "diff", "two.json", ...at)).toContain(
      "signed by 2 of the 2 roots needed of version 1, and by 3 of the 3 needed of its own",
    );
    expect(await brus("directory", "publish", "two.json", ...at)).toBe(hash);
    expect(await brus("directory", "show", ...at)).toContain(`version 2, ${hash}`);
    await reached(2);

    const { id } = made.researcher;
    const stale = fillQuery({ ...DRAFT, directory: hash }, made.hash, id, now(), systemRandom);
    await expect(ask(client, signQuery(stale, made.researcher.signer), [])).rejects.toMatchObject({
      code: "key-revoked",
    });
    const second = await asked({ rho: "1/50" }, researcher, [approver]);
    expect(second.regions.map(({ state }) => state)).toEqual(new Array(4).fill("answered"));
    const national = await asked({ rho: "1/50", release: "national" }, researcher, [approver]);
    expect(national.state).toBe("released");

    // A question of version 2 runs under version 3, whose regions are the same.
    const fifth = key("root-5", "root");
    await brus(
      ...["directory", "propose", "three.json", ...at, "--root", fifth.file],
      ...["--drop-root", keys("root-1"), "--drop-root", keys("root-2")],
    );
    await sign("three.json", "root-3", "root-4", "root-5");
    // By the new roots alone: two of the old are not enough.
    await expect(brus("directory", "publish", "three.json", ...at)).rejects.toThrow(/directory-unfit/);
    await sign("three.json", "root-2");
    await brus("directory", "publish", "three.json", ...at);
    await reached(3);
    const bound = await asked({ rho: "1/40", directory: hash }, researcher, [approver]);
    expect(bound.state).toBe("released");
    const both = { rho: "1/40", directory: hash, release: "both", nationalPart: "1/2" };
    const together = await asked(both, researcher, [approver]);
    expect(together.state).toBe("released");

    const found = await auditOf(network);
    expect(found.findings).toEqual([]);
    expect(found.version).toBe(3);
    expect(found.releases.map(({ sum }) => sum)).toEqual([
      "recomputed",
      "recomputed",
      "by digest",
      "recomputed",
      "by digest",
    ]);
    for (const each of [first, second, national, bound, together]) {
      const federation = readVersions(await client("getDirectory"), made.hash, nativeVerify);
      expect((await fetchResult(client, federation, each.id)).releaseId).toBe(each.release);
      const out = `after-${each.id.slice(7, 15)}`;
      const receipt = await brus(
        ...["receipt", each.release ?? "", "--coordinator", address, "--out", out, "--directory", made.hash],
      );
      expect(receipt).toMatch(/^Holds/);
    }
    const [old] = (await shell("sh", ["-c", "ls before/*.tlog-proof"], { cwd: folder })).stdout.split("\n");
    expect(await brus("verify", old ?? "", "--directory1", made.hash)).toMatch(/^Holds/);
    await brus("log", "mirror", address, "copy", "--directory1", made.hash);
    expect(await brus("audit", "copy", "--directory1", made.hash)).toContain("directory version 3");
  });

  test("a question bound to regions that have changed is refused; a paused region comes back", async () => {
    const { network, nodes, publish, ask: asked, reached } = await setting();
    const { made } = network;
    await publish("two.json", "--pause", "05");
    await reached(2, nodes.slice(0, 3));
    await expect(asked({ directory: made.hash })).rejects.toMatchObject({ code: "directory-unknown" });
    const three = await asked({ rho: "1/50" });
    expect(three.regions.map(({ region, state }) => `${region} ${state}`)).toEqual([
      "01 answered",
      "03 answered",
      "04 answered",
    ]);
    // Paused, its log is there for whoever audits what it did before.
    expect((await auditOf(network)).findings).toEqual([]);
    expect((await sourceOf(network.address, fetch)("nodes/05/checkpoint")) !== null).toBe(true);
    await publish("three.json", "--resume", "05");
    await reached(3);
    const four = await asked({ rho: "1/40" });
    expect(four.regions.map(({ state }) => state)).toEqual(new Array(4).fill("answered"));
    expect((await auditOf(network)).findings).toEqual([]);
  });

  test("a key revoked at a node by hand counts for nothing there, and elsewhere as before", async () => {
    const { network, publish, reached, ask: asked } = await setting();
    const [node] = network.nodes;
    const [approver] = network.made.approvers;
    await node?.revoke(approver?.signer.publicKey ?? "");
    const hour = new Date(now().getTime() + 3_600_000);
    const times = { expires: instant(hour), answerBy: instant(hour) };
    const status = await asked({ rho: "1/100", ...times }, undefined, undefined, async (id) => {
      const states = async () => {
        const { regions } = await network.client("getQuery", { params: { id } });
        return regions.map(({ state, code }) => code ?? state);
      };
      await expect.poll(states).toEqual(["approvals-missing", "answered", "answered", "answered"]);
      clock.forward(new Date(hour.getTime() + 1000)); // For the missing approval is waited as long as it may come.
      await network.coordinator.look();
    });
    expect(status.regions.map(({ code }) => code)).toEqual(["approvals-missing", null, null, null]);
    const other = await asked({ rho: "1/50" }, undefined, network.made.approvers.slice(1, 2));
    expect(other.regions.map(({ state }) => state)).toEqual(new Array(4).fill("answered"));
    expect((await auditOf(network)).findings).toEqual([]);
    // A root's as well: what it has to sign is not followed here, and so not cosigned.
    await node?.revoke(network.made.roots[0]?.publicKey ?? "");
    await publish("two.json", "--pause", "05");
    await reached(2, network.nodes.slice(1, 3));
    expect(node?.answerer.federation.directory.version).toBe(1);
  });

  test("a region that was off while its keys changed, and one that joins, find themselves named", async () => {
    const { network, nodes, brus, key, keys, ask: asked, publish, reached, start } = await setting();
    const node = nodes[1] ?? expect.fail();
    await node.stop();
    const names = ["answer", "log", "witness"] as const;
    const made = (of: string) => names.map((purpose) => key(`${of}-${purpose}`, purpose).file);
    const [next, own] = [made("next"), made("six")];
    await publish("two.json", "--keys", `03=${next.join(",")}`, "--node", `06=Six=${own.join(",")}`);
    const pin = ["--directory", network.made.hash];
    expect(await brus("directory", "show", "--coordinator", network.address, ...pin)).toContain(
      "region 06 Six: active",
    );
    const [answerKey = "", logKey = "", witnessKey = ""] = next;
    nodes[1] = await start("03", {
      answerKey: [keys("node-03"), answerKey],
      logKey: [keys("node-03-log"), logKey],
      witnessKey: [keys("node-03-witness"), witnessKey],
    });
    const [answer = "", log = "", witness = ""] = own;
    nodes.push(await start("06", { answerKey: answer, logKey: log, witnessKey: witness }, "03"));
    await reached(2);
    const status = await asked({ rho: "1/100" });
    expect(status.regions.map(({ region, state }) => `${region} ${state}`)).toEqual(
      ["01", "03", "04", "05", "06"].map((code) => `${code} answered`),
    );
    expect((await auditOf(network)).findings).toEqual([]);
  });
});

describe("what ends", () => {
  test("is told before it does by every command and log, is named by a draft that leaves it, and is renewed by name", async () => {
    const { network, folder, brus, sign, reached, restart } = await setting();
    const { made, address } = network;
    const at = ["--coordinator", address, "--directory", made.hash];
    const days = (many: number) => instant(new Date(Date.now() + (many * 24 + 1) * 3_600_000));
    // A draft is JSON that may be edited.
    const edit = (name: string, ends: Readonly<Record<string, number>>) => {
      const draft = JSON.parse(readFileSync(join(folder, name), "utf8")) as Directory;
      for (const { id, keys } of draft.people) for (const key of keys) key.notAfter = days(ends[id] ?? 300);
      writeFileSync(join(folder, name), JSON.stringify(draft));
    };
    const told = async (...words: string[]) =>
      (await shell(join(ROOT, "brus"), words, { cwd: folder })).stderr;
    expect(await told("directory", "show", ...at)).toBe("");

    await brus("directory", "propose", "two.json", ...at);
    edit("two.json", { researcher: 59, "approver-1": 6, auditor: 61 });
    await sign("two.json", "root-1", "root-2");
    await brus("directory", "publish", "two.json", ...at);
    await reached(2);
    const line =
      /^warning: the key of approver-1 to approve ends in 6 days \(.{10}\); the key of researcher to ask ends in 59 days \(.{10}\): brus directory propose --renew ID\n$/;
    expect(await told("directory", "show", ...at)).toMatch(line);
    const logged: string[] = [];
    await restart("03", {}, { warn: (fields) => logged.push(JSON.stringify(fields)) });
    await expect.poll(() => logged.join()).toMatch(/approver-1 to approve ends in 6 days.*researcher to ask/);

    const left = await brus("directory", "propose", "left.json", ...at);
    expect(left).toMatch(/^not renewed: the key of approver-1 to approve ends in 6 days/m);
    const named = await brus("directory", "propose", "named.json", ...at, "--renew", "approver-1");
    expect(named).toMatch(/key \S+ of approver-1, to:/);
    expect(named).not.toMatch(/not renewed: the key of approver-1/);
    expect(named).toMatch(/not renewed: the key of researcher/);
    expect(await brus("directory", "propose", "all.json", ...at, "--renew", "all")).not.toMatch(
      /not renewed/,
    );
    await sign("all.json", "root-2", "root-3");
    await brus("directory", "publish", "all.json", ...at);
    await reached(3);
    expect(await told("directory", "show", ...at)).toBe("");
    await expect(brus("directory", "propose", "nobody.json", ...at, "--renew", "nobody")).rejects.toThrow(
      /expected a person of the directory/,
    );
  });
});

describe("version 1, in words alone", () => {
  test("several roots, roles, regions and rules; keys of another purpose, half the roots and a second body are refused", async () => {
    const folder = temporaryFolder();
    running.push(async () => folder.remove());
    const file = (name: string) => join(folder.path, name);
    const words = (...all: string[]) => shell(join(ROOT, "brus"), all, { cwd: folder.path });
    const made = (name: string, purpose: string) => {
      const key = newKey(purpose);
      writeSecret(file(`${name}.json`), JSON.stringify(key));
      return key.public;
    };
    writeSecret(file("passphrase"), "correct horse battery staple");
    const sealed = (name: string) => {
      const key = newKey("root");
      const sealing = { salt: randomBytes(32), cost: SCRYPT_COST };
      const text = sealKey(key, "correct horse battery staple", sealing);
      writeSecret(file(`${name}.json`), JSON.stringify(text));
      return key.public;
    };
    const roots = ["r1", "r2"].map(sealed);
    const third = newKey("root").public; // Somebody else holds it: only the public part is known here.
    for (const purpose of ["release", "log", "witness", "answer", "ask", "approve"]) made(purpose, purpose);
    const [log, witness] = [made("log-01", "log"), made("witness-01", "witness")];
    const opening = ["--passphrase-file", "passphrase"];
    const own = ["--release", "release.json", "--log", "log.json", "--witness", "witness.json"];
    const node = `01=One=answer.json,${log},${witness}`;
    const init = (name: string, ...more: string[]) =>
      words("directory", "init", name, "--name", "T", ...opening, ...more);
    const all = ["--root", "r1.json", "--root", "r2.json", "--root", third];

    for (const [wrong, says] of [
      [[...all, "--threshold", "1", ...own, "--node", node], /threshold from 2 to 3/],
      [[...all, "--threshold", "4", ...own, "--node", node], /threshold from 2 to 3/],
      [["--root", "approve.json", ...own, "--node", node], /key-wrong-purpose.*approve/],
      [[...all, "--release", "ask.json", ...own.slice(2), "--node", node], /key-wrong-purpose.*"release"/],
      [
        [...all, ...own.slice(0, 2), "--log", "witness.json", "--witness", "log.json", "--node", node],
        /key-wrong-purpose.*"log"/,
      ],
      [[...all, ...own, "--node", "01=One=ask.json"], /key-wrong-purpose.*"answer"/],
      [[...all, ...own, "--node", `01=One=answer.json,${log},log.json`], /key-wrong-purpose.*"witness"/],
      [[...all, ...own, "--node", "01=One=nothing.json"], /usage: .*neither a key file nor a public key/],
      [
        [...all, ...own, "--node", node, "--rule", "dataset=*,role=approver,persons=2,regions=3"],
        /at most as many regions/,
      ],
      [[...all, ...own, "--node", node, "--rule", "dataset=*,role=approver"], /rule/],
      [
        [...all, ...own, "--node", node, "--rule", "dataset=*,role=approver,persons=2,count=3"],
        /usage: expected dataset=/,
      ],
    ] as const)
      await expect(init("wrong.json", ...wrong), wrong.join(" ")).rejects.toThrow(says);
    expect(existsSync(file("wrong.json"))).toBe(false);

    const rules = [
      "--rule",
      "dataset=*,role=approver,persons=2,regions=2",
      "--rule",
      "dataset=care,role=ethics,persons=1",
    ];
    const started = await init("one.json", ...all, ...own, "--node", node, ...rules);
    expect(started.stdout).toMatch(/^sha256:[0-9a-f]{64}\n$/);
    const alone = await init("alone.json", "--root", "r1.json", "--root", third, ...own, "--node", node);
    expect(alone.stderr).toContain("1 more of its roots must sign it");

    const dataset = writeDataset(CARE);
    writeFileSync(file("care.json"), dataset.body);
    writeFileSync(file("other.json"), writeDataset({ ...CARE, maxPersons: 7 }).body);
    const add = (...more: string[]) =>
      words("directory", "add", "one.json", "--root", "r1.json", "r2.json", ...opening, ...more);
    const people = [
      "--person",
      "eva=ethics=approve.json",
      "--region",
      "eva=01",
      "--researcher",
      "rut=ask.json",
    ];
    await add("--dataset", "care.json", ...people);
    await add("--dataset", "care.json"); // The same one is there once.
    for (const [wrong, says] of [
      [["--dataset", "other.json"], /directory-unfit: expected a new version of care@1/],
      [["--approver", "bo=ask.json"], /key-wrong-purpose.*"approve"/],
      [["--researcher", "bo=approve.json"], /key-wrong-purpose.*"ask"/],
      [["--region", "eva=99"], /region-unknown/],
      [["--region", "nobody=01"], /expected a person/],
    ] as const)
      await expect(add(...wrong), wrong.join(" ")).rejects.toThrow(says);

    const { stdout } = await words("directory", "show", "one.json", "--json");
    const shown = JSON.parse(stdout) as Directory;
    expect(shown.roots).toEqual({ keys: [...roots, third], threshold: 2 });
    expect(shown.people.map(({ id, roles, region }) => [id, roles, region])).toEqual([
      ["rut", ["researcher"], null],
      ["eva", ["ethics"], "01"],
    ]);
    expect(shown.approvalRules).toEqual([
      { dataset: "*", role: "approver", persons: 2, regions: 2 },
      { dataset: "care", role: "ethics", persons: 1 },
    ]);
    const envelope = Envelope.parse(JSON.parse(readFileSync(file("one.json"), "utf8")));
    expect(readFederation(envelope, [dataset.body], null, nativeVerify).directory.name).toBe("T");
    const few = Envelope.parse(JSON.parse(readFileSync(file("alone.json"), "utf8")));
    expect(() => readFederation(few, [], null, nativeVerify)).toThrow(/expected 2 root signatures/);
  });
});

describe("what is said of people", () => {
  test("names and purposes stand beside the log by digest, and can be erased; the log never held them", async () => {
    const { network, folder, brus, keys, sign, reached, ask: asked } = await setting();
    const { made, address, client } = network;
    const coordinator = ["--coordinator", address];
    const at = [...coordinator, "--directory", made.hash];
    const card = await brus("directory", "card", "card.json", "--name", "Anna Exempel", "--title", "Analyst");
    await brus("directory", "propose", "two.json", ...at, "--card", "researcher=card.json");
    await sign("two.json", "root-1", "root-3");
    await brus("directory", "publish", "two.json", ...at, "--card", "card.json");
    await reached(2);
    expect(await brus("directory", "show", ...at)).toContain("person researcher Anna Exempel, Analyst:");
    const draft = { ...DRAFT, purpose: "To help one Bo Persson", rho: "1/50", minRegions: 2 };
    const { draft: bound, aside } = withPurpose(draft, systemRandom);
    const { directory } = await newest(network);
    const query = fillQuery(bound, directory, made.researcher.id, now(), systemRandom);
    const id = await ask(client, signQuery(query, made.researcher.signer), [], aside);
    expect(await brus("query", "approve", id, "--yes", "--key", keys("approver-1"), ...at)).toContain(
      "Purpose: To help one Bo Persson",
    );
    expect((await follow(client, id)).state).toBe("released");
    // Nothing is kept that nothing names, and nothing else than what is named.
    const stranger = withPurpose({ purpose: "Nobody asked" }, systemRandom).aside ?? "";
    await expect(client("submitAside", { body: { text: stranger } })).rejects.toMatchObject({
      code: "aside-unknown",
    });
    const root = ["--root", keys("root-2"), "--passphrase-file", made.passphraseFile];
    await brus("directory", "erase", query.purpose, ...root, ...coordinator);
    await brus("directory", "erase", card, ...root, ...coordinator);
    const word = { aside: card, time: instant(now()) };
    const body = signDocument("erasure", word, made.approvers[0]?.signer ?? expect.fail());
    await expect(client("erase", { body })).rejects.toMatchObject({ code: "key-unknown" });
    expect(await client("submitAside", { body: { text: aside ?? "" } })).toEqual({ id: query.purpose });
    await expect(client("getAside", { params: { id: query.purpose } })).rejects.toMatchObject({
      code: "aside-unknown",
    });
    expect(await brus("directory", "show", ...at)).toContain("person researcher:");
    await brus("log", "mirror", address, "copy");
    const { stdout } = await shell("sh", ["-c", "cat $(find copy -type f)"], {
      cwd: folder,
      encoding: "latin1",
      maxBuffer: 1e8,
    });
    const decoded = [...stdout.matchAll(/"payload":"([^"]+)"/g)].map(([, payload = ""]) => atob(payload));
    for (const text of [stdout, ...decoded]) expect(text).not.toMatch(/Exempel|Persson/);
    expect((await auditOf(network)).findings).toEqual([]);
    expect((await asked({ rho: "1/40" })).state).toBe("released");
  });
});

describe("what does not follow is not in force", () => {
  test("each is refused, and says why", async () => {
    const { network, key } = await setting();
    const { made, client } = network;
    const { value } = await newest(network);
    const [root = expect.fail(), second = expect.fail()] = made.roots;
    const draft: Directory = { ...value, version: 2, previous: made.hash, validFrom: instant(now()) };
    const [person] = value.people;
    if (person === undefined) throw new Error("a person");
    const key2 = key("other-root", "root").signer;
    const cases: Record<string, readonly [Directory, readonly Signer[], string]> = {
      "the same version": [{ ...draft, version: 1 }, [root, second], "directory-unfit"],
      "a version left out": [{ ...draft, version: 3 }, [root, second], "directory-unfit"],
      "after another": [
        { ...draft, previous: `sha256:${"0".repeat(64)}` },
        [root, second],
        "directory-unfit",
      ],
      "new roots alone": [
        { ...draft, roots: { keys: [key2.publicKey], threshold: 1 } },
        [key2],
        "directory-unfit",
      ],
      "old roots alone": [
        { ...draft, roots: { keys: [key2.publicKey], threshold: 1 } },
        [root, second],
        "signature-invalid",
      ],
      "a region dropped": [{ ...draft, nodes: value.nodes.slice(1) }, [root, second], "directory-unfit"],
      "a key that changes hands": [
        {
          ...draft,
          people: [...value.people.slice(1), { ...person, id: "somebody-else" }],
        },
        [root, second],
        "directory-unfit",
      ],
      "a dataset with another body": [
        { ...draft, datasets: value.datasets.map((each) => ({ ...each, hash: `sha256:${"1".repeat(64)}` })) },
        [root, second],
        "directory-unfit",
      ],
      "one root alone": [draft, [root], "directory-unfit"],
      "no logs any more": [
        {
          ...draft,
          coordinator: { release: value.coordinator.release },
          nodes: value.nodes.map((node) => ({ ...node, keys: { answer: node.keys.answer } })),
        },
        [root, second],
        "directory-unfit",
      ],
      "of a time to come": [
        { ...draft, validFrom: instant(new Date(now().getTime() + 3_600_000)) },
        [root, second],
        "directory-expired",
      ],
      "keys that the coordinator does not hold": [
        {
          ...draft,
          coordinator: { ...value.coordinator, release: signerOf(newKey("release")).publicKey },
        },
        [root, second],
        "config-invalid",
      ],
    };
    for (const [name, [directory, signers, code]] of Object.entries(cases)) {
      const body = { directory: signDocument("directory", directory, ...signers), datasets: [] };
      await expect(client("publishDirectory", { body }), name).rejects.toMatchObject({ code });
    }
    const good = { directory: signDocument("directory", draft, root, second), datasets: [] };
    const { id } = await client("publishDirectory", { body: good });
    expect(await client("publishDirectory", { body: good })).toEqual({ id });
  });

  test("a version that the coordinator put into its log unsigned stops every node, and the audit names it", async () => {
    const { network, turns, ask: asked } = await setting();
    const { made } = network;
    expect((await asked({ rho: "1/100" })).state).toBe("released");
    const stranger = signerOf(newKey("root"));
    const envelope = Envelope.parse(JSON.parse(readFileSync(made.coordinator.directoryFile, "utf8")));
    const value = JSON.parse(Buffer.from(envelope.payload, "base64").toString()) as Directory;
    const forged = signDocument(
      "directory",
      {
        ...value,
        version: 2,
        previous: made.hash,
        roots: { keys: [stranger.publicKey], threshold: 1 },
      },
      stranger,
    );
    const entry = documentEntry("directory", envelopeId(forged), forged);
    await transact(network.coordinator.store, async (database) => {
      await promiseLeaves<CoordinatorDatabase>(database, COORDINATOR, [entry]);
    });
    // A leaf is signed for when another is promised: this question's.
    const query = fillQuery({ ...DRAFT, rho: "1/50" }, made.hash, made.researcher.id, now(), systemRandom);
    await ask(network.client, signQuery(query, made.researcher.signer), []);
    const before = (await auditOf(network)).size;
    const codes = network.nodes.map(({ config }) => config.code);
    await turns.more("witness", codes, 3);
    // Nobody has cosigned it: the world is shown no more of this log, and no question is answered.
    expect((await auditOf(network)).size).toBe(before);
    expect(network.nodes.map(({ answerer }) => answerer.federation.directory.version)).toEqual([1, 1, 1, 1]);
  });
});
