/**
 * A witness that others wrote: litewitness (filippo.io/torchwood) cosigns our coordinator's log by C2SP's tlog-witness,
 * and a policy that requires it holds; without it releases go on, and say so. Skipped, saying so, where Go cannot fetch
 * and build it, or there is no ssh-agent to hold its key. BRUS_GO names a Go that is not the one in the path.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { auditFrom, auditText, checkPolicy } from "../../cli/commands/audit.ts";
import type { Network } from "../../cli/demo/network.ts";
import { sourceOf } from "../../cli/log/source.ts";
import { cosignatures } from "../../protocol/log/checkpoint.ts";
import {
  formatVerifierKey,
  NOTE_TYPES,
  parseNote,
  type VerifierKey,
  verifierKey,
} from "../../protocol/log/note.ts";
import { COORDINATOR, logKeyOf } from "../../protocol/log/quorum.ts";
import { policyText } from "../../protocol/log/receipt.ts";
import { fromBase64 } from "../../protocol/values/bytes.ts";
import { sleep } from "../../server/deadline.ts";
import { nativeVerify } from "../../server/signing.ts";
import { HANGING } from "../hangs.ts";
import { temporaryFolder } from "../support/engines.ts";
import { federationOf, settled } from "../support/federation.ts";

const MODULE = "filippo.io/torchwood/cmd";
const VERSION = "v0.10.0";
const PATH = join(tmpdir(), "brus-go-tools");
const [litewitness, witnessctl] = [join(PATH, "bin/litewitness"), join(PATH, "bin/witnessctl")];

function build(): boolean {
  if (spawnSync("ssh-agent", ["-?"]).error !== undefined) return false;
  if (existsSync(litewitness) && existsSync(witnessctl)) return true;
  mkdirSync(PATH, { recursive: true });
  const go = process.env["BRUS_GO"] ?? "go";
  const env = {
    ...process.env,
    GOPATH: PATH,
    GOFLAGS: "-mod=mod",
    GO111MODULE: "on",
    GOTOOLCHAIN: "go1.27.3",
  };
  const tools = [`${MODULE}/litewitness@${VERSION}`, `${MODULE}/witnessctl@${VERSION}`];
  return spawnSync(go, ["install", ...tools], { env, timeout: HANGING }).status === 0;
}
const has = build();
if (!has && (process.env["BRUS_REQUIRE"] ?? "").split(",").includes("litewitness"))
  throw new Error("BRUS_REQUIRE names litewitness, and it could not be built, or there is no ssh-agent");

const NAME = "witness.example/litewitness";
const folder = temporaryFolder();
const at = (file: string): string => join(folder.path, file);
const processes: ChildProcess[] = [];
let network: Network;
let key: VerifierKey;

const ended = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) =>
    child.exitCode === null && child.signalCode === null ? child.once("exit", () => resolve()) : resolve(),
  );

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  await new Promise((done) => server.close(done));
  return typeof address === "object" && address !== null ? address.port : expect.fail();
}

/** An ssh-agent that holds a new key, as litewitness asks for; its fingerprint. */
async function keyInAgent(): Promise<string> {
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", at("key")]);
  processes.push(spawn("ssh-agent", ["-D", "-a", at("agent")], { stdio: "ignore" }));
  while (!existsSync(at("agent"))) await sleep(20);
  execFileSync("ssh-add", ["-q", at("key")], { env: { ...process.env, SSH_AUTH_SOCK: at("agent") } });
  const blob = fromBase64(readFileSync(at("key.pub"), "utf8").split(" ")[1] ?? "");
  key = verifierKey(NAME, NOTE_TYPES.cosignature, blob.slice(-32));
  return execFileSync("ssh-keygen", ["-lf", at("key.pub")], { encoding: "utf8" }).split(" ")[1] ?? "";
}

beforeAll(async () => {
  if (!has) return;
  const fingerprint = await keyInAgent();
  const listen = `127.0.0.1:${await freePort()}`;
  const flags = ["-name", NAME, "-key", fingerprint, "-ssh-agent", at("agent"), "-db", at("w.db")];
  const witness = spawn(litewitness, [...flags, "-listen", listen], { stdio: ["ignore", "ignore", "pipe"] });
  processes.unshift(witness);
  let says = "";
  witness.stderr.on("data", (chunk: Buffer) => {
    says += chunk.toString();
  });
  while (!says.includes("listening")) await sleep(20);
  expect(says).toContain(formatVerifierKey(key));
  network = await federationOf(
    at("federation"),
    { "01": "", "03": "", "04": "" },
    {
      logged: true,
      witnesses: [{ name: "Litewitness", key: formatVerifierKey(key), url: `http://${listen}` }],
    },
  );
  // It is told of the log once that has begun: until then it answers that it knows none of this name.
  const log = logKeyOf(network.nodes[0]?.answerer.federation ?? expect.fail(), COORDINATOR);
  const database = ["-db", at("w.db"), "-origin", log.name];
  execFileSync(witnessctl, ["add-log", ...database], { stdio: "ignore" });
  execFileSync(witnessctl, ["add-key", ...database, "-key", formatVerifierKey(log)], { stdio: "ignore" });
});
afterAll(async () => {
  await network?.stop();
  for (const child of processes) {
    child.kill();
    await ended(child);
  }
  folder.remove();
});

async function shownTime(): Promise<number | null> {
  const bytes = await (await fetch(`${network.address}/log/checkpoint`)).arrayBuffer();
  const [own] = cosignatures(parseNote(new Uint8Array(bytes)), [key], nativeVerify);
  return own?.time ?? null;
}

/** What our audit says, and whether the policy that requires this one witness holds as well. */
async function audited() {
  const source = sourceOf(network.address, fetch);
  const federation = network.nodes[0]?.answerer.federation ?? expect.fail();
  writeFileSync(
    at("policy"),
    policyText(federation).replace("quorum regions", "group both all regions o1\nquorum both"),
  );
  const found = await auditFrom(source, network.made.hash, new Date());
  return { text: auditText(found), findings: await checkPolicy(source, network.made.hash, at("policy")) };
}

test.skipIf(!has)(
  "litewitness cosigns our log, and a policy that requires it holds; without it releases go on, and say so (skipped where it cannot be had)",
  async () => {
    expect((await settled(network, { rho: "1/100" })).state).toBe("released");
    await expect.poll(shownTime).not.toBe(null);
    const with_ = await audited();
    expect(with_.text).toMatch(/all holds[\s\S]*witnessed from outside by Litewitness, as of 20\d\d-/);
    expect(with_.findings).toEqual([]);

    const [witness] = processes;
    witness?.kill();
    await ended(witness ?? expect.fail());
    expect((await settled(network, { rho: "1/200" })).state).toBe("released");
    const without = await audited();
    expect(without.text).toMatch(/all holds[\s\S]*not witnessed from outside by Litewitness yet/);
    expect(without.findings).toMatchObject([{ rule: "quorum" }]);
  },
);
