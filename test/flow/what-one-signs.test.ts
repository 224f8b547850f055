/**
 * What one signs is what one read: a coordinator that hands out a directory of its own, hides a decline, or leaves a
 * dataset without a rule; an approver who adds without end. Each ends in refusal, or in nothing signed. The commands are
 * run as people run them.
 */
import { execFile, spawn } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { ask, fillQuery, type Party, signApproval, signQuery } from "../../cli/client/ask.ts";
import { auditFrom } from "../../cli/commands/audit.ts";
import type { Network } from "../../cli/demo/network.ts";
import { sourceOf } from "../../cli/log/source.ts";
import { MOST_A_DAY } from "../../coordinator/query/added.ts";
import { systemRandom } from "../../node/random.ts";
import { openFollowed } from "../../node/serve/follow.ts";
import type { NodeDatabase } from "../../node/store/database.ts";
import { type Directory, type Federation, readFederation } from "../../protocol/federation/directory.ts";
import { readLeaf } from "../../protocol/log/leaf.ts";
import { type DatasetDocument, writeDataset } from "../../protocol/question/catalogue.ts";
import {
  type Envelope,
  envelopeId,
  signDocument,
  signDocumentBytes,
} from "../../protocol/signing/envelope.ts";
import { type Hash, toBase64, utf8 } from "../../protocol/values/bytes.ts";
import { instant } from "../../protocol/values/names.ts";
import { Refusal } from "../../protocol/values/refusal.ts";
import { clientOf } from "../../protocol/wire/client.ts";
import { decide } from "../../protocol/wire/decide.ts";
import { recorded } from "../../protocol/wire/recorded.ts";
import { openStore } from "../../server/database.ts";
import { sleep } from "../../server/deadline.ts";
import { loggerOf } from "../../server/logger.ts";
import { nativeVerify, newKey, signerOf } from "../../server/signing.ts";
import { clockOf } from "../support/clock.ts";
import { temporaryFolder } from "../support/engines.ts";
import { CARE, type DatasetDraft, DRAFT, federationOf } from "../support/federation.ts";
import { overHttp, readLog } from "../support/logs.ts";
import { type Relay, relayTo } from "../support/relay.ts";

const shell = promisify(execFile);
const ROOT = join(import.meta.dirname, "../..");
/** What gives a command a terminal. */
const SCRIPT = "/usr/bin/script";
const YEAR = 365 * 24 * 3600 * 1000;

/** The same column, in the words of two catalogues. */
const wording = (en: string): DatasetDraft => ({
  ...CARE,
  columns: {
    ...CARE.columns,
    score: { kind: "integer", min: 0, max: 100, nullable: true, title: { sv: en, en } },
  },
});
const TRUE = "Suicidal thoughts";
const FALSE = "Satisfied with the waiting room";

const clock = clockOf();
const now = clock.now;
const folder = temporaryFolder();
let network: Network;
let relay: Relay;

beforeAll(async () => {
  network = await federationOf(
    folder.path,
    { "01": "", "03": "", "04": "" },
    { logged: true, approvals: 2, datasets: [wording(TRUE)], now },
  );
  relay = await relayTo(network.address);
});
afterEach(() => relay.lie(null));
afterAll(async () => {
  await relay?.stop();
  await network?.stop();
  folder.remove();
});

type Ran = { readonly code: number; readonly out: string; readonly told: string };

/** A command, with nobody at a terminal, by a user whose configuration is in this folder. */
async function brus(user: string, ...words: string[]): Promise<Ran> {
  const env = { ...process.env, XDG_CONFIG_HOME: join(folder.path, user) };
  const run = shell(join(ROOT, "brus"), words, { cwd: folder.path, env });
  run.child.stdin?.end();
  return await run.then(
    ({ stdout, stderr }) => ({ code: 0, out: stdout, told: stderr }),
    ({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) => ({
      code,
      out: stdout,
      told: stderr,
    }),
  );
}

const keyOf = (name: string): string => join(network.made.folder, "keys", `${name}.json`);
const approver = (at: number): Party => network.made.approvers[at] ?? expect.fail();

const DRAFTED = {
  ...DRAFT,
  title: "How it is",
  purpose: "To know",
  measures: [{ id: "m", kind: "mean", column: "score" }],
  rho: "1/1000",
  minRegions: 2,
};

/** A question of its own, handed in; its id. */
async function asked(more: object = {}): Promise<{ readonly id: Hash; readonly envelope: Envelope }> {
  const { made, client } = network;
  const query = fillQuery({ ...DRAFTED, ...more }, made.hash, made.researcher.id, now(), systemRandom);
  const envelope = signQuery(query, made.researcher.signer);
  return { id: await ask(client, envelope, []), envelope };
}

const approvalsOn = async (id: Hash): Promise<string[]> =>
  (await network.client("getQuery", { params: { id } })).approvals.map(envelopeId);

/** All that the true directory says, but of a dataset in other words, signed by a root that is nobody's. */
function swapped(): { readonly versions: object; readonly hash: Hash; readonly document: DatasetDocument } {
  const root = signerOf(newKey("root"));
  const document = writeDataset(wording(FALSE));
  const directory: Directory = {
    ...network.made.directory,
    roots: { keys: [root.publicKey], threshold: 1 },
    datasets: [{ dataset: "care@1", hash: document.hash }],
  };
  const envelope = signDocument("directory", directory, root);
  const versions = { directory: envelope, datasets: [toBase64(document.body)], later: [] };
  return { versions, hash: envelopeId(envelope), document };
}

test("a question that asks for more answers than it has regions is neither checked as possible nor signed", async () => {
  writeFileSync(join(folder.path, "many.json"), JSON.stringify({ ...DRAFTED, minRegions: 99 }));
  const at = ["--coordinator", network.address, "--directory", network.made.hash];
  const signing = ["--yes", "--key", keyOf("researcher"), "--out", "signed-many.json"];
  for (const words of [
    ["check", "many.json"],
    ["sign", "many.json", ...signing],
  ]) {
    const ran = await brus("stranger", "query", ...words, ...at);
    expect(ran).toMatchObject({
      code: 1,
      out: "",
      told: expect.stringMatching(/minRegions of at most \d+,/),
    });
  }
  expect(existsSync(join(folder.path, "signed-many.json"))).toBe(false);
});

describe("a coordinator that hands out a directory of its own making", () => {
  const approve = (user: string, id: Hash, ...more: string[]) =>
    brus(
      user,
      ...["query", "approve", id, "--yes", "--key", keyOf("approver-1"), "--coordinator", relay.address],
      ...more,
    );

  test("is believed by nobody who has pinned nothing: nothing is shown, nothing signed", async () => {
    const { id } = await asked();
    const { versions } = swapped();
    relay.lie(async ({ path }) => (path === "/api/directory" ? Response.json(versions) : null));
    for (const words of [
      ["query", "approve", id, "--yes", "--key", keyOf("approver-1")],
      ["query", "sign", "draft.json", "--yes", "--key", keyOf("researcher")],
      ["query", "check", "draft.json"],
      ["query", "result", id],
      ["calendar", "check", "draft.json"],
      ["calendar", "approve", "draft.json", "--yes", "--key", keyOf("approver-1")],
    ]) {
      writeFileSync(join(folder.path, "draft.json"), JSON.stringify(DRAFTED));
      const ran = await brus("stranger", ...words, "--coordinator", relay.address);
      expect([words[1], ran.code, ran.out, ran.told.split(":")[0]]).toEqual([words[1], 1, "", "not-pinned"]);
      expect(ran.told).toMatch(/brus enrol ADDRESS --directory HASH/);
    }
    expect(await approvalsOn(id)).toEqual([]);
  });

  test("is refused by whoever has: by --directory, and by enrolment, which it cannot undo", async () => {
    const { id } = await asked();
    const { versions, hash } = swapped();
    const enrol = (of: string) => brus("ada", "enrol", relay.address, "--directory", of);
    relay.lie(async ({ path }) => (path === "/api/directory" ? Response.json(versions) : null));
    const enrolling = await enrol(network.made.hash);
    expect(enrolling).toMatchObject({ code: 1, out: "", told: expect.stringMatching(/^directory-unknown/) });
    // It says what is pinned, never what was handed out, which somebody might take for the right one.
    expect(enrolling.told).toContain(network.made.hash);
    expect(enrolling.told).not.toContain(hash);
    expect(enrolling.told).toMatch(/given on paper.*never take one from the coordinator/);
    relay.lie(null);
    expect((await enrol(network.made.hash)).out).toContain(`directory 1 is ${network.made.hash}`);
    relay.lie(async ({ path }) => (path === "/api/directory" ? Response.json(versions) : null));
    expect(await enrol(hash)).toMatchObject({ code: 1, out: "", told: expect.stringMatching(/pinned/) });
    for (const ran of [
      await approve("ada", id),
      await approve("stranger", id, "--directory", network.made.hash),
    ])
      expect(ran).toMatchObject({ code: 1, out: "", told: expect.stringMatching(/^directory-unknown/) });
    expect(await approvalsOn(id)).toEqual([]);
  });

  test("cannot have a question worded by a version that does not lead back to the pin", async () => {
    const { hash } = swapped();
    const { made } = network;
    const bound = { ...DRAFTED, directory: hash };
    const query = fillQuery(bound, hash, made.researcher.id, now(), systemRandom);
    const forged = [
      { signer: made.researcher.signer, code: "directory-unknown" },
      { signer: signerOf(newKey("ask")), code: "key-unknown" },
    ];
    for (const { signer, code } of forged) {
      const envelope = signQuery(query, signer);
      const id = envelopeId(envelope);
      const status = { id, state: "waiting", reason: null, query: envelope, approvals: [], regions: [] };
      relay.lie(async ({ path }) =>
        path.startsWith("/api/queries/") ? Response.json({ ...status, round: null, release: null }) : null,
      );
      const ran = await approve("stranger", id, "--directory", made.hash);
      expect(ran).toMatchObject({ code: 1, out: "", told: expect.stringMatching(new RegExp(`^${code}`)) });
      // As a file to check, too.
      writeFileSync(join(folder.path, "forged.json"), JSON.stringify({ query: envelope, aside: null }));
      const at = ["--coordinator", relay.address, "--directory", made.hash];
      const checked = await brus("stranger", "query", "check", "forged.json", ...at);
      expect(checked).toMatchObject({ code: 1, out: "" });
    }
    // And whoever asks signs no draft that names one.
    writeFileSync(join(folder.path, "bound.json"), JSON.stringify(bound));
    const signing = ["--yes", "--key", keyOf("researcher"), "--out", "signed-bound.json"];
    const at = ["--coordinator", network.address, "--directory", made.hash];
    const ran = await brus("stranger", "query", "sign", "bound.json", ...signing, ...at);
    expect(ran).toMatchObject({ code: 1, out: "", told: expect.stringMatching(/^directory-unknown/) });
    expect(existsSync(join(folder.path, "signed-bound.json"))).toBe(false);
  });
});

describe("a coordinator that writes to the terminal, or leads elsewhere", () => {
  const approve = (id: Hash) =>
    brus(
      "stranger",
      ...["query", "approve", id, "--yes", "--key", keyOf("approver-1")],
      ...["--coordinator", relay.address, "--directory", network.made.hash],
    );

  test("says no in one line of its own, without what moves the cursor or is not seen", async () => {
    const { id } = await asked();
    const detail = "no\u001b[2K\r\nRecorded: entry 7 of 9\u061c\u200b\u202e";
    const problem = { ...new Refusal("not-found", "").toProblem(), detail };
    relay.lie(async ({ path }) =>
      path.startsWith("/api/queries/") ? Response.json(problem, { status: 404 }) : null,
    );
    const ran = await approve(id);
    expect(ran.code).toBe(1);
    expect(ran.told).toMatch(/^not-found: no.*Recorded: entry 7/);
    expect(ran.told).not.toMatch(/^Recorded|(?!\n)[\p{Cc}\p{Cf}]/mu);
  });

  test("has no address asked on this machine's own network: a redirect is not followed", async () => {
    const { id } = await asked();
    const heard: string[] = [];
    const inside = createServer((request, response) => {
      heard.push(`${request.method} ${request.url}`);
      response.end("{}");
    });
    await new Promise<void>((done) => inside.listen(0, "127.0.0.1", done));
    const { port } = inside.address() as AddressInfo;
    const away = createServer((_, response) => {
      response.writeHead(307, { location: `http://127.0.0.1:${port}/shutdown` }).end();
    });
    await new Promise<void>((done) => away.listen(0, "127.0.0.1", done));
    const client = clientOf(`http://127.0.0.1:${(away.address() as AddressInfo).port}`, fetch);
    const { envelope } = await asked();
    await expect(client("getQuery", { params: { id } })).rejects.toMatchObject({ code: "unavailable" });
    await expect(client("submitQuery", { body: envelope })).rejects.toMatchObject({ code: "unavailable" });
    expect(heard).toEqual([]);
    for (const server of [away, inside]) server.close();
  });
});

describe("what is signed is shown, and somebody says yes", () => {
  const at = () => ["--coordinator", network.address, "--directory", network.made.hash];

  test("approving: the question, purpose, cost, regions, rules and directory; nothing without a yes", async () => {
    const { id } = await asked();
    const words = ["query", "approve", id, "--key", keyOf("approver-1"), ...at()];
    const without = await brus("stranger", ...words);
    expect(without.code).toBe(1);
    expect(without.told).toMatch(/^usage: expected somebody at a terminal to answer, or --yes/);
    expect(await approvalsOn(id)).toEqual([]);
    const ran = await brus("stranger", ...words, "--yes");
    expect(ran).toMatchObject({ code: 0, told: "" });
    for (const { out } of [without, ran])
      for (const part of [
        TRUE,
        "“How it is”",
        "Purpose: ",
        "Asked by researcher",
        "no region begins to answer after 20",
        "Cost: ρ = ",
        "3 regions: 01 Region 01, 03 Region 03, 04 Region 04",
        "2 distinct persons with the role approver, from at least 2 different regions",
        `version 1, ${network.made.hash}`,
        "Decided so far: nobody has.",
      ])
        expect(out).toContain(part);
    expect(without.out).not.toMatch(/Approved|Recorded/);
    expect(ran.out).toMatch(
      /^Approved: sha256:[0-9a-f]{64}\nRecorded: entry \d+ of \d+ .*cosigned, as of 20/m,
    );
    expect(await approvalsOn(id)).toHaveLength(1);
    // The second person reads who has decided before; and the same one again adds nothing.
    const again = await brus("stranger", ...words, "--yes");
    expect(again.out).toMatch(/approver-1 \(approver, of region 01\) approves.*as before/s);
    expect(await approvalsOn(id)).toHaveLength(1);
  });

  test.skipIf(!existsSync(SCRIPT))(
    "at a terminal: no is no, and so is the end of what is typed",
    async () => {
      const { id } = await asked();
      const words = ["query", "approve", id, "--key", keyOf("approver-1"), ...at()];
      // Typed once it is asked: what was typed before belongs to nobody.
      const typed = (text: string): Promise<string> =>
        new Promise((resolve) => {
          const command = [join(ROOT, "brus"), ...words].join(" ");
          const run = spawn(SCRIPT, ["-qec", command, "/dev/null"], { cwd: folder.path });
          let [out, left] = ["", text];
          run.stdout.on("data", (chunk: Buffer) => {
            out += chunk.toString();
            if (!out.includes("[y/N] ")) return;
            run.stdin.write(left);
            left = "";
          });
          run.on("exit", () => resolve(out));
        });
      for (const no of ["n\n", "\n", "yes please\n", "\u0004"]) {
        expect(await typed(no)).toMatch(/in the role approver, for all regions\? \[y\/N\].*expected a yes/s);
        expect(await approvalsOn(id)).toEqual([]);
      }
      expect(await typed("y\n")).toMatch(/Recorded: entry/);
      expect(await approvalsOn(id)).toHaveLength(1);
    },
  );

  test("signing a question, and a calendar: shown, and nothing written without a yes", async () => {
    writeFileSync(join(folder.path, "draft.json"), JSON.stringify(DRAFTED));
    const sign = ["query", "sign", "draft.json", "--key", keyOf("researcher"), "--out", "s.json", ...at()];
    const without = await brus("stranger", ...sign);
    expect(without).toMatchObject({ code: 1, told: expect.stringMatching(/^usage: .*--yes/) });
    expect(existsSync(join(folder.path, "s.json"))).toBe(false);
    const signed = await brus("stranger", ...sign, "--yes");
    for (const { out } of [without, signed]) expect(out).toMatch(/Suicidal thoughts.*Purpose: To know/s);
    expect(signed.out.trim()).toMatch(/\nsha256:[0-9a-f]{64}$/);

    const entry = { dataset: "care@1", indicators: [], tables: [{ columns: [] }], release: "regions" };
    const more = { measures: DRAFTED.measures, minRegions: 2, rho: "1/1000", periods: ["2025K1"] };
    const title = { sv: "Kalender", en: "Calendar" };
    const calendar = { title, purpose: "To know more", entries: [{ ...entry, ...more }] };
    writeFileSync(join(folder.path, "calendar.json"), JSON.stringify(calendar));
    const list = ["calendar", "sign", "calendar.json", "--key", keyOf("researcher"), "--out", "c.json"];
    const none = await brus("stranger", ...list, ...at());
    expect(none).toMatchObject({ code: 1, told: expect.stringMatching(/^usage: .*--yes/) });
    expect(existsSync(join(folder.path, "c.json"))).toBe(false);
    const made = await brus("stranger", ...list, ...at(), "--yes");
    for (const { out } of [none, made])
      expect(out).toMatch(
        /Suicidal thoughts.*Purpose: To know more.*Charged, by account.*version 1, sha256/s,
      );
    await brus("stranger", "calendar", "submit", "c.json", ...at());
    const ids = (
      JSON.parse(readFileSync(join(folder.path, "c.json"), "utf8")) as { queries: Envelope[] }
    ).queries.map(envelopeId);
    const approve = ["calendar", "approve", "c.json", "--key", keyOf("approver-1"), ...at()];
    const unsaid = await brus("stranger", ...approve);
    expect(unsaid).toMatchObject({ code: 1, told: expect.stringMatching(/^usage: .*--yes/) });
    expect(await approvalsOn(ids[0] ?? expect.fail())).toEqual([]);
    const said = await brus("stranger", ...approve, "--yes");
    expect(said.out).toMatch(/Suicidal thoughts.*Purpose: To know more.*Approved: 1 queries.*Recorded: /s);
  });
});

describe("a relay that hides a decline", () => {
  const decline = (id: Hash, wait: string) =>
    brus(
      "stranger",
      ...["query", "approve", id, "--decline", "--reason", "No.", "--yes", "--wait", wait],
      ...["--key", keyOf("approver-2"), "--coordinator", relay.address, "--directory", network.made.hash],
    );

  test("is told apart: recorded is said on proof alone, never on a 200", async () => {
    const { id } = await asked();
    const { id: other, envelope } = await asked();
    const proof = async (of: Hash) => await network.client("getProof", { params: { id: of } });
    await expect
      .poll(
        () =>
          proof(other).then(
            () => true,
            () => false,
          ),
        { timeout: 60_000 },
      )
      .toBe(true);
    const pending = new Refusal("proof-pending", "soon").toProblem();
    const unknown = new Refusal("not-found", "no such document").toProblem();
    const problem = (body: typeof pending) => Response.json(body, { status: body.status });
    const proofs = [
      async () => problem(pending),
      async () => problem(unknown),
      // Of another document, which does stand there.
      async () => Response.json(await proof(other)),
    ];
    for (const answer of proofs) {
      relay.lie(async ({ method, path, body }) => {
        if (method === "POST" && path === "/api/approvals")
          return Response.json({ id: envelopeId(JSON.parse(body) as Envelope) });
        return path.startsWith("/api/proofs/") ? await answer() : null;
      });
      const ran = await decline(id, "0");
      expect(ran.code).toBe(1);
      expect(ran.told).toMatch(/^not-recorded: the coordinator took sha256:[0-9a-f]{64} and does not prove/);
      expect(ran.out).not.toMatch(/Declined|Recorded/);
    }
    // Another's document in place of it is not taken for it, though it stands there: a question, or a decision.
    const yes = signApproval(id, approver(0), now());
    await network.client("submitApproval", { body: yes });
    for (const instead of [envelope, yes]) {
      relay.lie(async ({ method, path }) =>
        method === "POST" && path === "/api/approvals" ? Response.json({ id: envelopeId(instead) }) : null,
      );
      expect((await decline(id, "600")).told).toMatch(/^not-recorded: the coordinator took .* for another/);
    }
    expect(await approvalsOn(id)).toEqual([envelopeId(yes)]);
    relay.lie(null);
    const ran = await decline(id, "600");
    expect(ran.out).toMatch(/^Declined: sha256:[0-9a-f]{64}\nRecorded: entry/m);
    await expect
      .poll(async () => (await network.client("getQuery", { params: { id } })).state, { timeout: 60_000 })
      .toBe("declined");
  });

  test("cannot have one that has ended, or was on other terms, taken for the one that was signed", async () => {
    const { id } = await asked();
    const soon = instant(new Date(now().getTime() + 60_000));
    const ended = signApproval(id, approver(1), now(), { decision: "decline", expires: soon });
    await network.client("submitApproval", { body: ended });
    const stood = envelopeId(ended);
    const client: typeof network.client = async (name, input) =>
      name === "submitApproval" ? ({ id: stood } as never) : await network.client(name, input);
    const later = new Date(now().getTime() + 120_000);
    const signed = signApproval(id, approver(1), later, { decision: "decline" });
    expect(await decide(client, federationIn(), signed, now())).toEqual(ended);
    await expect(decide(client, federationIn(), signed, later)).rejects.toMatchObject({
      code: "not-recorded",
    });
    // With conditions now: what stands has none.
    const { id: other } = await asked();
    await network.client("submitApproval", { body: signApproval(other, approver(0), now()) });
    const conditional = signApproval(other, approver(0), now(), { conditions: ["Women alone"] });
    await expect(decide(network.client, federationIn(), conditional, now())).rejects.toMatchObject({
      code: "not-recorded",
    });
  });

  test("has none to hide that regions could not read: a decision too large for an entry is refused", async () => {
    const { id } = await asked();
    const { payload } = signApproval(id, approver(1), now(), { decision: "decline" });
    const said = JSON.parse(atob(payload)) as object;
    // As its signer may write it: six bytes a letter.
    const letters = (n: number) => "\\u0061".repeat(n);
    const conditions = Array.from({ length: 20 }, () => `"${letters(500)}"`).join();
    const text = JSON.stringify({ ...said, conditions: [] }).replace(
      '"conditions":[]',
      `"conditions":[${conditions}]`,
    );
    const body = signDocumentBytes("approval", utf8(text), [approver(1).signer]);
    await expect(network.client("submitApproval", { body })).rejects.toMatchObject({ code: "too-large" });
    expect(await approvalsOn(id)).toEqual([]);
  });

  test("a proof counts for this document and these regions alone", async () => {
    const { id, envelope } = await asked();
    const { client } = network;
    const again = async () => {
      await sleep(50);
      return true;
    };
    const federation = federationIn();
    expect(await recorded(client, federation, "query", envelope, again)).toMatchObject({
      asOf: expect.any(Number),
    });
    const { proof } = await client("getProof", { params: { id } });
    const fake: typeof client = async (name, input) =>
      name === "getProof" ? ({ proof: forged } as never) : await client(name, input);
    let forged = proof;
    const other = signQuery(
      fillQuery(DRAFTED, network.made.hash, "researcher", now(), systemRandom),
      network.made.researcher.signer,
    );
    await expect(recorded(fake, federation, "query", other, again)).rejects.toMatchObject({
      code: "not-recorded",
    });
    // Without the regions' cosignatures, whatever the coordinator signs.
    forged = proof
      .split("\n")
      .filter((line) => !/^— .*\/\d\d\/witness /.test(line))
      .join("\n");
    expect(forged).not.toBe(proof);
    await expect(recorded(fake, federation, "query", envelope, again)).rejects.toMatchObject({
      code: "not-recorded",
      message: expect.stringMatching(/regions to have cosigned; 0 have/),
    });
  });
});

const federationIn = (): Federation => network.nodes[0]?.answerer.federation ?? expect.fail();

describe("a version that leaves a dataset without a rule", () => {
  const unnamed = (): Directory => ({
    ...network.made.directory,
    version: 2,
    previous: network.made.hash,
    validFrom: instant(new Date(now().getTime() - 1000)),
    expires: instant(new Date(now().getTime() + YEAR)),
    approvalRules: [{ dataset: "survey", role: "approver", persons: 1 }],
  });

  test("is not proposed, signed, published or followed", async () => {
    const path = join(folder.path, "unnamed.json");
    writeFileSync(path, JSON.stringify(unnamed()));
    const roots = ["--root", keyOf("root-1"), "--passphrase-file", network.made.passphraseFile];
    const ran = await brus("stranger", "directory", "sign", path, ...roots);
    expect(ran).toMatchObject({ code: 1, told: expect.stringMatching(/^directory-unfit: .*names care@1/m) });
    expect(JSON.parse(readFileSync(path, "utf8"))).not.toHaveProperty("signatures");

    const directory = signDocument("directory", unnamed(), ...network.made.roots);
    const handedIn = network.client("publishDirectory", { body: { directory, datasets: [] } });
    await expect(handedIn).rejects.toMatchObject({ code: "directory-unfit" });
    expect((await network.client("getDirectory")).later).toEqual([]);

    // A coordinator that has published it all the same.
    const config = { data: join(folder.path, "follower"), threads: 1, memory: "1GB" };
    const store = await openStore<NodeDatabase>("node", config);
    try {
      const versions = await network.client("getDirectory");
      let later = [{ directory, datasets: [] as string[] }];
      const client: typeof network.client = async (name, input) =>
        name === "getDirectory" ? ({ ...versions, later } as never) : await network.client(name, input);
      const logger = loggerOf("follower", "silent");
      const context = { pinned: network.made.hash, data: config.data, store, client, sleep, logger };
      const followed = await openFollowed(context);
      await expect(followed.follow()).rejects.toMatchObject({ code: "directory-unfit" });
      expect(followed.current().directory.version).toBe(1);
      // One that mends it was never without: a region that joins later reads past.
      const mended = { ...unnamed(), version: 3, previous: envelopeId(directory) };
      const third = { ...mended, approvalRules: network.made.directory.approvalRules };
      later = [
        ...later,
        { directory: signDocument("directory", third, ...network.made.roots), datasets: [] },
      ];
      expect(await followed.follow()).toBe(true);
      expect(followed.current().directory.version).toBe(3);
    } finally {
      await store.close();
    }
  });

  test("one that stands already is read as before, and nobody can approve by it", () => {
    const document = writeDataset(wording(TRUE));
    const root = signerOf(newKey("root"));
    const old: Directory = {
      ...network.made.directory,
      roots: { keys: [root.publicKey], threshold: 1 },
      approvalRules: unnamed().approvalRules,
    };
    const envelope = signDocument("directory", old, root);
    expect(readFederation(envelope, [document.body], null, nativeVerify).directory.version).toBe(1);
  });
});

describe("an approver who adds without end", () => {
  const leavesOf = async (id: Hash): Promise<number> => {
    const { entries } = await readLog(overHttp(network.address), federationIn());
    const leaves = entries.map(readLeaf).filter((leaf) => leaf.kind === "approval");
    const ids = new Set(await approvalsOn(id));
    return leaves.filter((leaf) => "id" in leaf && ids.has(leaf.id)).length;
  };
  test("adds none for regions that are not asked, however many are named", async () => {
    const { id } = await asked({ regions: ["01", "03"] });
    for (const region of ["04", "99", "ZZ"])
      for (const decision of ["approve", "decline"] as const)
        await expect(
          network.client("submitApproval", {
            body: signApproval(id, approver(0), now(), { region, decision }),
          }),
        ).rejects.toMatchObject({ code: "approval-unfit" });
    const words = ["query", "approve", id, "--yes", "--key", keyOf("approver-1"), "--region", "04"];
    const ran = await brus(
      "stranger",
      ...words,
      ...["--coordinator", network.address, "--directory", network.made.hash],
    );
    expect(ran).toMatchObject({ code: 1, told: expect.stringMatching(/^approval-unfit/) });
    expect(await approvalsOn(id)).toEqual([]);
  });

  const minutes = (n: number): string => instant(new Date(now().getTime() + n * 60_000));

  test("adds one leaf a decision, and another when the first is about to end", async () => {
    const { client } = network;
    const { id } = await asked({ expires: minutes(600), answerBy: minutes(600) });
    const region = "03";
    const first = signApproval(id, approver(0), now(), {
      decision: "decline",
      region,
      expires: minutes(100),
    });
    const hand = (body: Envelope) => client("submitApproval", { body });
    expect(await hand(first)).toEqual({ id: envelopeId(first) });
    for (let at = 0; at < 20; at++) {
      const expires = minutes(50 + 10 * at);
      const more = signApproval(id, approver(0), now(), {
        decision: "decline",
        region,
        expires,
        reason: `${at}`,
      });
      expect(await hand(more)).toEqual({ id: envelopeId(first) });
    }
    expect(await approvalsOn(id)).toEqual([envelopeId(first)]);
    // Another person, another region and another decision are their own.
    const others = [
      signApproval(id, approver(1), now(), { decision: "decline", region }),
      signApproval(id, approver(0), now(), { decision: "decline", region: "01" }),
      signApproval(id, approver(0), now(), { region }),
    ];
    for (const each of others) expect(await hand(each)).toEqual({ id: envelopeId(each) });
    // A region that is not asked is no other decision: there are hundreds to name.
    for (const decision of ["approve", "decline"] as const)
      await expect(
        hand(signApproval(id, approver(0), now(), { decision, region: "99" })),
      ).rejects.toMatchObject({
        code: "approval-unfit",
      });
    clock.forward(new Date(now().getTime() + 76 * 60_000));
    const renewal = signApproval(id, approver(0), now(), {
      decision: "decline",
      region,
      expires: minutes(300),
    });
    expect(await hand(renewal)).toEqual({ id: envelopeId(renewal) });
    const kept = [first, ...others, renewal].map(envelopeId);
    expect((await approvalsOn(id)).sort()).toEqual(kept.sort());
    await expect.poll(() => leavesOf(id), { timeout: 60_000 }).toBe(5);
    expect((await auditFrom(sourceOf(network.address, fetch), network.made.hash, now())).findings).toEqual(
      [],
    );
  });

  test("and no more in a day than calendars need, counted in the database", async () => {
    const { store } = network.coordinator;
    const { id } = await asked();
    const { client, made } = network;
    const of = (person: string) =>
      store.kysely.selectFrom("added").select("documents").where("person", "=", person).executeTakeFirst();
    expect(MOST_A_DAY).toBeGreaterThan(3 * 101);
    const before = (await of("approver-3"))?.documents ?? 0;
    await client("submitApproval", { body: signApproval(id, approver(2), now()) });
    expect((await of("approver-3"))?.documents).toBe(before + 1);
    const full = async (person: string) => {
      await store.kysely
        .updateTable("added")
        .set({ documents: MOST_A_DAY })
        .where("person", "=", person)
        .execute();
    };
    await full("approver-3");
    await full("researcher");
    const body = signApproval(id, approver(2), now(), { decision: "decline" });
    await expect(client("submitApproval", { body })).rejects.toMatchObject({
      code: "daily-limit",
      status: 429,
    });
    await expect(asked()).rejects.toMatchObject({ code: "daily-limit" });
    expect(await approvalsOn(id)).toHaveLength(1);
    // What is there already is not counted again, others are not held up, and the next day begins anew.
    await ask(client, (await client("getQuery", { params: { id } })).query, []);
    await client("submitApproval", { body: signApproval(id, approver(1), now()) });
    clock.forward(new Date(now().getTime() + 24 * 3600 * 1000));
    const query = fillQuery(DRAFTED, made.hash, made.researcher.id, now(), systemRandom);
    await ask(client, signQuery(query, made.researcher.signer), []);
    expect((await of("researcher"))?.documents).toBe(1);
  });
});
