/** What a question waits for, in a line for whoever waits with it. */
import { Query } from "../../protocol/question/query.ts";
import { payloadOf } from "../../protocol/signing/envelope.ts";
import { NEEDS_ROWS } from "../../protocol/values/refusal.ts";
import type { QueryStatus } from "../../protocol/wire/routes.ts";

/**
 * Too few regions have delivered the period, and nobody else is to come: it stays open for them, which may be for weeks,
 * and whoever waits at a terminal is told so.
 */
export function needsDelivery({ state, query, regions }: QueryStatus): boolean {
  const refused = regions.filter((each) => each.state === "refused");
  return (
    state === "open" &&
    refused.some(({ code }) => code !== null && NEEDS_ROWS.has(code)) &&
    regions.length - refused.length < payloadOf(Query, query).minRegions
  );
}

export function waitsFor(status: QueryStatus): string {
  const { state, reason, regions, round, query } = status;
  if (state === "waiting") return reason ?? "it waits for approvals, or for its time";
  if (state === "open" && reason !== null) return reason;
  if (needsDelivery(status)) {
    const { minRegions, expires } = payloadOf(Query, query);
    const refused = regions.flatMap(({ region, code }) => (code === null ? [] : [`${region} (${code})`]));
    return `${regions.length - refused.length} of ${regions.length} regions can answer, and minRegions is ${minRegions}; missing: ${refused.join(", ")}; until ${expires} they may yet deliver the period`;
  }
  if (round !== null) {
    const { attempt, phase, sent, awaited, until } = round;
    const going = until === null ? "" : `, and goes on without them at ${until}`;
    return `secure sum, attempt ${attempt}, phase ${phase}: ${sent.length} regions have sent their message; ${forRegions(awaited)}${awaited.length === 0 ? "" : going}`;
  }
  const waiting = regions.flatMap((each) => (each.state === "waiting" ? [each.region] : []));
  const answered = regions.filter((each) => each.state === "answered").length;
  return `${answered} of ${regions.length} regions have answered; ${forRegions(waiting)}`;
}

const forRegions = (regions: readonly string[]): string =>
  regions.length === 0 ? "waiting until what follows is public" : `waiting for ${regions.join(", ")}`;
