/** When a phase of a secure sum is over: the rule as a table, and what no region can do to it. */
import { describe, expect, test } from "vitest";
import {
  AT_ONCE,
  judge,
  MOST_ATTEMPTS,
  type PhaseState,
  type Verdict,
} from "../../../../coordinator/secure-sum/phase-rule.ts";

// Seven regions, of which five must be there. The phase began at 1000 and its messages can be made until 5000: a
// quarter of the time that was left then is over at 2000.
const ROSTER = ["01", "02", "03", "04", "05", "06", "07"];
const FIVE = ROSTER.slice(0, 5);
const FOUR = ROSTER.slice(0, 4);
const [BEGAN, QUARTER, LIMIT] = [1000, 2000, 5000];
const STATE: PhaseState = {
  phase: "share",
  attempt: 1,
  roster: ROSTER,
  members: ROSTER,
  came: [],
  withdrawn: [],
  refused: [],
  never: [],
  ready: [],
  newcomers: [],
  needed: 5,
  began: BEGAN,
  limit: LIMIT,
  deadline: LIMIT,
};

const wait = (until: number, ...regions: string[]): Verdict => ({ next: "wait", until, for: regions });
const close = (regions: readonly string[], last: boolean): Verdict => ({
  next: "close",
  with: [...regions],
  last,
});
const end = (came: number, ...missing: string[]): Verdict => ({ next: "end", came, missing });
const AGAIN: Verdict = { next: "again" };

type Row = readonly [says: string, state: Partial<PhaseState>, now: number, expected: Verdict];

const BEFORE_ONE_IS_AGREED_ON: readonly Row[] = [
  ["nobody has sent: it waits", {}, BEGAN, wait(QUARTER, ...ROSTER)],
  ["all have sent: it closes at once", { came: ROSTER }, BEGAN, close(ROSTER, true)],
  [
    "enough before the quarter: it waits for the rest",
    { came: FIVE },
    QUARTER - 1,
    wait(QUARTER, "06", "07"),
  ],
  ["enough at the quarter: it closes without the rest", { came: FIVE }, QUARTER, close(FIVE, false)],
  ["too few at the quarter: it waits to the end", { came: FOUR }, QUARTER, wait(LIMIT, "05", "06", "07")],
  ["too few long after: it still waits", { came: FOUR }, LIMIT - 1, wait(LIMIT, "05", "06", "07")],
  ["enough late after the quarter: it closes then", { came: FIVE }, LIMIT - 1, close(FIVE, false)],
  ["too few at the deadline: it ends, and names them", { came: FOUR }, LIMIT, end(4, "05", "06", "07")],
  ["all, but at the deadline: too late for what follows", { came: ROSTER }, LIMIT, end(7)],
  [
    "one withdrew, the others have sent: nobody is waited for",
    { came: ROSTER.slice(0, 6), withdrawn: ["07"] },
    BEGAN,
    close(ROSTER.slice(0, 6), true),
  ],
  [
    "one refused for good: nor for that",
    { came: ROSTER.slice(0, 6), never: ["07"] },
    BEGAN,
    close(ROSTER.slice(0, 6), true),
  ],
  [
    "one refused for now, enough others: nor for that",
    { came: ROSTER.slice(0, 6), refused: ["07"] },
    BEGAN,
    close(ROSTER.slice(0, 6), false),
  ],
  [
    "refusals for now leave too few: they may change their mind",
    { came: FOUR, refused: ["05", "06", "07"] },
    LIMIT - 1,
    wait(LIMIT),
  ],
  [
    "it sent, and withdrew after: its secrets are gone",
    { came: ROSTER, withdrawn: ["07"] },
    BEGAN,
    close(ROSTER.slice(0, 6), true),
  ],
  [
    "too few can ever come of this attempt: a new one, at once",
    { came: FOUR, withdrawn: ["05", "06", "07"] },
    BEGAN,
    AGAIN,
  ],
  [
    "that has come so often already: at the quarter, and not before",
    { came: FOUR, withdrawn: ["05", "06", "07"], attempt: AT_ONCE + 1 },
    QUARTER - 1,
    wait(QUARTER),
  ],
  [
    "so often already, at the quarter: a new one",
    { came: FOUR, withdrawn: ["05", "06", "07"], attempt: AT_ONCE + 1 },
    QUARTER,
    AGAIN,
  ],
  [
    "so often already, and one is ready who was in none before: at once",
    { members: FIVE, came: FOUR, withdrawn: ["05"], ready: ["06"], newcomers: ["06"], attempt: AT_ONCE + 1 },
    BEGAN,
    AGAIN,
  ],
  [
    "so often already, and one is ready who was in one before: at the quarter",
    { members: FIVE, came: FOUR, withdrawn: ["05"], ready: ["06"], attempt: AT_ONCE + 1 },
    QUARTER - 1,
    wait(QUARTER),
  ],
  [
    "the last attempt of all: no other",
    { came: FOUR, withdrawn: ["05", "06", "07"], attempt: MOST_ATTEMPTS },
    BEGAN,
    end(4, "05", "06", "07"),
  ],
  [
    "too few can ever come at all: no new attempt helps",
    { came: FOUR, never: ["05", "06", "07"] },
    BEGAN,
    end(4, "05", "06", "07"),
  ],
  [
    "one withdrew of just enough, but two stay away: the one alone can come anew",
    { members: FIVE, came: FOUR, withdrawn: ["05"] },
    BEGAN,
    AGAIN,
  ],
  [
    "one of just enough is silent: it may be slow",
    { members: FIVE, came: FOUR },
    LIMIT - 1,
    wait(LIMIT, "05"),
  ],
  [
    "another is ready in its place, before the quarter: it may be slow",
    { members: FIVE, came: FOUR, ready: ["06"] },
    QUARTER - 1,
    wait(QUARTER, "05"),
  ],
  [
    "another is ready in its place, at the quarter: a new attempt has enough",
    { members: FIVE, came: FOUR, ready: ["06"] },
    QUARTER,
    AGAIN,
  ],
  [
    "two are silent and one is ready: that would not be enough",
    { members: FIVE, came: FOUR.slice(0, 3), ready: ["06"] },
    QUARTER,
    wait(LIMIT, "04", "05"),
  ],
];

describe("before a set is agreed on", () => {
  test.each(BEFORE_ONE_IS_AGREED_ON)("%s", (_, more, now, expected) => {
    expect(judge({ ...STATE, ...more }, now)).toEqual(expected);
  });

  test("a vector that came is in the sum, whatever becomes of who sent it", () => {
    const state = { ...STATE, phase: "mask", came: ROSTER, withdrawn: ["07"], never: ["06"] } as const;
    expect(judge(state, BEGAN)).toEqual(close(ROSTER, true));
  });

  test("an attempt that is still forming is not begun anew: who comes back comes to it", () => {
    const state = { ...STATE, phase: "advertise", came: FOUR, ready: ["05", "06"] } as const;
    expect(judge(state, QUARTER)).toEqual(wait(LIMIT, "05", "06", "07"));
  });
});

describe("once a set is agreed on", () => {
  const set = { ...STATE, phase: "agree", needed: 4 } as const;
  test.each<Row>([
    ["enough at the quarter", { came: FOUR }, QUARTER, close(FOUR, false)],
    ["too few can ever come: burnt at once, and never anew", { withdrawn: FOUR }, BEGAN, end(0, ...ROSTER)],
    [
      "too few at the quarter: it waits",
      { came: FOUR.slice(1) },
      QUARTER,
      wait(LIMIT, "01", "05", "06", "07"),
    ],
    ["signed, but at the deadline: too late to open", { came: ROSTER }, LIMIT, end(7)],
    [
      "opened by enough at the deadline: there is a sum",
      { phase: "open", came: FOUR },
      LIMIT,
      close(FOUR, false),
    ],
    [
      "others are ready: there is no other attempt",
      { came: ["01"], ready: ROSTER },
      QUARTER,
      wait(LIMIT, ...ROSTER.slice(1)),
    ],
  ])("%s", (_, more, now, expected) => {
    expect(judge({ ...set, ...more }, now)).toEqual(expected);
  });
});

describe("no region holds the others up", () => {
  test("whatever one sends and when, the others go on at the same moment", () => {
    // The quarter is of what was left when the phase began: nothing that comes, or does not, is in it.
    for (const came of [FIVE, [...FIVE, "06"]])
      for (const withdrawn of [[], ["07"], ["06", "07"]])
        for (const refused of [[], ["07"]])
          expect(judge({ ...STATE, came, withdrawn, refused }, QUARTER)).toMatchObject({ next: "close" });
  });

  test("one that joins and withdraws again and again leaves the time in which another may still come", () => {
    // Three must be there of four: 04 waits for an approval, 05 lies, and does all that it does at once.
    const joined = ["01", "03", "05"];
    const lied = { ...STATE, roster: ["01", "03", "04", "05"], refused: ["04"], needed: 3 };
    const [limit, deadline] = [1024, 1024];
    let now = 0;
    for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt++) {
      const state = { ...lied, limit, deadline, attempt, began: now };
      const members = lied.roster;
      expect(judge({ ...state, phase: "advertise", members, came: joined }, now)).toEqual(
        close(joined, false),
      );
      const shared: PhaseState = { ...state, members: joined, came: ["01", "03"], withdrawn: ["05"] };
      const verdict = judge(shared, now);
      if (attempt === MOST_ATTEMPTS) expect(verdict).toEqual(end(2, "05"));
      else if (attempt <= AT_ONCE) expect(verdict).toEqual(AGAIN);
      else {
        expect(verdict).toEqual(wait(now + (limit - now) / 4));
        now += (limit - now) / 4;
        expect(judge(shared, now)).toEqual(AGAIN);
      }
    }
    // Six quarters of what was left each time.
    expect(now).toBe(1024 * (1 - 0.75 ** (MOST_ATTEMPTS - 1 - AT_ONCE)));
  });

  test("one that is silent in each phase costs the others a quarter of what is left, and never all of it", () => {
    let began = 0;
    for (const phase of ["advertise", "share", "mask", "agree", "open"] as const) {
      const state = { ...STATE, phase, began, limit: 1024, deadline: 1024, came: ROSTER.slice(1) };
      const verdict = judge(state, began);
      if (verdict.next !== "wait") throw new Error("it waits for the one");
      expect(verdict.until).toBe(began + (1024 - began) / 4);
      expect(judge(state, verdict.until)).toEqual(close(ROSTER.slice(1), false));
      began = verdict.until;
    }
    expect(began).toBe(781);
  });

  test("a phase that begins when its messages can no longer be made waits for nobody", () => {
    expect(judge({ ...STATE, began: LIMIT, deadline: 9000, came: FIVE }, LIMIT)).toEqual(close(FIVE, false));
  });
});
