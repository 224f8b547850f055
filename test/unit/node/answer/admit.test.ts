/** What a clock alone says no to is put off, and signed by nobody; what no clock would change is refused at once. */
import { expect, test } from "vitest";
import { admit, Untimely } from "../../../../node/answer/admit.ts";
import type { Policy } from "../../../../node/answer/policy.ts";
import { tableOf } from "../../../../node/store/database.ts";
import type { Directory } from "../../../../protocol/federation/directory.ts";
import { planIn } from "../../../../protocol/federation/plan-in.ts";
import { Query } from "../../../../protocol/question/query.ts";
import { payloadOf } from "../../../../protocol/signing/envelope.ts";
import { ordinalOf } from "../../../../protocol/values/period.ts";
import { Refusal, type RefusalCode } from "../../../../protocol/values/refusal.ts";
import { approves, sceneOf } from "../../../support/approvers.ts";

const RULES = [{ dataset: "*", role: "approver", persons: 1 }];
const POLICY: Policy = { mayAsk: "researchers", datasets: "all", approvals: [], ceilings: {}, withheld: [] };

type Judged = "admitted" | { readonly refused: RefusalCode } | { readonly putOff: RefusalCode };

type Case = {
  /** When the one approval ends. */
  readonly approved?: string;
  readonly directory?: Partial<Directory>;
  readonly policy?: Policy | null;
};

/** What a node whose clock says so makes of a question of the years 2026 to 2035, asked by a key that ends with 2029. */
function judgedAt(
  time: string,
  { approved = "2050-01-01T00:00:00Z", directory, policy = POLICY }: Case = {},
) {
  const scene = sceneOf(RULES, [approves("ada", { expires: approved })]);
  const federation = { ...scene.federation, directory: { ...scene.federation.directory, ...directory } };
  const work = { query: scene.envelope, approvals: [...scene.approvals], round: null, proof: null };
  const { dataset, periods } = planIn(federation, payloadOf(Query, scene.envelope));
  const delivered = new Map([
    [tableOf(dataset), new Set(periods.map((each) => ordinalOf(dataset.period, each) ?? -1))],
  ]);
  const context = { federation, code: "01", policy, now: new Date(time), seen: null, delivered };
  try {
    admit(work, { ...context, declines: [], calendars: [], anew: [] });
    return "admitted";
  } catch (error) {
    if (error instanceof Untimely) return { putOff: error.reason, until: error.until.toISOString() };
    if (error instanceof Refusal) return { refused: error.code };
    throw error;
  }
}

const ENDED: Case = { directory: { expires: "2029-01-01T00:00:00Z" } };

/** With keys of everyone's that outlast the question, and itself until then. */
function longer(expires = "2060-01-01T00:00:00Z"): Partial<Directory> {
  const { directory } = sceneOf(RULES, []).federation;
  const people = directory.people.map((person) => ({
    ...person,
    keys: person.keys.map((key) => ({ ...key, notAfter: "2060-01-01T00:00:00Z" })),
  }));
  return { people, expires };
}

test.each<readonly [string, string, Case, Judged]>([
  ["in its time", "2027-01-01T00:00:00Z", {}, "admitted"],
  ["before its time", "2025-12-31T23:59:59Z", {}, { putOff: "query-not-yet-valid" }],
  ["a year before its time", "2025-01-01T00:00:00Z", {}, { putOff: "query-not-yet-valid" }],
  ["when the key has just ended", "2030-01-01T00:10:00Z", {}, { putOff: "key-not-in-force" }],
  ["when the key has surely ended", "2030-01-01T00:15:01Z", {}, { refused: "key-not-in-force" }],
  [
    "when the approval has just ended",
    "2027-01-01T00:10:00Z",
    { approved: "2027-01-01T00:00:00Z" },
    { putOff: "approvals-missing" },
  ],
  [
    "when the approval has surely ended",
    "2027-01-01T00:15:01Z",
    { approved: "2027-01-01T00:00:00Z" },
    { refused: "approvals-missing" },
  ],
  ["when the directory has just ended", "2029-01-01T00:10:00Z", ENDED, { putOff: "directory-expired" }],
  ["while nobody has renewed the directory", "2029-12-01T00:00:00Z", ENDED, { putOff: "directory-expired" }],
  [
    "when it has just ended itself",
    "2036-01-01T00:10:00Z",
    { directory: longer() },
    { putOff: "query-expired" },
  ],
  ["when it has surely ended", "2036-01-01T00:15:01Z", { directory: longer() }, { refused: "query-expired" }],
  [
    "when it has ended long after the directory did",
    "2036-01-01T00:15:01Z",
    { directory: longer("2029-01-01T00:00:00Z") },
    { refused: "query-expired" },
  ],
  ["whatever the time", "2027-01-01T00:00:00Z", { policy: null }, { refused: "policy-missing" }],
])("%s", (_, time, setting, said) => {
  const judged = judgedAt(time, setting);
  if (said === "admitted") expect(judged).toBe(said);
  else expect(judged).toMatchObject(said);
});

test("what has not begun is looked at again when it begins", () => {
  expect(judgedAt("2025-12-31T23:53:20Z")).toMatchObject({ until: "2026-01-01T00:00:00.000Z" });
});
