/** When a region is charged in a secure sum: before its data are read, and for no attempt that does not get so far. */
import { expect, test } from "vitest";
import { Refusal } from "../../../../protocol/values/refusal.ts";
import { type Actor, castOf, Stage } from "../../../support/cast.ts";

const chargedIn = ({ cast: { actors, query } }: Stage): string[] =>
  [...actors.values()].flatMap(({ code, disk }) => (disk.charged.has(query) ? [code] : []));

const actorIn = ({ cast: { actors } }: Stage, code: string): Actor => actors.get(code) ?? expect.fail();

test("an attempt that ends before masks are made costs nobody", async () => {
  const stage = new Stage(castOf({ n: 4 }));
  for (const act of ["advertise", "share"] as const)
    expect(await stage.play(act, stage.cast.roster)).toEqual(new Map());
  expect(chargedIn(stage)).toEqual([]);
  await stage.play("mask", stage.cast.roster);
  expect(chargedIn(stage)).toEqual([...stage.cast.roster]);
});

test("shares that do not open: nothing is charged, and nothing is drawn or read", async () => {
  const stage = new Stage(castOf({ n: 4 }));
  for (const act of ["advertise", "share"] as const) await stage.play(act, stage.cast.roster);
  const [victim = "", other = ""] = stage.cast.roster;
  const state = stage.maskState(victim);
  if (state.phase !== "mask") throw new Error("the phase mask");
  const boxes = state.members.map(({ box }) => box);
  const swapped = state.members.map((member, at) =>
    member.box === null ? member : { ...member, box: boxes[at === 1 ? 2 : 1] ?? member.box },
  );
  await expect(actorIn(stage, victim).take({ ...state, members: swapped })).rejects.toThrow();
  expect(chargedIn(stage)).toEqual([]);
  expect(actorIn(stage, victim).noise).toEqual([]);
  // Shown what it should be, it goes on: nothing was spoilt.
  await stage.play("mask", [victim, other]);
  expect(chargedIn(stage)).toEqual([victim, other]);
});

test("a charge that is refused: no noise is drawn, no data are read, no vector leaves", async () => {
  let read = 0;
  const cast = castOf({
    n: 4,
    sums: (plan) => {
      read++;
      return new Array<bigint>(plan.length * plan.periods.length).fill(0n);
    },
  });
  const stage = new Stage(cast);
  for (const act of ["advertise", "share"] as const) await stage.play(act, cast.roster);
  const poor = actorIn(stage, cast.roster[0] ?? "");
  poor.disk.charge = () => {
    throw new Refusal("budget-exceeded", "expected less");
  };
  const refusals = await stage.play("mask", cast.roster);
  expect([...refusals.values()]).toMatchObject([{ code: "budget-exceeded" }]);
  expect([...refusals.keys()]).toEqual([poor.code]);
  expect(poor.noise).toEqual([]);
  expect(read).toBe(3);
  expect(poor.sent.map(({ envelope }) => envelope.payloadType).join()).not.toMatch(/masked/);
});
