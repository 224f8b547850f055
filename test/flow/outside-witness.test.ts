/**
 * Witnesses from outside the federation: asked for every checkpoint, shown with what they have cosigned, counted in no
 * quorum. Whatever one of them answers, or none does, stops nothing, unless the directory requires it.
 */
import { execFile } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, describe, expect, test } from "vitest";
import { auditFrom, auditText } from "../../cli/commands/audit.ts";
import type { Network } from "../../cli/demo/network.ts";
import { sourceOf } from "../../cli/log/source.ts";
import { bellOf } from "../../coordinator/bell.ts";
import { type RunningCoordinator, startCoordinator } from "../../coordinator/coordinator.ts";
import type { Offer } from "../../coordinator/log/kept-log.ts";
import { askOutside, type OutsideContext } from "../../coordinator/log/outside.ts";
import { type CoordinatorDatabase, prepareCoordinator } from "../../coordinator/store/database.ts";
import { systemRandom } from "../../node/random.ts";
import { Directory } from "../../protocol/federation/directory.ts";
import { cosign, cosignatures, signCheckpoint } from "../../protocol/log/checkpoint.ts";
import { documentEntry } from "../../protocol/log/leaf.ts";
import { consistencyProof, leafHash, readerOf, rootOf } from "../../protocol/log/merkle.ts";
import { formatNote, formatSignature, NOTE_TYPES, parseNote, verifierKey } from "../../protocol/log/note.ts";
import { COORDINATOR, logKeyOf, openWitnessed, witnessKeyOf } from "../../protocol/log/quorum.ts";
import { parsePolicy, parseReceipt, policyText, verifyReceipt } from "../../protocol/log/receipt.ts";
import { envelopeId, signDocument } from "../../protocol/signing/envelope.ts";
import { fromBase64, fromUtf8, utf8 } from "../../protocol/values/bytes.ts";
import { instant } from "../../protocol/values/names.ts";
import type { Fetch } from "../../protocol/wire/client.ts";
import { openStore } from "../../server/database.ts";
import { loggerOf } from "../../server/logger.ts";
import { nativeVerify, newKey, signerOf } from "../../server/signing.ts";
import { temporaryFolder } from "../support/engines.ts";
import { federationOf, settled, submit } from "../support/federation.ts";
import { type OutsideWitness, outsideWitness } from "../support/outside-witness.ts";

const running: Array<() => Promise<void>> = [];
afterEach(async () => {
  for (const stop of running.splice(0).reverse()) await stop();
});

const REGIONS = { "01": "", "03": "", "04": "" };

type Named = { readonly witness: OutsideWitness; readonly required?: boolean };

/** A federation whose directory names these witnesses; each knows its log from the beginning unless it is to learn of it later. */
async function network(named: readonly Named[], { known = true } = {}) {
  const folder = temporaryFolder();
  const outside: Fetch = (url, init) => {
    const at = named.find(({ witness }) => url.startsWith(witness.entry.url));
    if (at === undefined) throw new Error(`nobody at ${url}`);
    return at.witness.fetch(url, init);
  };
  const made = await federationOf(folder.path, REGIONS, {
    logged: true,
    outside,
    witnesses: named.map(({ witness, required }) => ({
      ...witness.entry,
      ...(required === undefined ? {} : { required }),
    })),
  });
  const stop = { made: () => made.stop() };
  running.push(async () => {
    await stop.made();
    folder.remove();
  });
  const federation = made.nodes[0]?.answerer.federation ?? expect.fail();
  const log = logKeyOf(federation, COORDINATOR);
  const learn = () => {
    for (const { witness } of named) witness.trust(log);
  };
  if (known) learn();
  return { made, federation, log, learn, folder: folder.path, outside, stop };
}

const checkpointOf = async ({ address }: Pick<Network, "address">): Promise<Uint8Array> =>
  new Uint8Array(await (await fetch(`${address}/log/checkpoint`)).arrayBuffer());

/** The time of a witness' cosignature in what the world is shown; null where there is none. */
async function shownTime(made: Network, { key }: OutsideWitness): Promise<number | null> {
  const [own] = cosignatures(parseNote(await checkpointOf(made)), [key], nativeVerify);
  return own?.time ?? null;
}

const audited = async (made: Network): Promise<string> =>
  auditText(await auditFrom(sourceOf(made.address, fetch), made.made.hash, new Date()));

const textReceipt = async (made: Network, release: string | null): Promise<Response> =>
  await fetch(`${made.address}/receipt/${release}`);

test("witnesses from outside cosign: checkpoint, receipt and audit say so, and the quorum is the regions' as before", async () => {
  const witnesses = [1, 2, 3].map((n) => outsideWitness(`outside${n}.example/w`));
  const { made, federation, log } = await network(witnesses.map((witness) => ({ witness })));
  const { release } = await settled(made, { rho: "1/100" });
  for (const witness of witnesses) await expect.poll(() => shownTime(made, witness)).not.toBe(null);
  const opened = openWitnessed(federation, COORDINATOR, await checkpointOf(made));
  expect(opened.outside).toMatchObject(witnesses.map(({ entry: { name } }) => ({ name, required: false })));
  expect(opened.cosigned).toBe(3);
  expect(witnesses[0]?.size(log)).toBe(opened.checkpoint.size);
  expect(await audited(made)).toMatch(
    /all holds[\s\S]*witnessed from outside by Outside outside1\.example\/w, as of 20\d\d-/,
  );
  // However many from outside: regions short of the quorum are refused.
  const { text, signatures } = opened.note;
  const region = witnessKeyOf(federation, "03").name;
  const short = { text, signatures: signatures.filter(({ name }) => name !== region) };
  expect(short.signatures).toHaveLength(1 + 2 + 3);
  expect(() => openWitnessed(federation, COORDINATOR, formatNote(short))).toThrow("expected 3 regions");

  const answer = await textReceipt(made, release);
  expect(answer.headers.get("content-type")).toBe("text/plain; charset=utf-8");
  const receipt = await answer.text();
  expect(receipt).toBe((await made.client("getReceipt", { params: { id: release ?? "" } })).receipt);
  const envelope = await made.client("getRelease", { params: { id: release ?? "" } });
  const entry = documentEntry("release", envelopeId(envelope), envelope);
  // A stranger's policy that requires one of them, and nobody else.
  const policy = policyText(federation).replace("quorum regions", "quorum o1");
  expect(policy).toContain(`witness o1 ${witnesses[0]?.entry.key} ${witnesses[0]?.entry.url}\n`);
  const received = verifyReceipt(parseReceipt(receipt), entry, parsePolicy(policy), nativeVerify);
  expect(received.asOf).toBe(opened.outside[0]?.time);

  const brus = join(import.meta.dirname, "../../brus");
  const pin = ["--coordinator", made.address, "--directory", made.made.hash];
  const out = join(made.made.folder, "receipt");
  const { stdout } = await promisify(execFile)(brus, ["receipt", release ?? "", ...pin, "--out", out]);
  expect(stdout).toMatch(
    /^Holds: [\s\S]*; witnessed from outside by Outside outside1\.example\/w, as of 20\d\d-/,
  );
});

test("a witness that never answers stops nothing, and it is said; when it comes, what stands is shown to it, and that is said", async () => {
  const witness = outsideWitness();
  const { made, federation, learn } = await network([{ witness }], { known: false });
  const { state, release, reason } = await settled(made, { rho: "1/100" });
  expect({ state, reason }).toEqual({ state: "released", reason: null });
  expect(await shownTime(made, witness)).toBe(null);
  expect(await audited(made)).toMatch(
    /all holds[\s\S]*not witnessed from outside by Outside outside\.example\/w yet/,
  );
  const text = await (await textReceipt(made, release)).text();
  const envelope = await made.client("getRelease", { params: { id: release ?? "" } });
  const entry = documentEntry("release", envelopeId(envelope), envelope);
  const received = verifyReceipt(
    parseReceipt(text),
    entry,
    parsePolicy(policyText(federation)),
    nativeVerify,
  );
  expect(received.asOf).not.toBe(null);
  // Whoever requires it by their own policy is not satisfied.
  const strict = parsePolicy(policyText(federation).replace("quorum regions", "quorum o1"));
  expect(() => verifyReceipt(parseReceipt(text), entry, strict, nativeVerify)).toThrow("policy's quorum");
  learn();
  await expect.poll(() => shownTime(made, witness)).not.toBe(null);
});

describe("a witness that the directory requires", () => {
  test("nothing is public before it has cosigned, and the question's status names who is waited for", async () => {
    const witness = outsideWitness();
    const { made, federation, learn } = await network([{ witness, required: true }], { known: false });
    const id = await submit(made, { rho: "1/100" });
    await expect.poll(async () => (await made.client("getQuery", { params: { id } })).state).toBe("open");
    const status = await made.client("getQuery", { params: { id } });
    expect(status).toMatchObject({ state: "open", release: null });
    expect(status.reason).toContain("Outside outside.example/w, from outside the federation");
    expect((await fetch(`${made.address}/log/checkpoint`)).status).toBe(404);
    learn();
    await expect.poll(async () => (await made.client("getQuery", { params: { id } })).state).toBe("released");
    const policy = policyText(federation);
    expect(policy).toContain("group all-of all regions o1\nquorum all-of\n");
    const bytes = await checkpointOf(made);
    expect(openWitnessed(federation, COORDINATOR, bytes).outside[0]?.time).not.toBe(null);
    // A coordinator that shows one without it is believed by nobody: node, mirror, receipt or audit.
    const note = parseNote(bytes);
    const without = formatNote({
      text: note.text,
      signatures: note.signatures.filter(({ name }) => name !== witness.key.name),
    });
    expect(() => openWitnessed(federation, COORDINATOR, without)).toThrow("which the directory requires");
    const source = sourceOf(made.address, fetch);
    const lying = async (path: string) => (path === "checkpoint" ? without : await source(path));
    const found = await auditFrom(lying, made.made.hash, new Date());
    expect(found.findings).toMatchObject([{ log: COORDINATOR, rule: "quorum" }]);
  });

  test("a coordinator that starts anew goes on from what it has cosigned; one that was set back to another history shows nothing", async () => {
    const witness = outsideWitness();
    const { made, federation, folder, outside, stop, log } = await network([{ witness, required: true }]);
    await settled(made, { rho: "1/100" });
    const restart = async (): Promise<RunningCoordinator> => {
      await stop.made();
      const again = await startCoordinator(made.made.coordinator, folder, {
        now: made.now,
        fetch: outside,
        random: systemRandom,
        logger: loggerOf("coordinator", "silent"),
      });
      stop.made = () => again.stop();
      return again;
    };
    let before = witness.asked.length;
    const time = (await shownTime(made, witness)) ?? expect.fail();
    witness.clock.ahead = 300;
    let { app } = await restart();
    await expect.poll(() => witness.asked.length).toBeGreaterThan(before);
    const seen = witness.size(log);
    expect(witness.asked[before]?.old).toBeGreaterThan(0);
    expect(witness.asked.slice(before).map(({ status }) => status)).not.toContain(409);
    // Cosigned anew it is shown, with the regions' cosignatures that were there.
    const shown = async () =>
      openWitnessed(
        federation,
        COORDINATOR,
        new Uint8Array(await (await app.request("/log/checkpoint")).arrayBuffer()),
      );
    await expect.poll(async () => (await shown()).outside[0]?.time).toBeGreaterThanOrEqual(time + 300);
    expect((await shown()).cosigned).toBe(3);

    rmSync(made.made.coordinator.data, { recursive: true });
    before = witness.asked.length;
    ({ app } = await restart());
    await expect.poll(() => witness.asked.length).toBeGreaterThan(before + 1);
    expect(witness.asked.slice(before).every(({ status }) => status !== 200)).toBe(true);
    expect((await app.request("/log/checkpoint")).status).toBe(404);
    expect(witness.size(log)).toBe(seen);
  });

  test("one that is gone for good: the roots name a version without it, and all goes on", async () => {
    const witness = outsideWitness();
    const { made, federation } = await network([{ witness, required: true }], { known: false });
    const id = await submit(made, { rho: "1/100" });
    const { witnesses: _, ...rest } = federation.directory;
    const next = { ...rest, version: 2, previous: federation.hash, validFrom: instant(new Date()) };
    const directory = signDocument("directory", Directory.parse(next), ...made.made.roots);
    await made.client("publishDirectory", { body: { directory, datasets: [] } });
    await expect.poll(async () => (await made.client("getQuery", { params: { id } })).state).toBe("released");
    expect(await audited(made)).toMatch(/all holds/);
    expect(await audited(made)).not.toMatch(/outside/);
  });
});

describe("what a witness answers is chosen by an attacker", () => {
  /** As the specification has it, but what it signs is as the attacker says. */
  const signed = (
    witness: OutsideWitness,
    body: string,
    { text, time = Date.now() / 1000 }: { text?: string; time?: number } = {},
  ): string => {
    const note = parseNote(utf8(body.slice(body.indexOf("\n\n") + 2)));
    return formatSignature(cosign(text ?? note.text, Math.floor(time), witness.key, witness.signer.sign));
  };
  const other = outsideWitness("other.example/w");
  const LIES: Readonly<
    Record<string, (witness: OutsideWitness) => NonNullable<OutsideWitness["lies"][number]>>
  > = {
    "text without end": () => () => {
      const piece = new Uint8Array(65_536).fill(0x61);
      return new Response(new ReadableStream({ pull: (to) => to.enqueue(piece) }));
    },
    "another's line":
      () =>
      ({ body }) =>
        new Response(signed(other, body)),
    "a cosignature of another text":
      (own) =>
      ({ body }) =>
        new Response(signed(own, body, { text: "elsewhere\n1\nAAAA\n" })),
    "a time to come":
      (own) =>
      ({ body }) =>
        new Response(signed(own, body, { time: Date.now() / 1000 + 86_400 })),
    "a time long past":
      (own) =>
      ({ body }) =>
        new Response(signed(own, body, { time: Date.now() / 1000 - 86_400 })),
    // It would verify, over a text that goes on into the signatures; and nobody would open the checkpoint that held it.
    "a blank line, and a cosignature of all that is above it":
      (own) =>
      ({ body }) =>
        new Response(`\n${signed(own, body, { text: body.slice(body.indexOf("\n\n") + 2) })}`),
    "its line twice":
      (own) =>
      ({ body }) =>
        new Response(signed(own, body).repeat(2)),
    "no UTF-8": () => () => new Response(Uint8Array.of(0xff, 0xfe, 0x0a)),
    "a size that is none": () => () =>
      new Response("007\n", { status: 409, headers: { "content-type": "text/x.tlog.size" } }),
    "a size of 10^300": () => () =>
      new Response(`1${"0".repeat(300)}\n`, {
        status: 409,
        headers: { "content-type": "text/x.tlog.size" },
      }),
    "a failure": () => () => new Response("no", { status: 500 }),
    "a connection that is cut": () => () => Promise.reject(new TypeError("fetch failed")),
  };

  /** A log of some entries, and a coordinator that asks this one witness for each of its sizes. */
  async function asking(witness: OutsideWitness) {
    const folder = temporaryFolder();
    const store = await openStore<CoordinatorDatabase>("coordinator", {
      data: folder.path,
      threads: 1,
      memory: "500MB",
    });
    await prepareCoordinator(store);
    const signer = signerOf(newKey("log"));
    const log = verifierKey("brus.example/log", NOTE_TYPES.ed25519, fromBase64(signer.publicKey));
    const leaves = Array.from({ length: 9 }, (_, index) => leafHash(utf8(`entry ${index}`)));
    const read = readerOf(leaves);
    const bell = bellOf();
    const taken: string[] = [];
    const state: { offer: Offer | null } = { offer: null };
    const context: OutsideContext = {
      store,
      fetch: witness.fetch,
      verify: nativeVerify,
      now: () => new Date(),
      logger: loggerOf("coordinator", "silent"),
      bell,
      offer: () => state.offer,
      proof: (from, to) => consistencyProof(from, to, read),
      take: async (_, __, line) => void taken.push(line),
    };
    const stopping = new AbortController();
    const named = { name: "Outside", key: witness.key, url: witness.entry.url, required: false };
    const done = askOutside(named, context, stopping.signal);
    running.push(async () => {
      stopping.abort();
      await done;
      await store.close();
      folder.remove();
    });
    return {
      log,
      taken,
      grow: (size: number): void => {
        const tree = { origin: log.name, size, root: rootOf(size, read) };
        const checkpoint = fromUtf8(signCheckpoint(tree, log, signer.sign));
        state.offer = { size, checkpoint, lines: new Map(), outside: new Map(), met: false };
        bell.ring();
      },
    };
  }

  test("nothing of a lie is taken, whatever it is; it is asked again, and what it then rightly says is", async () => {
    const witness = outsideWitness();
    const { log, taken, grow } = await asking(witness);
    witness.trust(log);
    let size = 0;
    for (const [name, lie] of Object.entries(LIES)) {
      const before = witness.asked.length;
      witness.lies.push(lie(witness));
      // Some grow, some are offered anew: with a proof, and without.
      if (size < 9) size++;
      grow(size);
      await expect.poll(() => taken.length, { message: name }).toBe(1);
      expect(witness.asked.length, name).toBe(before + 2);
      expect(taken.splice(0), name).toEqual([expect.stringMatching(/^\u2014 outside\.example\/w \S+\n$/)]);
      expect(witness.size(log), name).toBe(size);
    }
  });

  test("lines of others beside its own: its own alone is taken", async () => {
    const witness = outsideWitness();
    const { log, taken, grow } = await asking(witness);
    witness.trust(log);
    witness.lies.push(
      ({ body }) => new Response(signed(other, body) + signed(witness, body) + signed(other, body)),
    );
    grow(3);
    await expect.poll(() => taken).toHaveLength(1);
    expect(taken[0]).toMatch(/^\u2014 outside\.example\/w \S+\n$/);
  });

  test("sizes without end: it is asked no more than twice at a time", async () => {
    const witness = outsideWitness();
    const { log, taken, grow } = await asking(witness);
    witness.trust(log);
    const conflict = (size: number) => () =>
      new Response(`${size}\n`, { status: 409, headers: { "content-type": "text/x.tlog.size" } });
    witness.lies.push(conflict(1), conflict(2));
    grow(5);
    await expect.poll(() => taken).toHaveLength(1);
    expect(witness.asked.map(({ old }) => old)).toEqual([0, 1, 0]);
  });

  test("it is asked at the one address, and is not followed to another that it names", async () => {
    const witness = outsideWitness();
    const asked: Array<RequestInit | undefined> = [];
    const { log, taken, grow } = await asking({
      ...witness,
      fetch: (url, init) => {
        asked.push(init);
        return witness.fetch(url, init);
      },
    });
    witness.trust(log);
    grow(2);
    await expect.poll(() => taken).toHaveLength(1);
    expect(asked.map((init) => init?.redirect)).toEqual(["error"]);
  });
});
