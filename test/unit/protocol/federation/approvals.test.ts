/**
 * Approvals, judged once: a table of rules and of what was handed in, its outcomes written by hand. Each row is put to
 * the one judgement, and to all who rest on it: two nodes, the coordinator's step, the audit of a charge, and the page.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { advance } from "../../../../coordinator/advance.ts";
import { bellOf } from "../../../../coordinator/bell.ts";
import type { CoordinatorDatabase, CoordinatorStore } from "../../../../coordinator/store/database.ts";
import { prepareCoordinator } from "../../../../coordinator/store/database.ts";
import { countsText } from "../../../../dashboards/src/decision-words.ts";
import { decisionsOn } from "../../../../dashboards/src/decisions.ts";
import { admit, Untimely } from "../../../../node/answer/admit.ts";
import { tableOf } from "../../../../node/store/database.ts";
import { whyNotApproved } from "../../../../protocol/audit/charges.ts";
import type { Replay } from "../../../../protocol/audit/coordinator-log.ts";
import {
  type Judgement,
  judgeApprovals,
  lackIn,
  openApprovals,
  type Useless,
} from "../../../../protocol/federation/approvals.ts";
import { planIn } from "../../../../protocol/federation/plan-in.ts";
import { type ApprovalRule, DEFAULT_RULE, ruleWords } from "../../../../protocol/question/approval.ts";
import { Query } from "../../../../protocol/question/query.ts";
import { type Envelope, envelopeId, payloadOf } from "../../../../protocol/signing/envelope.ts";
import { instant } from "../../../../protocol/values/names.ts";
import { ordinalOf } from "../../../../protocol/values/period.ts";
import { Refusal, type RefusalCode } from "../../../../protocol/values/refusal.ts";
import { openStore } from "../../../../server/database.ts";
import { newKey, signerOf } from "../../../../server/signing.ts";
import {
  ANOTHER,
  approves,
  declines,
  NOW,
  type Said,
  type Scene,
  sceneOf,
} from "../../../support/approvers.ts";
import { temporaryFolder } from "../../../support/engines.ts";

type Verdict = Judgement["verdict"];

type Row = {
  /** The directory's rules; each for all datasets, unless it names one. */
  readonly rules: readonly ApprovalRule[];
  /** Region 01's own. */
  readonly policy?: readonly ApprovalRule[];
  readonly said: readonly Said[];
  /** Which of them count (null) as region 01 judges, and why others do not. */
  readonly why: ReadonlyArray<Useless | RefusalCode | null>;
  readonly floor: Verdict;
  /** What the nodes of 01 and 03 say. */
  readonly nodes: readonly [Verdict, Verdict];
  /** By the directory's rules alone, where 01's own policy says otherwise. */
  readonly directory01?: Verdict;
  /** What 01 lacks first, where it is approvals: the role, how many persons it has, of how many. */
  readonly lacks?: readonly [string, number, number];
};

const rule = (persons: number, role = "approver", more: Partial<ApprovalRule> = {}): ApprovalRule => ({
  dataset: "*",
  role,
  persons,
  ...more,
});

const [YES, NO, LACKING] = ["approved", "declined", "missing"] as const;

const TABLE: Readonly<Record<string, Row>> = {
  "one person, who was asked for": {
    rules: [rule(1)],
    said: [approves("ada")],
    why: [null],
    floor: YES,
    nodes: [YES, YES],
  },
  "nobody has decided": {
    rules: [rule(1)],
    said: [],
    why: [],
    floor: LACKING,
    nodes: [LACKING, LACKING],
    lacks: ["approver", 0, 1],
  },
  "one of two": {
    rules: [rule(2)],
    said: [approves("ada")],
    why: [null],
    floor: LACKING,
    nodes: [LACKING, LACKING],
    lacks: ["approver", 1, 2],
  },
  "one person twice, by two keys, is one": {
    rules: [rule(2)],
    said: [approves("ada"), approves("ada", { signed: { with: "ada", key: "second" } })],
    why: [null, "person-counted"],
    floor: LACKING,
    nodes: [LACKING, LACKING],
    lacks: ["approver", 1, 2],
  },
  "two roles, both met": {
    rules: [rule(1), rule(1, "officer")],
    said: [approves("ada"), approves("dan", { role: "officer" })],
    why: [null, null],
    floor: YES,
    nodes: [YES, YES],
  },
  "two roles, one of them missing": {
    rules: [rule(1), rule(1, "officer")],
    said: [approves("ada"), approves("bo")],
    why: [null, null],
    floor: LACKING,
    nodes: [LACKING, LACKING],
    lacks: ["officer", 0, 1],
  },
  "several persons of several roles": {
    rules: [rule(2), rule(2, "officer")],
    said: [
      approves("ada"),
      approves("bo"),
      approves("cia", { role: "officer" }),
      approves("dan", { role: "officer" }),
    ],
    why: [null, null, null, null],
    floor: YES,
    nodes: [YES, YES],
  },
  "a person with two roles, who signs in both": {
    rules: [rule(1), rule(1, "officer")],
    said: [approves("cia"), approves("cia", { role: "officer" })],
    why: [null, null],
    floor: YES,
    nodes: [YES, YES],
  },
  "a person with two roles, who signs in one": {
    rules: [rule(1), rule(1, "officer")],
    said: [approves("cia", { role: "officer" })],
    why: [null],
    floor: LACKING,
    nodes: [LACKING, LACKING],
    lacks: ["approver", 0, 1],
  },
  "a role that no rule asks for": {
    rules: [rule(1)],
    said: [approves("dan", { role: "officer" })],
    why: ["role-not-asked-for"],
    floor: LACKING,
    nodes: [LACKING, LACKING],
    lacks: ["approver", 0, 1],
  },
  "a role that the person does not have": {
    rules: [rule(1, "officer")],
    said: [approves("ada", { role: "officer" })],
    why: ["role-missing"],
    floor: LACKING,
    nodes: [LACKING, LACKING],
    lacks: ["officer", 0, 1],
  },
  "the one who asks is not counted": {
    rules: [rule(2)],
    said: [approves("rut"), approves("ada")],
    why: ["by-requester", null],
    floor: LACKING,
    nodes: [LACKING, LACKING],
    lacks: ["approver", 1, 2],
  },
  "an approval for one region": {
    rules: [rule(1)],
    said: [approves("bo", { region: "01" })],
    why: [null],
    floor: YES,
    nodes: [YES, LACKING],
  },
  "two approvals, each for a region of its own": {
    rules: [rule(2)],
    said: [approves("ada", { region: "01" }), approves("bo", { region: "03" })],
    why: [null, "other-region"],
    floor: YES,
    nodes: [LACKING, LACKING],
    lacks: ["approver", 1, 2],
  },
  "somebody of the region itself": {
    rules: [rule(1, "approver", { ownRegion: true })],
    said: [approves("ada")],
    why: [null],
    floor: YES,
    nodes: [YES, LACKING],
  },
  "somebody of the region itself, and nobody is": {
    rules: [rule(1, "officer", { ownRegion: true })],
    said: [approves("dan", { role: "officer" })],
    why: ["person-of-elsewhere"],
    floor: YES,
    nodes: [LACKING, LACKING],
    lacks: ["officer", 0, 1],
  },
  "an approval that has expired, and one that does so now": {
    rules: [rule(1)],
    said: [approves("ada", { expires: "2026-06-01T11:59:59Z" }), approves("bo", { expires: instant(NOW) })],
    why: ["approval-expired", "approval-expired"],
    floor: LACKING,
    nodes: [LACKING, LACKING],
    lacks: ["approver", 0, 1],
  },
  "an approval in its last second": {
    rules: [rule(1)],
    said: [approves("ada", { expires: "2026-06-01T12:00:01Z" })],
    why: [null],
    floor: YES,
    nodes: [YES, YES],
  },
  "a key that was revoked, and one whose time is over": {
    rules: [rule(1)],
    said: [approves("eva"), approves("fay")],
    why: ["key-revoked", "key-not-in-force"],
    floor: LACKING,
    nodes: [LACKING, LACKING],
    lacks: ["approver", 0, 1],
  },
  "a key of another purpose, another's key, and one that nobody knows": {
    rules: [rule(1)],
    said: [
      approves("ada", { signed: { with: "ada", key: "ask" } }),
      approves("ada", { signed: { with: "bo" } }),
      approves("ada", { signed: { with: "nobody" } }),
    ],
    why: ["key-wrong-purpose", "key-wrong-purpose", "key-unknown"],
    floor: LACKING,
    nodes: [LACKING, LACKING],
    lacks: ["approver", 0, 1],
  },
  "an approval of another query": {
    rules: [rule(1)],
    said: [approves("ada", { query: ANOTHER })],
    why: ["other-query"],
    floor: LACKING,
    nodes: [LACKING, LACKING],
    lacks: ["approver", 0, 1],
  },
  "a decline, though enough approve": {
    rules: [rule(1)],
    said: [approves("ada"), declines("bo")],
    why: [null, null],
    floor: NO,
    nodes: [NO, NO],
  },
  "a decline, and nobody approves": {
    rules: [rule(1)],
    said: [declines("bo")],
    why: [null],
    floor: NO,
    nodes: [NO, NO],
    lacks: ["approver", 0, 1],
  },
  "a decline in a role that no rule asks for": {
    rules: [rule(1)],
    said: [approves("ada"), declines("dan", { role: "officer" })],
    why: [null, null],
    floor: NO,
    nodes: [NO, NO],
  },
  "one who approves and declines has declined": {
    rules: [rule(1)],
    said: [declines("ada"), approves("ada"), approves("bo")],
    why: [null, null, null],
    floor: NO,
    nodes: [NO, NO],
  },
  "a decline by the one who asks": {
    rules: [rule(1)],
    said: [approves("ada"), declines("rut")],
    why: [null, "by-requester"],
    floor: YES,
    nodes: [YES, YES],
  },
  "a decline for one region stops that one alone": {
    rules: [rule(1)],
    said: [approves("ada"), declines("bo", { region: "03" })],
    why: [null, "other-region"],
    floor: YES,
    nodes: [YES, NO],
  },
  "declines that have expired, by a revoked key, and of another query": {
    rules: [rule(1)],
    said: [
      approves("ada"),
      declines("bo", { expires: "2026-05-31T00:00:00Z" }),
      declines("eva"),
      declines("cia", { query: ANOTHER }),
    ],
    why: [null, "approval-expired", "key-revoked", "other-query"],
    floor: YES,
    nodes: [YES, YES],
  },
  "rules for a dataset by its name, and for all": {
    rules: [rule(1), rule(2, "approver", { dataset: "care" }), rule(5, "officer", { dataset: "survey" })],
    said: [approves("ada"), approves("bo")],
    why: [null, null],
    floor: YES,
    nodes: [YES, YES],
  },
  "a rule for a dataset whose name only begins alike": {
    rules: [rule(1), rule(2, "approver", { dataset: "car" })],
    said: [approves("ada")],
    why: [null],
    floor: YES,
    nodes: [YES, YES],
  },
  "a rule for a dataset by its name, not met": {
    rules: [rule(1), rule(1, "officer", { dataset: "care" })],
    said: [approves("ada")],
    why: [null],
    floor: LACKING,
    nodes: [LACKING, LACKING],
    lacks: ["officer", 0, 1],
  },
  "two persons from two regions": {
    rules: [rule(2, "approver", { regions: 2 })],
    said: [approves("ada"), approves("bo")],
    why: [null, null],
    floor: YES,
    nodes: [YES, YES],
  },
  "two persons of one region, where two regions are asked for": {
    rules: [rule(2, "approver", { regions: 2 })],
    said: [approves("ada"), approves("cia")],
    why: [null, null],
    floor: LACKING,
    nodes: [LACKING, LACKING],
    lacks: ["approver", 2, 2],
  },
  "one of a region and one of none are of one region": {
    rules: [rule(2, "approver", { regions: 2 })],
    said: [approves("ada"), approves("gun")],
    why: [null, null],
    floor: LACKING,
    nodes: [LACKING, LACKING],
    lacks: ["approver", 2, 2],
  },
  "three persons from two regions, one of them of none": {
    rules: [rule(3, "approver", { regions: 2 })],
    said: [approves("ada"), approves("gun"), approves("bo")],
    why: [null, null, null],
    floor: YES,
    nodes: [YES, YES],
  },
  "another role's persons bring no region": {
    rules: [rule(2, "approver", { regions: 2 })],
    said: [approves("bo"), approves("gun"), approves("cia", { role: "officer" })],
    why: [null, null, "role-not-asked-for"],
    floor: LACKING,
    nodes: [LACKING, LACKING],
    lacks: ["approver", 2, 2],
  },
  "two regions, with approvals for one region each": {
    rules: [rule(2, "approver", { regions: 2 })],
    said: [approves("ada", { region: "01" }), approves("bo", { region: "03" })],
    why: [null, "other-region"],
    floor: YES,
    nodes: [LACKING, LACKING],
    lacks: ["approver", 1, 2],
  },
  "a region that asks for two regions where the directory asks for one person": {
    rules: [rule(1)],
    policy: [rule(2, "approver", { regions: 2 })],
    said: [approves("ada"), approves("cia")],
    why: [null, null],
    floor: YES,
    nodes: [LACKING, YES],
    directory01: YES,
    lacks: ["approver", 2, 2],
  },
  "a region that asks for more": {
    rules: [rule(1)],
    policy: [rule(2)],
    said: [approves("ada")],
    why: [null],
    floor: YES,
    nodes: [LACKING, YES],
    directory01: YES,
    lacks: ["approver", 1, 2],
  },
  "a region that asks for a role of its own": {
    rules: [rule(1)],
    policy: [rule(1, "officer", { ownRegion: true })],
    said: [approves("bo"), approves("cia", { role: "officer" })],
    why: [null, null],
    floor: YES,
    nodes: [YES, YES],
  },
  "a region cannot ask for less": {
    rules: [rule(2)],
    policy: [rule(1)],
    said: [approves("ada")],
    why: [null],
    floor: LACKING,
    nodes: [LACKING, LACKING],
    lacks: ["approver", 1, 2],
  },
};

const rows = Object.entries(TABLE).map(([name, row]) => ({
  name,
  ...row,
  scene: sceneOf(row.rules, row.said),
}));

describe.each(rows)("$name", ({ scene, why, floor, nodes, directory01 = nodes[0], lacks, policy = [] }) => {
  const { federation, asked, approvals, envelope } = scene;

  test("as it is judged", () => {
    const given = openApprovals(federation, approvals, NOW);
    const at = (region: string | null, own: readonly ApprovalRule[] = []) =>
      judgeApprovals(federation, asked, given, { region, rules: own });
    const first = at("01", policy);
    expect(first.handedIn.map((each) => each.why)).toEqual(why);
    expect([at(null).verdict, first.verdict, at("03").verdict, at("01").verdict]).toEqual([
      floor,
      ...nodes,
      directory01,
    ]);
    const { missing } = first;
    expect(missing && [missing.rule.role, missing.persons.length, missing.rule.persons]).toEqual(
      lacks ?? null,
    );
  });

  test("by nodes", () => {
    const said = { approved: null, declined: "query-declined", missing: "approvals-missing" };
    expect([nodeSays(scene, "01", policy), nodeSays(scene, "03", [])]).toEqual(
      nodes.map((each) => said[each]),
    );
  });

  test("by the audit of a charge", () => {
    const verdicts = ["01", "03"].map((region) => auditSays(scene, region));
    expect(verdicts).toEqual([directory01, nodes[1]]);
  });

  test("on the page", () => {
    const shown = decisionsOn({ query: envelope, approvals: [...approvals] }, asked.query, federation, NOW);
    if (shown instanceof Refusal) throw shown;
    expect(shown.floor.verdict).toBe(floor);
    const otherwise = [
      { region: "01", verdict: directory01 },
      { region: "03", verdict: nodes[1] },
    ];
    expect(shown.otherwise).toEqual(otherwise.filter(({ verdict }) => verdict !== floor));
  });

  test("by the coordinator", async () => {
    const state = { approved: "open", declined: "declined", missing: "waiting" };
    expect(await coordinatorSays(scene)).toBe(state[floor]);
  });
});

describe("a dataset that no rule of the directory names", () => {
  const scene = sceneOf([rule(1, "approver", { dataset: "survey" })], [approves("ada"), approves("bo")]);

  test("is approved by nobody, whatever the region's own rules are", () => {
    const { federation, asked, approvals } = scene;
    const given = openApprovals(federation, approvals, NOW);
    for (const region of [null, "01", "03"])
      for (const rules of [[], [rule(1)]]) {
        const judgement = judgeApprovals(federation, asked, given, { region, rules });
        expect([judgement.verdict, judgement.missing]).toEqual([LACKING, null]);
        expect(lackIn(judgement)).toMatch(/a rule of the directory that names the dataset/);
      }
    expect(nodeSays(scene, "01", [])).toBe("approvals-missing");
    expect(nodeSays(scene, "01", [rule(1)])).toBe("approvals-missing");
  });

  test("waits at the coordinator, and on the page", async () => {
    const { federation, asked, envelope, approvals } = scene;
    expect(await coordinatorSays(scene)).toBe("waiting");
    const shown = decisionsOn({ query: envelope, approvals: [...approvals] }, asked.query, federation, NOW);
    if (shown instanceof Refusal) throw shown;
    expect(shown.floor.verdict).toBe(LACKING);
    expect(countsText(shown, "en")).toMatch(/no rule names the dataset/);
    expect(countsText(shown, "sv")).toMatch(/ingen regel nämner/);
  });

  test("can be declined all the same", () => {
    const no = sceneOf([rule(1, "approver", { dataset: "survey" })], [declines("ada")]);
    expect(nodeSays(no, "01", [])).toBe("query-declined");
  });

  test("was charged rightly before there had to be a rule: an audit of an old log finds nothing", () => {
    expect(auditSays(scene, "01")).toBe(YES);
    const no = sceneOf([rule(1, "approver", { dataset: "survey" })], [declines("ada")]);
    expect(auditSays(no, "01")).toBe(NO);
  });
});

test("rules in words, and rules that nobody can meet", () => {
  expect(ruleWords(DEFAULT_RULE, "en")).toBe(
    "2 distinct persons with the role approver, from at least 2 different regions",
  );
  expect(ruleWords(DEFAULT_RULE, "sv")).toBe(
    "2 olika personer med rollen approver, från minst 2 olika regioner",
  );
  expect(ruleWords(rule(1, "officer", { dataset: "care", ownRegion: true }), "en")).toBe(
    "1 person with the role officer, of the region itself, for care",
  );
  expect(() => sceneOf([rule(1, "approver", { regions: 2 })], [])).toThrow(/as many regions as persons/);
  expect(() => sceneOf([rule(2, "approver", { regions: 2, ownRegion: true })], [])).toThrow(/not both/);
});

test("what a node has read counts as if it were shown, and a copy that is not signed takes nothing from it", () => {
  const scene = sceneOf([rule(1)], [approves("ada"), declines("bo")]);
  const [yes, no] = scene.approvals;
  if (yes === undefined || no === undefined) throw new Error("two that were said");
  const unsigned = { ...no, signatures: yes.signatures };
  const cases: ReadonlyArray<[shown: Envelope[], read: Envelope[], RefusalCode | null]> = [
    [[yes], [], null],
    [[yes, unsigned], [], null],
    [[yes], [no], "query-declined"],
    [[yes, no], [no], "query-declined"],
    [[yes, unsigned], [no], "query-declined"],
    [[unsigned, yes], [no], "query-declined"],
  ];
  for (const [shown, read, says] of cases)
    expect(nodeSays({ ...scene, approvals: shown }, "01", [], read)).toBe(says);
});

/** What a node refuses, by its code; null where it admits the query. `read` are the declines that it has read. */
function nodeSays(
  { federation, envelope, approvals }: Scene,
  code: string,
  own: readonly ApprovalRule[],
  read: readonly Envelope[] = [],
): RefusalCode | null {
  const policy = {
    mayAsk: "researchers" as const,
    datasets: "all" as const,
    approvals: [...own],
    ceilings: {},
    withheld: [],
  };
  const work = { query: envelope, approvals: [...approvals], round: null, proof: null };
  const { dataset, periods } = planIn(federation, payloadOf(Query, envelope));
  const delivered = new Map([
    [tableOf(dataset), new Set(periods.map((each) => ordinalOf(dataset.period, each) ?? -1))],
  ]);
  try {
    admit(work, {
      federation,
      code,
      policy,
      now: NOW,
      seen: null,
      declines: read,
      calendars: [],
      delivered,
      anew: [],
    });
    return null;
  } catch (error) {
    if (error instanceof Untimely) return error.reason; // Said for a quarter of an hour, before it is signed.
    if (!(error instanceof Refusal)) throw error;
    return error.code;
  }
}

/** A log that holds the directory, the query, then the approvals; and a charge in the tree with all of them. */
function auditSays({ federation, envelope, asked, approvals }: Scene, region: string): Verdict {
  const { query, id } = asked;
  const placed = approvals.map((each, at) => ({ place: 2 + at, id: envelopeId(each), envelope: each }));
  const log: Pick<Replay, "inForce" | "queries" | "approvals"> = {
    inForce: () => federation,
    queries: new Map([[id, { place: 1, query, envelope }]]),
    approvals: new Map([[id, placed]]),
  };
  const charge = { query: id, time: instant(NOW), public: { size: 2 + approvals.length, root: "" } };
  const why = whyNotApproved({ log }, { region, charge });
  return why === null ? YES : /declined/.test(why) ? NO : LACKING;
}

const folder = temporaryFolder();
let store: CoordinatorStore;
beforeAll(async () => {
  store = await openStore<CoordinatorDatabase>("coordinator", {
    data: folder.path,
    threads: 1,
    memory: "1GB",
  });
  await prepareCoordinator(store);
});
afterAll(async () => {
  await store.close();
  folder.remove();
});

const silent = pino({ level: "silent" });
const signer = signerOf(newKey("release"));

/** The state that one step takes a waiting query to, with all of it stored. */
async function coordinatorSays({ federation, envelope, asked, approvals }: Scene): Promise<string> {
  const { id, query } = asked;
  const received = instant(NOW);
  const row = {
    id,
    envelope: JSON.stringify(envelope),
    title: query.title,
    purpose: query.purpose,
    received,
  };
  await store.kysely
    .insertInto("query")
    .values({ ...row, state: "waiting", reason: null, release: null, place: null })
    .execute();
  for (const [at, each] of approvals.entries())
    await store.kysely
      .insertInto("approval")
      .values({
        query: id,
        slot: String(at),
        id: envelopeId(each),
        envelope: JSON.stringify(each),
        received,
        place: null,
      })
      .execute();
  await advance(id, {
    federation: () => federation,
    directoryPlace: () => 0,
    store,
    now: () => NOW,
    signer: () => signer,
    bell: bellOf(),
    logger: silent,
    logs: null,
  });
  const { state } = await store.kysely
    .selectFrom("query")
    .select("state")
    .where("id", "=", id)
    .executeTakeFirstOrThrow();
  return state;
}

test("nothing else opens approvals to judge them, or picks out the rules that apply", () => {
  const root = join(import.meta.dirname, "../../../..");
  const files = ["protocol", "publication", "node", "coordinator", "desk", "cli", "dashboards/src"].flatMap(
    (part) =>
      readdirSync(join(root, part), { recursive: true, encoding: "utf8" })
        .filter((name) => /\.tsx?$/.test(name))
        .map((name) => join(part, name)),
  );
  const having = (pattern: RegExp) =>
    files
      .filter((file) => pattern.test(readFileSync(join(root, file), "utf8")))
      .map((file) => file.split("/").at(-1));
  // Where it is defined; where one must open before it is kept, or handed in at all; and the judgement.
  expect(having(/\bopenApproval\(/).toSorted()).toEqual([
    "approvals.ts",
    "intake.ts",
    "openers.ts",
    "query.ts",
  ]);
  expect(having(/approvalRules\s*\.(filter|find|every|some|reduce)/)).toEqual([]);
});
