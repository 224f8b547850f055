/**
 * A witness shown whatever a lying coordinator can think of: it cosigns what only adds to what it has cosigned, once it
 * has read it, and nothing else; what it has seen survives its process.
 */

import { readFileSync } from "node:fs";
import { sql } from "kysely";
import { afterEach, describe, expect, test } from "vitest";
import { fillQuery, type Party, signApproval, signQuery } from "../../cli/client/ask.ts";
import { makeFederation } from "../../cli/demo/federation.ts";
import { calendarsOf, declinesOf, keepRead, NOTHING } from "../../node/log/kept-documents.ts";
import { NodeLog } from "../../node/log/own-log.ts";
import { Witness } from "../../node/log/witness.ts";
import { systemRandom } from "../../node/random.ts";
import type { NodeDatabase } from "../../node/store/database.ts";
import { prepareNode } from "../../node/store/database.ts";
import { type Federation, readFederation } from "../../protocol/federation/directory.ts";
import { cosignatures, signCheckpoint } from "../../protocol/log/checkpoint.ts";
import { documentEntry } from "../../protocol/log/leaf.ts";
import { consistencyProof, leafHash, readerOf, rootOf } from "../../protocol/log/merkle.ts";
import { parseNote } from "../../protocol/log/note.ts";
import { hashTexts } from "../../protocol/log/public-proof.ts";
import { COORDINATOR, logKeyOf, witnessKeyOf } from "../../protocol/log/quorum.ts";
import { type WitnessReply, WitnessRequest } from "../../protocol/log/witness-messages.ts";
import type { Calendar } from "../../protocol/plan/calendar.ts";
import type { Approval } from "../../protocol/question/approval.ts";
import { writeDataset } from "../../protocol/question/catalogue.ts";
import { Envelope, envelopeId, signDocument } from "../../protocol/signing/envelope.ts";
import { fromBase64, fromUtf8, hashOf, toBase64, utf8 } from "../../protocol/values/bytes.ts";
import { instant } from "../../protocol/values/names.ts";
import type { Client } from "../../protocol/wire/client.ts";
import { openStore, transact } from "../../server/database.ts";
import { signerFrom } from "../../server/keys.ts";
import { loggerOf } from "../../server/logger.ts";
import { nativeVerify, newKey, signerOf } from "../../server/signing.ts";
import { databaseUrlFor, ENGINES, missing, temporaryFolder } from "../support/engines.ts";
import { CARE, CHEAP_SEAL, DRAFT } from "../support/federation.ts";

const running: Array<() => Promise<void>> = [];
afterEach(async () => {
  for (const stop of running.splice(0).reverse()) await stop();
});

/** It stands: what is cosigned, is cosigned now. */
const NOW = new Date();

const entry = (index: number): Uint8Array => documentEntry("query", hashOf(utf8(`query ${index}`)), null);
const entries = (from: number, to: number, history = 0): Uint8Array[] =>
  Array.from({ length: to - from }, (_, index) => entry(from + index + history * 1000));

describe.each(ENGINES)("%s", (engine) => {
  /** A witness whose coordinator is the test: `show` gives it a reply, and the cosignatures it hands in next. */
  async function witnessing() {
    const folder = temporaryFolder();
    const codes = ["01", "03", "04"];
    const document = writeDataset(CARE);
    const made = makeFederation(
      folder.path,
      {
        name: "W",
        regions: codes.map((code) => ({ code, name: code })),
        datasets: [document],
        approvals: 1,
        sealCost: CHEAP_SEAL,
        approvers: 2,
      },
      NOW,
      "http://127.0.0.1:1",
    );
    const envelope = Envelope.parse(JSON.parse(readFileSync(made.coordinator.directoryFile, "utf8")));
    const federation: Federation = readFederation(envelope, [document.body], null, nativeVerify);
    const [node] = made.nodes;
    if (node === undefined) throw new Error("a node");
    const databaseUrl = await databaseUrlFor(engine);
    const store = await openStore<NodeDatabase>("node", {
      data: folder.path,
      databaseUrl,
      threads: 1,
      memory: "500MB",
    });
    await prepareNode(store, []);
    running.push(async () => {
      await store.close();
      folder.remove();
    });
    let reply: WitnessReply = { offered: [], entries: [], own: null, kept: 0 };
    let asked: WitnessRequest | null = null;
    const client = (async (_: string, { body }: { body: Envelope }) => {
      asked = WitnessRequest.parse(JSON.parse(fromUtf8(fromBase64(body.payload))));
      return reply;
    }) as unknown as Client; // The one route that a witness calls.
    const fresh = () => {
      const signal = new AbortController().signal;
      const now = () => NOW;
      const context = { code: "01", federation, store, client, now, signal, random: systemRandom };
      const log = new NodeLog({ ...context, signer: signerFrom(node.config.logKey ?? "", "log") });
      const signer = signerFrom(node.config.witnessKey ?? "", "witness");
      const sleep = async () => undefined;
      const follow = async () => undefined;
      const logger = loggerOf("test", "silent");
      return new Witness({ ...context, signer, answers: node.signer, sleep, follow, logger, log });
    };
    const nothing: WitnessReply = { offered: [], entries: [], own: null, kept: 0 };
    const state = { witness: fresh() };
    /** What the witness cosigned of this reply. */
    const show = async (shown: Partial<WitnessReply>): Promise<WitnessRequest["cosignatures"]> => {
      reply = { ...nothing, ...shown };
      const failure = await state.witness.watchOnce().then(
        () => null,
        (error: unknown) => error,
      );
      reply = nothing;
      await state.witness.watchOnce();
      if (failure !== null) {
        expect(asked?.cosignatures).toEqual([]);
        throw failure;
      }
      return asked?.cosignatures ?? [];
    };
    const signers = new Map([
      [COORDINATOR, signerFrom(made.coordinator.logKey ?? "", "log")],
      ...made.nodes.map(({ code, config }) => [code, signerFrom(config.logKey ?? "", "log")] as const),
    ]);
    const checkpoint = (log: string, leaves: readonly Uint8Array[], signer = signers.get(log)) => {
      const root = rootOf(leaves.length, readerOf(leaves.map(leafHash)));
      const key = logKeyOf(federation, log);
      return fromUtf8(
        signCheckpoint({ origin: key.name, size: leaves.length, root }, key, signer?.sign ?? expect.fail()),
      );
    };
    const proofOf = (leaves: readonly Uint8Array[], from: number) =>
      from === 0 || from >= leaves.length
        ? []
        : hashTexts(consistencyProof(from, leaves.length, readerOf(leaves.map(leafHash))));
    const offer = (log: string, leaves: readonly Uint8Array[], from: number) => ({
      log,
      checkpoint: checkpoint(log, leaves),
      proof: proofOf(leaves, from),
    });
    const texts = (some: readonly Uint8Array[]) => some.map(toBase64);
    const restart = () => {
      state.witness = fresh();
    };
    const request = () => asked;
    return { federation, made, store, show, offer, texts, restart, checkpoint, signers, proofOf, request };
  }

  test.skipIf(missing(engine))(
    "cosigns what only adds to what it cosigned, over restarts; the line verifies",
    async () => {
      const { federation, show, offer, texts, restart } = await witnessing();
      const sizes = [1, 2, 5, 5, 300];
      let from = 0;
      for (const size of sizes) {
        const leaves = entries(0, size);
        const given = offer(COORDINATOR, leaves, from);
        const [line, ...more] = await show({ offered: [given], entries: texts(leaves.slice(from)) });
        expect(more).toEqual([]);
        const note = parseNote(utf8(given.checkpoint + (line?.line ?? "")));
        const witness = witnessKeyOf(federation, "01");
        const [made] = cosignatures(note, [witness], nativeVerify);
        expect(made?.time).toBe(Math.floor(NOW.getTime() / 1000));
        from = size;
        restart();
      }
    },
  );

  test.skipIf(missing(engine))(
    "reads a log in parts, and cosigns only when it has read all of it",
    async () => {
      const { show, offer, texts } = await witnessing();
      const leaves = entries(0, 10);
      const given = offer(COORDINATOR, leaves, 0);
      expect(await show({ offered: [given], entries: texts(leaves.slice(0, 4)) })).toEqual([]);
      expect(await show({ offered: [given], entries: texts(leaves.slice(4, 9)) })).toEqual([]);
      expect(await show({ offered: [given], entries: texts(leaves.slice(9)) })).toHaveLength(1);
    },
  );

  test.skipIf(missing(engine))(
    "remembers declines that it has read, each question's until it expires, and no more of them than keys",
    async () => {
      const { federation, made, store, show, offer, texts, restart } = await witnessing();
      const [one, two] = made.approvers;
      if (one === undefined || two === undefined) throw new Error("two approvers");
      const hours = (count: number) => instant(new Date(NOW.getTime() + count * 3600_000));
      const asked = (expires: string, title = "A question") => {
        const draft = { ...DRAFT, title, expires, answerBy: hours(100) };
        const query = fillQuery(draft, federation.hash, made.researcher.id, NOW, systemRandom);
        return signQuery(query, made.researcher.signer);
      };
      const [open, brief] = [asked(hours(50)), asked(hours(1), "Another")];
      const id = envelopeId(open);
      const said = (by: Party, more: Partial<Approval>, of = id) =>
        signApproval(of, by, NOW, { decision: "decline", expires: hours(10), ...more });
      const last = said(one, { expires: hours(30) });
      const own = said(two, { region: "01" });
      const declines = [
        ...[10, 20].map((count) => said(one, { expires: hours(count) })),
        last,
        said(one, { expires: hours(15) }),
        own,
        // Of these none is kept: they bind other regions, no more, or nobody.
        said(two, { region: "03", expires: hours(40) }),
        said(two, { expires: hours(-1) }),
        said(two, { role: "nobodys", expires: hours(40) }),
        said(two, { decision: "approve", expires: hours(40) }),
        { ...said(two, { expires: hours(40) }), signatures: last.signatures },
        said({ ...two, signer: signerOf(newKey("approve")) }, { expires: hours(40) }),
      ];
      const short = said(one, { expires: hours(40) }, envelopeId(brief));
      const leaves = [
        documentEntry("query", id, open),
        documentEntry("query", envelopeId(brief), brief),
        ...[...declines, short].map((each) => documentEntry("approval", envelopeId(each), each)),
        // Too large for an entry: it is known by its id.
        documentEntry("approval", hashOf(utf8("large")), null),
      ];
      const kept = async (of = id) =>
        (await declinesOf(of, store)).sort((a, b) => (a.payload < b.payload ? -1 : 1));
      const inOrder = (envelopes: Envelope[]) => envelopes.sort((a, b) => (a.payload < b.payload ? -1 : 1));
      const given = offer(COORDINATOR, leaves, 0);
      // Read, and not cosigned yet: another process reads it again.
      expect(await show({ offered: [given], entries: texts(leaves.slice(0, -1)) })).toEqual([]);
      expect(await kept()).toEqual([]);
      restart();
      expect(await show({ offered: [given], entries: texts(leaves) })).toHaveLength(1);
      restart();
      expect(await kept()).toEqual(inOrder([last, own]));
      expect(await kept(envelopeId(brief))).toEqual([short]);
      // Whatever is kept next, what is over goes.
      const later = new Date(NOW.getTime() + 11 * 3600_000);
      await transact(store, (database) =>
        keepRead(database, { ...NOTHING, questions: [{ query: "another", expires: hours(50) }] }, later),
      );
      expect(await kept()).toEqual([last]);
      expect(await kept(envelopeId(brief))).toEqual([]);
    },
  );

  test.skipIf(missing(engine))(
    "a store from before declines were kept reads its log anew, and still knows what it has cosigned",
    async () => {
      const { made, store, show, offer, texts, restart, request } = await witnessing();
      const [approver] = made.approvers;
      if (approver === undefined) throw new Error("an approver");
      const query = hashOf(utf8("query 0"));
      const decline = signApproval(query, approver, NOW, { decision: "decline" });
      const leaves = [...entries(0, 3), documentEntry("approval", envelopeId(decline), decline)];
      expect(await show({ offered: [offer(COORDINATOR, leaves, 0)], entries: texts(leaves) })).toHaveLength(
        1,
      );
      for (const statement of [
        "drop table question",
        "drop table decline",
        "drop table delivered",
        "drop table calendar",
        "drop table calendar_query",
        "delete from migration where version > 1",
      ])
        await sql.raw(statement).execute(store.kysely);
      await prepareNode(store, []);
      restart();
      expect(await declinesOf(query, store)).toEqual([]);
      const other = entries(0, 6, 1);
      await expect(
        show({ offered: [offer(COORDINATOR, other, 4)], entries: texts(other) }),
      ).rejects.toMatchObject({ code: "log-forked" });
      restart();
      const grown = [...leaves, entry(9)];
      expect(await show({})).toEqual([]);
      expect(request()).toMatchObject({ read: 0, sizes: [{ log: COORDINATOR, size: 4 }] });
      const given = offer(COORDINATOR, grown, 4);
      expect(await show({ offered: [given], entries: texts(grown) })).toHaveLength(1);
      expect(await declinesOf(query, store)).toEqual([decline]);
    },
  );

  test.skipIf(missing(engine))("keeps calendars, each with the place where it first stood", async () => {
    const { made, store, show, offer, texts, restart } = await witnessing();
    const [one, two, four] = [hashOf(utf8("one")), hashOf(utf8("two")), hashOf(utf8("four"))];
    const calendarOf = (queries: readonly string[], signer = made.researcher.signer) => {
      const calendar: Calendar = {
        directory: made.hash,
        requester: made.researcher.id,
        title: { sv: "K", en: "C" },
        indicators: one,
        entries: queries.map((query) => ({
          ...{ query, dataset: "care@1", periods: ["2025K1"], release: "regions" },
          at: "2026-01-01T00:00:00Z",
        })),
      };
      return signDocument("calendar", calendar, signer);
    };
    const both = calendarOf([one, two]);
    const forged = calendarOf([one, hashOf(utf8("three"))], signerOf(newKey("ask")));
    const leafOf = (envelope: Envelope) => documentEntry("calendar", envelopeId(envelope), envelope);
    const large = documentEntry("calendar", hashOf(utf8("large")), null);
    // For an audit it is not there: the entry names another document.
    const misnamed = documentEntry("calendar", hashOf(utf8("other")), calendarOf([four]));
    const leaves = [...entries(0, 2), leafOf(both), leafOf(forged), large, misnamed, leafOf(both)];
    // Read in two parts, and not cosigned in between.
    const given = offer(COORDINATOR, leaves, 0);
    expect(await show({ offered: [given], entries: texts(leaves.slice(0, 2)) })).toEqual([]);
    expect(await show({ offered: [given], entries: texts(leaves.slice(2)) })).toHaveLength(1);
    restart();
    for (const query of [one, two])
      expect(await calendarsOf(query, store)).toEqual([{ place: 2, envelope: both }]);
    expect(await calendarsOf(hashOf(utf8("three")), store)).toEqual([]);
    expect(await calendarsOf(four, store)).toEqual([]);
  });

  test.skipIf(missing(engine))("refuses, after restarts too, what is not one history", async () => {
    const { show, offer, texts, restart, checkpoint, proofOf } = await witnessing();
    const leaves = entries(0, 8);
    const other = entries(0, 12, 1);
    expect(await show({ offered: [offer(COORDINATOR, leaves, 0)], entries: texts(leaves) })).toHaveLength(1);
    expect(await show({ offered: [offer("03", leaves, 0)] })).toHaveLength(1);
    const grown = entries(0, 12);
    const changed = [...entries(0, 3), entry(99), ...entries(4, 12)];
    const cases: Record<string, [Partial<WitnessReply>, string]> = {
      "a shorter tree": [{ offered: [offer(COORDINATOR, leaves.slice(0, 5), 0)] }, "log-forked"],
      "another tree of the same size": [{ offered: [offer(COORDINATOR, entries(0, 8, 1), 0)] }, "log-forked"],
      "an entry hidden": [
        { offered: [offer(COORDINATOR, grown, 8)], entries: texts([...grown.slice(8, 11), entry(77)]) },
        "log-forked",
      ],
      "an entry changed in the past": [
        { offered: [offer(COORDINATOR, changed, 8)], entries: texts(changed.slice(8)) },
        "log-forked",
      ],
      "another history, longer": [
        { offered: [offer(COORDINATOR, other, 8)], entries: texts(other.slice(8)) },
        "log-forked",
      ],
      "a proof that is none": [
        {
          offered: [
            { log: COORDINATOR, checkpoint: checkpoint(COORDINATOR, grown), proof: proofOf(other, 8) },
          ],
          entries: texts(grown.slice(8)),
        },
        "log-forked",
      ],
      "a region's log, set back": [{ offered: [offer("03", leaves.slice(0, 7), 0)] }, "log-forked"],
      "a region's log, another history": [{ offered: [offer("03", other, 8)] }, "log-forked"],
      "a key that is not the log's": [
        {
          offered: [
            {
              log: COORDINATOR,
              checkpoint: checkpoint(COORDINATOR, grown, signerOf(newKey("log"))),
              proof: [],
            },
          ],
          entries: texts(grown.slice(8)),
        },
        "signature-invalid",
      ],
      "the checkpoint of another log under this one's name": [
        { offered: [{ ...offer("04", grown, 0), log: "03" }] },
        "signature-invalid",
      ],
      "an entry that is no leaf": [
        { offered: [offer(COORDINATOR, grown, 8)], entries: [toBase64(utf8("{}"))] },
        "log-malformed",
      ],
      "a log of nobody": [{ offered: [{ ...offer("04", grown, 0), log: "99" }] }, "key-unknown"],
    };
    for (const [name, [shown, code]] of Object.entries(cases)) {
      restart();
      await expect(show(shown), name).rejects.toMatchObject({ code });
    }
    restart();
    // And what is one history still is, beside what is not.
    const good = offer(COORDINATOR, grown, 8);
    await expect(show({ offered: [good], entries: texts(grown.slice(8)) })).resolves.toHaveLength(1);
    expect(await show({ offered: [offer("03", grown, 8)] })).toHaveLength(1);
  });
});
