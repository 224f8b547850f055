/** What a question waits for, in a line for whoever waits with it. */
import type { QueryStatus } from "../../protocol/wire/routes.ts";

export function waitsFor({ state, reason, regions, round }: QueryStatus): string {
  if (state === "waiting") return reason ?? "it waits for approvals, or for its time";
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
