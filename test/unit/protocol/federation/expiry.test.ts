/** What ends, told 60, 30 and 7 days before. */
import { describe, expect, test } from "vitest";
import type { Directory } from "../../../../protocol/federation/directory.ts";
import { endingsLine, endingsOf, endingWords } from "../../../../protocol/federation/expiry.ts";
import { instant } from "../../../../protocol/values/names.ts";
import { tellEndings } from "../../../../server/endings.ts";
import { loggerOf } from "../../../../server/logger.ts";
import { newKey } from "../../../../server/signing.ts";

const NOW = new Date("2026-12-01T12:00:00Z");
const DAY = 24 * 3600 * 1000;
const inDays = (days: number, seconds = 0) => instant(new Date(NOW.getTime() + days * DAY + seconds * 1000));

type Key = { purpose?: "ask" | "approve" | "audit"; notAfter: string; revoked?: string };
const directoryOf = (expires: string, people: Readonly<Record<string, Key[]>> = {}): Directory => ({
  version: 1,
  previous: null,
  name: "T",
  validFrom: inDays(-300),
  expires,
  roots: { keys: [newKey("root").public], threshold: 1 },
  coordinator: { release: newKey("release").public },
  nodes: [],
  people: Object.entries(people).map(([id, keys]) => ({
    id,
    roles: [],
    region: null,
    keys: keys.map(({ purpose = "approve", notAfter, revoked = null }) => ({
      key: newKey(purpose).public,
      purpose,
      notBefore: inDays(-300),
      notAfter,
      revoked,
    })),
  })),
  datasets: [],
  approvalRules: [],
});
const withins = (directory: Directory, now = NOW) => endingsOf(directory, now).map(({ within }) => within);

test.each([
  [60, 0, []],
  [60, -1, [60]],
  [30, 0, [60]],
  [30, -1, [30]],
  [7, 0, [30]],
  [7, -1, [7]],
  [0, 0, [7]],
  [0, -1, [0]],
  [-400, 0, [0]],
])("a directory that ends in %i days and %i seconds", (days, seconds, within) => {
  expect(withins(directoryOf(inDays(days, seconds)))).toEqual(within);
});

describe("a person's keys", () => {
  const far = inDays(300);
  test("the one that counts longest for a purpose is told, those that another takes over from are not", () => {
    const people = {
      anna: [{ notAfter: inDays(5) }, { notAfter: inDays(200) }],
      bo: [{ notAfter: inDays(5) }, { notAfter: inDays(200), purpose: "ask" as const }],
      cia: [{ notAfter: inDays(5) }, { notAfter: inDays(200), revoked: inDays(-1) }],
    };
    const told = endingsOf(directoryOf(far, people), NOW).map(({ what }) => what);
    expect(told).toMatchObject([
      { person: "bo", purpose: "approve" },
      { person: "cia", purpose: "approve" },
    ]);
  });

  test("one that ended is told for 60 days, and a revoked one never", () => {
    const of = (key: Key) => withins(directoryOf(far, { anna: [key] }));
    expect(of({ notAfter: inDays(-60) })).toEqual([0]);
    expect(of({ notAfter: inDays(-60, -1) })).toEqual([]);
    expect(of({ notAfter: inDays(5), revoked: inDays(-1) })).toEqual([]);
  });
});

test("in words, soonest first, three by name, in both languages", () => {
  const ends = Object.fromEntries(
    [1, 2, 3, 4].map((day) => [`p${day}`, [{ notAfter: inDays(10 - day, 60) }]]),
  );
  const endings = endingsOf(directoryOf(inDays(0, 60), ends), NOW);
  expect(endingsLine(endings, "en")).toBe(
    "the directory ends within a day (2026-12-01); the key of p4 to approve ends in 6 days (2026-12-07); the key of p3 to approve ends in 7 days (2026-12-08); and 2 more",
  );
  expect(endingsLine(endings, "sv")).toBe(
    "katalogen upphör inom ett dygn (2026-12-01); nyckeln för p4 att godkänna upphör om 6 dagar (2026-12-07); nyckeln för p3 att godkänna upphör om 7 dagar (2026-12-08); och 2 till",
  );
  expect(endingsLine([], "en")).toBeNull();
  const [past] = endingsOf(directoryOf(inDays(-1)), NOW);
  expect(past === undefined ? "" : endingWords(past, "sv")).toBe("katalogen har upphört (2026-11-30)");
});

test("a party's log is told at the start and once a day, by the version that is then in force", async () => {
  const logged: unknown[] = [];
  const logger = Object.assign(loggerOf("test", "silent"), {
    warn: (fields: unknown) => logged.push(fields),
  });
  const stopping = new AbortController();
  let [now, naps] = [NOW, 0];
  let directory = directoryOf(inDays(20));
  const sleep = async () => {
    naps += 1;
    now = new Date(now.getTime() + DAY / 4);
    if (naps === 6) directory = directoryOf(inDays(300));
    if (naps === 12) stopping.abort();
  };
  await tellEndings(() => directory, { now: () => now, sleep, logger }, stopping.signal);
  // 1, 2 and 3 December: the third by the version that ends in 300 days.
  expect(logged).toEqual([
    { endings: "the directory ends in 20 days (2026-12-21)" },
    { endings: "the directory ends in 19 days (2026-12-21)" },
  ]);
});
