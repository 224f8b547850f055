/** What an audit holds a charge to that names no accounts besides its own: it may only where there were none to name. */
import { expect, test } from "vitest";
import { checkCharges } from "../../../../protocol/audit/charges.ts";
import type { Replay } from "../../../../protocol/audit/coordinator-log.ts";
import type { ChargeLeaf, RegionReplay } from "../../../../protocol/audit/region-log.ts";
import type { Finding } from "../../../../protocol/log/finding.ts";
import { planOf } from "../../../../protocol/plan/plan.ts";
import type { Query } from "../../../../protocol/question/query.ts";
import { signDocument } from "../../../../protocol/signing/envelope.ts";
import { hashOf, utf8 } from "../../../../protocol/values/bytes.ts";
import { format } from "../../../../protocol/values/rational.ts";
import { directoryWith } from "../../../support/charges.ts";
import { queryOf } from "../../../support/generate.ts";

const made = directoryWith([
  { dataset: "visits", ledgerGroup: "journal" },
  { dataset: "visits-yearly", ledgerGroup: "journal", period: "year" },
]);

/** What is found of the accounts of region 01's one charge for a query, which names none besides its own. */
function foundOf(part: Partial<Query>): Finding[] {
  const { federation, anna } = made;
  const query = queryOf({ directory: federation.hash, requester: "anna", rho: "1/100", ...part });
  const { dataset } = federation.datasets.get(query.dataset) ?? expect.fail();
  const charge = format(planOf(query, dataset).charge);
  const id = hashOf(utf8("a query"));
  const log = {
    queries: new Map([[id, { place: 0, query, envelope: signDocument("query", query, anna) }]]),
    dispatched: new Map([[id, 0]]),
    approvals: new Map(),
    calendars: new Map(),
    seen: new Map(),
    inForce: () => federation,
    size: 1,
    hashAt: () => new Uint8Array(32),
  } as unknown as Replay;
  const leaf: ChargeLeaf & { place: number } = {
    place: 0,
    kind: "charge",
    query: id,
    account: "journal",
    charge,
    periods: query.periods.map((period) => ({ period, spent: charge })),
    public: { size: 1, root: "" },
    time: "2026-06-01T12:00:00Z",
  };
  const own = new Map([["01", { charges: new Map([[id, leaf]]) } as unknown as RegionReplay]]);
  const findings: Finding[] = [];
  checkCharges({ log, own }, (finding) => findings.push(finding));
  return findings.filter(({ rule }) => rule === "charge" || rule === "plan");
}

test("where a directory names no ceiling, a charge from before there were accounts may leave its year out", () => {
  expect(foundOf({ dataset: "visits@1", periods: ["2025K1"] })).toEqual([]);
  // Of more periods than are charged for today, too.
  const quarters = Array.from({ length: 600 }, (_, at) => `${1800 + Math.floor(at / 4)}K${(at % 4) + 1}`);
  expect(foundOf({ dataset: "visits@1", periods: quarters })).toEqual([]);
});

test("a year over quarters that is booked on none of its quarters is found, with a ceiling or without", () => {
  const [finding] = foundOf({ dataset: "visits-yearly@1", periods: ["2025"] });
  expect(finding).toMatchObject({ log: "01", leaf: 0, says: expect.stringContaining("journal 2025K4") });
});
