/**
 * The desk: what one signs is what one read. A coordinator that hands out another directory, another question or its own
 * pages; pages elsewhere, names made to point here, others on the machine; and drafts that say who asks: each gets nothing.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { follow } from "../../cli/client/ask.ts";
import type { Network } from "../../cli/demo/network.ts";
import { FORWARDED } from "../../desk/forward.ts";
import { Approval } from "../../protocol/question/approval.ts";
import { Query } from "../../protocol/question/query.ts";
import { envelopeId, payloadOf, signDocument } from "../../protocol/signing/envelope.ts";
import { type Hash, toBase64, utf8 } from "../../protocol/values/bytes.ts";
import type { Fetch } from "../../protocol/wire/client.ts";
import { ROUTES } from "../../protocol/wire/routes.ts";
import { newKey, signerOf } from "../../server/signing.ts";
import { asked, deskAt, enter, keyOf } from "../support/desk.ts";
import { temporaryFolder } from "../support/engines.ts";
import { CARE, DRAFT, federationOf, submit } from "../support/federation.ts";

const folder = temporaryFolder();
let network: Network;
beforeAll(async () => {
  network = await federationOf(folder.path, { "01": "", "03": "" }, { approvals: 2, logged: true });
});
afterAll(async () => {
  await network.stop();
  folder.remove();
});

const made = () => network.made;
const approverKey = (at: number) => {
  const party = made().approvers[at];
  if (party === undefined) throw new Error("expected an approver");
  return keyOf(party, "approve");
};
const NONE = `sha256:${"0".repeat(64)}` as Hash;
const refusal = (code: string) => expect.objectContaining({ code });

describe("what a desk signs", () => {
  test("a draft is asked at one desk, approved at two of persons from two regions, and answered", async () => {
    const researcher = keyOf(made().researcher, "ask");
    const page = await enter(await deskAt(network, { keys: [researcher] }));
    const key = researcher.signer.publicKey;
    const { shown, document } = await page.ready({ kind: "query", key, draft: DRAFT });
    expect(shown.question).toMatchObject({
      title: "A test",
      purpose: "To test",
      requester: made().researcher.id,
    });
    expect(shown.question?.words.sv).toContain("Vård");
    expect(shown.question?.roster.map(({ code }) => code)).toEqual(["01", "03"]);
    expect(shown.directory).toEqual({ version: 1, hash: made().hash });
    const { envelope } = await page.sign(document?.ticket ?? "");
    expect(envelope.payload).toBe(document?.payload);
    const id = envelopeId(envelope);
    const { notBefore, answerBy, expires } = payloadOf(Query, envelope);
    expect(shown.question).toMatchObject({ notBefore, answerBy, expires });
    for (const [path, body] of [
      ["/api/queries", envelope],
      ["/api/asides", { text: document?.aside }],
    ] as const)
      expect((await page.ask(path, { method: "POST", body: JSON.stringify(body) })).status, path).toBe(200);
    for (const at of [0, 1]) {
      const own = approverKey(at);
      const desk = await enter(await deskAt(network, { keys: [own] }));
      const decided = await desk.ready({
        kind: "approval",
        key: own.signer.publicKey,
        query: id,
        decision: "approve",
        role: "approver",
        conditions: [],
      });
      expect(decided.shown.question).toMatchObject({ id, title: "A test", purpose: "To test" });
      const signed = await desk.sign(decided.document?.ticket ?? "");
      const answer = await desk.ask("/api/approvals", {
        method: "POST",
        body: JSON.stringify(signed.envelope),
      });
      expect(answer.status).toBe(200);
    }
    expect((await follow(network.client, id)).state).toBe("released");
  });

  test("only what it has shown, once, and with the key that it was shown for", async () => {
    const key = keyOf(made().researcher, "ask");
    const page = await enter(await deskAt(network, { keys: [key] }));
    const { document } = await page.ready({ kind: "query", key: key.signer.publicKey, draft: DRAFT });
    const ticket = document?.ticket ?? "";
    await page.sign(ticket);
    await expect(page.sign(ticket)).rejects.toEqual(refusal("not-found"));
    await expect(page.sign("0".repeat(64))).rejects.toEqual(refusal("not-found"));
    // A browser's key: made ready, and nothing that the desk holds signs it.
    const other = await enter(await deskAt(network, { keys: [approverKey(0)] }));
    const theirs = await other.ready({ kind: "query", key: key.signer.publicKey, draft: DRAFT });
    expect(theirs.document?.here).toBe(false);
    await expect(other.sign(theirs.document?.ticket ?? "")).rejects.toEqual(refusal("key-unknown"));
  });

  test("no kind of document but a question, a decision and an auditor's request", async () => {
    const page = await enter(await deskAt(network, { keys: [keyOf(made().researcher, "ask")] }));
    for (const kind of ["directory", "erasure", "answer", "release", "poll", "calendar"]) {
      const body = JSON.stringify({ kind, key: made().researcher.signer.publicKey, draft: DRAFT });
      expect((await page.ask("/desk/ready", { method: "POST", body })).status, kind).toBe(400);
    }
  });

  test("a key of another purpose, of nobody, or without the role signs nothing", async () => {
    const keys = [approverKey(0)];
    const page = await enter(await deskAt(network, { keys }));
    const key = keys[0]?.signer.publicKey ?? "";
    await expect(page.ready({ kind: "query", key, draft: DRAFT })).rejects.toEqual(
      refusal("key-wrong-purpose"),
    );
    const stranger = signerOf(newKey("ask")).publicKey;
    await expect(page.ready({ kind: "query", key: stranger, draft: DRAFT })).rejects.toEqual(
      refusal("key-unknown"),
    );
    const id = (await submit(network, {}, 0)) as Hash;
    await expect(
      page.ready({ kind: "approval", key, query: id, decision: "approve", role: "ethics", conditions: [] }),
    ).rejects.toEqual(refusal("role-missing"));
  });
});

describe("a draft from elsewhere", () => {
  test("chooses neither who asks, nor which directory, nor for how long, nor the nonce", async () => {
    const key = keyOf(made().researcher, "ask");
    const page = await enter(await deskAt(network, { keys: [key] }));
    const sly = {
      ...DRAFT,
      requester: "somebody-else",
      directory: NONE,
      nonce: "0".repeat(32),
      edition: 1,
      notBefore: "2020-01-01T00:00:00Z",
      expires: "2099-01-01T00:00:00Z",
      answerBy: "2099-01-01T00:00:00Z",
    };
    const { document } = await page.ready({ kind: "query", key: key.signer.publicKey, draft: sly });
    const query = payloadOf(Query, (await page.sign(document?.ticket ?? "")).envelope);
    expect(query).toMatchObject({ requester: made().researcher.id, directory: made().hash });
    expect(query.nonce).not.toBe(sly.nonce);
    expect(query.expires < "2099").toBe(true);
  });

  test("is read in full before there is a key, and what is no question is refused", async () => {
    const page = await enter(await deskAt(network));
    const { shown, document } = await page.ready({ kind: "query", key: null, draft: DRAFT });
    expect(shown.question).toMatchObject({ title: "A test", requester: null });
    expect(document).toBeNull();
    for (const draft of [
      null,
      "text",
      { ...DRAFT, extra: 1 },
      { ...DRAFT, purpose: 7 },
      { ...DRAFT, title: "a\u202eb" },
      { ...DRAFT, dataset: "else@1" },
      { ...DRAFT, periods: ["2039K1"] },
    ])
      await expect(page.ready({ kind: "query", key: null, draft })).rejects.toBeInstanceOf(Error);
  });
});

/** A coordinator whose answers to some routes are changed on the way. */
const lying =
  (change: Partial<Record<string, (said: never) => unknown>>): Fetch =>
  async (url, init) => {
    const answer = await fetch(url, init);
    const lie = change[new URL(url).pathname];
    return lie === undefined || !answer.ok ? answer : Response.json(lie((await answer.json()) as never));
  };

describe("a coordinator that lies", () => {
  /** A directory of the coordinator's own, in which the dataset is said to be of something harmless. */
  const forged = () => {
    const root = signerOf(newKey("root"));
    const body = utf8(JSON.stringify({ ...CARE, title: { sv: "Väntrummet", en: "The waiting room" } }));
    const directory = { ...made().directory, roots: { keys: [root.publicKey], threshold: 1 } };
    return { directory: signDocument("directory", directory, root), datasets: [toBase64(body)], later: [] };
  };

  test("with another directory opens no desk, and moves none that is open", async () => {
    const swap = lying({ "/api/directory": forged });
    await expect(deskAt(network, { fetch: swap })).rejects.toEqual(refusal("directory-unknown"));
    let lies = false;
    const turning: Fetch = (url, init) => (lies ? swap(url, init) : fetch(url, init));
    const page = await enter(await deskAt(network, { fetch: turning }));
    lies = true;
    await expect(page.ready({ kind: "query", key: null, draft: DRAFT })).rejects.toEqual(
      refusal("directory-unknown"),
    );
  });

  test("with another question than the one that was asked for is signed nothing", async () => {
    const [wanted, other] = [await submit(network, {}, 0), await submit(network, { title: "Another" }, 0)];
    const said = await network.client("getQuery", { params: { id: other } });
    const own = approverKey(0);
    const path = `/api/queries/${encodeURIComponent(wanted)}`;
    const page = await enter(await deskAt(network, { keys: [own], fetch: lying({ [path]: () => said }) }));
    const decision = { decision: "approve", role: "approver", conditions: [] as string[] } as const;
    const key = own.signer.publicKey;
    await expect(page.ready({ kind: "approval", key, query: wanted as Hash, ...decision })).rejects.toEqual(
      refusal("signature-invalid"),
    );
    // Read as it is, a decline binds that very question, with its reason.
    const honest = await enter(await deskAt(network, { keys: [own] }));
    const { document, shown } = await honest.ready({
      kind: "approval",
      key,
      query: wanted as Hash,
      ...decision,
      decision: "decline",
      reason: "No",
    });
    expect(shown.decision).toMatchObject({ decision: "decline", reason: "No" });
    const { envelope } = await honest.sign(document?.ticket ?? "");
    expect(payloadOf(Approval, envelope)).toMatchObject({ query: wanted, decision: "decline" });
  });

  test("has none of its pages, scripts or other routes handed on", async () => {
    const reached: string[] = [];
    const spy: Fetch = (url, init) => {
      reached.push(new URL(url).pathname);
      return fetch(url, init);
    };
    const desk = await deskAt(network, { fetch: spy });
    const page = await enter(desk);
    reached.length = 0;
    const closed = Object.entries(ROUTES).filter(([name]) => !FORWARDED.some((each) => each === name));
    expect(closed.length).toBeGreaterThan(5);
    for (const [name, { method, path }] of closed) {
      const init = method === "post" ? { method: "POST", body: "{}" } : {};
      expect((await page.ask(path.replace("{id}", NONE), init)).status, name).toBe(404);
    }
    for (const path of [
      "/openapi.json",
      "/pages/overview.json",
      "/dcat",
      "/log/..%2fapi/budgets",
      "/log/%2e%2e/x",
    ])
      expect((await page.ask(path)).status, path).toBe(404);
    expect(reached).toEqual([]);
    const file = await page.ask("/log/checkpoint");
    expect(file.status).toBe(200);
    expect(file.headers.get("content-type")).toBe("application/octet-stream");
    expect(file.headers.get("x-content-type-options")).toBe("nosniff");
    expect(await (await asked(desk, "/sv/fraga")).text()).toContain("/assets/own/desk-");
    // What comes back is read by its route's form: what is more is not handed on.
    const more = lying({ "/api/queries": (said: object) => ({ ...said, script: "<script>" }) });
    const other = await enter(await deskAt(network, { fetch: more }));
    expect((await other.ask("/api/queries")).status).toBe(400);
  });
});

describe("who comes in", () => {
  test("whoever brings the address, once; others on the machine are told nothing", async () => {
    const desk = await deskAt(network, { keys: [keyOf(made().researcher, "ask")] });
    const token = new URL(desk.open()).hash.slice(1);
    const enters = (bearer: string) =>
      asked(desk, "/session", { method: "POST", headers: { authorization: `Bearer ${bearer}` } });
    expect((await enters("f".repeat(64))).status).toBe(403);
    expect((await enters(token)).status).toBe(200);
    expect((await enters(token)).status).toBe(403);
    const body = JSON.stringify({ kind: "query", key: null, draft: DRAFT });
    for (const [path, init] of [
      ["/desk/state", {}],
      ["/desk/ready", { method: "POST", body }],
      ["/desk/sign", { method: "POST", body: JSON.stringify({ ticket: "0".repeat(64) }) }],
      ["/api/directory", {}],
      ["/api/queries", { method: "POST", body: "{}" }],
      ["/log/checkpoint", {}],
    ] as const)
      expect((await asked(desk, path, init)).status, path).toBe(403);
  });

  test("no other host, whatever name was made to point here, and no other origin", async () => {
    const desk = await deskAt(network);
    const page = await enter(desk);
    for (const headers of [
      { host: "attacker.example:8710" },
      { host: "localhost:8710" },
      { host: "127.0.0.1:9999" },
      { origin: "https://coordinator.example" },
      { origin: "http://127.0.0.1:8700" },
      { origin: "null" },
      { "sec-fetch-site": "cross-site", "sec-fetch-mode": "cors" },
      { "sec-fetch-site": "same-site", "sec-fetch-mode": "no-cors" },
    ]) {
      for (const path of ["/", "/sv/fraga", "/desk/state"])
        expect((await page.ask(path, { headers })).status, `${JSON.stringify(headers)} ${path}`).toBe(404);
      const token = { authorization: `Bearer ${new URL(desk.open()).hash.slice(1)}` };
      const entering = { method: "POST", headers: { ...token, ...headers } };
      expect((await asked(desk, "/session", entering)).status, JSON.stringify(headers)).toBe(404);
    }
  });

  test("a link may lead here; no frame may, no script of elsewhere reads, and nothing is a cookie", async () => {
    const desk = await deskAt(network);
    const led = {
      "sec-fetch-site": "cross-site",
      "sec-fetch-mode": "navigate",
      "sec-fetch-dest": "document",
    };
    const answer = await asked(desk, "/sv/fraga", { headers: led });
    expect(answer.status).toBe(200);
    const policy = answer.headers.get("content-security-policy") ?? "";
    for (const part of [
      "default-src 'none'",
      "script-src 'self'",
      "frame-ancestors 'none'",
      "form-action 'none'",
    ])
      expect(policy).toContain(part);
    expect(answer.headers.get("cross-origin-opener-policy")).toBe("same-origin");
    expect(answer.headers.get("set-cookie")).toBeNull();
    const framed = await asked(desk, "/sv/fraga", { headers: { ...led, "sec-fetch-dest": "iframe" } });
    expect(framed.status).toBe(404);
    const page = await enter(desk);
    for (const path of ["/sv/fraga", "/desk/state", "/api/directory"]) {
      const { headers } = await page.ask(path);
      expect(headers.get("access-control-allow-origin"), path).toBeNull();
    }
    const asking = {
      "access-control-request-method": "POST",
      "access-control-request-headers": "authorization",
    };
    const preflight = await asked(desk, "/desk/sign", {
      method: "OPTIONS",
      headers: { origin: "https://coordinator.example", ...asking },
    });
    expect(preflight.headers.get("access-control-allow-origin")).toBeNull();
  });

  test("a desk that a network reaches holds no key files", async () => {
    const keys = [keyOf(made().researcher, "ask")];
    await expect(deskAt(network, { doored: false, keys })).rejects.toEqual(refusal("usage"));
    const desk = await deskAt(network, { doored: false });
    expect((await asked(desk, "/desk/state")).status).toBe(200);
    expect((await asked(desk, "/desk/state", { headers: { host: "else.example" } })).status).toBe(404);
  });
});
