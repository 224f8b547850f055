/** The demonstration's standing releases: made-up registers taken in, a calendar signed, approved and run. */

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Mapping, readMapping } from "../../node/import/mapping.ts";
import { systemRandom } from "../../node/random.ts";
import { CalendarDraft } from "../../protocol/plan/calendar.ts";
import { type DatasetDocument, readDataset } from "../../protocol/question/catalogue.ts";
import { parseJson } from "../../protocol/values/json.ts";
import { parseWith, Refusal } from "../../protocol/values/refusal.ts";
import type { Following } from "../client/ask.ts";
import { approveCalendar, runCalendar, signCalendar, submitCalendar } from "../client/calendar.ts";
import { federationIn } from "./both-ways.ts";
import type { Network } from "./network.ts";
import type { Region } from "./regions.ts";
import { REGISTERS, registerMapping, registerOf } from "./registers.ts";

const CATALOGUE = join(import.meta.dirname, "../../catalogue");

/** The datasets that the catalogue's indicators are measured on. */
export const standingDatasets = (): DatasetDocument[] =>
  readdirSync(join(CATALOGUE, "datasets"))
    .sort()
    .map((name) => readDataset(readFileSync(join(CATALOGUE, "datasets", name))));

/** A region's made-up registers, written beside its journal; `scale` is their size against the demonstration's. */
export const registersOf = (
  folder: string,
  region: Region,
  seed: number,
  scale: number,
): Array<{
  readonly dataset: string;
  readonly mapping: Mapping;
  readonly path: string;
  readonly covers: string;
}> =>
  REGISTERS.map((register) => {
    const path = join(folder, `${region.code}-${register.dataset.replace("@", "-")}.csv`);
    writeFileSync(path, registerOf(register, region, seed, scale), { mode: 0o600 });
    const { dataset, periods } = register;
    return { dataset, mapping: readMapping(registerMapping(register)), path, covers: periods.join(",") };
  });

/** The calendar that the demonstration runs, for so many regions. A secure sum needs two. */
export function demoCalendar(regions: number): CalendarDraft {
  const body = readFileSync(join(CATALOGUE, "calendar.json"));
  const draft = parseWith(CalendarDraft, parseJson(body), "calendar");
  const entries = draft.entries
    .filter(({ release }) => release === "regions" || regions >= 2)
    .map((entry) => ({ ...entry, minRegions: Math.min(entry.minRegions, regions) }));
  return { ...draft, entries };
}

/** It only guards: all answer at once, and nothing waits for what remains of it. */
const HOUR = 3600_000;

/** Signed by the researcher, approved, run to its end. */
export async function runStanding(
  network: Network,
  draft: CalendarDraft,
  approvals: number,
  following: Following = {},
) {
  const { made, client } = network;
  const now = network.now();
  const federation = federationIn(network);
  const signed = signCalendar(
    draft,
    federation,
    made.researcher,
    { now, random: systemRandom },
    { answer: HOUR, late: HOUR },
  );
  await submitCalendar(client, signed);
  for (const approver of made.approvers.slice(0, approvals))
    await approveCalendar(client, signed, approver, now);
  return await runCalendar(client, signed, now, following);
}

export async function standingText(
  network: Network,
  draft: CalendarDraft,
  approvals: number,
  following: Following = {},
): Promise<string> {
  const ran = await runStanding(network, draft, approvals, following);
  const lines = ran.map(({ query, status }) => {
    if (status?.release == null)
      throw new Refusal("release-unknown", `${query.title}: ${status?.reason ?? "no release"}`);
    const tables = query.tables?.marginals.length ?? 0;
    return `  ${query.title.padEnd(44)} ${query.release.padEnd(9)} ${query.measures.length} measures, ${tables} tables, ρ = ${query.rho} a period`;
  });
  return [
    "",
    `“${draft.title.en}”: a calendar of standing releases, whose tables agree with each other:`,
    ...lines,
    "",
  ].join("\n");
}
