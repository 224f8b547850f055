/**
 * Regions that sabotage a secure sum, and a coordinator that says of it what is not so: the others' sum is not lost,
 * no query stays open for ever, and whoever checks finds the lie. Over HTTP; the saboteur is the test itself.
 */
import { randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { afterEach, describe, expect, test } from "vitest";
import { ask, fillQuery, follow, signApproval, signQuery } from "../../cli/client/ask.ts";
import { recompute } from "../../cli/client/recompute.ts";
import type { Network } from "../../cli/demo/network.ts";
import { systemRandom } from "../../node/random.ts";
import { planIn } from "../../protocol/federation/plan-in.ts";
import { releasedVariance } from "../../protocol/privacy/noise-shares.ts";
import { cellsOf, writeCells } from "../../protocol/release/cells.ts";
import { MaterialRequest, PieceRequest } from "../../protocol/release/material.ts";
import { type About, boxFor } from "../../protocol/secure-sum/box.ts";
import { type Envelope, envelopeId, payloadOf, signDocument } from "../../protocol/signing/envelope.ts";
import { decodeVector, fromBase64, hashOf, toBase64, utf8 } from "../../protocol/values/bytes.ts";
import { parseJson } from "../../protocol/values/json.ts";
import { format } from "../../protocol/values/rational.ts";
import { Refusal } from "../../protocol/values/refusal.ts";
import type { Client } from "../../protocol/wire/client.ts";
import { givenFor, materialRequest } from "../../protocol/wire/fetch-material.ts";
import { fetchResult } from "../../protocol/wire/fetch-release.ts";
import { type QueryStatus, ROUTES } from "../../protocol/wire/routes.ts";
import { signerFrom } from "../../server/keys.ts";
import { nativePrimitives } from "../../server/primitives.ts";
import { clockOf, without } from "../support/clock.ts";
import { temporaryFolder } from "../support/engines.ts";
import { CARE, DRAFT, federationOf, settled, submit } from "../support/federation.ts";

const csv = `person,period,sex,unit,score,flag\n${Array.from({ length: 30 }, (_, person) => `p${person},2025K1,1,a,${person},true`).join("\n")}\n`;
const DATASET = { ...CARE, budget: { rhoPerPeriod: "100", delta: "1e-9" } };
const NATIONAL = { release: "national", minRegions: 3, rho: "1/10" };

/** Of all networks here, so that nobody waits for who is absent on purpose. */
const clock = clockOf();
const fresh = { now: clock.now, random: systemRandom };
const running: Array<() => Promise<void>> = [];
afterEach(async () => {
  for (const stop of running.splice(0)) await stop();
});

async function network(codes: readonly string[], more: object = {}): Promise<Network> {
  const folder = temporaryFolder();
  const made = await federationOf(folder.path, Object.fromEntries(codes.map((code) => [code, csv])), {
    datasets: [DATASET],
    now: clock.now,
    ...more,
  });
  running.push(async () => {
    await made.stop();
    folder.remove();
  });
  return made;
}

/** Asks, and goes on without who is absent. */
const askedWithout = async (absent: readonly string[], made: Network): Promise<QueryStatus> =>
  await without(absent, made, clock, await submit(made, NATIONAL));

const four = ["01", "03", "04", "05"];
const federationIn = ({ nodes: [node] }: Network) => node?.answerer.federation ?? expect.fail();

/** The last region is the test's: its node is stopped, its key is here. */
async function withSaboteur(codes: readonly string[] = four) {
  const made = await network(codes);
  const code = codes.at(-1) ?? "";
  const node = made.nodes.find(({ config }) => config.code === code) ?? expect.fail();
  const { signer } = made.made.nodes.find((entry) => entry.code === code) ?? expect.fail();
  await node.stop();
  const send = (kind: "advert" | "opening" | "refusal", payload: object): Promise<unknown> => {
    const envelope = signDocument(kind, { node: code, ...payload }, signer);
    return kind === "refusal"
      ? made.client("submitAnswer", { body: envelope })
      : made.client("submitRound", { body: { envelope, boxes: [] } });
  };
  return { made, code, signer, send };
}

const key = (byte: number): string => toBase64(nativePrimitives.publicOf(new Uint8Array(32).fill(byte)));

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "taken",
    (error: unknown) => (error instanceof Refusal ? error.code : "crash"),
  );

test("adverts that a node would refuse are refused at intake, and the others' sum is not lost", async () => {
  const { made, send } = await withSaboteur();
  const query = await submit(made, NATIONAL);
  const advert = { query, attempt: 1, directory: made.made.hash, channel: key(1), mask: key(2) };
  await expect
    .poll(() => codeOf(send("advert", { ...advert, directory: hashOf(utf8("x")) })))
    .toBe("directory-unknown");
  const small = toBase64(new Uint8Array(32));
  const top = new Uint8Array(32).fill(255);
  const twin = Uint8Array.from(nativePrimitives.publicOf(new Uint8Array(32).fill(3)));
  twin[31] = (twin[31] ?? 0) | 0x80;
  // The last digit of canonical base64 of 32 bytes has two bits to spare, both 0: the next digit has one set.
  const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const loose = `${key(1).slice(0, -2)}${digits[digits.indexOf(key(1).at(-2) ?? "") + 1]}=`;
  expect(await codeOf(send("advert", { ...advert, mask: small }))).toBe("round-unfit");
  expect(await codeOf(send("advert", { ...advert, mask: advert.channel }))).toBe("round-unfit");
  for (const mask of [toBase64(top), toBase64(twin), loose, `${key(1).slice(0, -1)}A`])
    expect(await codeOf(send("advert", { ...advert, mask }))).toBe("schema-mismatch");
  const { adverts } = await stored(made, query);
  const other = adverts.find(({ node }) => node === "01");
  if (other !== undefined)
    expect(await codeOf(send("advert", { ...advert, mask: other.mask }))).toMatch(/^round-(unfit|late)$/);
  const status = await without(["05"], made, clock, query);
  expect(status.state).toBe("released");
  expect(status.regions.find(({ region }) => region === "05")?.state).toBe("waiting");
});

async function stored({ coordinator }: Network, query: string) {
  const rows = await coordinator.store.kysely
    .selectFrom("message")
    .select(["node", "envelope"])
    .where("query", "=", query)
    .where("kind", "=", "advert")
    .execute();
  const adverts = rows.map(({ node, envelope }) => {
    const { payload } = JSON.parse(envelope) as Envelope;
    return { node, ...(JSON.parse(atob(payload)) as { mask: string }) };
  });
  return { adverts };
}

test("a message sent again and again does not hold a phase open", async () => {
  const { made, send } = await withSaboteur();
  const query = await submit(made, NATIONAL);
  const advert = { query, attempt: 1, directory: made.made.hash, channel: key(1), mask: key(2) };
  await expect.poll(() => codeOf(send("advert", advert))).toBe("taken");
  // Others of the same region, and the same again, until the attempt goes on without it.
  const nagging = (async () => {
    for (let each = 0; each < 60; each++) {
      await codeOf(send("advert", each % 2 === 0 ? advert : { ...advert, mask: key(9) }));
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  })();
  const status = await without(["05"], made, clock, query);
  expect(status.state).toBe("released");
  await nagging;
});

test("a region that takes part and then refuses: the release is what an auditor adds up", async () => {
  const { made, send } = await withSaboteur();
  const query = await submit(made, NATIONAL);
  const advert = { query, attempt: 1, directory: made.made.hash, channel: key(1), mask: key(2) };
  await expect.poll(() => codeOf(send("advert", advert))).toBe("taken");
  const refusal = { query, directory: made.made.hash, code: "policy-refuses", detail: "no", charge: "0" };
  await codeOf(send("refusal", refusal));
  const status = await follow(made.client, query);
  expect(status.state).toBe("released");
  const found = await recompute(made.client, federationIn(made), query, made.made.auditor, fresh);
  expect(found.survivors).toEqual(["01", "03", "04"]);
});

test("openings that are not one share each of whom they must be of, or not canonical, are refused at intake", async () => {
  const { made, send } = await withSaboteur();
  const query = await submit(made, NATIONAL);
  const share = toBase64(new Uint8Array(33));
  const opening = {
    query,
    attempt: 1,
    session: hashOf(utf8("s")),
    survivors: hashOf(utf8("u")),
    self: [{ of: "01", share: `${share.slice(0, -2)}==` }],
    mask: [],
    surplus: null,
  };
  expect(await codeOf(send("opening", opening))).toBe("schema-mismatch");
  const whole = { ...opening, self: [{ of: "01", share }] };
  await expect.poll(() => codeOf(send("opening", whole))).toMatch(/^round-/);
  expect((await without(["05"], made, clock, query)).state).toBe("released");
});

/** A region's messages of a round pass through `change`, which may lose them by giving null. */
const tampered =
  (victim: string, change: (body: string) => string | null) =>
  (code: string) =>
  async (url: string, init?: RequestInit): Promise<Response> => {
    if (code !== victim || !url.endsWith(ROUTES.submitRound.path) || typeof init?.body !== "string")
      return await fetch(url, init);
    const body = change(init.body);
    return body === null ? Response.json({ id: hashOf(utf8("lost")) }) : await fetch(url, { ...init, body });
  };
const isOf = (kind: string, body: string): boolean => body.includes(`vnd.brus.${kind}.`);

test("a region whose shares do not open: tried ten times, and no more; nobody is charged, other queries go on", async () => {
  const attempts = new Set<string>();
  const made = await network(["01", "03", "04"], {
    fetch: tampered("04", (body) => {
      if (!isOf("commitment", body)) return body;
      const sent = JSON.parse(body) as { envelope: Envelope; boxes: Array<{ node: string; box: string }> };
      attempts.add(sent.envelope.payload);
      const closed = toBase64(new Uint8Array(82));
      return JSON.stringify({ ...sent, boxes: sent.boxes.map(({ node }) => ({ node, box: closed })) });
    }),
  });
  // The last attempts come at a quarter of the time that was left, each.
  const status = await askedWithout([], made);
  expect(status).toMatchObject({ state: "failed", release: null });
  expect(status.reason).toMatch(/^[0-2] of 3 regions took part; 3 are needed.* of attempt 10: /);
  expect(attempts.size).toBe(10);
  const charged = await Promise.all(
    ["01", "03"].map((code) => {
      const node = made.nodes.find(({ config }) => config.code === code) ?? expect.fail();
      return node.store.kysely.selectFrom("ledger_entry").selectAll().execute();
    }),
  );
  expect(charged).toEqual([[], []]);
  expect((await settled(made, { rho: "1/10" })).state).toBe("released");
});

test("a region that is silent, and may be slow, is waited for until the deadline: no attempt is given up for it", async () => {
  const attempts = new Set<string>();
  const made = await network(["01", "03", "04"], {
    fetch: tampered("04", (body) => {
      if (!isOf("commitment", body)) return body;
      attempts.add(body);
      return null;
    }),
  });
  const status = await askedWithout(["04"], made);
  expect(status).toMatchObject({ state: "failed", release: null });
  expect(status.reason).toMatch(/^2 of 3 regions took part.*missing in phase share of attempt 1: 04$/);
  expect(attempts.size).toBe(1);
});

test("one is silent and another, who was away, is back: a new attempt, in which they are enough", async () => {
  let away = true;
  const made = await network(four, {
    fetch: (code: string) =>
      tampered(code, (body) => {
        if (code === "04" && isOf("commitment", body)) return null;
        return code === "05" && away ? null : body;
      })(code),
  });
  const query = await submit(made, NATIONAL);
  const waitsFor = async () => {
    const { round } = await made.client("getQuery", { params: { id: query } });
    return round === null ? "" : `${round.phase} ${round.attempt}: ${round.awaited.join()}`;
  };
  await expect.poll(waitsFor).toBe("advertise 1: 05");
  // A quarter of the hour that was left is over: it goes on without the one that is away.
  const quarter = async () => {
    clock.forward(new Date(clock.now().getTime() + 15 * 60_000));
    await made.coordinator.look();
  };
  away = false;
  await quarter();
  await expect.poll(waitsFor).toBe("share 1: 04");
  const { kysely } = made.coordinator.store;
  const ready = async () => {
    const adverts = kysely.selectFrom("message").select(["node", "attempt"]).where("kind", "=", "advert");
    return (await adverts.execute()).some(({ node, attempt }) => node === "05" && attempt === 2);
  };
  await expect.poll(ready).toBe(true);
  await quarter();
  await expect.poll(waitsFor).toBe("share 2: 04");
  const status = await without(["04"], made, clock, query);
  expect(status.state).toBe("released");
  expect(status.regions.map(({ region, state }) => `${region} ${state}`)).toEqual([
    "01 answered",
    "03 answered",
    "04 waiting",
    "05 answered",
  ]);
});

test("a region that waits for approvals joins once they have come", async () => {
  const made = await network(["01", "03", "04"]);
  const policy = made.made.nodes[1]?.config.policy ?? "";
  const strict = JSON.parse(readFileSync(policy, "utf8")) as object;
  writeFileSync(
    policy,
    JSON.stringify({ ...strict, approvals: [{ dataset: "*", role: "approver", persons: 2 }] }),
  );
  const query = fillQuery({ ...DRAFT, ...NATIONAL }, made.made.hash, "researcher", clock.now(), systemRandom);
  const envelope = signQuery(query, made.made.researcher.signer);
  const id = envelopeId(envelope);
  const [first, second] = made.made.approvers;
  if (first === undefined || second === undefined) throw new Error("there are approvers");
  await ask(made.client, envelope, [signApproval(id, first, clock.now())]);
  const state = async () => (await made.client("getQuery", { params: { id } })).regions[1]?.code;
  await expect.poll(state).toBe("approvals-missing");
  await made.client("submitApproval", { body: signApproval(id, second, clock.now()) });
  const status = await follow(made.client, id);
  expect(status.state).toBe("released");
  expect(status.regions.map(({ state: reached }) => reached)).toEqual(["answered", "answered", "answered"]);
});

test("too many that refuse for good: over at once, not at the deadline", async () => {
  const made = await network(["01", "03", "04"]);
  writeFileSync(made.made.nodes[0]?.config.policy ?? "", "{}");
  const status = await settled(made, NATIONAL);
  expect(status).toMatchObject({ state: "failed" });
  expect(status.regions[0]).toMatchObject({ state: "refused", code: "policy-missing" });
});

test("after the release nothing is left of who is not in it, and no encrypted share", async () => {
  const made = await network(four, {
    fetch: (code: string) => async (url: string, init?: RequestInit) => {
      // The last region's vector comes in part: its message, and not its pieces.
      if (code === "05" && url.includes("/api/chunks/")) return Response.json({ id: hashOf(utf8("lost")) });
      return await fetch(url, init);
    },
  });
  const status = await askedWithout(["05"], made);
  expect(status.state).toBe("released");
  const { kysely } = made.coordinator.store;
  const boxes = await kysely.selectFrom("message").select("boxes").execute();
  expect(new Set(boxes.map((row) => row.boxes))).toEqual(new Set(["[]"]));
  const masked = await kysely.selectFrom("message").select("id").where("node", "=", "05").execute();
  const kept = await kysely.selectFrom("chunk").select("document").execute();
  expect(kept.filter(({ document }) => masked.some(({ id }) => id === document))).toEqual([]);
});

describe("a coordinator that says of a sum what is not so", () => {
  /** The coordinator's own key, and a client that shows another release than the one that was made. */
  async function retold(change: (release: Record<string, unknown>) => void) {
    const made = await network(four, {
      fetch: (code: string) => async (url: string, init?: RequestInit) => {
        // One region opens nothing: its surplus stays in.
        if (code === "03" && typeof init?.body === "string" && init.body.includes("vnd.brus.opening"))
          return Response.json({ id: hashOf(utf8("lost")) });
        return await fetch(url, init);
      },
    });
    const { id, release } = await askedWithout(["03"], made);
    const truth = await made.client("getRelease", { params: { id: release ?? "" } });
    const payload = parseJson(utf8(atob(truth.payload))) as Record<string, unknown>;
    change(payload);
    const signer = signerFrom(made.made.coordinator.releaseKey, "release");
    const told = signDocument("release", payload, signer);
    const lying = (async (name: string, input?: { params?: { id: string } }) =>
      name === "getRelease"
        ? told
        : await (made.client as (name: string, input?: object) => Promise<unknown>)(name, input)) as Client;
    return { made, id, lying };
  }
  type National = {
    openings: Array<{ region: string; hash: string; surplus: boolean }>;
    noise: Array<{ variance: string }>;
    scale: string;
    survivors: Array<{ region: string; masked: string }>;
    sum: string;
  };

  test.each<[string, (national: National) => void]>([
    ["less noise than there is", ({ noise: [first] }) => first && Object.assign(first, { variance: "1/2" })],
    ["another scale", (national) => Object.assign(national, { scale: "2" })],
    ["another sum", (national) => Object.assign(national, { sum: hashOf(utf8("another")) })],
    ["a survivor that is none", ({ survivors }) => survivors.pop()],
    ["an opening twice", ({ openings }) => openings[0] !== undefined && openings.push({ ...openings[0] })],
  ])("%s: whoever reads the release finds it", async (_, change) => {
    const { made, id, lying } = await retold((release) => change(release["national"] as National));
    await expect(fetchResult(lying, federationIn(made), id)).rejects.toBeInstanceOf(Refusal);
    await expect(fetchResult(made.client, federationIn(made), id)).resolves.toBeDefined();
  });

  test("surplus said to be taken away that is still in: an auditor finds it", async () => {
    let made: Network | undefined;
    made = await network(four, {
      fetch: (code: string) => async (url: string, init?: RequestInit) => {
        if (code !== "03" || typeof init?.body !== "string" || !init.body.includes("vnd.brus.opening"))
          return await fetch(url, init);
        // It opens masks, and keeps its surplus to itself.
        const { envelope } = JSON.parse(init.body) as { envelope: Envelope };
        const payload = parseJson(utf8(atob(envelope.payload))) as object;
        const signer = made?.made.nodes.find((entry) => entry.code === "03")?.signer ?? expect.fail();
        const body = JSON.stringify({
          envelope: signDocument("opening", { ...payload, surplus: null }, signer),
          boxes: [],
        });
        const sent = await fetch(url, { ...init, body });
        return new Response(sent.body, { status: sent.status });
      },
    });
    const { id, release } = await settled(made, NATIONAL);
    const federation = federationIn(made);
    const { auditor } = made.made;
    expect((await recompute(made.client, federation, id, auditor, fresh)).unopened).toEqual(["03"]);
    const { plan, query } = await fetchResult(made.client, federation, id);
    const { noiseShares } = planIn(federation, query);
    if (noiseShares === null) throw new Error("the query is national");
    const { sum } = await made.client("getSum", { params: { id: release ?? "" } });
    const truth = await made.client("getRelease", { params: { id: release ?? "" } });
    const told = parseJson(utf8(atob(truth.payload))) as { national: National; cells: object };
    const survivors = told.national.survivors.map(({ region }) => region);
    const national = { sum: decodeVector(fromBase64(sum)), survivors, unopened: 0 };
    const cells = cellsOf(plan, { answers: new Map(), national });
    for (const opening of told.national.openings) opening.surplus = true;
    for (const each of told.national.noise) each.variance = format(releasedVariance(noiseShares, 0, 0, 0));
    const { hash } = writeCells(cells);
    const signer = signerFrom(made.made.coordinator.releaseKey, "release");
    const retelling = signDocument(
      "release",
      { ...told, cells: { hash, count: cells.figures.length } },
      signer,
    );
    const real = made.client as (name: string, input?: object) => Promise<unknown>;
    // It names the retelling as the query's release, and gives what stands behind the true one.
    const random = () => Uint8Array.from(randomBytes(48));
    const { request, own } = materialRequest(
      { release: release ?? "", auditor: auditor.id, now: clock.now() },
      random(),
      nativePrimitives,
    );
    const signed = signDocument("material", request, auditor.signer);
    const given = await givenFor(made.client, { signed, own }, nativePrimitives);
    let asked: { id: string; key: Uint8Array } | null = null;
    const boxed = (piece: About["piece"], plain: Uint8Array) => {
      const { id: about, key } = asked ?? expect.fail();
      const box = boxFor(key, { request: about, piece }, plain, random().slice(16), nativePrimitives);
      return { box: toBase64(box) };
    };
    const lying = (async (name: string, input?: { body?: object }) => {
      if (name === "getRelease") return retelling;
      if (name === "getCells") return cells;
      if (name === "getQuery")
        return { ...((await real(name, input)) as object), release: envelopeId(retelling) };
      if (name === "getMaterial") {
        const envelope = input?.body as Envelope;
        const { key = "" } = payloadOf(MaterialRequest, envelope);
        asked = { id: envelopeId(envelope), key: fromBase64(key) };
        const word = toBase64(random().slice(16));
        return boxed(null, utf8(JSON.stringify({ messages: given.messages, word })));
      }
      if (name === "getPiece") {
        const { document, place } = PieceRequest.parse(input?.body);
        return boxed([document, place], await given.piece(document, place));
      }
      const params = { id: release };
      return await real(name, name === "getAnswers" || name === "getSum" ? { params } : input);
    }) as Client;
    // A reader finds nothing: the surplus is only in the masked vectors.
    await expect(fetchResult(lying, federation, id)).resolves.toBeDefined();
    await expect(recompute(lying, federation, id, auditor, fresh)).rejects.toThrow(
      /surplus noise taken away/,
    );
  });
});
