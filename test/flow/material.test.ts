/**
 * An outsider with all that is public, and with all that ever went over the wire, sends it again: what nodes have signed
 * to ask for work, what an auditor has signed to be given masked vectors. They learn nothing that one key alone may read.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { recompute } from "../../cli/client/recompute.ts";
import { auditFrom } from "../../cli/commands/audit.ts";
import type { Network } from "../../cli/demo/network.ts";
import { lineOf } from "../../cli/log/entries.ts";
import { mirror } from "../../cli/log/mirror.ts";
import { sourceOf } from "../../cli/log/source.ts";
import { CoordinatorConfig } from "../../coordinator/config.ts";
import { startCoordinator } from "../../coordinator/coordinator.ts";
import { MOST_A_DAY } from "../../coordinator/query/added.ts";
import { openHead } from "../../coordinator/query/budgets.ts";
import { drawn, systemRandom } from "../../node/random.ts";
import type { Federation } from "../../protocol/federation/directory.ts";
import { documentPath, wholeEntry } from "../../protocol/log/documents.ts";
import { documentEntry, readLeaf } from "../../protocol/log/leaf.ts";
import { COORDINATOR } from "../../protocol/log/quorum.ts";
import { LedgerHead, Poll } from "../../protocol/release/answer.ts";
import { MaterialRequest, PIECES_FOR } from "../../protocol/release/material.ts";
import { openBox } from "../../protocol/secure-sum/box.ts";
import {
  Envelope,
  envelopeId,
  payloadOf,
  payloadType,
  signDocument,
} from "../../protocol/signing/envelope.ts";
import { fromBase64, type Hash, hashOf, toBase64, toHex } from "../../protocol/values/bytes.ts";
import { instant } from "../../protocol/values/names.ts";
import { clientOf, type Fetch } from "../../protocol/wire/client.ts";
import { givenFor, materialRequest } from "../../protocol/wire/fetch-material.ts";
import { ROUTES } from "../../protocol/wire/routes.ts";
import { openStore } from "../../server/database.ts";
import { loggerOf } from "../../server/logger.ts";
import { nativePrimitives } from "../../server/primitives.ts";
import { newKey, signerOf } from "../../server/signing.ts";
import { clockOf } from "../support/clock.ts";
import { ENGINES, missing, temporaryFolder } from "../support/engines.ts";
import { CARE, federationOf, settled, submit } from "../support/federation.ts";
import { putTogether, type Taken, takeApart } from "../support/forge.ts";
import { REGIONS, unpack } from "../support/stores.ts";

const CODES = ["01", "03", "04"];
const NATIONAL = { release: "national", minRegions: 3, rho: "1/10" };
const csv = `person,period,sex,unit,score,flag\n${Array.from({ length: 30 }, (_, person) => `p${person},2025K1,1,a,${person},true`).join("\n")}\n`;
const SPENT = { status: 409, code: "answered-before" };

type Sent = { readonly code: string; readonly path: string; readonly body: string; readonly answer: string };

const folder = temporaryFolder();
const copy = temporaryFolder();
const clock = clockOf();
/** All that nodes sent and were answered. */
const wire: Sent[] = [];
let holds = false;
/** Where the round that is held begins. */
let released = 0;
let network: Network;
let federation: Federation;
let release: Hash;
let query: Hash;

/** Hears everything; and while it holds, 04 is not told that it is time to mask. */
const heard =
  (code: string): Fetch =>
  async (url, init) => {
    const response = await fetch(url, init);
    const answer = await response.text();
    const body = typeof init?.body === "string" ? init.body : "";
    wire.push({ code, path: new URL(url).pathname, body, answer });
    if (holds && code === "04" && answer.includes('"phase":"mask"')) throw new TypeError("cut");
    return new Response(answer, response);
  };

beforeAll(async () => {
  network = await federationOf(folder.path, Object.fromEntries(CODES.map((code) => [code, csv])), {
    datasets: [{ ...CARE, budget: { rhoPerPeriod: "100", delta: "1e-9" } }],
    fetch: heard,
    logged: true,
    now: clock.now,
  });
  federation = network.nodes[0]?.answerer.federation ?? expect.fail();
  const status = await settled(network, NATIONAL);
  query = status.id;
  release = status.release ?? expect.fail();
  holds = true;
  released = wire.length;
  await submit(network, { ...NATIONAL, title: "Held" });
  // More than once: what was lost on the way is asked for by another poll.
  await vi.waitUntil(() => boxed().length > 1, { timeout: 60_000 });
}, 180_000);
afterAll(async () => {
  await stopped();
  folder.remove();
  copy.remove();
});

let running = true;
async function stopped(): Promise<void> {
  holds = false;
  if (running) await network.stop();
  running = false;
}

const polls = (): Sent[] => wire.filter(({ path }) => path === ROUTES.poll.path);
/** Polls of 04 in the round that is held, which were answered with shares of the others, encrypted for it. */
const boxed = (): Sent[] =>
  wire
    .slice(released)
    .filter(
      (each) => each.path === ROUTES.poll.path && each.code === "04" && each.answer.includes('"box":"'),
    );

type Answered = { readonly status: number; readonly code: string | null; readonly text: string };
type Post = (path: string, body: unknown) => Promise<Answered>;

const answeredBy =
  (send: (path: string, init: RequestInit) => Promise<Response> | Response): Post =>
  async (path, body) => {
    const headers = { "content-type": "application/json" };
    const response = await send(path, { method: "POST", headers, body: JSON.stringify(body) });
    const text = await response.text();
    const { code = null } = JSON.parse(text) as { code?: string };
    return { status: response.status, code, text };
  };
const post = answeredBy((path, init) => fetch(`${network.address}${path}`, init));

const signerOfNode = (code: string) =>
  network.made.nodes.find((node) => node.code === code)?.signer ?? expect.fail();

/** A minute ahead, so that it is newer than any of the node's own meanwhile. */
function pollOf(code: string, more: Partial<Poll> = {}): Envelope {
  const nonce = toHex(drawn(16, systemRandom));
  const time = instant(new Date(clock.now().getTime() + 60_000));
  const poll: Poll = { node: code, cursor: 0, wait: 0, time, nonce, ...more };
  return signDocument("poll", poll, signerOfNode(code));
}

/** Every poll that was answered, as it was sent and without its head: the last so many. */
async function expectSpent(to: Post, stolen: readonly Sent[]): Promise<void> {
  for (const { body } of stolen) {
    const { poll, head } = JSON.parse(body) as { poll: Envelope; head: Envelope };
    for (const form of [{ poll, head }, poll]) expect(await to(ROUTES.poll.path, form)).toMatchObject(SPENT);
  }
}

test("a node's poll is answered once; whoever sends it again, or has held it back, is given nothing", async () => {
  const stolen = [...boxed().slice(0, 3), ...boxed().slice(-3), ...polls().slice(-6)];
  await expectSpent(post, stolen);
  // Held back: never seen before, and older than the node's latest.
  const old = pollOf("04", { time: instant(new Date(clock.now().getTime() - 60_000)) });
  expect(await post(ROUTES.poll.path, old)).toMatchObject(SPENT);
  // Were one not spent, it would have been given the shares: what the node itself signs anew is.
  const fresh = pollOf("04");
  expect((await post(ROUTES.poll.path, fresh)).text).toContain('"box":"');
  expect(await post(ROUTES.poll.path, fresh)).toMatchObject(SPENT);
  // Two of one second that are not the same are two.
  for (const each of [pollOf("04"), pollOf("04")])
    expect((await post(ROUTES.poll.path, each)).status).toBe(200);
});

test("a node of before, which brings no head of its ledger, is given its work; its poll is not shown", async () => {
  const ledger = { sequence: 10 ** 6, hash: hashOf(new Uint8Array()), accounts: [] };
  const { nonce: _, ...form } = payloadOf(Poll, pollOf("04"));
  const old = signDocument("poll", { ...form, ledger }, signerOfNode("04"));
  expect((await post(ROUTES.poll.path, old)).text).toContain('"box":"');
  expect(await post(ROUTES.poll.path, old)).toMatchObject(SPENT);
  const { budgets } = await network.client("getBudgets");
  expect(budgets.map(({ node }) => node)).toEqual(CODES);
  for (const { node, ledger: said, head } of budgets) {
    const { node: own, time: __, ...signed } = payloadOf(LedgerHead, head);
    expect([own, signed]).toEqual([node, said]);
    expect(said.sequence).toBeLessThan(1000);
  }
});

test("an older head of a ledger, or another's, does not take the place of a node's latest", async () => {
  const before = await network.client("getBudgets");
  const head = before.budgets.find(({ node }) => node === "01")?.head ?? expect.fail();
  const said = payloadOf(LedgerHead, head);
  const older = signDocument("ledger-head", { ...said, sequence: said.sequence - 1 }, signerOfNode("01"));
  expect((await post(ROUTES.poll.path, { poll: pollOf("01"), head: older })).status).toBe(200);
  const foreign = await post(ROUTES.poll.path, { poll: pollOf("03"), head });
  expect(foreign).toMatchObject({ status: 403, code: "key-unknown" });
  const forged = signDocument("ledger-head", { ...said, node: "03", sequence: 999 }, signerOfNode("01"));
  expect((await post(ROUTES.poll.path, { poll: pollOf("03"), head: forged })).status).toBe(403);
  expect(await network.client("getBudgets")).toEqual(before);
});

test("a head of the highest number, by a key that was stolen, stands no longer than the key", async () => {
  const { store } = network.coordinator;
  const { directory } = federation;
  const { budgets } = await network.client("getBudgets");
  const head = budgets.find(({ node }) => node === "01")?.head ?? expect.fail();
  const said = payloadOf(LedgerHead, head);
  const last = { ...said, sequence: 2 ** 31 - 1 };
  const stolen = signDocument("ledger-head", last, signerOfNode("01"));
  const shown = async () =>
    (await network.client("getBudgets")).budgets.find(({ node }) => node === "01")?.head;
  await openHead(federation, "01", stolen, store)?.();
  for (let at = 0; at < 2; at++) await openHead(federation, "01", head, store)?.();
  expect(await shown()).toEqual(stolen);
  // The roots give the region another key, and it signs its ledger's head anew.
  const own = signerOf(newKey("answer"));
  const keys = ({ keys: before }: (typeof directory.nodes)[number]) => ({ ...before, answer: own.publicKey });
  const nodes = directory.nodes.map((node) => (node.code === "01" ? { ...node, keys: keys(node) } : node));
  const anew = signDocument("ledger-head", { ...said, time: instant(clock.now()) }, own);
  await openHead({ ...federation, directory: { ...directory, nodes } }, "01", anew, store)?.();
  expect(await shown()).toEqual(anew);
  // As it was, for the tests after this one.
  await openHead(federation, "01", head, store)?.();
  expect(await shown()).toEqual(head);
});

describe.each(ENGINES)("a store of before, on %s", (engine) => {
  test.skipIf(missing(engine))("polls that it kept and showed are shown no more, and are spent", async () => {
    const { folder: at, left, store, remove } = await unpack(engine);
    const { name, config } = store("coordinator");
    const old = await openStore<{ budget: { node: string; envelope: string } }>(name, config);
    const rows = await old.kysely.selectFrom("budget").select(["node", "envelope"]).execute();
    await old.close();
    expect(rows).toHaveLength(REGIONS.length);
    let time = left.at;
    const said = JSON.parse(readFileSync(join(at, "coordinator.json"), "utf8")) as object;
    const coordinator = await startCoordinator(
      CoordinatorConfig.parse({ ...said, databaseUrl: config.databaseUrl }),
      at,
      { now: () => new Date(time), logger: loggerOf("coordinator", "error"), fetch, random: systemRandom },
    );
    const to = answeredBy((path, init) => coordinator.app.request(path, init));
    for (const { envelope } of rows) {
      const poll = Envelope.parse(JSON.parse(envelope));
      time = payloadOf(Poll, poll).time;
      expect(await to(ROUTES.poll.path, poll)).toMatchObject(SPENT);
    }
    const budgets = await coordinator.app.request(ROUTES.getBudgets.path);
    expect(await budgets.json()).toEqual({ budgets: [] });
    await coordinator.stop();
    remove();
  });
});

/** An auditor adds the sum up; everything that went over the wire, and the random bytes that were drawn. */
async function overheard() {
  const sent: Array<Omit<Sent, "code">> = [];
  const random: Uint8Array[] = [];
  const client = clientOf(network.address, async (url, init) => {
    const response = await fetch(url, init);
    const answer = await response.text();
    sent.push({ path: new URL(url).pathname, body: String(init?.body), answer });
    return new Response(answer, response);
  });
  const { survivors } = await recompute(client, federation, query, network.made.auditor, {
    now: clock.now,
    random: (bytes) => {
      systemRandom(bytes);
      random.push(bytes.slice());
    },
  });
  expect(survivors).toEqual(CODES);
  const of = (path: string) => sent.filter((each) => each.path === path);
  const [asked] = of(ROUTES.getMaterial.path);
  const pieces = of(ROUTES.getPiece.path);
  if (asked === undefined) throw new Error("an auditor asks");
  return { asked, pieces, own: random[0]?.slice(0, 32) ?? expect.fail() };
}

type PieceBody = {
  readonly request: Hash;
  readonly word: string;
  readonly document: Hash;
  readonly place: number;
};
const boxIn = (text: string): Uint8Array => fromBase64((JSON.parse(text) as { box: string }).box);

test("an auditor's request is answered once, and what is given on it is for its key alone", async () => {
  const { asked, pieces, own } = await overheard();
  const request = JSON.parse(asked.body) as Envelope;
  expect(await post(ROUTES.getMaterial.path, request)).toMatchObject(SPENT);
  expect(pieces.length).toBeGreaterThanOrEqual(CODES.length);
  const others = [new Uint8Array(32).fill(1), ...Array.from({ length: 3 }, () => drawn(32, systemRandom))];
  for (const { body } of pieces) {
    const { document, place, ...rest } = JSON.parse(body) as PieceBody;
    const again = await post(ROUTES.getPiece.path, { document, place, ...rest });
    const about = { request: rest.request, piece: [document, place] as const };
    for (const key of others)
      expect(() => openBox(key, about, boxIn(again.text), nativePrimitives)).toThrow();
    // It is the masked vector, as its region sent it: to whom the request's key is, and to nobody else.
    const vector = openBox(own, about, boxIn(again.text), nativePrimitives);
    const stored = await network.coordinator.store.kysely
      .selectFrom("chunk")
      .select("bytes")
      .where("document", "=", document)
      .where("place", "=", place)
      .executeTakeFirstOrThrow();
    expect(vector).toEqual(Uint8Array.from(stored.bytes));
    expect(Buffer.from(boxIn(again.text)).includes(Buffer.from(vector.subarray(0, 8)))).toBe(false);
    // By whoever has the request, but not what it was answered with.
    const guessed = { ...rest, word: toBase64(drawn(32, systemRandom)), document, place };
    expect(await post(ROUTES.getPiece.path, guessed)).toMatchObject(SPENT);
  }
});

test("an auditor whose answer was lost on the way signs another request", async () => {
  let lost = 0;
  // As `steady` does where the connection was cut: the same bytes again.
  const client = clientOf(network.address, async (url, init) => {
    if (url.endsWith(ROUTES.getMaterial.path) && lost++ === 0) await fetch(url, init);
    return await fetch(url, init);
  });
  const { auditor } = network.made;
  const fresh = { now: clock.now, random: systemRandom };
  expect((await recompute(client, federation, query, auditor, fresh)).survivors).toEqual(CODES);
  expect(lost).toBe(2);
});

test("a request that is sent by who stole it before it came gives them nothing; the auditor signs another", async () => {
  const { auditor } = network.made;
  const stolen = materialRequest(
    { release, auditor: auditor.id, now: clock.now() },
    drawn(48, systemRandom),
    nativePrimitives,
  );
  const signed = signDocument("material", stolen.request, auditor.signer);
  const given = await post(ROUTES.getMaterial.path, signed);
  expect(given.status).toBe(200);
  const about = { request: envelopeId(signed), piece: null };
  expect(() => openBox(drawn(32, systemRandom), about, boxIn(given.text), nativePrimitives)).toThrow();
  expect(given.text).not.toContain(payloadType("masked"));
  await expect(givenFor(network.client, { signed, own: stolen.own }, nativePrimitives)).rejects.toMatchObject(
    SPENT,
  );
  await overheard();
});

test("a request of before, which names no key, is refused and not kept", async () => {
  const { auditor } = network.made;
  const bare = { release, auditor: auditor.id, time: instant(clock.now()) };
  const kept = () => network.coordinator.store.kysely.selectFrom("request").select("id").execute();
  const before = await kept();
  for (const more of [{}, { key: toBase64(nativePrimitives.publicOf(new Uint8Array(32).fill(2))) }]) {
    const signed = signDocument("material", { ...bare, ...more }, auditor.signer);
    expect(await post(ROUTES.getMaterial.path, signed)).toMatchObject({
      status: 400,
      code: "schema-mismatch",
    });
  }
  // A key of small order gives no secret: nothing could be encrypted to it.
  const small = { key: toBase64(new Uint8Array(32)), nonce: "0".repeat(32) };
  const weak = signDocument("material", { ...bare, ...small }, auditor.signer);
  expect((await post(ROUTES.getMaterial.path, weak)).text).not.toContain('"box"');
  expect(await kept()).toEqual(before);
});

test("an auditor's key adds no more requests to the log in a day than anyone may", async () => {
  const { auditor } = network.made;
  const { kysely } = network.coordinator.store;
  const day = instant(clock.now()).slice(0, 10);
  const own = { person: auditor.id, day };
  await kysely
    .updateTable("added")
    .set({ documents: MOST_A_DAY })
    .where((is) => is.and(own))
    .execute();
  const fresh = { now: clock.now, random: systemRandom };
  const asked = () => recompute(network.client, federation, query, auditor, fresh);
  await expect(asked()).rejects.toMatchObject({ code: "daily-limit" });
  await kysely.deleteFrom("added").where("person", "=", auditor.id).execute();
  await expect(asked()).resolves.toBeDefined();
});

test("a coordinator of before, which gives in clear or knows no such request, is refused in so many words", async () => {
  const { auditor } = network.made;
  const messages = { adverts: [], commitments: [], masked: [], agreements: [], openings: [] };
  const unknown = {
    type: "urn:brus:refusal:schema-mismatch",
    title: "Not the expected form",
    status: 400,
    detail: "material: Unrecognized keys",
    code: "schema-mismatch",
    advice: "Compare.",
  };
  for (const [body, status] of [
    [messages, 200],
    [unknown, 400],
  ] as const) {
    const client = clientOf(network.address, async (url, init) =>
      url.endsWith(ROUTES.getMaterial.path) ? Response.json(body, { status }) : await fetch(url, init),
    );
    await expect(
      recompute(client, federation, query, auditor, { now: clock.now, random: systemRandom }),
    ).rejects.toThrow(/expected a coordinator that encrypts .* earlier version/);
  }
});

/** Every envelope in a JSON value, however deep. */
function envelopesIn(value: unknown): Envelope[] {
  if (typeof value !== "object" || value === null) return [];
  const own = Envelope.safeParse(value);
  return own.success ? [own.data] : Object.values(value).flatMap(envelopesIn);
}

const jsonIn = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
};

/** All that anyone can read: every route that takes no signature, and every file of the logs. */
async function everythingPublic(): Promise<{ envelopes: Envelope[]; text: string }> {
  const texts: string[] = [];
  const get = async (path: string) => {
    const response = await fetch(`${network.address}${path}`);
    const text = await response.text();
    if (response.ok) texts.push(text);
  };
  const reads = Object.values(ROUTES).filter(({ method }) => method === "get");
  for (const { path } of reads.filter((route) => !route.path.includes("{id}"))) await get(path);
  const ids = new Set(texts.flatMap((text) => text.match(/sha256:[0-9a-f]{64}/g) ?? []));
  ids.add(release);
  for (const { path } of reads.filter((route) => route.path.includes("{id}")))
    for (const id of ids) await get(path.replace("{id}", id));
  await mirror(sourceOf(network.address, fetch), copy.path, federation);
  const files = readdirSync(copy.path, { recursive: true, withFileTypes: true }).filter((each) =>
    each.isFile(),
  );
  for (const { parentPath, name } of files) texts.push(readFileSync(join(parentPath, name), "latin1"));
  const { logs } = await taken();
  for (const entries of logs.values()) for (const entry of entries) texts.push(Buffer.from(entry).toString());
  const envelopes = texts.flatMap((text) => envelopesIn(jsonIn(text)));
  return { envelopes, text: texts.join("\n") };
}

const taken = (): Promise<Taken> => takeApart(sourceOf(network.address, fetch), federation, network.made);

test("nothing public gives an outsider anything that is not: every document of it, sent to every address", async () => {
  await overheard();
  // Until the log with the request is public.
  await expect
    .poll(
      async () =>
        (await everythingPublic()).envelopes.filter(
          ({ payloadType: type }) => type === payloadType("material"),
        ).length,
      { timeout: 30_000 },
    )
    .toBeGreaterThan(0);
  const { envelopes, text } = await everythingPublic();
  const kinds = new Set(envelopes.map(({ payloadType: type }) => type));
  for (const kind of ["query", "approval", "release", "agreement", "ledger-head", "material"] as const)
    expect(kinds, kind).toContain(payloadType(kind));
  for (const kind of ["poll", "witness", "advert", "commitment", "masked", "opening"] as const)
    expect(kinds, kind).not.toContain(payloadType(kind));
  for (const { word } of await network.coordinator.store.kysely
    .selectFrom("request")
    .select("word")
    .execute())
    expect(text).not.toContain(word);
  const unique = new Map(envelopes.map((each) => [JSON.stringify(each), each]));
  const posts = Object.entries(ROUTES).filter(
    ([, { method, path }]) => method === "post" && !path.includes("{id}"),
  );
  const learned: string[] = [];
  for (const envelope of unique.values())
    for (const [name, { path }] of posts) {
      const bodies: unknown[] = [envelope, { poll: envelope, head: envelope }, { envelope, boxes: [] }];
      for (const body of bodies) {
        const said = await post(path, body);
        // A refusal, or the id of what was there already.
        const known = said.status === 200 && /^\{"id":"sha256:[0-9a-f]{64}"\}$/.test(said.text);
        if (said.code === null && !known) learned.push(`${name}: ${said.text.slice(0, 200)}`);
        expect(said.status, name).toBeLessThan(500);
      }
    }
  expect(learned).toEqual([]);
}, 180_000);

test("the log names a request by its digest; who asked for what is read beside it, and the audit holds", async () => {
  const source = sourceOf(network.address, fetch);
  const whole = await taken();
  const entries = whole.logs.get(COORDINATOR) ?? [];
  const requests = entries.filter((entry) => readLeaf(entry).kind === "request");
  expect(requests.length).toBeGreaterThan(0);
  for (const entry of requests) {
    expect(readLeaf(entry)).toMatchObject({ document: null });
    expect(Buffer.from(entry).toString()).not.toContain(network.made.auditor.id);
    const line = lineOf(await wholeEntry(source, entry), federation, COORDINATOR);
    expect(line).toBe(
      `${network.made.auditor.id} was given what stands behind release ${release.slice(7, 15)}…`,
    );
  }
  const { findings } = await auditFrom(source, federation.first, clock.now());
  expect(findings).toEqual([]);

  // A coordinator that hides who asked is found out.
  const [request] = requests;
  const leaf = readLeaf(request ?? expect.fail());
  const hiding = async (path: string) =>
    "id" in leaf && path === documentPath(leaf.id) ? null : await source(path);
  const hidden = await auditFrom(hiding, federation.first, clock.now());
  expect(hidden.findings).toMatchObject([{ log: COORDINATOR, rule: "document" }]);

  // As requests were logged before: whole, with neither key nor nonce.
  const { auditor } = network.made;
  const bare = { release, auditor: auditor.id, time: instant(clock.now()) };
  const old = signDocument("material", bare, auditor.signer);
  expect(payloadOf(MaterialRequest, old)).toEqual(bare);
  entries.push(documentEntry("request", envelopeId(old), old));
  const then = await auditFrom(putTogether(whole, source), federation.first, clock.now());
  expect(then.findings).toEqual([]);
});

test("no restart forgets what was answered; and pieces are given for so long, and no longer", async () => {
  const { asked, pieces } = await overheard();
  const stolen = [...boxed().slice(0, 1), ...boxed().slice(-2), ...polls().slice(-4)];
  await stopped();
  let later = 0;
  const again = await startCoordinator(network.made.coordinator, folder.path, {
    now: () => new Date(clock.now().getTime() + later),
    fetch: globalThis.fetch,
    logger: loggerOf("coordinator", "error"),
    random: systemRandom,
  });
  const to = answeredBy((path, init) => again.app.request(path, init));
  try {
    await expectSpent(to, stolen);
    expect(await to(ROUTES.getMaterial.path, JSON.parse(asked.body))).toMatchObject(SPENT);
    const piece = JSON.parse(pieces[0]?.body ?? "") as PieceBody;
    expect((await to(ROUTES.getPiece.path, piece)).status).toBe(200);
    // It is the same store that knows them: what is new is answered.
    expect((await to(ROUTES.poll.path, pollOf("04"))).status).toBe(200);
    later = PIECES_FOR + 60_000;
    expect(await to(ROUTES.getPiece.path, piece)).toMatchObject(SPENT);
  } finally {
    await again.stop();
  }
});
