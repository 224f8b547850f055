/**
 * The worst that a stranger's one request does to everyone else: for how long a reader of `/healthz` waits while the
 * coordinator turns it down. Nobody known has signed any of these; the aim is that none holds it for 50 ms.
 */
import { Worker } from "node:worker_threads";
import { startNetwork } from "../cli/demo/network.ts";
import { writeDataset } from "../protocol/question/catalogue.ts";
import { type Envelope, type Kind, keyIdOf, payloadType } from "../protocol/signing/envelope.ts";
import { toBase64, utf8 } from "../protocol/values/bytes.ts";
import { newKey } from "../server/signing.ts";
import { temporaryFolder } from "../test/support/engines.ts";
import { CARE } from "../test/support/federation.ts";
import { median, report } from "./report.ts";

const ROUNDS = 5;
const FULL = 1_990_000;

/** Asks for nothing but whether it is alive, again and again, until the costly request is answered. */
const WATCHER = `
const { parentPort, workerData } = require("node:worker_threads");
const { address } = workerData;
const beat = async () => {
  const start = performance.now();
  await (await fetch(address + "/healthz")).arrayBuffer();
  return performance.now() - start;
};
parentPort.on("message", async ({ path, body, type }) => {
  for (let i = 0; i < 20; i++) await beat().catch(() => 0); // Connections that were idle are closed.
  let over = false;
  const costly = fetch(address + path, { method: "POST", body, headers: { "content-type": type } })
    .then(async (response) => { await response.arrayBuffer(); return response.status; })
    .finally(() => { over = true; });
  let worst = 0;
  do worst = Math.max(worst, await beat()); while (!over);
  parentPort.postMessage({ worst, status: await costly });
});
`;

type Costly = { readonly name: string; readonly path: string; readonly body: () => string | Uint8Array };

const fail = (): never => {
  throw new Error("a federation has a node");
};

export async function costly(): Promise<void> {
  const folder = temporaryFolder();
  const regions = ["01", "03", "04"].map((code) => ({ code, name: code }));
  const plan = { name: "Costly", regions, datasets: [writeDataset(CARE)], approvals: 1, logged: true };
  const network = await startNetwork(folder.path, plan, { tick: 1 });
  const { directory } = network.nodes[0]?.answerer.federation ?? fail();
  const root = directory.roots.keys[0] ?? "";
  const answer = directory.nodes[0]?.keys.answer ?? "";
  const checkpoint = await checkpointOf(network.address, "01");
  const worker = new Worker(WATCHER, { eval: true, workerData: { address: network.address } });
  const once = (request: Costly) =>
    new Promise<{ worst: number; status: number }>((resolve, reject) => {
      worker.removeAllListeners();
      worker.once("message", resolve);
      worker.once("error", reject);
      const body = request.body();
      const type = typeof body === "string" ? "application/json" : "application/octet-stream";
      worker.postMessage({ path: request.path, body, type });
    });
  for (const request of [
    ...directories(root),
    ...bodies(),
    ...unsigned(root, answer),
    ...unbound(checkpoint),
  ]) {
    const times: number[] = [];
    let last = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const { worst, status } = await once(request);
      last = status;
      times.push(worst);
      if (worst > 5000) break; // Said once is enough.
    }
    report({
      name: `costly/${request.name}`,
      value: median(times),
      unit: "ms",
      least: Number(Math.min(...times).toPrecision(3)),
      status: last,
    });
  }
  await worker.terminate();
  await network.stop();
  folder.remove();
}

/** A region's checkpoint as anyone can read it, once it is there: without the others' lines. */
async function checkpointOf(address: string, region: string): Promise<string> {
  for (;;) {
    const response = await fetch(`${address}/log/nodes/${region}/checkpoint`);
    const text = await response.text();
    const lines = text.split("\n");
    if (response.ok) return `${lines.slice(0, 5).join("\n")}\n`;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const json = (value: unknown): string => JSON.stringify(value);
const big = new Uint8Array(1_480_000).fill(48);
const SMALL = { version: 2, previous: null };

/** Versions of the directory, and bodies that cost much for their size. */
function directories(root: string): Costly[] {
  // Anew each time: a key that was judged once is remembered.
  const version = () => utf8(json({ ...SMALL, people: Array.from({ length: 6000 }, (_, at) => person(at)) }));
  const once = by(root, "directory", big);
  const many = { ...once, signatures: Array.from({ length: 64 }, () => once.signatures[0]) };
  const directory = (name: string, body: () => unknown): Costly => ({
    name: `directory-${name}`,
    path: "/api/directory",
    body: () => json(body()),
  });
  return [
    directory("of-6000-keys", () => ({ directory: by(root, "directory", version()), datasets: [] })),
    directory("64-signatures", () => ({ directory: many, datasets: [] })),
    directory("datasets", () => ({
      directory: by(root, "directory", utf8("{}")),
      datasets: [toBase64(big)],
    })),
  ];
}

/** What costs a reader of JSON much for its size. */
function bodies(): Costly[] {
  const members = Array.from({ length: 130_000 }, (_, at) => `"k${String(at).padStart(7, "0")}":0`);
  const texts = {
    zeros: `[${"0,".repeat(FULL / 2 - 1)}0]`,
    keys: `{${members.join(",")}}`,
    escapes: json({ payload: "\n".repeat(FULL / 2 - 100) }),
    "unicode-escapes": `{"payload":"${"\\u0061".repeat(330_000)}"}`,
  };
  return Object.entries(texts).map(([name, text]) => ({
    name: `json-${name}`,
    path: "/api/queries",
    body: () => text,
  }));
}

/** What nobody signed, under the name of a key that is known. */
function unsigned(root: string, answer: string): Costly[] {
  const of = (kind: Kind, path: string, key = answer): Costly => ({
    name: kind,
    path: `/api/${path}`,
    body: () => json(by(key, kind, big)),
  });
  return [
    of("query", "queries"),
    of("approval", "approvals"),
    of("calendar", "calendars"),
    of("erasure", "erasures", root),
    of("material", "material"),
    of("answer", "answers"),
    of("poll", "poll"),
    of("witness", "witness"),
    {
      name: "round",
      path: "/api/rounds",
      body: () => json({ envelope: by(answer, "masked", big), boxes: [] }),
    },
  ];
}

/** What is bound by something that is public. */
function unbound(checkpoint: string): Costly[] {
  const entry = toBase64(
    utf8(json({ kind: "started", nonce: "0".repeat(64), time: "2026-01-01T00:00:00Z" })),
  );
  const push = (entries: string[]) => json({ node: "01", from: 0, entries, checkpoint });
  const valueCodes = Array.from({ length: 180_000 }, (_, at) => `v${at}`);
  return [
    { name: "leaves", path: "/api/logs", body: () => push(Array.from({ length: 1000 }, () => entry)) },
    {
      name: "leaves-large",
      path: "/api/logs",
      body: () => push(Array.from({ length: 22 }, () => toBase64(big.slice(0, 65_000)))),
    },
    { name: "chunk", path: `/api/chunks/sha256:${"0".repeat(64)}`, body: () => big.slice(0, 1 << 20) },
    { name: "aside", path: "/api/asides", body: () => json({ text: "\n".repeat(10_000) }) },
    {
      name: "table",
      path: "/api/v2/tables/none/data",
      body: () => json({ selection: [{ variableCode: "Region", valueCodes }] }),
    },
  ];
}

const person = (at: number) => ({
  id: `person-${at}`,
  roles: ["approver"],
  region: null,
  keys: [
    {
      key: newKey("approve").public,
      purpose: "approve",
      notBefore: "2020-01-01T00:00:00Z",
      notAfter: "2040-01-01T00:00:00Z",
      revoked: null,
    },
  ],
});

/** Under the name of a key that is known, with a signature that is none. */
const by = (key: string, kind: Kind, body: Uint8Array): Envelope => ({
  payload: toBase64(body),
  payloadType: payloadType(kind),
  signatures: [{ keyid: keyIdOf(key), sig: toBase64(new Uint8Array(64).fill(1)) }],
});
