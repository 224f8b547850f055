/**
 * What keeps regions from answering, as far as the coordinator hears it: too few that witness the log, and clocks that
 * are off. Said to whoever asks where a question stands, and in why it failed; nothing is decided by it.
 */
import { COORDINATOR, quorumOf } from "../../protocol/log/quorum.ts";
import { type Deadline, deadlineIn } from "../../server/deadline.ts";
import type { Context } from "../context.ts";
import type { CoordinatorStore } from "../store/database.ts";

type Heard = {
  /** By region, how many seconds its clock was ahead when it last signed. */
  readonly clocks: Map<string, number>;
  /** Who has come to witness: while it waits, and a little longer. */
  readonly witnesses: Map<string, Deadline | null>;
};

const heard = new WeakMap<CoordinatorStore, Heard>();

function heardBy(store: CoordinatorStore): Heard {
  const known = heard.get(store) ?? { clocks: new Map(), witnesses: new Map() };
  heard.set(store, known);
  return known;
}

/** A region's signed time, compared with ours: the region chooses it, and can but make itself look wrong. */
export const heardClock = (store: CoordinatorStore, region: string, ahead: number): void =>
  void heardBy(store).clocks.set(region, ahead);

/** Between two turns of a witness, with a pause after a failure, in milliseconds. */
const BETWEEN_TURNS = 15_000;

/** A witness's turn: it counts as there from its beginning until a little after its end. */
export async function witnessing<T>({ store }: Context, region: string, turn: () => Promise<T>): Promise<T> {
  const { witnesses } = heardBy(store);
  const stay = (deadline: Deadline | null) => {
    witnesses.get(region)?.stop();
    witnesses.set(region, deadline);
  };
  stay(null);
  try {
    return await turn();
  } finally {
    const gone = deadlineIn(BETWEEN_TURNS);
    stay(gone);
    gone.signal.addEventListener("abort", () => {
      if (witnesses.get(region) === gone) witnesses.delete(region);
    });
  }
}

/** In seconds: less may be the way that a request takes. */
const NOTABLE = 30;
const MOST_NAMED = 30;

/** Why those that are waited for may not answer, in a sentence; null where nothing is known. */
function hindrances(waited: readonly string[], { store, federation, logs }: Context): string | null {
  const { clocks, witnesses } = heardBy(store);
  const said: string[] = [];
  if (logs !== null) {
    const active = federation().directory.nodes.filter(({ status }) => status === "active");
    const there = active.filter(({ code }) => witnesses.has(code)).length;
    const { least } = quorumOf(federation(), COORDINATOR);
    if (there < least)
      said.push(
        `too few regions witness the log, and without them no question is shown to be public: ${there} of ${active.length} do, and ${least} are needed`,
      );
  }
  for (const region of waited.slice(0, MOST_NAMED)) {
    const ahead = clocks.get(region) ?? 0;
    if (Math.abs(ahead) > NOTABLE)
      said.push(`the clock of ${region} is ${Math.abs(ahead)} s ${ahead > 0 ? "ahead" : "behind"}`);
  }
  return said.length === 0 ? null : said.join("; ");
}

/** A reason, where there is one, and beside it why those that are waited for may not answer. */
export function withHindrances<Reason extends string | null>(
  reason: Reason,
  waited: readonly string[],
  context: Context,
): Reason | string {
  const more = hindrances(waited, context);
  if (more === null) return reason;
  return reason === null ? more : `${reason}; ${more}`;
}
