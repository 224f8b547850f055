/**
 * The forger: the operator of the coordinator, with its database and keys, and where a rule behind the quorum is to be
 * seen, with every other key too. The audit must name the entry and the rule.
 */

import { sha256 } from "@noble/hashes/sha2.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { signApproval } from "../../cli/client/ask.ts";
import { auditFrom } from "../../cli/commands/audit.ts";
import type { Network } from "../../cli/demo/network.ts";
import { sourceOf } from "../../cli/log/source.ts";
import { sealOf } from "../../protocol/audit/seal.ts";
import type { Directory, Federation } from "../../protocol/federation/directory.ts";
import { signCheckpoint } from "../../protocol/log/checkpoint.ts";
import { documentPath, type Source } from "../../protocol/log/documents.ts";
import type { Finding, Rule } from "../../protocol/log/finding.ts";
import {
  checkpointEntry,
  dispatchEntry,
  documentEntry,
  type Leaf,
  type NodeLeaf,
  nodeEntry,
  readLeaf,
  readNodeLeaf,
} from "../../protocol/log/leaf.ts";
import { COORDINATOR, logKeyOf } from "../../protocol/log/quorum.ts";
import { type Envelope, envelopeId, type Signer, signDocument } from "../../protocol/signing/envelope.ts";
import { type Hash, utf8 } from "../../protocol/values/bytes.ts";
import { signerFrom } from "../../server/keys.ts";
import { hashNatively, nativePrimitives } from "../../server/primitives.ts";
import { nativeVerify, newKey, signerOf } from "../../server/signing.ts";
import { temporaryFolder } from "../support/engines.ts";
import { federationOf, settled } from "../support/federation.ts";
import {
  checkpointOf,
  copyOf,
  publicAt,
  putTogether,
  type Taken,
  type Together,
  takeApart,
} from "../support/forge.ts";

const folder = temporaryFolder();
let network: Network;
let federation: Federation;
let source: Source;
let whole: Taken;
let regions: string;

beforeAll(async () => {
  network = await federationOf(
    folder.path,
    { "01": "", "03": "", "04": "", "05": "" },
    { logged: true, approvals: 2 },
  );
  const first = await settled(network, { rho: "1/100" }, 2);
  await settled(network, { release: "national", minRegions: 3, rho: "1/100" }, 2);
  await settled(network, { rho: "1/50" }, 2);
  regions = first.id;
  const found = network.nodes[0]?.answerer.federation;
  if (found === undefined) throw new Error("a node");
  federation = found;
  source = sourceOf(network.address, fetch);
  whole = await takeApart(source, federation, network.made);
});
afterAll(async () => {
  await network?.stop();
  folder.remove();
});

const auditOf = (forged: Source, now = new Date()) => auditFrom(forged, federation.first, now);

/** The coordinator's entries, each with its place, of a kind. */
const placesOf = (taken: Taken, kind: Leaf["kind"]): number[] =>
  (taken.logs.get(COORDINATOR) ?? []).flatMap((entry, place) =>
    readLeaf(entry).kind === kind ? [place] : [],
  );

const own = (taken: Taken, code: string, kind: NodeLeaf["kind"]): Array<[number, NodeLeaf]> =>
  (taken.logs.get(code) ?? [])
    .map(readNodeLeaf)
    .flatMap((leaf, place): Array<[number, NodeLeaf]> => (leaf.kind === kind ? [[place, leaf]] : []));

const documentAt = (taken: Taken, place: number): Envelope => {
  const leaf = readLeaf(taken.logs.get(COORDINATOR)?.[place] ?? new Uint8Array());
  if (!("document" in leaf) || leaf.document === null) throw new Error("a document");
  return leaf.document;
};
const payloadAt = (taken: Taken, place: number) =>
  JSON.parse(Buffer.from(documentAt(taken, place).payload, "base64").toString()) as Record<string, unknown>;

/** A release signed by the coordinator's own key, in the place of the one that stands there. */
function signedRelease(
  taken: Taken,
  place: number,
  change: (release: Record<string, never>) => object,
): void {
  const release = { ...payloadAt(taken, place), ...change(payloadAt(taken, place) as Record<string, never>) };
  const envelope = signDocument("release", release, signerFrom(taken.made.coordinator.releaseKey, "release"));
  put(taken, COORDINATOR, place, documentEntry("release", envelopeId(envelope), envelope));
}

/** An act on the first release alone. */
const inRelease =
  (change: (release: Record<string, never>) => object): Act["forge"] =>
  (taken) => {
    const [place = -1] = placesOf(taken, "release");
    signedRelease(taken, place, change);
    return place;
  };

const put = (taken: Taken, log: string, place: number, entry: Uint8Array, instead = 1): void =>
  void taken.logs.get(log)?.splice(place, instead, entry);

/** The next version of the directory, in the log at a place, at its end unless said; gives the place. */
function putVersion(
  taken: Taken,
  changes: Partial<Directory>,
  signers: readonly Signer[],
  place = taken.logs.get(COORDINATOR)?.length ?? 0,
): number {
  const { directory, hash } = taken.made;
  const envelope = signDocument(
    "directory",
    { ...directory, version: 2, previous: hash, ...changes },
    ...signers,
  );
  put(taken, COORDINATOR, place, documentEntry("directory", envelopeId(envelope), envelope), 0);
  return place;
}

/** What an entry is about: ids that stand in it, or in its document. */
function saidIn(taken: Taken, log: string, place: number): string {
  const text = Buffer.from(taken.logs.get(log)?.[place] ?? new Uint8Array()).toString();
  const payload = /"payload":"([^"]+)"/.exec(text)?.[1] ?? "";
  return `${text} ${Buffer.from(payload, "base64").toString()}`;
}

/** No seal holds of a release that an audit finds anything wrong with: in it, in what it rests on, or in the whole log. */
async function sealAgrees(
  release: Hash,
  findings: readonly Finding[],
  forged: Source,
  taken: Taken,
): Promise<void> {
  const tools = { primitives: nativePrimitives, hash: hashNatively };
  const options = { ...tools, first: federation.first, verify: nativeVerify, now: new Date() };
  const seal = await sealOf(forged, release, options);
  const place = (taken.logs.get(COORDINATOR) ?? []).findIndex((_, at) =>
    saidIn(taken, COORDINATOR, at).includes(`"kind":"release","id":"${release}"`),
  );
  const { query } = payloadAt(taken, place) as { query: Hash };
  const touches = ({ log, leaf }: Finding): boolean => {
    if (leaf === null) return true;
    const said = saidIn(taken, log, leaf);
    return said.includes(query) || said.includes(release);
  };
  if (findings.some(touches)) expect(seal.state, JSON.stringify(findings)).toBe("broken");
  else expect(seal.state === "broken" || seal.elsewhere > 0).toBe(true);
}

test("what happened holds", async () => {
  const found = await auditOf(source);
  expect(found.findings).toEqual([]);
  expect(found.releases.map(({ sum }) => sum)).toEqual(["recomputed", "by digest", "recomputed"]);
  // And so does the workbench, when it changes nothing.
  const again = await auditOf(putTogether(copyOf(whole), source));
  expect(again.findings).toEqual([]);
});

type Act = {
  readonly forge: (taken: Taken) => number | null;
  readonly log?: string;
  readonly rule: Rule;
  readonly together?: Together;
};

/** Each gives the place at which it is to be found. */
const ACTS: Readonly<Record<string, Act>> = {
  "a leaf changed, under the checkpoint that was signed": {
    forge: (taken) => {
      put(taken, COORDINATOR, 2, dispatchEntry(regions));
      return null;
    },
    rule: "root",
    together: { keep: [COORDINATOR] },
  },
  "a leaf changed, and signed for anew": {
    forge: (taken) => {
      put(taken, COORDINATOR, 2, dispatchEntry(regions));
      return null;
    },
    rule: "quorum",
    together: { witnesses: 1 },
  },
  "a leaf removed": {
    forge: (taken) => {
      taken.logs.get(COORDINATOR)?.splice(placesOf(taken, "refusal")[0] ?? 5, 1);
      return null;
    },
    rule: "quorum",
    together: { witnesses: 2 },
  },
  "two leaves in another order": {
    forge: (taken) => {
      const entries = taken.logs.get(COORDINATOR) ?? [];
      const [a, b] = [entries[3], entries[4]];
      if (a === undefined || b === undefined) throw new Error("entries");
      entries.splice(3, 2, b, a);
      return null;
    },
    rule: "quorum",
    together: { witnesses: 2 },
  },
  "a leaf put in the past": {
    forge: (taken) => {
      put(taken, COORDINATOR, 1, dispatchEntry(regions), 0);
      return null;
    },
    rule: "quorum",
    together: { witnesses: 2 },
  },
  "the past rewritten with everyone's keys, but for what the regions wrote down of it": {
    forge: (taken) => {
      put(taken, COORDINATOR, 1, documentEntry("answer", `sha256:${"0".repeat(64)}`, null), 0);
      return own(taken, "01", "charge")[0]?.[0] ?? -1;
    },
    log: "01",
    rule: "not-public",
  },
  "a release of a query that nobody asked": {
    forge: (taken) => {
      const [place = -1] = placesOf(taken, "query");
      put(taken, COORDINATOR, place, dispatchEntry(regions));
      return placesOf(taken, "release")[0] ?? -1;
    },
    rule: "query-missing",
  },
  "a release with too few approvals": {
    forge: (taken) => {
      const [place = -1] = placesOf(taken, "approval");
      put(taken, COORDINATOR, place, documentEntry("answer", `sha256:${"0".repeat(64)}`, null));
      return placesOf(taken, "release")[0] ?? -1;
    },
    rule: "approvals",
  },
  "a release approved by the requester": {
    forge: (taken) => {
      const [place = -1] = placesOf(taken, "approval");
      const { researcher } = taken.made;
      const envelope = signApproval(regions, researcher, new Date());
      put(taken, COORDINATOR, place, documentEntry("approval", envelopeId(envelope), envelope));
      return placesOf(taken, "release")[0] ?? -1;
    },
    rule: "approvals",
  },
  "the same approver twice": {
    forge: (taken) => {
      const [first = -1, second = -1] = placesOf(taken, "approval");
      put(taken, COORDINATOR, second, taken.logs.get(COORDINATOR)?.[first] ?? new Uint8Array());
      return placesOf(taken, "release")[0] ?? -1;
    },
    rule: "approvals",
  },
  "approvals that came after the regions were asked": {
    forge: (taken) => {
      const [place = -1] = placesOf(taken, "approval");
      const [entry] = taken.logs.get(COORDINATOR)?.splice(place, 1) ?? [];
      if (entry !== undefined) taken.logs.get(COORDINATOR)?.push(entry);
      return placesOf(taken, "release")[0] ?? -1;
    },
    rule: "approvals",
  },
  "a decline kept from the regions": {
    forge: (taken) => {
      const [dispatched = -1] = placesOf(taken, "dispatch");
      const [, , third] = taken.made.approvers;
      if (third === undefined) throw new Error("a third approver");
      const envelope = signApproval(regions, third, new Date(), { decision: "decline" });
      put(taken, COORDINATOR, dispatched, documentEntry("approval", envelopeId(envelope), envelope), 0);
      return own(taken, "01", "charge")[0]?.[0] ?? -1;
    },
    log: "01",
    rule: "approvals",
  },
  "a release that names no approvals": {
    forge: inRelease(() => ({ approvals: [] })),
    rule: "approvals",
  },
  "an answer counted twice": {
    forge: inRelease((release) => {
      const { answers } = release as unknown as { answers: object[] };
      return { answers: [...answers, ...answers.slice(0, 1)] };
    }),
    rule: "plan",
  },
  "a region both answering and missing": {
    forge: inRelease(() => ({ missing: [{ region: "03", reason: "no-answer" }] })),
    rule: "plan",
  },
  "a secure sum that nobody asked for": {
    forge: (taken) => {
      const [place = -1, other = -1] = placesOf(taken, "release");
      const { national } = payloadAt(taken, other);
      signedRelease(taken, place, () => ({ national }));
      return place;
    },
    rule: "plan",
  },
  "a region left out with a refusal that it never gave": {
    forge: inRelease((release) => {
      const answers = (release as unknown as { answers: Array<{ region: string }> }).answers;
      return {
        answers: answers.filter(({ region }) => region !== "03"),
        missing: [{ region: "03", reason: "policy-refuses" }],
        madeAt: "2001-01-01T00:00:00Z",
      };
    }),
    rule: "left-out",
  },
  "a query in a researcher's name, signed by a stranger": {
    forge: (taken) => {
      const [place = -1] = placesOf(taken, "query");
      const envelope = signDocument("query", payloadAt(taken, place), signerOf(newKey("ask")));
      taken.logs.get(COORDINATOR)?.push(documentEntry("query", envelopeId(envelope), envelope));
      return (taken.logs.get(COORDINATOR)?.length ?? 0) - 1;
    },
    rule: "signature",
  },
  "two histories of a region in the coordinator's log": {
    forge: (taken) => {
      const own_ = (taken.logs.get("03") ?? []).slice(0, -1);
      const other = [
        ...own_,
        nodeEntry({ kind: "started", nonce: "1".repeat(64), time: "2026-01-01T00:00:00Z" }),
      ];
      const note = checkpointOf(taken, "03", other, { witnesses: 0 });
      taken.logs.get(COORDINATOR)?.push(checkpointEntry("03", note));
      return (taken.logs.get(COORDINATOR)?.length ?? 0) - 1;
    },
    rule: "log-behind",
  },
  "a charge that gives back": {
    forge: (taken) => {
      const [at = -1, leaf] = own(taken, "03", "charge")[1] ?? [];
      if (leaf?.kind !== "charge") throw new Error("a charge");
      put(taken, "03", at, nodeEntry({ ...leaf, charge: "-1/100" }));
      return at;
    },
    log: "03",
    rule: "charge",
    together: { retell: true },
  },
  "a charge of no short fraction, to keep an audit busy": {
    forge: (taken) => {
      const [at = -1, leaf] = own(taken, "03", "charge")[1] ?? [];
      if (leaf?.kind !== "charge") throw new Error("a charge");
      put(taken, "03", at, nodeEntry({ ...leaf, charge: `1/${"7".repeat(80)}` }));
      return at;
    },
    log: "03",
    rule: "charge",
    together: { retell: true },
  },
  "an answer before its charge": {
    forge: (taken) => {
      const [at = -1] = own(taken, "03", "charge")[0] ?? [];
      const [entry] = taken.logs.get("03")?.splice(at, 1) ?? [];
      if (entry !== undefined) put(taken, "03", at + 1, entry, 0);
      return at;
    },
    log: "03",
    rule: "charge-missing",
    together: { retell: true },
  },
  "a charge after the query had expired": {
    forge: (taken) => {
      const [at = -1, leaf] = own(taken, "03", "charge")[0] ?? [];
      if (leaf?.kind !== "charge") throw new Error("a charge");
      put(taken, "03", at, nodeEntry({ ...leaf, time: "2099-01-01T00:00:00Z" }));
      return at;
    },
    log: "03",
    rule: "order",
    together: { retell: true },
  },
  "cosignatures of the year to come": {
    forge: () => null,
    rule: "stale",
    together: { time: Date.now() / 1000 + 365 * 24 * 3600 },
  },
  "a region's log as it was a month ago": {
    forge: (taken) => {
      const entries = taken.logs.get("03") ?? [];
      const time = Date.now() / 1000 - 30 * 24 * 3600;
      taken.files.set("nodes/03/checkpoint", utf8(checkpointOf(taken, "03", entries, { time })));
      return null;
    },
    log: "03",
    rule: "stale",
  },
  "a release signed by another key": {
    forge: (taken) => {
      const [place = -1] = placesOf(taken, "release");
      const envelope = signDocument(
        "release",
        payloadAt(taken, place),
        signerFrom(taken.made.nodes[0]?.config.answerKey ?? "", "answer"),
      );
      put(taken, COORDINATOR, place, documentEntry("release", envelopeId(envelope), envelope));
      return place;
    },
    rule: "signature",
  },
  "two releases of one query": {
    forge: (taken) => {
      const [place = -1] = placesOf(taken, "release");
      taken.logs.get(COORDINATOR)?.push(taken.logs.get(COORDINATOR)?.[place] ?? new Uint8Array());
      return (taken.logs.get(COORDINATOR)?.length ?? 0) - 1;
    },
    rule: "order",
  },
  "a release that is not the sum": {
    forge: (taken) => {
      const [place = -1] = placesOf(taken, "release");
      const cells = utf8(JSON.stringify({ areas: ["00"], figures: [[1, 1, 1, 1, null]] }));
      const hash = documentIdOf(cells);
      taken.files.set(documentPath(hash), cells);
      signedRelease(taken, place, () => ({ cells: { hash, count: 1 } }));
      return place;
    },
    rule: "sum",
  },
  "a region left out as missing that had answered": {
    forge: inRelease((release) => {
      const answers = (release as unknown as { answers: Array<{ region: string }> }).answers;
      return {
        answers: answers.filter(({ region }) => region !== "03"),
        missing: [{ region: "03", reason: "no-answer" }],
        madeAt: "2099-01-01T00:00:00Z",
      };
    }),
    rule: "left-out",
  },
  "a smaller noise than planned": {
    forge: inRelease((release) => ({
      noise: (release as unknown as { noise: Array<{ vector: string }> }).noise.map(({ vector }) => ({
        vector,
        variance: "1",
      })),
    })),
    rule: "plan",
  },
  "another edition than its query's": {
    forge: inRelease(() => ({ edition: 1 })),
    rule: "plan",
  },
  "a smaller cost than planned": {
    forge: inRelease(() => ({ charge: "1/1000" })),
    rule: "plan",
  },
  "a smaller noise of the secure sum": {
    forge: (taken) => {
      const place = placesOf(taken, "release")[1] ?? -1;
      signedRelease(taken, place, (release) => {
        const { national } = release as unknown as { national: { noise: Array<{ vector: string }> } };
        return {
          national: { ...national, noise: national.noise.map(({ vector }) => ({ vector, variance: "1" })) },
        };
      });
      return place;
    },
    rule: "sum",
  },
  "an answer counted that its region never gave": {
    forge: (taken) => {
      const [at = -1] = own(taken, "03", "answer")[0] ?? [];
      taken.logs.get("03")?.splice(at, 1);
      return placesOf(taken, "release")[0] ?? -1;
    },
    rule: "answer-missing",
    together: { retell: true },
  },
  "an answer that was not charged for": {
    forge: (taken) => {
      const [at = -1] = own(taken, "03", "charge")[0] ?? [];
      taken.logs.get("03")?.splice(at, 1);
      return placesOf(taken, "release")[0] ?? -1;
    },
    rule: "charge-missing",
    together: { retell: true },
  },
  "a smaller charge in a region's log": {
    forge: (taken) => {
      const [at = -1, leaf] = own(taken, "03", "charge")[0] ?? [];
      if (leaf?.kind !== "charge") throw new Error("a charge");
      put(taken, "03", at, nodeEntry({ ...leaf, charge: "1/1000" }));
      return placesOf(taken, "release")[0] ?? -1;
    },
    rule: "charge",
    together: { retell: true },
  },
  "a balance that forgets a charge": {
    forge: (taken) => {
      const [at = -1, leaf] = own(taken, "03", "charge")[1] ?? [];
      if (leaf?.kind !== "charge") throw new Error("a charge");
      const periods = leaf.periods.map(({ period }) => ({ period, spent: leaf.charge }));
      put(taken, "03", at, nodeEntry({ ...leaf, periods }));
      return at;
    },
    log: "03",
    rule: "ledger",
    together: { retell: true },
  },
  "a query answered before it was public": {
    forge: (taken) => {
      const [at = -1, leaf] = own(taken, "03", "charge")[0] ?? [];
      if (leaf?.kind !== "charge") throw new Error("a charge");
      put(taken, "03", at, nodeEntry({ ...leaf, public: publicAt(taken, 1) }));
      return at;
    },
    log: "03",
    rule: "not-public",
  },
  "a region's log set back": {
    forge: (taken) => {
      taken.logs.get("03")?.splice(2);
      return null;
    },
    log: "03",
    rule: "log-behind",
  },
  "a region's log rewritten": {
    forge: (taken) => {
      put(
        taken,
        "03",
        0,
        nodeEntry({ kind: "started", nonce: "0".repeat(64), time: "2026-01-01T00:00:00Z" }),
      );
      return 3;
    },
    log: "03",
    rule: "log-behind",
  },
  "a region that agreed on another set": {
    forge: (taken) => {
      const [at = -1, leaf] = own(taken, "03", "agreed")[0] ?? [];
      if (leaf?.kind !== "agreed") throw new Error("a set");
      put(taken, "03", at, nodeEntry({ ...leaf, survivors: `sha256:${"1".repeat(64)}` }));
      return placesOf(taken, "release")[1] ?? -1;
    },
    rule: "set",
    together: { retell: true },
  },
  "a checkpoint by the right key with another origin": {
    forge: (taken) => {
      const entries = taken.logs.get(COORDINATOR) ?? [];
      taken.files.set(
        "checkpoint",
        utf8(checkpointOf(taken, COORDINATOR, entries, { origin: "brus.log/other" })),
      );
      return null;
    },
    rule: "checkpoint",
  },
  "cosignatures of the wrong key": {
    forge: (taken) => {
      const note = checkpointOf(taken, COORDINATOR, taken.logs.get(COORDINATOR) ?? []);
      const lines = note.trimEnd().split("\n");
      const swapped = lines.map((line, index) => {
        const [, name] = line.split(" ");
        const [, , signature] = (lines[index - 1] ?? "").split(" ");
        return index > lines.length - 3 ? `— ${name} ${signature}` : line;
      });
      taken.files.set("checkpoint", utf8(`${swapped.join("\n")}\n`));
      return null;
    },
    rule: "quorum",
  },
  "cosignatures of two days ago": {
    forge: () => null,
    rule: "stale",
    together: { time: Date.now() / 1000 - 2 * 24 * 3600 },
  },
  "an entry of nothing": {
    forge: (taken) => {
      taken.logs.get(COORDINATOR)?.push(utf8('{"kind":"nothing"}'));
      return (taken.logs.get(COORDINATOR)?.length ?? 0) - 1;
    },
    rule: "leaf",
  },
  "a version of the directory signed by its own new roots alone": {
    forge: (taken) => {
      const root = signerOf(newKey("root"));
      return putVersion(taken, { roots: { keys: [root.publicKey], threshold: 1 } }, [root]);
    },
    rule: "directory",
  },
  "a version of the directory that does not follow": {
    forge: (taken) => putVersion(taken, { version: 3 }, taken.made.roots),
    rule: "directory",
  },
  "approvals by keys that were revoked before": {
    forge: (taken) => {
      const people = taken.made.directory.people.map((person) => ({
        ...person,
        keys: person.keys.map((entry) =>
          entry.purpose === "approve" ? { ...entry, revoked: "2026-01-01T00:00:00Z" } : entry,
        ),
      }));
      putVersion(taken, { people }, taken.made.roots, 1);
      return placesOf(taken, "release")[0] ?? -1;
    },
    rule: "approvals",
  },
  "a second directory, slipped in": {
    forge: (taken) => {
      const entry = taken.logs.get(COORDINATOR)?.[0] ?? new Uint8Array();
      taken.logs.get(COORDINATOR)?.push(entry);
      return (taken.logs.get(COORDINATOR)?.length ?? 0) - 1;
    },
    rule: "order",
  },
  "a document that is not the one named": {
    forge: (taken) => {
      const [place = -1] = placesOf(taken, "approval");
      const envelope = documentAt(taken, place);
      put(taken, COORDINATOR, place, documentEntry("approval", `sha256:${"2".repeat(64)}`, envelope));
      return place;
    },
    rule: "document",
  },
};

const documentIdOf = (bytes: Uint8Array) => `sha256:${Buffer.from(sha256(bytes)).toString("hex")}`;

describe("each act of the forger is named, with the entry and the rule", () => {
  test.each(Object.entries(ACTS))("%s", async (_, { forge, log = COORDINATOR, rule, together }) => {
    const taken = copyOf(whole);
    const leaf = forge(taken);
    const forged = putTogether(taken, source, together);
    const found = await auditOf(forged);
    expect(found.holds).toBe(false);
    expect(found.findings).toContainEqual(expect.objectContaining({ log, leaf, rule }));
    for (const { says } of found.findings) expect(says).not.toMatch(/undefined|object Object/);
    for (const { id } of found.releases) await sealAgrees(id, found.findings, forged, taken);
  });

  test("a size that one key made up does not exhaust the auditor", async () => {
    const key = logKeyOf(federation, COORDINATOR);
    const { sign } = signerFrom(network.made.coordinator.logKey ?? "", "log");
    const huge = signCheckpoint({ origin: key.name, size: 2 ** 50, root: new Uint8Array(32) }, key, sign);
    const found = await auditOf(async (path) => (path === "checkpoint" ? huge : await source(path)));
    expect(found.findings.map(({ rule }) => rule)).toEqual(["file", "quorum"]);
    await expect(auditFrom(source, federation.first, new Date(), { since: 1_000_000 })).rejects.toMatchObject(
      {
        code: "usage",
      },
    );
  });

  test("one tree shown for its entries, and another for its quorum", async () => {
    const entries = (whole.logs.get(COORDINATOR) ?? []).slice(0, 2);
    const short = utf8(checkpointOf(whole, COORDINATOR, entries, { witnesses: 0 }));
    let reads = 0;
    const found = await auditOf(async (path) =>
      path === "checkpoint" && reads++ === 0 ? short : await source(path),
    );
    expect(found.findings).toContainEqual(expect.objectContaining({ rule: "quorum", leaf: null }));
  });

  test("files that are not there", async () => {
    for (const path of ["checkpoint", "nodes/03/checkpoint"]) {
      const found = await auditOf(async (asked) => (asked === path ? null : await source(asked)));
      expect(found.findings).toContainEqual(expect.objectContaining({ rule: "file", leaf: null }));
    }
    const bundle = await auditOf(async (asked) =>
      asked.startsWith("tile/entries") ? null : await source(asked),
    );
    expect(bundle.findings).toContainEqual({
      log: COORDINATOR,
      leaf: 0,
      rule: "file",
      says: expect.anything(),
    });
    const answer = await auditOf(async (asked) => {
      const bytes = await source(asked);
      return bytes !== null && new TextDecoder().decode(bytes).includes("brus.answer") ? null : bytes;
    });
    expect(answer.findings.map(({ rule }) => rule)).toContain("sum");
  });
});
