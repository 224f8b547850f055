/**
 * A coordinator that lies (row 16 of the attack table): it can do anything to messages, and up to c_mask regions
 * hand it all they hold. Each move ends in refusal by every honest region, or in garbage that carries nothing.
 */
import { combine } from "shamir-secret-sharing";
import { describe, expect, test } from "vitest";
import { systemRandom } from "../../node/random.ts";
import { ANSWER, pairKey, Sum64, selfKey, signOf } from "../../protocol/secure-sum/mask.ts";
import { Advert, Commitment, Masked, Opening, survivorsHash } from "../../protocol/secure-sum/messages.ts";
import { type Envelope, envelopeId, signDocument } from "../../protocol/signing/envelope.ts";
import { decodeVector, fromBase64, hashOf, toBase64, utf8 } from "../../protocol/values/bytes.ts";
import { Refusal } from "../../protocol/values/refusal.ts";
import type { RoundState } from "../../protocol/wire/routes.ts";
import { decryptBox, hashNatively, nativePrimitives } from "../../server/primitives.ts";
import { newKey, signerOf } from "../../server/signing.ts";
import { type Actor, type Cast, castOf, Stage } from "../support/cast.ts";
import { chiSquareTail } from "../support/chisquare.ts";

// Nine regions: t = 7, c_mask = 4, c_noise = 1, two may be missing.
const N = 9;
const THRESHOLD = 7;
const cast = (more: Parameters<typeof castOf>[0] | object = {}): Cast =>
  castOf({ n: N, query: { groupBy: ["sex"] }, ...more });

/** Every secret of the last tests' casts, for what a region that turns would hand over. */
const drawn: Uint8Array[] = [];
const watched = (bytes: Uint8Array): void => {
  systemRandom(bytes);
  drawn.push(Uint8Array.from(bytes));
};

async function played(upTo: "advertise" | "share" | "mask" | "agree" | "open", more: object = {}) {
  const stage = new Stage(cast(more));
  for (const act of ["advertise", "share", "mask", "agree", "open"] as const) {
    const refusals = await stage.play(act, stage.cast.roster);
    expect([...refusals.values()]).toEqual([]);
    if (act === upTo) break;
  }
  return stage;
}

const first = ({ cast: { roster, actors } }: Stage): Actor => {
  const actor = actors.get(roster[0] ?? "");
  if (actor === undefined) throw new Error("a cast has actors");
  return actor;
};

const refuses = (actor: Actor, round: RoundState, query?: string) =>
  expect(query === undefined ? actor.take(round) : actor.take(round, query)).rejects.toThrow(Refusal);

const payloadOf = (envelope: Envelope): Record<string, unknown> =>
  JSON.parse(new TextDecoder().decode(fromBase64(envelope.payload))) as Record<string, unknown>;

/** An honest message with something else in it, under the signature it had. */
const changed = (envelope: Envelope, change: object): Envelope => ({
  ...envelope,
  payload: toBase64(utf8(JSON.stringify({ ...payloadOf(envelope), ...change }))),
});

/** The p-value of bytes against uniform ones: below 1e-6 is a false alarm once in a million runs. */
function uniformity(bytes: Uint8Array): number {
  const counts = new Array<number>(256).fill(0);
  for (const byte of bytes) counts[byte] = (counts[byte] ?? 0) + 1;
  const each = bytes.length / 256;
  return chiSquareTail(
    counts.reduce((sum, count) => sum + (count - each) ** 2 / each, 0),
    255,
  );
}

describe("adverts", () => {
  test("replayed from another attempt or another query", async () => {
    const old = await played("advertise");
    const stage = new Stage(old.cast, 2);
    await stage.play("advertise", stage.cast.roster);
    const [victim] = old.cast.roster;
    if (victim === undefined) throw new Error("a cast has a roster");
    stage.adverts.set(victim, old.adverts.get(victim) ?? expect.fail());
    for (const actor of stage.cast.actors.values()) await refuses(actor, stage.shareState());
  });

  test("of another query", async () => {
    const stage = await played("advertise");
    const other = hashOf(utf8("another query"));
    const actor = first(stage);
    await actor.take({ phase: "advertise", attempt: 1 }, other);
    await refuses(actor, stage.shareState(), other);
  });

  test("with a key substituted, under the old signature or another region's", async () => {
    const stage = await played("advertise");
    const [, victim = ""] = stage.cast.roster;
    const honest = stage.adverts.get(victim) ?? expect.fail();
    const key = toBase64(nativePrimitives.publicOf(new Uint8Array(32).fill(7)));
    const mine = signDocument("advert", { ...payloadOf(honest.envelope), mask: key }, first(stage).signer);
    const strangers = signDocument(
      "advert",
      { ...payloadOf(honest.envelope), mask: key },
      signerOf(newKey("answer")),
    );
    for (const envelope of [changed(honest.envelope, { mask: key }), mine, strangers]) {
      stage.adverts.set(victim, { ...honest, envelope });
      await refuses(first(stage), stage.shareState());
    }
  });

  test("with one key twice", async () => {
    const stage = await played("advertise");
    const [own = "", other = ""] = stage.cast.roster;
    const { mask } = Advert.parse(payloadOf(stage.adverts.get(own)?.envelope ?? expect.fail()));
    const thief = stage.cast.actors.get(other) ?? expect.fail();
    const honest = stage.adverts.get(other) ?? expect.fail();
    const envelope = signDocument("advert", { ...payloadOf(honest.envelope), mask }, thief.signer);
    stage.adverts.set(other, { ...honest, envelope });
    await refuses(first(stage), stage.shareState());
  });

  test("with a key of small order", async () => {
    const stage = await played("advertise");
    const [, other = ""] = stage.cast.roster;
    const thief = stage.cast.actors.get(other) ?? expect.fail();
    const honest = stage.adverts.get(other) ?? expect.fail();
    const channel = toBase64(new Uint8Array(32));
    stage.adverts.set(other, {
      ...honest,
      envelope: signDocument("advert", { ...payloadOf(honest.envelope), channel }, thief.signer),
    });
    await refuses(first(stage), stage.shareState());
  });

  test("bound to a stale directory", async () => {
    const stage = await played("advertise");
    const [, other = ""] = stage.cast.roster;
    const thief = stage.cast.actors.get(other) ?? expect.fail();
    const honest = stage.adverts.get(other) ?? expect.fail();
    const directory = hashOf(utf8("an old directory"));
    stage.adverts.set(other, {
      ...honest,
      envelope: signDocument("advert", { ...payloadOf(honest.envelope), directory }, thief.signer),
    });
    await refuses(first(stage), stage.shareState());
  });

  test("fewer than the floor, one region twice, or without one's own", async () => {
    const stage = await played("advertise");
    const { roster } = stage.cast;
    const actor = first(stage);
    await refuses(actor, stage.shareState(roster.slice(0, THRESHOLD - 1)));
    await refuses(actor, stage.shareState(roster.slice(1)));
    const twice = stage.shareState();
    if (twice.phase !== "share") throw new Error("this is the share phase");
    await refuses(actor, { ...twice, adverts: [...twice.adverts, ...twice.adverts.slice(0, 1)] });
  });

  test("a first set that differs from the one shown before", async () => {
    const stage = await played("share");
    await refuses(first(stage), stage.shareState(stage.cast.roster.slice(0, -1)));
  });

  test("another attempt or query told to one region alone", async () => {
    const stage = new Stage(cast());
    const [odd = "", ...others] = stage.cast.roster;
    await stage.play("advertise", others);
    await stage.play("advertise", [odd], () => ({ phase: "advertise", attempt: 2 }));
    // Nobody goes on with a set in which one is at another attempt.
    const refusals = await stage.play("share", stage.cast.roster);
    expect(refusals.size).toBe(N);
  });
});

describe("encrypted shares and the second set", () => {
  test("a share that is changed, swapped or left out: the region does not go on", async () => {
    const stage = await played("share");
    const actor = first(stage);
    const honest = stage.maskState(actor.code);
    if (honest.phase !== "mask") throw new Error("this is the mask phase");
    const with1 = (box: string | null, at = 1): RoundState => ({
      ...honest,
      members: honest.members.map((member, index) => (index === at ? { ...member, box } : member)),
    });
    const flipped = fromBase64(honest.members[1]?.box ?? "");
    flipped[0] = (flipped[0] ?? 0) ^ 1;
    for (const box of [toBase64(flipped), honest.members[2]?.box ?? "", "", null])
      await refuses(actor, with1(box));
    expect(actor.disk.sent.size).toBe(0);
  });

  test("different second sets to different regions: masks do not cancel, and none opens", async () => {
    const stage = await played("share", {
      query: { periods: ["2024K1", "2024K2"], groupBy: ["sex", "unit"] },
    });
    const { roster } = stage.cast;
    const [without] = [roster.slice(0, -1)];
    const half = roster.slice(0, 4);
    for (const node of without) {
      const members = half.includes(node) ? without : roster;
      expect((await stage.play("mask", [node], (to) => stage.maskState(to, members))).size).toBe(0);
    }
    // Their messages name different sets: nobody agrees on them together.
    for (const node of without)
      await refuses(stage.cast.actors.get(node) ?? expect.fail(), stage.agreeState(without));
  });

  test("a second vector of one query, with a region declared missing", async () => {
    const stage = await played("mask");
    const actor = first(stage);
    const again = await actor.take(stage.maskState(actor.code));
    expect(again).toEqual(stage.masked.get(actor.code));
    await refuses(actor, stage.maskState(actor.code, stage.cast.roster.slice(0, -1)));
    expect(actor.noise).toHaveLength(1);
  });

  test("streams of two vectors, lengths, sets or sessions have nothing in common", () => {
    const of = { session: hashOf(utf8("s")), u2: hashOf(utf8("u")), vector: ANSWER, length: 80 };
    const seed = new Uint8Array(32).fill(3);
    const peer = nativePrimitives.publicOf(new Uint8Array(32).fill(5));
    const named = [
      of,
      { ...of, vector: "another" },
      { ...of, length: 88 },
      { ...of, u2: hashOf(utf8("v")) },
      { ...of, session: hashOf(utf8("t")) },
    ].flatMap((each) => [
      selfKey(nativePrimitives, seed, "001", each),
      selfKey(nativePrimitives, seed, "002", each),
      pairKey(nativePrimitives, seed, peer, ["001", "002"], each),
      pairKey(nativePrimitives, seed, peer, ["001", "003"], each),
    ]);
    expect(new Set(named.map(toBase64)).size).toBe(named.length);
  });

  test("below the floor, or members who were not in the first set", async () => {
    const stage = await played("share");
    const actor = first(stage);
    await refuses(actor, stage.maskState(actor.code, stage.cast.roster.slice(0, THRESHOLD - 1)));
    const small = new Stage(cast());
    await small.play("advertise", small.cast.roster);
    const eight = small.cast.roster.slice(0, 8);
    await small.play("share", eight, () => small.shareState(eight));
    const [, outsider] = [eight, small.cast.actors.get(small.cast.roster[8] ?? "") ?? expect.fail()];
    const commitment = signDocument(
      "commitment",
      { ...payloadOf(small.shared.get(eight[0] ?? "")?.envelope ?? expect.fail()), node: outsider.code },
      outsider.signer,
    );
    const state = small.maskState(eight[0] ?? "");
    if (state.phase !== "mask") throw new Error("this is the mask phase");
    await refuses(small.cast.actors.get(eight[0] ?? "") ?? expect.fail(), {
      ...state,
      members: [...state.members, { commitment, box: state.members[1]?.box ?? null }],
    });
  });
});

describe("the set that is opened", () => {
  test("different sets to different regions: each signs one, none has enough signatures", async () => {
    const stage = await played("mask");
    const { roster } = stage.cast;
    const [a, b] = [roster.slice(0, 8), [...roster.slice(0, 7), ...roster.slice(8)]];
    await stage.play("agree", roster.slice(0, 4), () => stage.agreeState(a));
    await stage.play("agree", roster.slice(4, 7), () => stage.agreeState(b));
    for (const nodes of [a, b]) {
      for (const node of roster.slice(0, 7))
        await refuses(stage.cast.actors.get(node) ?? expect.fail(), stage.openState(nodes));
    }
  });

  test("a second set after one was signed: a subset, an overlapping one, or the whole after a subset", async () => {
    for (const [before, after] of [
      [N, 8],
      [8, N],
      [8, THRESHOLD],
    ] as const) {
      const stage = await played("mask");
      const { roster } = stage.cast;
      await stage.play("agree", roster.slice(0, THRESHOLD), () => stage.agreeState(roster.slice(0, before)));
      for (const node of roster.slice(0, THRESHOLD)) {
        const actor = stage.cast.actors.get(node) ?? expect.fail();
        await refuses(actor, stage.agreeState(roster.slice(0, after)));
      }
    }
  });

  test("below the floor, without oneself, with a stranger's vector, or one region twice", async () => {
    const stage = await played("mask", { query: { groupBy: ["sex"], minRegions: 8 } });
    const { roster } = stage.cast;
    const actor = first(stage);
    await refuses(actor, stage.agreeState(roster.slice(0, 7))); // The threshold alone: minRegions says 8.
    await refuses(actor, stage.agreeState(roster.slice(1)));
    const state = stage.agreeState(roster.slice(0, 8));
    if (state.phase !== "agree") throw new Error("this is the agree phase");
    await refuses(actor, { ...state, masked: [...state.masked, ...state.masked.slice(0, 1)] });
    // Another vector of its own, as the region never sent it, though rightly signed.
    const own = payloadOf(stage.masked.get(actor.code)?.envelope ?? expect.fail());
    const forged = signDocument("masked", { ...own, chunks: [hashOf(utf8("another"))] }, actor.signer);
    await refuses(actor, { ...state, masked: [forged, ...state.masked.slice(1)] });
  });

  test("opened without t signatures of survivors over this very set", async () => {
    const stage = await played("agree");
    const { roster } = stage.cast;
    const actor = first(stage);
    await refuses(actor, stage.openState(roster, roster.slice(0, THRESHOLD - 1)));
    const state = stage.openState(roster, roster.slice(0, THRESHOLD - 1));
    if (state.phase !== "open") throw new Error("this is the open phase");
    // One region's signature twice, and one of another set.
    await refuses(actor, { ...state, agreements: [...state.agreements, ...state.agreements.slice(0, 1)] });
    const other = stage.cast.actors.get(roster[8] ?? "") ?? expect.fail();
    const honest = payloadOf(stage.agreed.get(other.code)?.envelope ?? expect.fail());
    const elsewhere = signDocument(
      "agreement",
      { ...honest, survivors: hashOf(utf8("another set")) },
      other.signer,
    );
    await refuses(actor, { ...state, agreements: [...state.agreements, elsewhere] });
    const unsigned = changed(stage.agreed.get(roster[7] ?? "")?.envelope ?? expect.fail(), {});
    await refuses(actor, {
      ...state,
      agreements: [...state.agreements, { ...unsigned, signatures: elsewhere.signatures }],
    });
  });

  test("signatures of regions that are not among the survivors do not count", async () => {
    const stage = await played("mask");
    const { roster, actors } = stage.cast;
    const seven = roster.slice(0, THRESHOLD);
    await stage.play("agree", roster.slice(0, 6), () => stage.agreeState(seven));
    const outside = actors.get(roster[8] ?? "") ?? expect.fail();
    const honest = payloadOf(stage.agreed.get(roster[0] ?? "")?.envelope ?? expect.fail());
    const envelope = signDocument("agreement", { ...honest, node: outside.code }, outside.signer);
    stage.agreed.set(outside.code, { envelope, boxes: [], chunks: [] });
    await refuses(first(stage), stage.openState(seven));
  });

  test("opened with another set than the one the region signed, though t others signed it", async () => {
    const stage = await played("mask");
    const { roster } = stage.cast;
    const eight = roster.slice(0, 8);
    // The first region signs all nine; the other eight, lied to, sign eight without the last.
    await stage.play("agree", roster.slice(0, 1), () => stage.agreeState(roster));
    await stage.play("agree", roster.slice(1, 8), () => stage.agreeState(eight));
    await refuses(first(stage), stage.openState(eight, roster.slice(1, 8)));
    // One that has signed nothing stores the set first, and then opens no other.
    const shy = await played("mask");
    await shy.play("agree", roster.slice(1, 8), () => shy.agreeState(eight));
    const opener = first(shy);
    const { envelope } = await opener.take(shy.openState(eight, roster.slice(1, 8)));
    expect(Opening.parse(payloadOf(envelope)).self.map(({ of }) => of)).toEqual(eight);
    expect(opener.disk.sets.size).toBe(1);
    await refuses(opener, shy.agreeState(roster));
  });

  test("below the floor of the signed query, though t regions have signed: opened by nobody else", async () => {
    const stage = await played("mask", { query: { groupBy: ["sex"], minRegions: 8 } });
    const { roster, actors } = stage.cast;
    const seven = roster.slice(0, THRESHOLD);
    const { session, u2 } = Masked.parse(
      payloadOf(stage.masked.get(roster[0] ?? "")?.envelope ?? expect.fail()),
    );
    const survivors = survivorsHash(
      session,
      u2,
      seven.map((node) => ({ node, masked: envelopeId(stage.masked.get(node)?.envelope ?? expect.fail()) })),
    );
    for (const node of seven) {
      const { signer } = actors.get(node) ?? expect.fail();
      const statement = { query: stage.cast.query, attempt: 1, node, session, u2, survivors };
      stage.agreed.set(node, {
        envelope: signDocument("agreement", statement, signer),
        boxes: [],
        chunks: [],
      });
    }
    await refuses(first(stage), stage.openState(seven));
    // Not even on its disk: the one set of a query would be spent on it.
    expect(first(stage).disk.sets.size).toBe(0);
  });

  test("a region that is not among the survivors opens nothing", async () => {
    const stage = await played("mask");
    const { roster, actors } = stage.cast;
    const eight = roster.slice(0, 8);
    await stage.play("agree", eight, () => stage.agreeState(eight));
    await refuses(actors.get(roster[8] ?? "") ?? expect.fail(), stage.openState(eight));
  });

  test("never a seed and a mask key of one region; asked twice, the same bytes", async () => {
    const stage = await played("mask");
    const { roster } = stage.cast;
    const eight = roster.slice(0, 8);
    await stage.play("agree", eight, () => stage.agreeState(eight));
    for (const node of eight) {
      const actor = stage.cast.actors.get(node) ?? expect.fail();
      const once = await actor.take(stage.openState(eight));
      expect(await actor.take(stage.openState(eight))).toEqual(once);
      const opening = Opening.parse(payloadOf(once.envelope));
      expect(opening.self.map(({ of }) => of)).toEqual(eight);
      expect(opening.mask.map(({ of }) => of)).toEqual([roster[8]]);
      // The one declared missing, asked for as a survivor afterwards.
      await refuses(actor, stage.openState(roster));
    }
  });

  test("surplus is opened for one number of missing regions, the one signed for", async () => {
    const stage = await played("mask");
    const { roster } = stage.cast;
    await stage.play("agree", roster, () => stage.agreeState(roster));
    const actor = first(stage);
    const { envelope } = await actor.take(stage.openState(roster));
    expect(Opening.parse(payloadOf(envelope)).surplus).not.toBeNull();
    await refuses(actor, stage.openState(roster.slice(0, 8)));
    await refuses(actor, stage.openState(roster.slice(0, 7)));
  });

  test("a false opening says so: shares or surplus other than committed to are not used", async () => {
    const stage = await played("open");
    const { roster, actors } = stage.cast;
    const [liar = ""] = roster;
    const opened = stage.opened.get(liar) ?? expect.fail();
    const payload = Opening.parse(payloadOf(opened.envelope));
    const chunks = opened.chunks.map((bytes) => Uint8Array.from(bytes, (byte) => byte ^ 1));
    const falseSecretShares = payload.self.map(({ of, share }) => {
      const bytes = fromBase64(share);
      bytes[0] = (bytes[0] ?? 0) ^ 1;
      return { of, share: toBase64(bytes) };
    });
    const { signer } = actors.get(liar) ?? expect.fail();
    const lying = {
      ...payload,
      self: falseSecretShares,
      surplus: { salt: payload.surplus?.salt ?? "", chunks: chunks.map(hashNatively) },
    };
    stage.opened.set(liar, { envelope: signDocument("opening", lying, signer), boxes: [], chunks });
    const { bytes, unopened } = await stage.sum();
    expect(unopened).toEqual([liar]);
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    expect(stage.expected(roster, [liar]).map((_, index) => view.getBigInt64(index * 8, true))).toEqual(
      stage.expected(roster, [liar]),
    );
  });
});

test("two regions that open with false shares, not side by side, are found out: the sum opens without theirs", async () => {
  const stage = await played("open");
  const { roster, actors } = stage.cast;
  for (const liar of [roster[1] ?? "", roster[5] ?? ""]) {
    const opened = stage.opened.get(liar) ?? expect.fail();
    const payload = Opening.parse(payloadOf(opened.envelope));
    const self = payload.self.map(({ of, share }) => {
      const bytes = fromBase64(share);
      bytes[3] = (bytes[3] ?? 0) ^ 0x55;
      return { of, share: toBase64(bytes) };
    });
    const { signer } = actors.get(liar) ?? expect.fail();
    stage.opened.set(liar, { ...opened, envelope: signDocument("opening", { ...payload, self }, signer) });
  }
  const { bytes, unopened } = await stage.sum();
  expect(unopened).toEqual([]);
  expect(decodeVector(bytes)).toEqual(stage.expected(roster));
});

describe("restarts", () => {
  test("a region that restarted is missing for the attempt, whatever it is asked", async () => {
    for (const before of ["advertise", "share", "mask", "agree"] as const) {
      const stage = await played(before);
      const { roster } = stage.cast;
      const actor = first(stage);
      actor.crash();
      const asked: RoundState[] = [
        { phase: "advertise", attempt: 1 },
        stage.shareState(),
        ...(before === "advertise" ? [] : [stage.maskState(actor.code)]),
        ...(before === "mask" || before === "agree" ? [stage.agreeState()] : []),
        ...(before === "agree" ? [stage.openState(roster)] : []),
      ];
      for (const round of asked) await refuses(actor, round);
    }
  });

  test("after a set was signed no other attempt begins: no sums over overlapping sets", async () => {
    const stage = await played("agree");
    for (const actor of stage.cast.actors.values()) {
      actor.crash();
      await expect(actor.take({ phase: "advertise", attempt: 2 })).rejects.toMatchObject({
        code: "round-burnt",
      });
    }
  });

  test("before one was signed a new attempt has fresh keys, seed and noise", async () => {
    const stage = await played("mask");
    const again = new Stage(stage.cast, 2);
    await again.run();
    const keys = [stage, again].flatMap((each) =>
      [...each.adverts.values()].flatMap(({ envelope }) => {
        const { channel, mask } = Advert.parse(payloadOf(envelope));
        return [channel, mask];
      }),
    );
    expect(new Set(keys).size).toBe(4 * N);
    for (const actor of stage.cast.actors.values()) {
      expect(actor.noise).toHaveLength(2);
      expect(actor.noise[0]).not.toEqual(actor.noise[1]);
      await refuses(actor, stage.agreeState()); // The first attempt is over for good.
    }
  });
});

describe("garbage carries nothing", () => {
  const wide = {
    query: {
      periods: ["2024K1", "2024K2", "2024K3", "2024K4"],
      measures: [{ id: "h", kind: "histogram" as const, column: "score" }],
      groupBy: ["sex", "unit"],
    },
    draw: (plan: Cast["plan"]) =>
      (plan.noiseShares?.steps ?? []).map(() => new Float64Array(plan.length * plan.periods.length)),
    sums: (plan: Cast["plan"]) => new Array<bigint>(plan.length * plan.periods.length).fill(0n),
    random: watched,
  };

  test("a vector of zeros without its mask's seed, all pair masks taken off, is uniform", async () => {
    // The last is declared missing, and its mask key is rebuilt; its vector came all the same.
    const stage = await played("mask", wide);
    const { roster, plan } = stage.cast;
    const eight = roster.slice(0, 8);
    await stage.play("agree", eight, () => stage.agreeState(eight));
    await stage.play("open", eight, () => stage.openState(eight));
    const victim = roster[8] ?? "";
    const masked = stage.masked.get(victim) ?? expect.fail();
    const { session, u2 } = Masked.parse(payloadOf(masked.envelope));
    const secretShares = [...stage.opened.values()].flatMap(({ envelope }) =>
      Opening.parse(payloadOf(envelope)).mask.map(({ share }) => fromBase64(share)),
    );
    const secret = await combine(secretShares.slice(0, THRESHOLD));
    const length = plan.length * plan.periods.length * 8;
    const of = { session, u2, vector: ANSWER, length };
    const left = new Sum64(length / 8);
    left.addBytes(masked.chunks[0] ?? new Uint8Array(), 1);
    for (const other of eight) {
      const advert = Advert.parse(payloadOf(stage.adverts.get(other)?.envelope ?? expect.fail()));
      const key = pairKey(nativePrimitives, secret, fromBase64(advert.mask), [victim, other], of);
      left.addMasks([{ key, sign: signOf(victim, other) }], nativePrimitives, 0, true);
    }
    const bytes = left.toBytes();
    expect(bytes.length).toBeGreaterThan(20_000);
    expect(uniformity(bytes)).toBeGreaterThan(1e-6);
    // Negative control: with the seed, which nobody gave, nothing is left but zeros.
    expect(uniformity(new Uint8Array(bytes.length))).toBeLessThan(1e-6);
  });

  test("the sum of a subset that was never agreed on is uniform", async () => {
    const stage = await played("open", wide);
    const sum = new Sum64(stage.cast.plan.length * stage.cast.plan.periods.length);
    for (const node of stage.cast.roster.slice(0, 8))
      sum.addBytes(stage.masked.get(node)?.chunks[0] ?? new Uint8Array(), 1);
    expect(uniformity(sum.toBytes())).toBeGreaterThan(1e-6);
  });

  test("c_mask regions with the coordinator hold nothing of an honest region's vector; t of them hold all", async () => {
    const stage = await played("mask", wide);
    const { roster, plan } = stage.cast;
    const colluders = plan.noiseShares?.maskColluders ?? 0;
    expect(colluders).toBe(4);
    const victim = roster[8] ?? "";
    const masked = stage.masked.get(victim) ?? expect.fail();
    const { session, u2 } = Masked.parse(payloadOf(masked.envelope));
    const length = plan.length * plan.periods.length * 8;
    const of = { session, u2, vector: ANSWER, length };
    // What each holds of the victim: the shares encrypted for it, and its own mask secret with the victim's public key.
    const { envelope: advert } = stage.adverts.get(victim) ?? expect.fail();
    const public_ = fromBase64(Advert.parse(payloadOf(advert)).mask);
    const held = await Promise.all(roster.slice(0, 8).map((node) => insides(stage, node, victim)));
    const attack = async (k: number): Promise<Uint8Array> => {
      const known = held.slice(0, k);
      const seed = await combine(known.map((each) => each.seed));
      const left = new Sum64(length / 8);
      left.addBytes(masked.chunks[0] ?? new Uint8Array(), 1);
      left.addMasks(
        [{ key: selfKey(nativePrimitives, seed, victim, of), sign: 1 }],
        nativePrimitives,
        0,
        true,
      );
      const maskKey = await combine(known.map((each) => each.mask));
      for (const [index, other] of roster.slice(0, 8).entries()) {
        const theirs = Advert.parse(payloadOf(stage.adverts.get(other)?.envelope ?? expect.fail()));
        const key =
          index < k
            ? pairKey(
                nativePrimitives,
                held[index]?.maskSecret ?? new Uint8Array(),
                public_,
                [other, victim],
                of,
              )
            : pairKey(nativePrimitives, maskKey, fromBase64(theirs.mask), [other, victim], of);
        left.addMasks([{ key, sign: signOf(victim, other) }], nativePrimitives, 0, true);
      }
      return left.toBytes();
    };
    for (const k of [2, colluders, THRESHOLD - 1])
      expect(uniformity(await attack(k)), `${k} colluders`).toBeGreaterThan(1e-6);
    expect(await attack(THRESHOLD)).toEqual(new Uint8Array(length));
  });
});

/** What a region that turns would hand over: read from its randomness, which this cast draws through one function. */
async function insides(stage: Stage, node: string, victim: string) {
  const secrets = secretsOf(stage, node);
  const advert = Advert.parse(payloadOf(stage.adverts.get(victim)?.envelope ?? expect.fail()));
  const { session } = Commitment.parse(payloadOf(stage.shared.get(victim)?.envelope ?? expect.fail()));
  const box = stage.shared.get(victim)?.boxes.find((each) => each.node === node)?.box ?? "";
  const shared = nativePrimitives.agree(secrets.channel, fromBase64(advert.channel));
  const info = utf8(JSON.stringify(["share", victim, node]));
  const plain = decryptBox(nativePrimitives.derive(shared, session, info), fromBase64(box));
  return { seed: plain.slice(0, 33), mask: plain.slice(33), maskSecret: secrets.mask };
}

function secretsOf(stage: Stage, node: string): { channel: Uint8Array; mask: Uint8Array } {
  const advert = Advert.parse(payloadOf(stage.adverts.get(node)?.envelope ?? expect.fail()));
  const find = (publicKey: string): Uint8Array =>
    drawn.find((secret) => toBase64(nativePrimitives.publicOf(secret)) === publicKey) ?? expect.fail();
  return { channel: find(advert.channel), mask: find(advert.mask) };
}
