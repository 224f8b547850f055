/**
 * Random schedules of crashes, drops, delays and lies: whatever happens, no query has two sets opened, no region
 * gives both kinds of share of a peer or surplus for two counts, and a sum that opens is the right one. Fixed seeds;
 * a subset here, all 500 under `npm run soak -- schedules`.
 */
import { expect, test } from "vitest";
import { Agreement, Opening } from "../../protocol/secure-sum/messages.ts";
import { fromBase64, fromUtf8 } from "../../protocol/values/bytes.ts";
import { Refusal } from "../../protocol/values/refusal.ts";
import type { RoundState } from "../../protocol/wire/routes.ts";
import { type Act, type Cast, castOf, Stage } from "../support/cast.ts";

const SCHEDULES = process.env["BRUS_SOAK"] === undefined ? 150 : 500;
const ACTS = ["advertise", "share", "mask", "agree", "open"] as const;

class Crash extends Error {}

/** A small seeded generator (mulberry32): schedules must be repeatable. */
function chance(seed: number) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    one: (probability: number) => next() < probability,
    below: (n: number) => Math.floor(next() * n),
    some: <T>(all: readonly T[], probability: number) => all.filter(() => next() < probability),
    shuffled: <T>(all: readonly T[]) =>
      all
        .map((each) => [next(), each] as const)
        .sort(([a], [b]) => a - b)
        .map(([, each]) => each),
  };
}
type Chance = ReturnType<typeof chance>;

const into = (stage: Stage, act: Act) =>
  ({
    advertise: stage.adverts,
    share: stage.shared,
    mask: stage.masked,
    agree: stage.agreed,
    open: stage.opened,
  })[act];

/** Puts one phase's state to one region, which may die at any write; its reply may be lost on the way. */
async function deliver(
  stage: Stage,
  act: Act,
  node: string,
  state: RoundState,
  luck: Chance,
  rate: number,
): Promise<void> {
  const actor = stage.cast.actors.get(node);
  if (actor === undefined) throw new Error("a region of the cast");
  actor.disk.onWrite = () => {
    if (luck.one(rate)) throw new Crash();
  };
  try {
    const reply = await actor.take(state);
    if (luck.one(rate)) actor.crash(); // After it has sent.
    if (!luck.one(rate)) into(stage, act).set(node, reply);
  } catch (error) {
    if (error instanceof Crash) actor.crash();
    else if (!(error instanceof Refusal)) throw error;
  } finally {
    actor.disk.onWrite = () => undefined;
  }
}

/** The coordinator as it should be: sets fixed when a phase begins, new attempts while nobody has signed. */
async function honest(cast: Cast, luck: Chance, rate: number): Promise<Stage | null> {
  const { noiseShares } = cast.plan;
  if (noiseShares === null) throw new Error("a cast plays a national query");
  for (let attempt = 1; attempt <= 4; attempt++) {
    const stage = new Stage(cast, attempt);
    let members: string[] = [...cast.roster];
    let stopped = false;
    for (const act of ACTS) {
      const set = members;
      const stateFor = (node: string): RoundState => {
        if (act === "advertise") return { phase: act, attempt };
        if (act === "share") return stage.shareState(set);
        if (act === "mask") return stage.maskState(node, set);
        if (act === "agree") return stage.agreeState(set);
        return stage.openState(set);
      };
      // Each is asked in any order, some twice or three times: a poll that was answered and lost.
      for (let round = 0; round < 3; round++)
        for (const node of luck.shuffled(set))
          if (!into(stage, act).has(node)) await deliver(stage, act, node, stateFor(node), luck, rate);
      const came = [...into(stage, act).keys()].toSorted();
      const late = act === "agree" || act === "open";
      if (came.length < (late ? noiseShares.threshold : noiseShares.survivors)) {
        if (late) return null; // Burnt.
        stopped = true;
        break;
      }
      if (!late) members = came;
    }
    if (!stopped) return stage;
  }
  return null;
}

/** One that lies: any state made of any messages it has, of any attempt, to anyone, in any order. */
async function lying(cast: Cast, luck: Chance, rate: number): Promise<void> {
  const stages = [1, 2].map((attempt) => new Stage(cast, attempt));
  for (const act of luck.one(0.5) ? ACTS : [...ACTS, ...ACTS]) {
    for (let turn = 0; turn < 3 * cast.roster.length; turn++) {
      const stage = stages[luck.one(0.8) ? 0 : 1];
      const node = cast.roster[luck.below(cast.roster.length)];
      if (stage === undefined || node === undefined) continue;
      const pick = (map: ReadonlyMap<string, unknown>) =>
        luck.some([...map.keys()], luck.one(0.8) ? 1 : 0.85);
      try {
        const state: RoundState =
          act === "advertise"
            ? { phase: act, attempt: stage.attempt }
            : act === "share"
              ? stage.shareState(pick(stage.adverts))
              : act === "mask"
                ? stage.maskState(node, pick(stage.shared))
                : act === "agree"
                  ? stage.agreeState(pick(stage.masked))
                  : stage.openState(pick(stage.masked), pick(stage.agreed));
        await deliver(stage, act, node, state, luck, rate);
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
      }
    }
  }
}

const payloadOf = (payload: string): unknown => JSON.parse(fromUtf8(fromBase64(payload)));

/** Everything that ever left any region. */
function judge(cast: Cast): number {
  const sets = new Set<string>();
  for (const { sent } of cast.actors.values()) {
    const of = (kind: string) => sent.filter(({ envelope }) => envelope.payloadType.includes(`.${kind}.`));
    const openings = of("opening").map(({ envelope }) => Opening.parse(payloadOf(envelope.payload)));
    const agreements = of("agreement").map(({ envelope }) => Agreement.parse(payloadOf(envelope.payload)));
    expect(new Set(agreements.map(({ survivors }) => survivors)).size).toBeLessThanOrEqual(1);
    expect(new Set(openings.map((opening) => JSON.stringify(opening))).size).toBeLessThanOrEqual(1);
    for (const { self, mask, survivors } of openings) {
      sets.add(survivors);
      const both = self.filter(({ of: node }) => mask.some((other) => other.of === node));
      expect(both).toEqual([]);
    }
    // One vector an attempt, whatever was asked and however often.
    const vectors = of("masked").map(({ envelope }) => envelope.payload);
    const attempts = new Set(
      of("masked").map(({ envelope }) => (payloadOf(envelope.payload) as { attempt: number }).attempt),
    );
    expect(new Set(vectors).size).toBe(attempts.size);
  }
  expect(sets.size, "sets that anyone helped to open").toBeLessThanOrEqual(1);
  return sets.size;
}

test(`${SCHEDULES} random schedules: never two sets opened for one query`, async () => {
  let [opened, released, liars] = [0, 0, 0];
  for (let seed = 1; seed <= SCHEDULES; seed++) {
    const luck = chance(seed);
    const cast = castOf({ n: 3 + luck.below(5) });
    const rate = [0, 0.005, 0.02, 0.06][luck.below(4)] ?? 0;
    if (luck.one(0.5)) {
      const stage = await honest(cast, luck, rate);
      if (stage !== null) {
        const survivors = [...stage.masked.keys()].toSorted();
        const { bytes, unopened } = await stage.sum(survivors);
        const view = new DataView(bytes.buffer, bytes.byteOffset);
        const got = Array.from({ length: bytes.length / 8 }, (_, index) => view.getBigInt64(index * 8, true));
        expect(got, `seed ${seed}`).toEqual(stage.expected(survivors, unopened));
        released++;
      }
    } else {
      await lying(cast, luck, rate);
      // And then the honest one comes back: what it can still do must fit what was opened.
      const before = judge(cast);
      await honest(cast, luck, rate).catch((error: unknown) => {
        if (!(error instanceof Refusal)) throw error;
      });
      if (before > 0) liars++;
    }
    opened += judge(cast);
  }
  console.log(
    `schedules: ${SCHEDULES}, ${opened} with a set opened, ${released} released by an honest coordinator, ${liars} opened for a liar`,
  );
  // The test would tell nothing if nearly nothing were opened.
  expect(released).toBeGreaterThan(SCHEDULES / 8);
  expect(opened).toBeGreaterThan(SCHEDULES / 4);
});

test("negative control: regions that forgot the set they signed would open two", async () => {
  const cast = castOf({ n: 4 });
  const stage = new Stage(cast);
  for (const act of ["advertise", "share", "mask"] as const) await stage.play(act, cast.roster);
  for (const set of [cast.roster, cast.roster.slice(0, 3)]) {
    for (const actor of cast.actors.values()) actor.disk.sets.clear();
    stage.agreed.clear();
    await stage.play("agree", set.slice(0, 3), () => stage.agreeState(set));
    await stage.play("open", set.slice(0, 3), () => stage.openState(set));
  }
  // The session itself opens once; two attempts, each with its set, are what the disk alone forbids.
  const again = new Stage(cast, 2);
  for (const actor of cast.actors.values()) actor.disk.sets.clear();
  await again.run();
  expect(() => judge(cast)).toThrow();
});
