/** A clock that a test sets forward, so that nobody waits for regions that are absent on purpose. */
import type { Network } from "../../cli/demo/network.ts";
import { Query } from "../../protocol/question/query.ts";
import { payloadOf } from "../../protocol/signing/envelope.ts";
import type { QueryStatus } from "../../protocol/wire/routes.ts";

export type Clock = { readonly now: () => Date; readonly forward: (to: Date) => void };

export function clockOf(): Clock {
  let ahead = 0;
  const now = () => new Date(Date.now() + ahead);
  return {
    now,
    forward: (to) => {
      ahead += Math.max(0, to.getTime() - now().getTime());
    },
  };
}

/**
 * Follows a query to its release, or to its end without one. As soon as only `absent` regions are waited for, the clock,
 * which is the network's, is set to when the others go on without them; or to the deadline, where they are too few. And
 * to when the next attempt begins, where that alone is waited for.
 */
export async function without(
  absent: readonly string[],
  { client, coordinator }: Network,
  clock: Clock,
  id: string,
): Promise<QueryStatus> {
  for (;;) {
    const status = await client("getQuery", { params: { id } });
    if (status.state !== "waiting" && status.state !== "open") return status;
    const waiting = status.regions.flatMap(({ region, state }) => (state === "waiting" ? [region] : []));
    const awaited = status.round?.awaited ?? waiting;
    const until = status.round?.until ?? null;
    if ((awaited.length > 0 || until !== null) && awaited.every((each) => absent.includes(each))) {
      // Instants are told to the second, rounded down.
      clock.forward(new Date(Date.parse(until ?? answerByOf(status)) + 1000));
      await coordinator.look();
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const answerByOf = ({ query }: QueryStatus): string => payloadOf(Query, query).answerBy;
