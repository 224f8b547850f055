/**
 * Private keys as their holders keep them, through the command line and in running parties: sealed by a passphrase, roots
 * always; by a command of the region's own; and nothing signed by a key that is for something else.
 */
import { spawn } from "node:child_process";
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { makeFederation } from "../../cli/demo/federation.ts";
import { systemNoise } from "../../node/answer/noise.ts";
import { startNode } from "../../node/node.ts";
import { systemRandom } from "../../node/random.ts";
import { writeDataset } from "../../protocol/question/catalogue.ts";
import { fromBase64, utf8 } from "../../protocol/values/bytes.ts";
import { sleep } from "../../server/deadline.ts";
import { type KeyFile, signerFrom } from "../../server/keys.ts";
import { loggerOf } from "../../server/logger.ts";
import { SCRYPT_COST, type SealedKey, sealKey } from "../../server/sealed-key.ts";
import { nativeVerify, newKey } from "../../server/signing.ts";
import { temporaryFolder } from "../support/engines.ts";
import { CARE, CHEAP_SEAL, federationOf, now, settled } from "../support/federation.ts";
import { startParty, stopParty } from "../support/process.ts";
import { sourcesIn } from "../unit/architecture/source.ts";

const ROOT = join(import.meta.dirname, "../..");
const PASSPHRASE = "correct horse battery staple";
const folder = temporaryFolder();
const at = (name: string) => join(folder.path, name);
const running: Array<() => Promise<void>> = [];
afterEach(async () => {
  for (const stop of running.splice(0).reverse()) await stop();
});
afterAll(() => folder.remove());

type Ended = { readonly code: number | null; readonly said: string; readonly told: string };

/** Runs a command without a terminal, whoever runs this test from one. */
function brus(...words: string[]): Promise<Ended> {
  const child = spawn(join(ROOT, "brus"), words, {
    cwd: folder.path,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [said, told] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => (said += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (told += chunk.toString()));
  return new Promise((resolve) => child.on("close", (code) => resolve({ code, said: said.trim(), told })));
}

const written = (name: string, content: unknown, mode = 0o600): string => {
  writeFileSync(at(name), typeof content === "string" ? content : JSON.stringify(content));
  chmodSync(at(name), mode);
  return at(name);
};
const fileOf = (name: string): KeyFile => JSON.parse(readFileSync(at(name), "utf8")) as KeyFile;
const passphrase = () => PASSPHRASE;
const cheap = { passphrase, leastCost: CHEAP_SEAL };
const sealing = { salt: new Uint8Array(32).fill(9), cost: CHEAP_SEAL };

describe("a root's key", () => {
  test("is never made in plain text: without a passphrase it is not made at all", async () => {
    const none = await brus("keys", "new", "none.json", "--purpose", "root");
    expect([none.code, none.told]).toEqual([1, expect.stringContaining("key-sealed: expected")]);
    const short = written("short", "too short\n");
    const weak = await brus("keys", "new", "none.json", "--purpose", "root", "--passphrase-file", short);
    expect([weak.code, weak.told]).toEqual([1, expect.stringContaining("at least 12 characters")]);
    expect(existsSync(at("none.json"))).toBe(false);
  });

  test("is sealed, signs by its passphrase alone, and by a file that others cannot read", async () => {
    const opened = written("passphrase", `${PASSPHRASE}\n`);
    const made = await brus("keys", "new", "root.json", "--purpose", "root", "--passphrase-file", opened);
    expect(fileOf("root.json")).toMatchObject({
      kind: "ed25519-sealed",
      public: made.said,
      kdf: { name: "scrypt", n: SCRYPT_COST, r: 8, p: 1 },
    });
    expect(statSync(at("root.json")).mode & 0o777).toBe(0o600);
    expect((await brus("keys", "show", "root.json")).said).toBe(
      `${made.said} root, kept sealed by a passphrase`,
    );
    const draft = written("draft.json", JSON.stringify(versionOf(made.said)));
    const sign = (...words: string[]) => brus("directory", "sign", draft, "--root", "root.json", ...words);
    expect((await sign()).told).toContain("key-sealed: expected --passphrase-file, or a terminal");
    const another = written("another", "correct horse battery stable\n");
    expect((await sign("--passphrase-file", another)).told).toContain("key-sealed: expected the passphrase");
    const shown = written("shown", PASSPHRASE, 0o644);
    expect((await sign("--passphrase-file", shown)).told).toContain("readable by its owner alone");
    const signed = await sign("--passphrase-file", opened);
    expect([signed.code, signed.said]).toEqual([0, expect.stringMatching(/^sha256:/)]);
  });

  test("that lies in plain text, as they once did, signs with a warning that says how to seal it", async () => {
    const plain = newKey("root");
    written("old.json", plain);
    const draft = written("old-draft.json", JSON.stringify(versionOf(plain.public)));
    const before = await brus("directory", "sign", draft, "--root", "old.json");
    expect([before.code, before.told]).toEqual([0, expect.stringContaining("brus keys seal old.json")]);
    const opened = written("passphrase-2", `${PASSPHRASE}\n`);
    const seal = await brus("keys", "seal", "old.json", "--passphrase-file", opened);
    expect(seal.said).toContain("Sealed: old.json");
    expect(readFileSync(at("old.json"), "utf8")).not.toContain(plain.private.slice(0, 20));
    expect([statSync(at("old.json")).mode & 0o777, existsSync(at("old.json.sealed"))]).toEqual([
      0o600,
      false,
    ]);
    const after = await brus("directory", "sign", draft, "--root", "old.json", "--passphrase-file", opened);
    expect([after.code, after.told, after.said]).toEqual([0, "", before.said]);
  });

  test.skipIf(!existsSync("/usr/bin/script"))(
    "is asked for at the terminal, which shows nothing of it (skipped where there is no script)",
    async () => {
      const child = spawn(
        "script",
        ["-qec", `${join(ROOT, "brus")} keys new typed.json --purpose root`, "/dev/null"],
        {
          cwd: folder.path,
          stdio: ["pipe", "pipe", "inherit"],
        },
      );
      let shown = "";
      const asked = ["A passphrase for typed.json: ", "The same again: "];
      child.stdout.on("data", (chunk: Buffer) => {
        shown += chunk.toString();
        if (asked[0] === undefined || !shown.includes(asked[0])) return;
        asked.shift();
        child.stdin.write(`${PASSPHRASE}\n`);
      });
      expect(await new Promise((resolve) => child.on("close", resolve))).toBe(0);
      expect(shown).toContain("The same again");
      expect(shown).not.toContain(PASSPHRASE);
      const signer = signerFrom(at("typed.json"), "root", { passphrase });
      expect(shown).toContain(signer.publicKey);
    },
  );
});

const versionOf = (root: string) => ({
  version: 1,
  previous: null,
  name: "T",
  validFrom: "2026-01-01T00:00:00Z",
  expires: "2027-01-01T00:00:00Z",
  roots: { keys: [root], threshold: 1 },
  coordinator: { release: newKey("release").public },
  nodes: [{ code: "01", name: "One", status: "active", keys: { answer: newKey("answer").public } }],
  people: [],
  datasets: [],
  approvalRules: [{ dataset: "*", role: "approver", persons: 2, regions: 2 }],
});

describe("a sealed key", () => {
  const plain = newKey("approve");
  const sealed = sealKey(plain, PASSPHRASE, sealing);
  const opens = (file: SealedKey, purpose = file.purpose, opening: object = cheap) =>
    signerFrom(written("sealed.json", file), purpose, opening);

  test("signs as the plain one does; the passphrase is the same in either form of its letters", () => {
    const signature = opens(sealed).sign(utf8("x"));
    expect(nativeVerify(fromBase64(plain.public), utf8("x"), signature)).toBe(true);
    const composed = sealKey(plain, "smörgåsbord på bordet", sealing);
    const opening = { ...cheap, passphrase: () => "smörgåsbord på bordet".normalize("NFD") };
    expect(opens(composed, "approve", opening).publicKey).toBe(plain.public);
  });

  test.each<[string, Partial<SealedKey> | { kdf: object }]>([
    ["with another purpose", { purpose: "root" }],
    ["with another public key", { public: newKey("approve").public }],
    ["with another salt", { kdf: { ...sealed.kdf, salt: Buffer.alloc(32, 8).toString("base64") } }],
    ["with another cost", { kdf: { ...sealed.kdf, n: 4 } }],
    ["with a byte of the box changed", { box: `${sealed.box[0] === "A" ? "B" : "A"}${sealed.box.slice(1)}` }],
  ])("%s does not open", (_, change) => {
    expect(() => opens({ ...sealed, ...change } as SealedKey)).toThrow(
      expect.objectContaining({ code: "key-sealed" }),
    );
  });

  test.each<[string, string, string, object]>([
    ["by another passphrase", "approve", "key-sealed", { ...cheap, passphrase: () => "something else" }],
    ["where there is no passphrase", "approve", "key-sealed", { leastCost: CHEAP_SEAL }],
    ["for another purpose", "ask", "key-wrong-purpose", cheap],
    ["sealed cheaply, by anybody but a test", "approve", "config-invalid", { passphrase }],
  ])("%s is refused", (_, purpose, code, opening) => {
    expect(() => opens(sealed, purpose, opening)).toThrow(expect.objectContaining({ code }));
  });

  test("that would fill the machine's memory, or is of another form, is none", () => {
    for (const n of [2 ** 21, 2 ** 17 + 1])
      expect(() => opens({ ...sealed, kdf: { ...sealed.kdf, n } })).toThrow(/key file/);
    const other = { ...sealed, kdf: { ...sealed.kdf, r: 1 } } as unknown as SealedKey;
    expect(() => opens(other)).toThrow(/key file/);
  });

  test("that others can read is refused, sealed or not", () => {
    expect(() => signerFrom(written("open.json", plain, 0o640), "approve")).toThrow(/owner alone/);
  });

  test("is made cheaply, and opened so, by tests alone: no program names either", () => {
    const programs = sourcesIn(ROOT, ["protocol", "server", "node", "coordinator", "cli", "bench"]);
    const naming = (word: string) =>
      programs.filter(({ text }) => text.includes(word)).map(({ file }) => file);
    expect(naming("leastCost")).toEqual(["server/keys.ts"]);
    expect(naming("sealCost")).toEqual(["cli/demo/federation.ts"]);
  });
});

/** A command that signs with a key that it alone has; what it does wrong is put in its place. */
function commandFor(name: string, purpose: string, wrong = "") {
  const held = newKey(purpose);
  written(`${name}-held.json`, held);
  const program = written(
    `${name}.mjs`,
    `import { createPrivateKey, sign } from "node:crypto";
     import { readFileSync } from "node:fs";
     const { private: text } = JSON.parse(readFileSync(${JSON.stringify(at(`${name}-held.json`))}));
     const der = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), Buffer.from(text, "base64")]);
     const message = readFileSync(0);
     const signature = sign(null, message, createPrivateKey({ key: der, format: "der", type: "pkcs8" }));
     ${wrong === "" ? "process.stdout.write(signature);" : wrong}`,
  );
  const argv: [string, string] = [process.execPath, program];
  const file = { kind: "command", purpose, public: held.public, argv, timeoutSeconds: 30 } as const;
  return { file, path: written(`${name}.json`, file) };
}

describe("a command that signs", () => {
  test("is a region's key: it answers, and the answer counts", async () => {
    const network = await federationOf(at("region"), { "01": "", "03": "" });
    running.push(network.stop);
    const [node] = network.nodes;
    const entry = network.made.nodes[0];
    if (node === undefined || entry === undefined) throw new Error("a region");
    await node.stop();
    // The same key, in the hands of a command.
    const { argv } = commandFor("hsm", "answer").file;
    writeFileSync(at("hsm-held.json"), readFileSync(entry.config.answerKey));
    const answerKey = written("hsm.json", {
      kind: "command",
      purpose: "answer",
      public: entry.signer.publicKey,
      argv,
    });
    const again = await startNode({ ...node.config, answerKey }, entry.folder, {
      fetch: globalThis.fetch,
      now,
      noise: systemNoise,
      random: systemRandom,
      sleep,
      logger: loggerOf("node-01", "silent"),
    });
    running.push(() => again.stop());
    void again.work().catch(() => undefined);
    const status = await settled(network, { minRegions: 2 });
    expect(status.regions.map(({ state }) => state)).toEqual(["answered", "answered"]);
  });

  test.each<[string, string, RegExp]>([
    ["ends with an error", "process.stdout.write(signature); process.exitCode = 3;", /end with exit code 0/],
    ["says nothing", "", /x/],
    ["says more", "process.stdout.write(Buffer.concat([signature, Buffer.from('\\n')]));", /write 64 bytes/],
    ["says far more", "process.stdout.write(Buffer.alloc(100_000));", /write 64 bytes/],
    ["signs something else", "signature[0] ^= 1; process.stdout.write(signature);", /sign these very bytes/],
  ])("and %s is refused", (name, wrong, says) => {
    const silent = name === "says nothing";
    const { path } = commandFor("wrong", "answer", silent ? "void 0;" : wrong);
    const signer = signerFrom(path, "answer");
    expect(() => signer.sign(utf8("x"))).toThrow(
      expect.objectContaining({
        code: "signing-failed",
        message: expect.stringMatching(silent ? /write 64 bytes/ : says),
      }),
    );
  });

  test("and does not end is stopped; one that is not there is refused; a shell's words are none", () => {
    const { file } = commandFor("slow", "answer", "setInterval(() => undefined, 1000);");
    const slow = written("slow-1.json", { ...file, timeoutSeconds: 1 });
    expect(() => signerFrom(slow, "answer").sign(utf8("x"))).toThrow(/to end within 1 s/);
    const absent = written("absent.json", { ...file, argv: ["/nowhere/at/all"] });
    expect(() => signerFrom(absent, "answer").sign(utf8("x"))).toThrow(/to run/);
    const relative = written("relative.json", { ...file, argv: ["sign"] });
    expect(() => signerFrom(relative, "answer")).toThrow(/key file/);
    const marker = at("marker");
    const shell = written("shell.json", { ...file, argv: ["/bin/echo", `; touch ${marker}`] });
    expect(() => signerFrom(shell, "answer").sign(utf8("x"))).toThrow(/64 bytes/);
    expect(existsSync(marker)).toBe(false);
  });

  test("is named by a command, which tries it first; for another purpose it signs nothing", async () => {
    const { file } = commandFor("named", "approve");
    const { argv } = file;
    const name = (path: string, key: string) =>
      brus("keys", "command", path, ...argv, "--purpose", "approve", "--public", key);
    const other = await name("not.json", newKey("approve").public);
    expect([other.told, existsSync(at("not.json"))]).toEqual([
      expect.stringContaining("signing-failed"),
      false,
    ]);
    expect((await name("yes.json", file.public)).said).toBe(file.public);
    expect(signerFrom(at("yes.json"), "approve").publicKey).toBe(file.public);
    expect(() => signerFrom(at("yes.json"), "ask")).toThrow(
      expect.objectContaining({ code: "key-wrong-purpose" }),
    );
  });
});

describe("a service", () => {
  test("opens its sealed keys by the passphrase in a file that its configuration names, and else does not start", async () => {
    const plan = {
      name: "Sealed",
      regions: [{ code: "01", name: "One" }],
      datasets: [writeDataset(CARE)],
      approvals: 1,
      logged: true,
      sealCost: CHEAP_SEAL,
    };
    // Made so long ago that all of it ends in 24 days.
    const then = new Date(now().getTime() - (365 - 24.5) * 24 * 3600 * 1000);
    const made = makeFederation(at("sealed"), plan, then, "http://127.0.0.1:1");
    const opened = written("service", `${PASSPHRASE}\n`);
    const seal = await brus("keys", "seal", made.coordinator.releaseKey, "--passphrase-file", opened);
    expect(seal.code).toBe(0);
    const config = (passphraseFile: string | undefined) =>
      written("coordinator.json", { ...made.coordinator, passphraseFile });
    for (const [file, code] of [
      [undefined, "key-sealed"],
      [written("service-shown", PASSPHRASE, 0o644), "config-invalid"],
    ] as const) {
      const party = startParty("coordinator", config(file));
      expect(await party.ended).toBe("1");
      expect(party.output()).toContain(code);
      expect(party.output()).not.toContain(PASSPHRASE);
    }
    const party = startParty("coordinator", config(opened));
    await party.ready;
    await expect.poll(party.output).toMatch(/the directory ends in 24 days .*; and 1 more/);
    await stopParty(party);
    expect(party.output()).not.toContain(PASSPHRASE);
  });
});
