/**
 * Standing releases over HTTP, with logs: asked in tables of every kind, run twice, with a region that refuses and one that
 * comes late. What is right is released, what is missing is named, nobody is charged twice, and the audit holds.
 */

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import {
  approveCalendar,
  type Patience,
  queryIn,
  runCalendar,
  type SignedCalendar,
  signCalendar,
  submitCalendar,
} from "../../cli/client/calendar.ts";
import { recompute } from "../../cli/client/recompute.ts";
import { auditFrom } from "../../cli/commands/audit.ts";
import { federationIn } from "../../cli/demo/both-ways.ts";
import type { Network } from "../../cli/demo/network.ts";
import { sourceOf } from "../../cli/log/source.ts";
import { systemRandom } from "../../node/random.ts";
import { readLeaf } from "../../protocol/log/leaf.ts";
import { COORDINATOR } from "../../protocol/log/quorum.ts";
import type { Calendar, CalendarDraft } from "../../protocol/plan/calendar.ts";
import { isYearAccount } from "../../protocol/question/accounts.ts";
import { type Envelope, envelopeId, signDocument } from "../../protocol/signing/envelope.ts";
import { parseJson } from "../../protocol/values/json.ts";
import type { Fetch } from "../../protocol/wire/client.ts";
import { fetchResult } from "../../protocol/wire/fetch-release.ts";
import { clockOf, without } from "../support/clock.ts";
import { temporaryFolder } from "../support/engines.ts";
import { federationOf } from "../support/federation.ts";
import { putTogether, takeApart } from "../support/forge.ts";

const CODES = ["01", "03", "04", "05"];
const PATIENT: Patience = { answer: 600_000, late: 600_000 };
/** Of all networks here, so that nobody waits for who is absent on purpose. */
const clock = clockOf();

/** 12 persons a region and quarter, sexes and units in turn. */
const journal = (code: string): string =>
  [
    "person,period,sex,unit,score,flag",
    ...Array.from(
      { length: 12 },
      (_, at) => `${code}-${at},2025K1,${1 + (at % 2)},${"abc"[at % 3]},${5 * at},${at % 4 === 0}`,
    ),
  ].join("\n");

const running: Array<() => Promise<void>> = [];
afterEach(async () => {
  for (const stop of running.splice(0).reverse()) await stop();
});

async function network(more: object = {}): Promise<Network & { folder: string }> {
  const folder = temporaryFolder();
  const made = await federationOf(
    folder.path,
    Object.fromEntries(CODES.map((code) => [code, journal(code)])),
    {
      logged: true,
      now: clock.now,
      ...more,
    },
  );
  running.push(async () => {
    await made.stop();
    folder.remove();
  });
  return { ...made, folder: folder.path };
}

const entry = (more: Partial<CalendarDraft["entries"][number]> = {}): CalendarDraft["entries"][number] => ({
  dataset: "care@1",
  indicators: [],
  tables: [{ columns: [] }, { columns: ["sex"] }, { columns: ["unit"] }, { columns: ["sex", "unit"] }],
  measures: [
    { id: "n", kind: "count" },
    { id: "flagged", kind: "count", where: { column: "flag", in: [true] } },
    { id: "score", kind: "mean", column: "score" },
  ],
  objective: "least-sum",
  release: "regions",
  minRegions: 3,
  rho: "1/10",
  periods: ["2025K1"],
  ...more,
});

const draftOf = (...entries: CalendarDraft["entries"]): CalendarDraft => ({
  title: { sv: "Kalender", en: "Calendar" },
  purpose: "To test",
  entries,
});

async function run(
  made: Network,
  draft: CalendarDraft,
  patience = PATIENT,
): Promise<{ signed: SignedCalendar; ids: string[] }> {
  const signed = signCalendar(
    draft,
    federationIn(made),
    made.made.researcher,
    { now: clock.now(), random: systemRandom },
    patience,
  );
  const ids = await submitCalendar(made.client, signed);
  await approveCalendar(made.client, signed, made.made.approvers[0] ?? expect.fail(), clock.now());
  return { signed, ids };
}

/** The node of 05 cannot reach the coordinator's polls until it is back. */
function away(): { readonly fetch: (code: string) => Fetch; readonly back: () => void } {
  let gone = true;
  const failing: Fetch = async (input, init) => {
    if (gone && String(input).endsWith("/api/poll")) throw new TypeError("away");
    return await globalThis.fetch(input, init);
  };
  return {
    fetch: (code) => (code === "05" ? failing : globalThis.fetch),
    back: () => {
      gone = false;
    },
  };
}

const chargesOf = async ({ client }: Network): Promise<string[]> =>
  (await client("getBudgets")).budgets.flatMap(({ node, ledger }) =>
    ledger.accounts.filter(({ group }) => !isYearAccount(group)).map(({ spent }) => `${node} ${spent}`),
  );

const resultOf = (made: Network, id: string) => fetchResult(made.client, federationIn(made), id);

describe("a calendar", () => {
  test("of all three kinds: tables, sums and audit hold; run twice it is the same, and nobody is charged twice", async () => {
    const made = await network();
    const draft = draftOf(
      entry(),
      entry({ release: "national", minRegions: 3 }),
      entry({ release: "both", nationalPart: "1/2", minRegions: 3 }),
    );
    const { signed, ids } = await run(made, draft);
    const ran = await runCalendar(made.client, signed, clock.now());
    expect(ran.map(({ status }) => status?.state)).toEqual(["released", "released", "released"]);
    for (const id of ids) {
      const { cells, plan } = await resultOf(made, id);
      const nation = cells.filter(({ at }) => at["region"] === "00");
      expect(nation).toHaveLength(3 * (1 + 2 + 4 + 8)); // A null unit has a cell of its own.
      const counts = nation.filter(({ measure }) => measure === "n");
      const total = counts.find(({ at }) => Object.keys(at).length === 2) ?? expect.fail();
      expect(Math.abs((total.value ?? 0) - 48) / (total.se ?? 1)).toBeLessThan(6);
      const bySex = counts.filter(({ at }) => "sex" in at && !("unit" in at));
      expect(
        Math.abs(bySex.reduce((sum, { value }) => sum + (value ?? 0), 0) - (total.value ?? 0)),
      ).toBeLessThan(1e-3);
      expect(plan.tables?.wanted).toHaveLength(4);
    }
    const federation = federationIn(made);
    const { survivors } = await recompute(made.client, federation, ids[1] ?? "", made.made.auditor, {
      now: clock.now,
      random: systemRandom,
    });
    expect(survivors).toEqual(CODES);
    const before = await chargesOf(made);
    expect(before).toHaveLength(4);
    const again = await submitCalendar(made.client, signed);
    expect(again).toEqual(ids);
    const reran = await runCalendar(made.client, signed, clock.now());
    expect(reran.map(({ status }) => status?.release)).toEqual(ran.map(({ status }) => status?.release));
    expect(await chargesOf(made)).toEqual(before);
    const { calendars } = await made.client("listCalendars");
    expect(calendars.map(envelopeId)).toEqual([envelopeId(signed.calendar)]);
    const verdict = await auditFrom(sourceOf(made.address, fetch), federation.first, clock.now());
    expect(verdict.findings).toEqual([]);
  });

  test("a region that refuses is named with its reason: a column that it withholds, in a table or a count", async () => {
    const made = await network();
    const withholding = (code: string, column: string) => {
      const path = join(made.folder, `node-${code}`, "policy.json");
      const policy = JSON.parse(readFileSync(path, "utf8")) as object;
      writeFileSync(path, JSON.stringify({ ...policy, withheld: [{ dataset: "care", column }] }));
    };
    withholding("03", "unit");
    withholding("04", "flag");
    const { signed, ids } = await run(made, draftOf(entry({ minRegions: 2 })));
    const [ran] = await runCalendar(made.client, signed, clock.now());
    expect(ran?.status?.state).toBe("released");
    const { release } = await resultOf(made, ids[0] ?? "");
    expect(release.missing).toEqual([
      { region: "03", reason: "column-withheld" },
      { region: "04", reason: "column-withheld" },
    ]);
    expect((await chargesOf(made)).map((each) => each.slice(0, 2))).toEqual(["01", "05"]);
  });

  test("a region that comes late makes a new version, never silently; the audit holds, and it is charged once", async () => {
    const gone = away();
    const made = await network({ fetch: gone.fetch });
    const { ids } = await run(made, draftOf(entry()));
    const id = ids[0] ?? "";
    expect((await without(["05"], made, clock, id)).state).toBe("released");
    const before = await resultOf(made, id);
    expect(before.release.missing).toEqual([{ region: "05", reason: "no-answer" }]);
    expect(before.release.supersedes).toBeNull();
    gone.back();
    await expect
      .poll(async () => (await made.client("getQuery", { params: { id } })).release)
      .not.toBe(before.releaseId);
    const after = await resultOf(made, id);
    expect(after.release.missing).toEqual([]);
    expect(after.release.supersedes).toBe(before.releaseId);
    expect(after.release.answers).toHaveLength(4);
    // The first stands where it stood.
    const kept = await made.client("getRelease", { params: { id: before.releaseId } });
    expect(envelopeId(kept)).toBe(before.releaseId);
    expect(new Set(await chargesOf(made)).size).toBe(4);
    const verdict = await auditFrom(sourceOf(made.address, fetch), federationIn(made).first, clock.now());
    expect(verdict.findings).toEqual([]);
    expect(verdict.releases).toHaveLength(2);
    // Once nobody may come any more, an operator who hides the later version is found out by the answer it leaves out.
    clock.forward(new Date(Date.parse(before.query.expires) + 1000));
    const next = await run(made, draftOf(entry({ rho: "1/20" })));
    await runCalendar(made.client, next.signed, clock.now());
    const source = sourceOf(made.address, fetch);
    const taken = await takeApart(source, federationIn(made), made.made);
    const entries = taken.logs.get(COORDINATOR) ?? [];
    const second = entries.findIndex((each) => {
      const leaf = readLeaf(each);
      return leaf.kind === "release" && leaf.id === after.releaseId;
    });
    entries.splice(second, 1);
    const forged = await auditFrom(putTogether(taken, source), federationIn(made).first, clock.now());
    expect(forged.findings).toContainEqual(
      expect.objectContaining({
        rule: "left-out",
        says: expect.stringMatching(/later version with the answer of 05/),
      }),
    );
  });
});

test("with too few by then, a release waits for those who may still come", async () => {
  const gone = away();
  const made = await network({ fetch: gone.fetch, logged: false });
  const { ids, signed } = await run(made, draftOf(entry({ minRegions: 4 })));
  const status = () => made.client("getQuery", { params: { id: ids[0] ?? "" } });
  const state = async () => (await status()).state;
  const answered = async () => (await status()).regions.filter((each) => each.state === "answered").length;
  await expect.poll(answered).toBe(3);
  const { answerBy, expires } = queryIn(signed.queries[0] ?? expect.fail());
  clock.forward(new Date(Date.parse(answerBy) + 1000));
  await made.coordinator.look();
  // Looked at after the deadline, it is next looked at when nobody may come any more.
  const due = async () => {
    const row = made.coordinator.store.kysely.selectFrom("query").select("due");
    return Number((await row.executeTakeFirstOrThrow()).due);
  };
  await expect.poll(due).toBe(Date.parse(expires));
  expect(await state()).toBe("open");
  gone.back();
  await expect.poll(state).toBe("released");
  expect((await resultOf(made, ids[0] ?? "")).release.missing).toEqual([]);
});

describe("what is refused", () => {
  test("an indicator's name on something else, or another catalogue of indicators", async () => {
    const made = await network({ logged: false });
    const { researcher } = made.made;
    const measures = [{ id: "taken-seriously", kind: "count" as const }];
    const signed = signCalendar(
      draftOf(entry({ measures })),
      federationIn(made),
      researcher,
      { now: clock.now(), random: systemRandom },
      PATIENT,
    );
    await expect(submitCalendar(made.client, signed)).rejects.toMatchObject({ code: "measure-unfit" });
    const good = signCalendar(
      draftOf(entry()),
      federationIn(made),
      researcher,
      { now: clock.now(), random: systemRandom },
      PATIENT,
    );
    await submitCalendar(made.client, good);
    const calendar = parseJson(Buffer.from(good.calendar.payload, "base64")) as Calendar;
    const other = { ...calendar, indicators: calendar.directory };
    const body = signDocument("calendar", other, researcher.signer);
    await expect(made.client("submitCalendar", { body })).rejects.toMatchObject({ code: "measure-unfit" });
    // One that was taken while another catalogue was published stays, and may come again.
    await made.coordinator.store.kysely
      .insertInto("calendar")
      .values({ id: envelopeId(body), envelope: JSON.stringify(body), received: clock.now().toISOString() })
      .execute();
    const { id } = await made.client("submitCalendar", { body });
    expect(id).toBe(envelopeId(body));
    const { calendars } = await made.client("listCalendars");
    expect(calendars.map(envelopeId)).toEqual(expect.arrayContaining([id, envelopeId(good.calendar)]));
  });

  test("a calendar that overspends, of queries nobody handed in, that says other than they do, or of another's", async () => {
    const made = await network({ logged: false });
    const federation = federationIn(made);
    const { researcher } = made.made;
    const sign = (draft: CalendarDraft) =>
      signCalendar(draft, federation, researcher, { now: clock.now(), random: systemRandom }, PATIENT);
    expect(() => sign(draftOf(entry({ rho: "1/2" }), entry({ rho: "3/5" })))).toThrow(
      expect.objectContaining({ code: "budget-exceeded" }),
    );
    const signed = sign(draftOf(entry()));
    const refused = (envelope: Envelope) => expect(made.client("submitCalendar", { body: envelope })).rejects;
    await refused(signed.calendar).toMatchObject({ code: "query-unknown" });
    await submitCalendar(made.client, signed);
    const calendar = parseJson(Buffer.from(signed.calendar.payload, "base64")) as Calendar;
    const [own] = calendar.entries;
    if (own === undefined) throw new Error("a calendar has an entry");
    const other = { ...calendar, entries: [{ ...own, periods: ["2025K2"] }] };
    await refused(signDocument("calendar", other, researcher.signer)).toMatchObject({
      code: "schema-mismatch",
    });
    const approver = made.made.approvers[0] ?? expect.fail();
    await refused(signDocument("calendar", calendar, approver.signer)).toMatchObject({
      code: "key-wrong-purpose",
    });
    // The coordinator counts as well, whoever signed the queries one by one.
    const [one, two] = [sign(draftOf(entry({ rho: "3/5" }))), sign(draftOf(entry({ rho: "1/2" })))];
    for (const each of [one, two]) await submitCalendar(made.client, each);
    const entries = [one, two].flatMap(
      ({ calendar: each }) => (parseJson(Buffer.from(each.payload, "base64")) as Calendar).entries,
    );
    await refused(signDocument("calendar", { ...calendar, entries }, researcher.signer)).toMatchObject({
      code: "budget-exceeded",
    });
  });

  test("answers may come after the release only of regions, one by one", async () => {
    const made = await network({ logged: false });
    const draft = draftOf(
      entry({ release: "national", answerBy: "2026-12-01T00:00:00Z", expires: "2026-12-02T00:00:00Z" }),
    );
    expect(() =>
      signCalendar(
        draft,
        federationIn(made),
        made.made.researcher,
        { now: clock.now(), random: systemRandom },
        PATIENT,
      ),
    ).toThrow(/later than answerBy/);
  });
});
