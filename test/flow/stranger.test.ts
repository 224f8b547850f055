/**
 * A stranger's path: an empty folder, an address, the hash of version 1 of the directory, and a policy file. Everything
 * is copied, the network goes away, and what happened is audited; an auditor of the directory adds up secure sums too.
 */
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { temporaryFolder } from "../support/engines.ts";
import { federationOf, settled } from "../support/federation.ts";

const ROOT = join(import.meta.dirname, "../..");
const folder = temporaryFolder();
const empty = temporaryFolder();
let first = "";
let release = "";

type Run = { readonly code: number; readonly said: string };

/** The command line in the empty folder; `cut` leaves it no way to any network. */
async function brus(words: readonly string[], cut = false): Promise<Run> {
  const node = join(ROOT, "node_modules/.bin/node");
  const main = join(ROOT, "cli/main.ts");
  const closed = join(empty.path, "closed.mjs");
  writeFileSync(
    closed,
    'import net from "node:net"; const no = () => { throw new Error("the network is cut"); };\nnet.Socket.prototype.connect = no; globalThis.fetch = no;\n',
  );
  const flags = cut ? ["--import", closed, main] : [main];
  const { stdout, code } = await promisify(execFile)(node, [...flags, ...words], { cwd: empty.path }).then(
    ({ stdout: text }) => ({ stdout: text, code: 0 }),
    (error: { stdout: string; code: number }) => ({ stdout: error.stdout, code: error.code }),
  );
  return { code, said: stdout };
}

beforeAll(async () => {
  const network = await federationOf(
    folder.path,
    { "01": "", "03": "", "04": "", "05": "" },
    { logged: true },
  );
  await settled(network, { rho: "1/100" });
  release = (await settled(network, { release: "national", minRegions: 3, rho: "1/100" })).release ?? "";
  await settled(network, {
    release: "both",
    nationalPart: "1/2",
    minRegions: 3,
    rho: "1/50",
    groupBy: ["sex"],
  });
  first = network.made.hash;
  const { address } = network;
  const key = join(network.made.folder, "keys/auditor.json");
  // All that needs the network.
  const { said } = await brus(["log", "policy", address, "--directory1", first]);
  writeFileSync(join(empty.path, "policy"), said);
  await brus(["log", "mirror", address, "copy", "--directory1", first]);
  await brus(["log", "mirror", address, "auditors", "--directory1", first, "--key", key]);
  await brus(["receipt", release, "--coordinator", address, "--directory", first]);
  await brus(["audit", address, "--directory1", first, "--state", "state"]);
  await settled(network, { rho: "1/100", title: "One more" });
  await brus(["log", "mirror", address, "later", "--directory1", first]);
  await network.stop();
});
afterAll(() => {
  folder.remove();
  empty.remove();
});

const pinned = () => ["--directory1", first, "--policy", "policy"];

test("with the network cut all is audited, but for secure sums, which are listed as checked by digest", async () => {
  expect((await brus(["audit", "http://127.0.0.1:9/", ...pinned()], true)).code).not.toBe(0);
  const { code, said } = await brus(["audit", "copy", ...pinned(), "--json", "found.json"], true);
  expect(code).toBe(0);
  expect(said).toMatch(/holds/i);
  const { releases } = JSON.parse(readFileSync(join(empty.path, "found.json"), "utf8")) as {
    releases: Array<{ sum: string }>;
  };
  expect(releases.map(({ sum }) => sum)).toEqual(["recomputed", "by digest", "by digest"]);
  expect(said.match(/checked by digest/g)).toHaveLength(2);
});

test("an auditor of the directory adds up all of them", async () => {
  const { code, said } = await brus(["audit", "auditors", ...pinned()], true);
  expect(code).toBe(0);
  expect(said).not.toContain("by digest");
  expect(said).toContain("recomputed from what the regions signed: 3 releases");
});

test("a receipt is verified", async () => {
  const [receipt = ""] = readdirSync(empty.path).filter((name) => name.endsWith(".tlog-proof"));
  expect((await brus(["verify", receipt, ...pinned()], true)).said).toMatch(/^Holds/);
});

test("the next audit goes on from what was found to hold, and names a log that does not", async () => {
  const { code, said } = await brus(["audit", "later", ...pinned(), "--state", "state"], true);
  expect(code).toBe(0);
  expect(said).toContain("3 releases before entry");
  // That state is now of a longer log than the copy made before.
  const back = await brus(["audit", "copy", ...pinned(), "--state", "state"], true);
  expect(back.code).toBe(1);
  expect(back.said).toContain("audited before");
});

test("a copy in which one byte was changed does not hold", async () => {
  mkdirSync(join(empty.path, "forged"));
  await promisify(execFile)("cp", ["-r", "copy/.", "forged"], { cwd: empty.path });
  const bundles = join(empty.path, "forged/tile/entries/000.p");
  const [bundle = ""] = existsSync(bundles) ? readdirSync(bundles) : [];
  const path = join(bundles, bundle);
  const bytes = readFileSync(path);
  bytes[bytes.length - 3] = (bytes[bytes.length - 3] ?? 0) ^ 1;
  writeFileSync(path, bytes);
  expect((await brus(["audit", "forged", ...pinned()], true)).code).toBe(1);
});

test("a document that is not the one named is not copied", async () => {
  mkdirSync(join(empty.path, "swapped"));
  await promisify(execFile)("cp", ["-r", "copy/.", "swapped"], { cwd: empty.path });
  const documents = join(empty.path, "swapped/documents");
  const [some = ""] = readdirSync(documents);
  const [name = ""] = readdirSync(join(documents, some));
  writeFileSync(join(documents, some, name), "{}");
  expect((await brus(["log", "mirror", "swapped", "again", "--directory1", first], true)).code).not.toBe(0);
  expect(existsSync(join(empty.path, "again/documents", some, name))).toBe(false);
});
