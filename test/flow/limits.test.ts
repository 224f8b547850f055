/**
 * What one party may take from all others: a request that nobody known has signed is turned down by its bytes, before
 * anything is made of them; and each has a share of its own of what may be asked in a minute, whoever asks for too much.
 */
import { connect } from "node:net";
import { afterEach, describe, expect, test, vi } from "vitest";
import { follow } from "../../cli/client/ask.ts";
import type { Network } from "../../cli/demo/network.ts";
import type { CoordinatorConfig } from "../../coordinator/config.ts";
import { nextVersion, readVersions } from "../../protocol/federation/versions.ts";
import {
  type Envelope,
  type Kind,
  keyIdOf,
  payloadType,
  signDocument,
} from "../../protocol/signing/envelope.ts";
import { hashOf, toBase64, utf8 } from "../../protocol/values/bytes.ts";
import { instant } from "../../protocol/values/names.ts";
import { clientOf } from "../../protocol/wire/client.ts";
import { nativeVerify, newKey, signerOf } from "../../server/signing.ts";
import { temporaryFolder } from "../support/engines.ts";
import { federationOf, submit } from "../support/federation.ts";

const running: Array<() => Promise<void>> = [];
afterEach(async () => {
  for (const stop of running.splice(0).reverse()) await stop();
});

async function network(coordinator: Partial<CoordinatorConfig>, logged = false): Promise<Network> {
  const folder = temporaryFolder();
  const made = await federationOf(folder.path, { "01": "", "03": "", "04": "" }, { logged, coordinator });
  running.push(async () => {
    await made.stop();
    folder.remove();
  });
  return made;
}

const post = (address: string, path: string, body: string | Uint8Array<ArrayBuffer>, from?: string) =>
  fetch(`${address}${path}`, {
    method: "POST",
    body,
    headers: from === undefined ? {} : { "x-forwarded-for": from },
  });

/** What came back: the refusal's code, or that there was none. */
const codeOf = async (response: Response): Promise<string> =>
  response.ok ? "ok" : ((await response.json()) as { code: string }).code;

/** Under the name of a key that is known, with a signature that is none. */
const named = (key: string, kind: Kind, body: string): Envelope => ({
  payload: toBase64(utf8(body)),
  payloadType: payloadType(kind),
  signatures: [{ keyid: keyIdOf(key), sig: toBase64(new Uint8Array(64).fill(1)) }],
});

const stranger = signerOf(newKey("stranger"));

describe("nothing is parsed before a known key has signed it", () => {
  const NOT_JSON = "{".repeat(100);
  /** What each address takes; a body that is not JSON is called so only by who parses it. */
  const routes: ReadonlyArray<readonly [path: string, kind: Kind, by: "person" | "node" | "root"]> = [
    ["/api/queries", "query", "person"],
    ["/api/approvals", "approval", "person"],
    ["/api/calendars", "calendar", "person"],
    ["/api/material", "material", "person"],
    ["/api/erasures", "erasure", "root"],
    ["/api/answers", "answer", "node"],
    ["/api/answers", "refusal", "node"],
    ["/api/poll", "poll", "node"],
    ["/api/witness", "witness", "node"],
    ["/api/rounds", "masked", "node"],
    ["/api/rounds", "withdrawal", "node"],
  ];

  test("whatever is handed in, it is the signature that is missed", async () => {
    const { address, made, nodes } = await network({}, true);
    const { directory } = nodes[0]?.answerer.federation ?? expect.fail();
    const keys = {
      person: made.researcher.signer.publicKey,
      node: directory.nodes[0]?.keys.answer ?? "",
      root: directory.roots.keys[0] ?? "",
    };
    for (const [path, kind, by] of routes) {
      const body = (envelope: Envelope) =>
        JSON.stringify(path === "/api/rounds" ? { envelope, boxes: [] } : envelope);
      const signed = { ...named(stranger.publicKey, kind, NOT_JSON) };
      expect(await codeOf(await post(address, path, body(signed))), path).toBe("key-unknown");
      const claimed = named(keys[by], kind, NOT_JSON);
      expect(await codeOf(await post(address, path, body(claimed))), path).toBe("signature-invalid");
    }
    // A version of the directory, with many signatures of one root.
    const version = named(keys.root, "directory", NOT_JSON);
    const many = { ...version, signatures: Array.from({ length: 64 }, () => version.signatures[0]) };
    const handed = JSON.stringify({ directory: many, datasets: ["not base64"] });
    expect(await codeOf(await post(address, "/api/directory", handed))).toBe("directory-unfit");
  });

  test("a version of the directory that is handed out is judged by the roots before it, unread", async () => {
    const { client, made } = await network({});
    const versions = await client("getDirectory");
    const forged = { directory: signDocument("directory", NOT_JSON, stranger), datasets: ["not base64"] };
    expect(() => readVersions({ ...versions, later: [forged] }, made.hash, nativeVerify)).toThrow(
      /signatures by roots/,
    );
    const first = readVersions(versions, made.hash, nativeVerify);
    const claimed = named(first.directory.roots.keys[0] ?? "", "directory", NOT_JSON);
    expect(() => nextVersion(first, { directory: claimed, datasets: [] })).toThrow(/signatures by roots/);
  });

  test("a root's key that is named many times is tried once", async () => {
    const { client, made } = await network({});
    const first = readVersions(await client("getDirectory"), made.hash, nativeVerify);
    const version = named(first.directory.roots.keys[0] ?? "", "directory", NOT_JSON);
    const [signature] = version.signatures;
    if (signature === undefined) expect.fail();
    let tried = 0;
    const counting = { ...first, verify: () => ++tried < 0 };
    const many = { ...version, signatures: Array.from({ length: 64 }, () => signature) };
    expect(() => nextVersion(counting, { directory: many, datasets: [] })).toThrow(/signatures by roots/);
    expect(tried).toBe(1);
  });

  test("a region's public checkpoint lends its signature to no other entries", async () => {
    const { address } = await network({}, true);
    const checkpoint = await checkpointOf(address, "01");
    const from = Number(checkpoint.split("\n")[1]);
    const push = { node: "01", from, entries: [toBase64(utf8(NOT_JSON))], checkpoint };
    // The second, where the log has grown meanwhile.
    expect(await codeOf(await post(address, "/api/logs", JSON.stringify(push)))).toMatch(
      /^(proof-invalid|log-unfit)$/,
    );
  });

  test.each([
    ["values", `[${"0,".repeat(900_000)}0]`],
    ["keys", `{${Array.from({ length: 100_000 }, (_, at) => `"k${at}":0`).join(",")}}`],
    ["escapes", JSON.stringify({ payload: "\n".repeat(900_000) })],
  ])("a body of nothing but %s is not read to its end", async (_, body) => {
    const { address } = await network({});
    for (const path of ["/api/queries", "/api/directory", "/api/logs", "/api/rounds", "/api/asides"])
      expect(await codeOf(await post(address, path, body)), path).toBe("too-large");
  });
});

/** A region's checkpoint as the world is shown it, without the others' lines. */
async function checkpointOf(address: string, region: string): Promise<string> {
  for (;;) {
    const response = await fetch(`${address}/log/nodes/${region}/checkpoint`);
    const text = await response.text();
    if (response.ok) return `${text.split("\n").slice(0, 5).join("\n")}\n`;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Sends until it is told to wait, as it must be before so many; a minute may end meanwhile, and all begin anew. */
async function exhaust(send: (at: number) => Promise<Response>): Promise<Response> {
  for (let at = 0; at < 200; at++) {
    const response = await send(at);
    if (response.status === 429) return response;
  }
  expect.fail("200 requests were taken, of at most 60 a minute");
}

/** What a region's witness asks for, signed now. */
function witnessFrom({ address, now }: Network, node: Network["made"]["nodes"][number] | undefined) {
  const { code, signer } = node ?? expect.fail();
  const nothing = { wait: 0, read: 0, sizes: [], cosignatures: [], own: 1_000_000 };
  const said = { node: code, time: instant(now()), ...nothing };
  return post(address, "/api/witness", JSON.stringify(signDocument("witness", said, signer)));
}

/** As many readers as it takes: each at an address of its own, behind the proxy that is named. */
function manyReaders({ address }: Network) {
  let at = 0;
  return clientOf(address, (url, init) =>
    fetch(url, { ...init, headers: { ...init?.headers, "x-forwarded-for": `198.51.100.${at++ % 250}` } }),
  );
}

describe("each has a share of its own", () => {
  const LOCAL = ["127.0.0.0/8", "::1"];

  test("one client behind a named proxy uses up its own alone: others, nodes and probes go on", async () => {
    const made = await network({ requestsPerMinute: 60, trustedProxies: LOCAL }, true);
    const { address } = made;
    const get = (path: string, from: string) =>
      fetch(`${address}${path}`, { headers: { "x-forwarded-for": from } });
    expect((await get("/api/budgets", "203.0.113.7")).status).toBe(200);
    const refused = await exhaust(() => get("/api/budgets", "203.0.113.7"));
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(await refused.json()).toMatchObject({ code: "rate-limited", status: 429 });
    // What the client writes before what the proxy adds makes it nobody else.
    await exhaust((at) => get("/api/budgets", `192.0.2.${at}, 203.0.113.7`));
    expect((await get("/api/budgets", "203.0.113.8")).status).toBe(200);
    for (let at = 0; at < 70; at++)
      for (const probe of ["/healthz", "/readyz"]) expect((await get(probe, "203.0.113.7")).status).toBe(200);
    const readers = manyReaders(made);
    expect((await follow(readers, await submit({ ...made, client: readers }, {}))).state).toBe("released");
  });

  test("a header that no named proxy sent makes nobody another", async () => {
    const { address } = await network({ requestsPerMinute: 60, trustedProxies: ["10.0.0.0/8"] });
    await exhaust((at) =>
      fetch(`${address}/api/budgets`, { headers: { "x-forwarded-for": `203.0.113.${at}` } }),
    );
  });

  test("what nobody has signed uses up no node's share, whatever it names, and from wherever it comes", async () => {
    const made = await network(
      { requestsPerMinute: 60, nodeRequestsPerMinute: 200, trustedProxies: LOCAL },
      true,
    );
    const { address, nodes } = made;
    const { directory } = nodes[0]?.answerer.federation ?? expect.fail();
    const small = JSON.stringify(named(directory.nodes[0]?.keys.answer ?? "", "poll", "{}"));
    const large = JSON.stringify(named(directory.nodes[0]?.keys.answer ?? "", "answer", "0".repeat(60_000)));
    const replayed = { node: "01", from: 0, entries: [], checkpoint: await checkpointOf(address, "01") };
    // From the nodes' own address: no header says otherwise. In the end what is large is not even read.
    await exhaust(async () => {
      await post(address, "/api/poll", small);
      await post(address, "/api/logs", JSON.stringify(replayed));
      return await post(address, "/api/answers", large);
    });
    // Nor does what a node did sign, brought again by somebody who has read it where it is public.
    const [first] = made.made.nodes;
    const { code, signer } = first ?? expect.fail();
    const old = { query: hashOf(utf8("a question of long ago")), attempt: 1, node: code };
    const read = JSON.stringify({ envelope: signDocument("withdrawal", old, signer), boxes: [] });
    for (let at = 0; at < 25; at++)
      await Promise.all(
        Array.from({ length: 10 }, (_, which) =>
          which % 2 === 0 ? post(address, "/api/poll", small) : post(address, "/api/rounds", read),
        ),
      );
    for (let at = 0; at < 250; at += 10)
      await Promise.all(Array.from({ length: 10 }, () => post(address, "/api/rounds", read)));
    expect(await codeOf(await witnessFrom(made, first))).toBe("ok");
    const readers = manyReaders(made);
    expect((await follow(readers, await submit({ ...made, client: readers }, {}))).state).toBe("released");
  });

  test("bodies that never come to their end hold little of one address's at once, and nobody else's", async () => {
    const { address } = await network({ trustedProxies: LOCAL });
    const { hostname, port } = new URL(address);
    /** Says that it sends 2 MB, and does not; gives the answer's first line, where one comes. */
    const begin = (path: string, from: string) => {
      const socket = connect(Number(port), hostname);
      const head = ["host: x", `x-forwarded-for: ${from}`, "content-length: 1999999"];
      socket.write([`POST ${path} HTTP/1.1`, ...head, "", "{"].join("\r\n"));
      const answer = new Promise<string>((resolve) =>
        socket.once("data", (bytes) => resolve(String(bytes).split("\r\n")[0] ?? "")),
      );
      return { answer, end: () => socket.destroy() };
    };
    const large = (from: string) => post(address, "/api/answers", " ".repeat(1_900_000), from);
    for (const path of ["/api/answers", "/api/queries"]) {
      const held = Array.from({ length: 40 }, () => begin(path, "203.0.113.7"));
      expect(await Promise.race(held.map(({ answer }) => answer))).toContain(" 429 ");
      expect(await codeOf(await large("203.0.113.7"))).toBe("rate-limited");
      // What is small is heard still, and others are.
      expect(await codeOf(await post(address, "/api/answers", "{", "203.0.113.7"))).toBe("json-malformed");
      expect(await codeOf(await large("203.0.113.8"))).toBe("json-malformed");
      for (const { end } of held) end();
      await vi.waitUntil(async () => (await codeOf(await large("203.0.113.7"))) === "json-malformed");
    }
  });

  test("a node that asks without end is told to wait, and holds up no other", async () => {
    const made = await network({ nodeRequestsPerMinute: 60 });
    const [first, second] = made.made.nodes;
    const refused = await exhaust(() => witnessFrom(made, first));
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(await codeOf(await witnessFrom(made, second))).toBe("not-found");
  });
});
