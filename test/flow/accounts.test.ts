/**
 * One account a person and year, in the ledger of a node, on both engines: over all datasets, in parts that nothing else
 * may take, whoever asks at once; and what a charge says in the region's log.
 */
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { checkLedger, ledgerOf } from "../../node/answer/ledger.ts";
import type { NodeStore } from "../../node/store/database.ts";
import { prepareNode } from "../../node/store/database.ts";
import { chained, LEDGER_START } from "../../node/store/ledger-entries.ts";
import { NODE_MIGRATIONS } from "../../node/store/migrations.ts";
import type { NodeLeaf } from "../../protocol/log/leaf.ts";
import { parseRational, subtract } from "../../protocol/values/rational.ts";
import { Refusal } from "../../protocol/values/refusal.ts";
import { migrate } from "../../server/migrations.ts";
import { type Asking, type Changed, chargeFor, directoryWith } from "../support/charges.ts";
import { ENGINES, missing, openNodeStore, temporaryFolder } from "../support/engines.ts";
import { now } from "../support/federation.ts";

const ASKS = 200;
const DATASETS: Changed[] = [
  { dataset: "care" },
  { dataset: "visits", period: "month" },
  { dataset: "yearly", ledgerGroup: "care", period: "year" },
  { dataset: "units", period: "year", compartment: "units" },
];
const { federation } = directoryWith(DATASETS, { rhoPerYear: "4/5" });
const QUESTION = { requester: "anna", compartment: "questions" } as const;
/** A question of each of three datasets, none twice of a period in a dozen. */
const askingOf = (index: number): Asking => {
  const rho = "1/100";
  const of = [
    { dataset: "care@1", periods: [`2025K${(index % 4) + 1}`] },
    { dataset: "visits@1", periods: [`2025M${String((index % 12) + 1).padStart(2, "0")}`] },
    { dataset: "yearly@1", periods: ["2025"] },
  ][index % 3];
  return { ...QUESTION, rho, dataset: of?.dataset ?? "", periods: of?.periods ?? [] };
};

/** `charged`, `known`, or why it was refused. */
async function outcomeOf(charging: Promise<boolean> | undefined): Promise<string> {
  try {
    return (await charging) === true ? "charged" : "known";
  } catch (error) {
    if (error instanceof Refusal) return error.code;
    throw error;
  }
}

describe.each(ENGINES)("%s", (engine) => {
  let store: NodeStore;
  let folder: ReturnType<typeof temporaryFolder>;
  beforeEach(async () => {
    if (missing(engine)) return;
    folder = temporaryFolder();
    store = await openNodeStore(engine, folder.path);
    await prepareNode(store, []);
  });
  afterEach(async () => {
    if (missing(engine)) return;
    await store.close();
    folder.remove();
  });
  const balancesOf = async (): Promise<Record<string, string>> => {
    const { accounts } = await ledgerOf(store, now, null).head();
    return Object.fromEntries(accounts.map(({ group, period, spent }) => [`${group} ${period}`, spent]));
  };

  test.skipIf(missing(engine)).each([
    // One person's eighth of 4/5 is 1/10.
    ["by what one person may ask", { requester: () => "anna" }, "year: requester anna"],
    // Three eighths of 16/60 are 1/10, and nobody asks for more than a third of it.
    [
      "by the questions' part",
      { requester: (index: number) => ["anna", "bo", "cia", "dan"][index % 4] ?? "", rhoPerYear: "4/15" },
      "year: questions",
    ],
    // Compartments do not count where the directory names no ceiling: the region's own is of the year.
    ["by the year's total", { requester: () => "anna", none: true, rhoPerYear: "1/10" }, "year: total"],
  ])(
    `${ASKS} parallel asks over three datasets for what fits ten: exactly ten, %s`,
    async (
      _,
      { requester, ...limits }: { requester: (index: number) => string; rhoPerYear?: string; none?: boolean },
      account,
    ) => {
      const by = "none" in limits ? directoryWith(DATASETS).federation : federation;
      const own = limits.rhoPerYear === undefined ? {} : { rhoPerYear: parseRational(limits.rhoPerYear) };
      const ledgers = Array.from({ length: 4 }, () => ledgerOf(store, now, null));
      const outcomes = await Promise.all(
        Array.from({ length: ASKS }, (_, index) => {
          const asking = { ...askingOf(index), own, requester: requester(index) };
          return outcomeOf(ledgers[index % 4]?.reserve(chargeFor(by, `query ${index}`, asking)));
        }),
      );
      expect(outcomes.filter((each) => each === "charged")).toHaveLength(10);
      expect(outcomes.filter((each) => each === "budget-exceeded")).toHaveLength(ASKS - 10);
      expect((await balancesOf())[`${account} 2025`]).toBe("1/10");
      expect(await checkLedger(store)).toBeNull();
    },
  );

  test.skipIf(missing(engine))("a part that nobody touched is whole at the year's end", async () => {
    const ledger = ledgerOf(store, now, null);
    const ask = (name: string, more: Partial<Asking>) => {
      const asking = { ...QUESTION, dataset: "care@1", periods: ["2025K1"], rho: "1/10", ...more };
      return outcomeOf(ledger.reserve(chargeFor(federation, name, asking)));
    };
    // All that questions may: 3/10 of 4/5, an eighth of which to each of three.
    for (const requester of ["anna", "bo", "cia"])
      expect(await ask(requester, { requester })).toBe("charged");
    for (const requester of ["anna", "bo", "cia", "dan"])
      expect(await ask(`${requester} again`, { requester, rho: "1/1000000" })).toBe("budget-exceeded");
    // The units' eighth, and the calendar's half, to the last fraction and no further.
    const units = { dataset: "units@1", periods: ["2025"], compartment: "units" } as const;
    expect(await ask("units", units)).toBe("charged");
    expect(await ask("more of units", { ...units, rho: "1/1000000" })).toBe("budget-exceeded");
    const calendar = { periods: ["2025K1", "2025K2", "2025K3", "2025K4"], compartment: "calendar" } as const;
    expect(await ask("calendar", calendar)).toBe("charged");
    expect(await ask("more of it", { ...calendar, rho: "1/1000000" })).toBe("budget-exceeded");
    expect(await balancesOf()).toMatchObject({
      "year: total 2025": "4/5",
      "year: calendar 2025": "2/5",
      "year: units 2025": "1/10",
      "year: questions 2025": "3/10",
      "year: requester bo 2025": "1/10",
    });
    // Another year is another account.
    expect(await ask("anna in 2026", { periods: ["2026K1"] })).toBe("charged");
    expect(await checkLedger(store)).toBeNull();
  });

  test.skipIf(missing(engine))(
    "a year over quarters is charged to each, and what is left to none",
    async () => {
      const ledger = ledgerOf(store, now, null);
      const calendar = { requester: "anna", compartment: "calendar", rho: "1/5" } as const;
      const yearly = { ...calendar, dataset: "yearly@1", periods: ["2025"] };
      expect(await ledger.reserve(chargeFor(federation, "year", yearly))).toBe(true);
      expect(await balancesOf()).toEqual({
        "care 2025": "1/5",
        ...Object.fromEntries([1, 2, 3, 4].map((quarter) => [`care 2025K${quarter}`, "1/5"])),
        "year: calendar 2025": "1/5",
        "year: total 2025": "1/5",
      });
      // A quarter's own budget is spent by the year: 1/5 of 3/10 is left, though the year has 1/5.
      const own = { rhoPerPeriod: parseRational("3/10") };
      const quarter = { ...calendar, dataset: "care@1", periods: ["2025K2"], own };
      const refused = ledger.reserve(chargeFor(federation, "quarter", quarter));
      await expect(refused).rejects.toMatchObject({
        code: "budget-exceeded",
        message: "expected at most 1/10 of care for 2025K2; 1/5 was asked",
      });
      expect(await checkLedger(store)).toBeNull();
    },
  );

  test.skipIf(missing(engine))(
    "a refusal says which account, and how much is left of it; so does a check",
    async () => {
      const ledger = ledgerOf(store, now, null);
      const asking = { ...QUESTION, dataset: "care@1", periods: ["2025K1"], rho: "3/40" };
      await ledger.check(chargeFor(federation, "one", asking));
      await ledger.reserve(chargeFor(federation, "one", asking));
      const other = chargeFor(federation, "two", { ...asking, periods: ["2025K2"] });
      const says = {
        code: "budget-exceeded",
        message: "expected at most 1/40 of year: requester anna for 2025; 3/40 was asked",
      };
      await expect(ledger.check(other)).rejects.toMatchObject(says);
      await expect(ledger.reserve(other)).rejects.toMatchObject(says);
      // Nothing of what was refused is booked, on no account.
      expect(Object.values(await balancesOf())).toEqual(["3/40", "3/40", "3/40", "3/40"]);
    },
  );

  test.skipIf(missing(engine))(
    "an account above a ceiling that was lowered refuses, and has nothing left",
    async () => {
      const ledger = ledgerOf(store, now, null);
      const asking = { ...QUESTION, dataset: "care@1", periods: ["2025K1"], rho: "1/10" };
      await ledger.reserve(chargeFor(federation, "one", asking));
      const lowered = { ...asking, rho: "1/1000", own: { rhoPerYear: parseRational("1/20") } };
      await expect(ledger.reserve(chargeFor(federation, "two", lowered))).rejects.toMatchObject({
        code: "budget-exceeded",
        message: "expected at most 0 of year: total for 2025; 1/1000 was asked",
      });
    },
  );

  test.skipIf(missing(engine))("the leaf names every account, and what came to stand there", async () => {
    const leaves: NodeLeaf[] = [];
    const log = { promise: async (_: unknown, leaf: NodeLeaf) => void leaves.push(leaf) };
    const seen = { origin: "o", size: 7, root: new Uint8Array(32), extra: [] } as never;
    const ledger = ledgerOf(store, now, log);
    const yearly = { ...QUESTION, dataset: "yearly@1", periods: ["2025"], rho: "1/100" };
    await ledger.reserve({ ...chargeFor(federation, "q", yearly), seen });
    const on = (account: string, period: string) => ({ account, period, charge: "1/100", spent: "1/100" });
    expect(leaves).toMatchObject([
      {
        kind: "charge",
        account: "care",
        charge: "1/100",
        periods: [{ period: "2025", spent: "1/100" }],
        accounts: [
          ...[1, 2, 3, 4].map((quarter) => on("care", `2025K${quarter}`)),
          ...["total", "questions", "requester anna"].map((each) => on(`year: ${each}`, "2025")),
        ],
      },
    ]);
  });

  test.skipIf(missing(engine)).each([
    [
      "left out",
      async () => void (await store.kysely.deleteFrom("ledger_entry").where("sequence", "=", 2).execute()),
    ],
    [
      "less than it was",
      async () =>
        void (await store.kysely
          .updateTable("ledger_entry")
          .set({ charge: "1/1000" })
          .where("sequence", "=", 2)
          .execute()),
    ],
  ])("a year's entry that is %s does not recompute", async (_, change) => {
    const ledger = ledgerOf(store, now, null);
    await ledger.reserve(
      chargeFor(federation, "q", { ...QUESTION, dataset: "care@1", periods: ["2025K1"], rho: "1/100" }),
    );
    expect(await checkLedger(store)).toBeNull();
    await change();
    expect(await checkLedger(store)).not.toBeNull();
  });

  test.skipIf(missing(engine))(
    "a charge that was booked on too little of its year does not recompute",
    async () => {
      const charge = chargeFor(federation, "q", {
        ...QUESTION,
        dataset: "care@1",
        periods: ["2025K1", "2025K2"],
        rho: "1/100",
      });
      const bookings = charge.bookings.map((each) =>
        each.account === "year: total" ? { ...each, rho: subtract(each.rho, parseRational("1/100")) } : each,
      );
      await ledgerOf(store, now, null).reserve({ ...charge, bookings });
      expect(await checkLedger(store)).toBe(1);
    },
  );

  test.skipIf(missing(engine))(
    "charges from before are booked on their years, in full and once",
    async () => {
      const old = await openNodeStore(engine, join(folder.path, "old"));
      const before = NODE_MIGRATIONS.steps.findIndex(
        ({ name }) => name === "charges are booked on their years",
      );
      await migrate(old, { ...NODE_MIGRATIONS, steps: NODE_MIGRATIONS.steps.slice(0, before) });
      const made = "2025-05-01T00:00:00Z";
      const body = (query: string, period: string, charge: string, spent: string) => ({
        ...{ query, ledger_group: "care", period, charge, spent, made },
      });
      const entries = chained(LEDGER_START, [
        body("one", "2024K4", "1/10", "1/10"),
        body("one", "2025K1", "1/10", "1/10"),
        body("one", "2025K2", "1/10", "1/10"),
        body("two", "2025K1", "1/4", "7/20"),
        { ...body("three", "2025M03", "1/2", "1/2"), ledger_group: "visits" },
      ]);
      await old.kysely.insertInto("ledger_entry").values(entries).execute();
      const { sequence, hash } = entries.at(-1) ?? LEDGER_START;
      await old.kysely.insertInto("ledger_head").values({ id: 1, sequence, hash }).execute();
      await prepareNode(old, []);
      await prepareNode(old, []);
      const kept = await old.kysely
        .selectFrom("ledger_entry")
        .selectAll()
        .orderBy("sequence")
        .limit(5)
        .execute();
      expect(kept).toEqual(entries);
      const { accounts, sequence: last } = await ledgerOf(old, now, null).head();
      expect(last).toBe(5 + 4);
      expect(accounts.filter(({ group }) => group === "year: total")).toEqual([
        { group: "year: total", period: "2024", spent: "1/10" },
        { group: "year: total", period: "2025", spent: "19/20" },
      ]);
      expect(await checkLedger(old)).toBeNull();
      // A year above its ceiling refuses, whatever part is asked of; another goes on.
      const calendar = {
        requester: "anna",
        compartment: "calendar",
        dataset: "care@1",
        rho: "1/100",
      } as const;
      const ask = (period: string) =>
        outcomeOf(
          ledgerOf(old, now, null).reserve(chargeFor(federation, period, { ...calendar, periods: [period] })),
        );
      expect([await ask("2025K3"), await ask("2024K3")]).toEqual(["budget-exceeded", "charged"]);
      await old.close();
    },
  );
});
