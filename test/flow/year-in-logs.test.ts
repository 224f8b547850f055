/**
 * A person's year over HTTP, with logs: the calendar's part is its own and what one person may ask is little, in every
 * region; the audit recomputes all of it, and names the leaf of a region that says something else.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { approveCalendar, runCalendar, signCalendar, submitCalendar } from "../../cli/client/calendar.ts";
import { auditFrom } from "../../cli/commands/audit.ts";
import { federationIn } from "../../cli/demo/both-ways.ts";
import type { Network } from "../../cli/demo/network.ts";
import { sourceOf } from "../../cli/log/source.ts";
import { takeCalendar } from "../../coordinator/query/calendars.ts";
import { type CoordinatorDatabase, prepareCoordinator } from "../../coordinator/store/database.ts";
import { checkLedger } from "../../node/answer/ledger.ts";
import { ledgerView } from "../../node/local/ledger-view.ts";
import { systemRandom } from "../../node/random.ts";
import type { Source } from "../../protocol/log/documents.ts";
import { documentEntry, type NodeLeaf, nodeEntry, readLeaf, readNodeLeaf } from "../../protocol/log/leaf.ts";
import { COORDINATOR } from "../../protocol/log/quorum.ts";
import type { CalendarDraft } from "../../protocol/plan/calendar.ts";
import { isYearAccount } from "../../protocol/question/accounts.ts";
import { envelopeId, signDocument, signDocumentBytes } from "../../protocol/signing/envelope.ts";
import { fromBase64, hashOf, utf8 } from "../../protocol/values/bytes.ts";
import { parseRational, toNumber } from "../../protocol/values/rational.ts";
import type { Overview } from "../../publication/overview.ts";
import type { RegionYears } from "../../publication/year.ts";
import { openStore } from "../../server/database.ts";
import { newKey, signerOf } from "../../server/signing.ts";
import { directoryWith } from "../support/charges.ts";
import { temporaryFolder } from "../support/engines.ts";
import { CARE, federationOf, now, settled } from "../support/federation.ts";
import { copyOf, putTogether, type Taken, takeApart } from "../support/forge.ts";

const CODES = ["01", "03", "04", "05"];
const folder = temporaryFolder();
let network: Network;
let source: Source;
let whole: Taken;

const entry = (more: object): CalendarDraft["entries"][number] => ({
  dataset: "care@1",
  indicators: [],
  tables: [{ columns: [] }, { columns: ["sex"] }],
  measures: [{ id: "n", kind: "count" }],
  objective: "least-sum",
  release: "regions",
  minRegions: 3,
  rho: "1/4",
  periods: ["2025K1"],
  ...more,
});

beforeAll(async () => {
  const yearly = { ...CARE, dataset: "care-yearly", ledgerGroup: "care", period: "year" } as const;
  network = await federationOf(folder.path, Object.fromEntries(CODES.map((code) => [code, ""])), {
    logged: true,
    datasets: [CARE, yearly],
    rhoPerYear: "1",
  });
  const { client, made } = network;
  const draft = {
    title: { sv: "Kalender", en: "Calendar" },
    purpose: "To test",
    entries: [entry({}), entry({ dataset: "care-yearly@1", periods: ["2025"] })],
  };
  const asking = { now: now(), random: systemRandom };
  const patience = { answer: 600_000, late: 600_000 };
  const signed = signCalendar(draft, federationIn(network), made.researcher, asking, patience);
  await submitCalendar(client, signed);
  await approveCalendar(client, signed, made.approvers[0] ?? expect.fail(), now());
  const ran = await runCalendar(client, signed, now());
  expect(ran.map(({ status }) => status?.state)).toEqual(["released", "released"]);
  // An eighth is what one person may ask of a year; the calendar has not touched it.
  await settled(network, { rho: "1/8", periods: ["2025K2"] });
  source = sourceOf(network.address, fetch);
  whole = await takeApart(source, federationIn(network), made);
}, 120_000);
afterAll(async () => {
  await network?.stop();
  folder.remove();
});

const auditOf = async (of: Source) => (await auditFrom(of, federationIn(network).first, now())).findings;

test("every region's ledger head says what stands on the year, and the audit finds all of it right", async () => {
  const { budgets } = await network.client("getBudgets");
  expect(budgets.map(({ node }) => node)).toEqual(CODES);
  for (const { ledger } of budgets) {
    const years = ledger.accounts.filter(({ group }) => isYearAccount(group));
    const rho = (name: string) =>
      toNumber(parseRational(years.find(({ group }) => group === name)?.spent ?? "0"));
    // What tables really cost lies a little below the ρ that was asked.
    expect(rho("year: calendar")).toBeCloseTo(1 / 2, 4);
    expect(rho("year: questions")).toBe(1 / 8);
    expect(rho("year: requester researcher")).toBe(1 / 8);
    expect(rho("year: total")).toBeCloseTo(rho("year: calendar") + 1 / 8, 12);
    expect(years.map(({ period }) => period)).toEqual(["2025", "2025", "2025", "2025"]);
  }
  for (const node of network.nodes) expect(await checkLedger(node.store)).toBeNull();
  expect(await auditOf(source)).toEqual([]);
});

test("the pages say what a year comes to: the most that may be, what is published, and each region's own", async () => {
  const read = async (path: string) => (await fetch(`${network.address}${path}`)).json();
  const { year } = (await read("/pages/overview.json")) as Overview;
  expect(year.ceiling).toMatchObject({ rho: 1, delta: 1e-9, right: 77 });
  expect(year.told).toMatchObject({ year: "2025", rho: expect.closeTo(1 / 2, 4), right: 70 });
  const regions = (await read("/pages/years.json")) as RegionYears[];
  expect(regions.map(({ region }) => region)).toEqual(CODES);
  for (const { years } of regions)
    expect(years).toMatchObject([{ year: "2025", rho: expect.closeTo(5 / 8, 4), right: 72 }]);
  const [node] = network.nodes;
  const view = await ledgerView(node ?? expect.fail());
  expect(view.years).toMatchObject([
    { year: "2025", spent: { rho: expect.closeTo(5 / 8, 4), right: 72 }, ceiling: { rho: 1, right: 77 } },
  ]);
  const budgets = Object.fromEntries(view.accounts.map(({ group, budget }) => [group, budget]));
  expect(budgets).toEqual({
    care: "1",
    "year: total": "1",
    "year: calendar": "1/2",
    "year: questions": "3/8",
    "year: requester researcher": "1/8",
  });
});

test("a question beyond an eighth is refused by every region, and no calendar of more than its half is taken", async () => {
  const asked = await settled(network, { rho: "1/1000", periods: ["2025K3"] });
  expect(asked.state).toBe("failed");
  expect(asked.regions.map(({ code }) => code)).toEqual(CODES.map(() => "budget-exceeded"));
  const over = {
    title: { sv: "K", en: "C" },
    purpose: "To test",
    entries: [entry({ rho: "3/8" }), entry({ rho: "3/8", periods: ["2025K2"] })],
  };
  const asking = { now: now(), random: systemRandom };
  expect(() => signCalendar(over, federationIn(network), network.made.researcher, asking)).toThrow(
    /year: calendar 2025 at most 1\/2; it charges/,
  );
});

type ChargeLeaf = Extract<NodeLeaf, { kind: "charge" }>;
type Accounts = NonNullable<ChargeLeaf["accounts"]>;
/** What region 03 might say of a charge on its calendar's part instead. */
const LIES: ReadonlyArray<readonly [string, "charge" | "ledger", (leaf: ChargeLeaf) => object]> = [
  ["that it was a question", "charge", moved(/calendar/, "year: questions")],
  ["that it was of units", "charge", moved(/calendar/, "year: units")],
  ["nothing of the year", "charge", ({ accounts, ...leaf }) => leaf],
  [
    "no part of it",
    "charge",
    changed((accounts) => accounts.filter(({ account }) => account === "year: total")),
  ],
  ["another year", "charge", changed((accounts) => accounts.map((each) => ({ ...each, period: "2024" })))],
  [
    "less of it",
    "charge",
    changed((accounts) => accounts.map((each) => ({ ...each, charge: "1/8", spent: "1/8" }))),
  ],
  [
    "a balance that is not the sum",
    "ledger",
    changed((accounts) => accounts.map((each) => ({ ...each, spent: "1/100" }))),
  ],
];
function changed(change: (accounts: Accounts) => Accounts): (leaf: ChargeLeaf) => object {
  return (leaf) => ({ ...leaf, accounts: change(leaf.accounts ?? []) });
}
function moved(from: RegExp, to: string) {
  return changed((accounts) =>
    accounts.map((each) => ({ ...each, account: each.account.replace(new RegExp(`.*${from.source}`), to) })),
  );
}

test.each(LIES)("a region that says %s is named with its leaf", async (_, rule, change) => {
  const taken = copyOf(whole);
  const own = taken.logs.get("03") ?? [];
  const place = own.findIndex((each) => {
    const leaf = readNodeLeaf(each);
    return leaf.kind === "charge" && leaf.accounts?.some(({ account }) => account === "year: calendar");
  });
  const leaf = readNodeLeaf(own[place] ?? new Uint8Array());
  if (leaf.kind !== "charge") throw new Error("a charge");
  own[place] = nodeEntry(change(leaf) as NodeLeaf);
  const findings = await auditOf(putTogether(taken, source, { retell: true }));
  expect(findings).toContainEqual(expect.objectContaining({ log: "03", leaf: place, rule }));
});

test("a region that took a question for the calendar's is named: no calendar names it", async () => {
  const taken = copyOf(whole);
  const own = taken.logs.get("04") ?? [];
  const place = own.findIndex((each) => {
    const leaf = readNodeLeaf(each);
    return leaf.kind === "charge" && leaf.accounts?.some(({ account }) => account === "year: questions");
  });
  const leaf = readNodeLeaf(own[place] ?? new Uint8Array()) as ChargeLeaf;
  const accounts = (leaf.accounts ?? [])
    .filter(({ account }) => !account.includes("requester"))
    .map((each) => ({ ...each, account: each.account.replace("questions", "calendar") }));
  own[place] = nodeEntry({ ...leaf, accounts });
  const findings = await auditOf(putTogether(taken, source, { retell: true }));
  expect(findings).toContainEqual(expect.objectContaining({ log: "04", leaf: place, rule: "charge" }));
});

test("without the calendar before it in the log, what was charged to its part is found", async () => {
  const taken = copyOf(whole);
  const entries = taken.logs.get(COORDINATOR) ?? [];
  const place = entries.findIndex((each) => readLeaf(each).kind === "calendar");
  const [calendar] = entries.splice(place, 1);
  if (calendar === undefined) throw new Error("a calendar");
  entries.push(calendar); // Brought only after all was charged.
  const findings = await auditOf(putTogether(taken, source, { retell: true }));
  const charge = { rule: "charge", says: expect.stringContaining("year: questions 2025") };
  for (const log of CODES) expect(findings).toContainEqual(expect.objectContaining({ log, ...charge }));
});

test("a calendar that stands before the version that names its signer's key is the coordinator's fault alone", async () => {
  const { roots } = network.made;
  const taken = copyOf(whole);
  const entries = taken.logs.get(COORDINATOR) ?? [];
  const place = entries.findIndex((each) => readLeaf(each).kind === "calendar");
  const leaf = readLeaf(entries[place] ?? new Uint8Array());
  if (leaf.kind !== "calendar" || leaf.document === null) throw new Error("a calendar");
  const { directory, hash: previous } = federationIn(network);
  const late = signerOf(newKey("ask"));
  const signed = signDocumentBytes("calendar", fromBase64(leaf.document.payload), [late]);
  const people = directory.people.map((person) => {
    const [key] = person.keys;
    const more = person.id === "researcher" && key !== undefined ? [{ ...key, key: late.publicKey }] : [];
    return { ...person, keys: [...person.keys, ...more] };
  });
  const next = signDocument("directory", { ...directory, version: 2, previous, people }, ...roots);
  entries[place] = documentEntry("calendar", leaf.id, signed);
  entries.splice(place + 1, 0, documentEntry("directory", envelopeId(next), next));
  // A region that had the version when it read the calendar has kept it; one that had not, has not.
  for (const [log, own] of taken.logs)
    for (const [at, entry] of log === COORDINATOR ? [] : own.entries()) {
      const charge = readNodeLeaf(entry);
      if (charge.kind !== "charge") continue;
      const { public: seen, ...rest } = charge;
      own[at] = nodeEntry({ ...rest, public: { ...seen, size: seen.size + 1 } });
    }
  const findings = await auditOf(putTogether(taken, source, { retell: true }));
  expect(findings).toContainEqual(
    expect.objectContaining({ log: COORDINATOR, leaf: place, rule: "signature" }),
  );
  expect(findings.filter(({ rule }) => rule === "charge")).toEqual([]);
});

test("a calendar by a person without the role for it, or that no region could read in the log, is not taken", async () => {
  const own = temporaryFolder();
  const config = { data: own.path, threads: 1, memory: "500MB" };
  const store = await openStore<CoordinatorDatabase>("coordinator", config);
  await prepareCoordinator(store);
  const { federation, anna } = directoryWith([{ dataset: "care" }], { rhoPerYear: "1" });
  const { directory } = federation;
  const people = directory.people.map((person) => ({ ...person, roles: ["researcher"] }));
  const without = { ...federation, directory: { ...directory, people } };
  const periods = Array.from({ length: 1000 }, (_, at) => `${1000 + at}M01`);
  const taking = async (judging: typeof federation, count: number) => {
    const query = hashOf(utf8("the catalogue"));
    const entries = Array.from({ length: count }, (_, at) => ({
      ...{ query: hashOf(utf8(`query ${at}`)), dataset: "care@1", periods },
      ...{ release: "regions", at: "2026-01-01T00:00:00Z" },
    }));
    const title = { sv: "K", en: "C" };
    const calendar = { directory: federation.hash, requester: "anna", title, indicators: query, entries };
    const envelope = signDocument("calendar", calendar, anna);
    const context = { federation: () => judging, store, now, directoryPlace: () => 0, logs: null };
    await takeCalendar(envelope, context, { hash: query, known: [] });
  };
  await expect(taking(without, 1)).rejects.toMatchObject({ code: "role-missing" });
  await expect(taking(federation, 9)).rejects.toMatchObject({ code: "too-large" });
  // What may be taken is looked at further: its queries were not handed in.
  await expect(taking(federation, 1)).rejects.toMatchObject({ code: "query-unknown" });
  await store.close();
  own.remove();
});
