/** How figures look in a terminal: aligned, with ± and what they cost. Errors are never rounded down. */
import Table from "cli-table3";
import { rhoPerYearOf } from "../../protocol/federation/accounts.ts";
import type { Federation } from "../../protocol/federation/directory.ts";
import { asOfText } from "../../protocol/log/receipt.ts";
import type { Plan } from "../../protocol/plan/plan.ts";
import { priceOf } from "../../protocol/plan/price.ts";
import { meaningOf } from "../../protocol/privacy/meaning.ts";
import type { Cell } from "../../protocol/release/cells.ts";
import { regionsOf } from "../../protocol/release/release.ts";
import { NATION } from "../../protocol/values/codes.ts";
import type { Language } from "../../protocol/values/language.ts";
import { parseRational, toNumber } from "../../protocol/values/rational.ts";
import type { Result } from "../../protocol/wire/fetch-release.ts";
import type { Recorded } from "../../protocol/wire/recorded.ts";
import type { JsonStat } from "../../publication/json-stat.ts";
import { queryDatasetOf } from "../../publication/query-dataset.ts";

export type Format = "table" | "json" | "csv" | "jsonstat";

const digitsOf = (cell: Cell, kind: string): number => {
  const width = (cell.high ?? 0) - (cell.low ?? 0);
  if (kind === "quantile" || width === 0) return 0;
  return Math.min(4, Math.max(0, 1 - Math.floor(Math.log10(width / 2))));
};

/** 71.2 ± 0.8; a share in percent; `..` where there is no value. */
export function figureText(cell: Cell, kind: string): string {
  if (cell.value === null || cell.low === null || cell.high === null) return cell.flag ?? "..";
  const scale = kind === "share" ? 100 : 1;
  const half = Math.max(cell.high - cell.value, cell.value - cell.low) * scale || 0;
  const digits =
    kind === "share"
      ? digitsOf({ ...cell, low: cell.low * 100, high: cell.high * 100 }, kind)
      : digitsOf(cell, kind);
  const up = Math.ceil(half * 10 ** digits - 1e-9) / 10 ** digits;
  const text = (cell.value * scale).toLocaleString("en", {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
  return `${text.replaceAll(",", " ")} ± ${up.toFixed(digits)}${kind === "share" ? " %" : ""}${cell.flag === "unreliable" ? " (unreliable)" : ""}`;
}

/** A result as people read it: its table, who is not in it, and what it cost. */
export function resultText({ plan, release, cells }: Result, { directory }: Federation): string {
  const active = directory.nodes.filter(({ status }) => status === "active");
  const within = regionsOf(release).length;
  const names = new Map(directory.nodes.map(({ code, name }) => [code, name]));
  // The nation only where no region is left out.
  const total = within === active.length ? "The nation" : `${within} of ${active.length} regions`;
  const missing = release.missing.map(
    ({ region, reason }) => `${region} ${names.get(region) ?? ""} (${reason})`,
  );
  return [
    gridOf(plan, cells, names, total),
    `± is half of the 95 % interval, of the noise alone. Cost: ${costText(plan)}.`,
    ...(missing.length === 0 ? [] : [`Missing: ${missing.join(", ")}.`]),
  ].join("\n");
}

/** A table by area, a column a measure; all regions together last, under the name given. */
function gridOf(
  plan: Plan,
  cells: readonly Cell[],
  names: ReadonlyMap<string, string>,
  total: string,
): string {
  const kinds = new Map(plan.measures.map(({ measure }) => [measure.id, measure.kind]));
  const keys = [...new Set(cells.flatMap(({ at }) => Object.keys(at)))].filter((key) => key !== "region");
  const shown = keys.filter(
    (key) => key !== "period" || new Set(cells.map(({ at }) => at["period"])).size > 1,
  );
  const measures = plan.measures.map(({ measure }) => measure.id);
  const table = new Table({
    head: ["", ...shown, ...measures],
    style: { head: [], border: [], compact: true },
    chars: { mid: "", "left-mid": "", "mid-mid": "", "right-mid": "" },
    colAligns: ["left", ...shown.map(() => "left" as const), ...measures.map(() => "right" as const)],
  });
  const rows = new Map<string, { area: string; at: Cell["at"]; cells: Map<string, Cell> }>();
  for (const cell of cells) {
    const place = JSON.stringify(cell.at);
    const row = rows.get(place) ?? { area: cell.at["region"] ?? "", at: cell.at, cells: new Map() };
    row.cells.set(cell.measure, cell);
    rows.set(place, row);
  }
  const order = [...rows.values()].sort((a, b) => Number(a.area === NATION) - Number(b.area === NATION));
  for (const { area, at, cells: own } of order) {
    const figures = measures.map((id) => {
      const cell = own.get(id);
      return cell === undefined ? "" : figureText(cell, kinds.get(id) ?? "");
    });
    const name = area === NATION ? total : `${area} ${names.get(area) ?? ""}`;
    table.push([name, ...shown.map((key) => at[key] ?? "–"), ...figures]);
  }
  return table.toString();
}

/** A result as a JSON-stat dataset. */
export function tableOf(result: Result, federation: Federation, language: Language): JsonStat {
  const { directory } = federation;
  const { plan, release, releaseId, table, query } = result;
  const regions = new Map(directory.nodes.map(({ code, name }) => [code, name]));
  const active = directory.nodes.filter(({ status }) => status === "active").length;
  return queryDatasetOf(
    {
      plan,
      release,
      releaseId,
      cells: table,
      title: query.title,
      regions,
      active,
      year: meaningOf(rhoPerYearOf(federation)),
    },
    language,
  );
}

/** That something stands in the log, once that is proved. */
export const recordedText = (found: Recorded | null): string =>
  found === null
    ? "Not recorded: this federation keeps no logs."
    : `Recorded: entry ${found.index + 1} of ${found.size} of the coordinator's log, which a quorum of regions has cosigned${asOfText(found.asOf)}.`;

/** What it cost, as ρ and as (ε, δ), for each period and region. */
export function costText(plan: Plan): string {
  const delta = toNumber(parseRational(plan.dataset.budget.delta));
  const budget = toNumber(parseRational(plan.dataset.budget.rhoPerPeriod));
  const { rho, part, epsilon } = priceOf(plan);
  const percent = (100 * part).toLocaleString("en", { maximumSignificantDigits: 3 });
  return `ρ = ${rho.toPrecision(3)} of ${budget} for each period in each region (${percent} %); on its own that is (ε = ${epsilon.toFixed(2)}, δ = ${delta})`;
}

export function csvOf(cells: readonly Cell[]): string {
  const keys = [...new Set(cells.flatMap(({ at }) => Object.keys(at)))];
  const quoted = (value: unknown) => {
    const text = value === null || value === undefined ? "" : String(value);
    return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const head = [...keys, "measure", "value", "se", "low", "high", "flag"].join(",");
  const lines = cells.map((cell) =>
    [...keys.map((key) => cell.at[key]), cell.measure, cell.value, cell.se, cell.low, cell.high, cell.flag]
      .map(quoted)
      .join(","),
  );
  return `${[head, ...lines].join("\n")}\n`;
}
