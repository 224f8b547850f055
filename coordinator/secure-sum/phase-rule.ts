/**
 * When a phase of a secure sum is over, and what follows: a function of who has sent its message, who cannot any more,
 * and the question's own times. Progress decides, never how fast it is: no attempt is given up because regions are
 * slow. Nothing that one region does, or leaves undone, moves the moment at which the others go on without it.
 */
import type { Phase } from "../../protocol/secure-sum/messages.ts";

export type PhaseState = {
  readonly phase: Phase;
  readonly attempt: number;
  /** The regions that the query is put to. */
  readonly roster: readonly string[];
  /** Those that the phase is put to. */
  readonly members: readonly string[];
  /** Who has sent the phase's message whole, with all pieces of a vector that it binds. */
  readonly came: readonly string[];
  /** Who has said that it takes no further part in this attempt. */
  readonly withdrawn: readonly string[];
  /** Who has refused for now, and may yet change its mind: approvals can still come. */
  readonly refused: readonly string[];
  /** Who has refused for good. */
  readonly never: readonly string[];
  /** Who has shown that it would take part in the next attempt, and is not in this one. */
  readonly ready: readonly string[];
  /** Those of them who were in no attempt before. */
  readonly newcomers: readonly string[];
  /** So many make a set: max(t, minRegions) before one is agreed on, t to agree on it and to open its sum. */
  readonly needed: number;
  /** When the phase began, in milliseconds, and until when its messages can be made: a quarter of that is waited. */
  readonly began: number;
  readonly limit: number;
  /** When the query ends, whatever has come, in milliseconds. */
  readonly deadline: number;
};

export type Verdict =
  /** Until then, unless something comes before; for these regions. */
  | { readonly next: "wait"; readonly until: number; readonly for: readonly string[] }
  /** The phase is over with these; `last` where nobody else can come. */
  | { readonly next: "close"; readonly with: readonly string[]; readonly last: boolean }
  /** A new attempt with fresh keys. */
  | { readonly next: "again" }
  /** There will be no sum. */
  | { readonly next: "end"; readonly came: number; readonly missing: readonly string[] };

/** So often it is tried anew: regions that stop every attempt would otherwise keep all others at work for ever. */
export const MOST_ATTEMPTS = 10;
/**
 * So many attempts may be followed by another at once: regions that were restarted need no more. A region that lies chooses
 * when it withdraws, and could spend all attempts in seconds, before those have come who would make the others enough:
 * each later one is followed at the quarter. Unless a region is ready that was in none before, which each is but once.
 */
export const AT_ONCE = 3;

/** Phases whose messages a set cannot use of a region that has withdrawn since: its keys or its shares are gone. */
const NEEDED_LATER: ReadonlySet<Phase> = new Set(["advertise", "share"]);
const BEFORE_A_SET: ReadonlySet<Phase> = new Set(["advertise", "share", "mask"]);

/** The moment from which a phase goes on without those it has not heard from, if the others are enough. */
export const quarterOf = ({ began, limit }: Pick<PhaseState, "began" | "limit">): number =>
  began + Math.max(0, limit - began) / 4;

export function judge(state: PhaseState, now: number): Verdict {
  const { phase, attempt, roster, members, needed, deadline } = state;
  const gone = new Set(state.withdrawn);
  const here = state.came.filter((region) => !(NEEDED_LATER.has(phase) && gone.has(region)));
  const silent = members.filter((region) => !here.includes(region));
  const may = silent.filter((region) => !gone.has(region) && !state.never.includes(region));
  const awaited = may.filter((region) => !state.refused.includes(region));

  const late = now >= deadline;
  const quarter = quarterOf(state);
  const enough = here.length >= needed;
  // What opens a sum opens it at the deadline, too; all else would come too late to be used.
  if (enough && (awaited.length === 0 || now >= quarter || late) && (!late || phase === "open"))
    return { next: "close", with: here, last: may.length === 0 };
  const end: Verdict = { next: "end", came: here.length, missing: silent };
  if (late) return end;
  if (!enough && here.length + may.length < needed) {
    // Too few can come, however long it takes: those who are back can only take part anew.
    const could = roster.filter((region) => !state.never.includes(region)).length;
    if (!BEFORE_A_SET.has(phase) || could < needed || attempt >= MOST_ATTEMPTS) return end;
    if (attempt <= AT_ONCE || state.newcomers.length > 0 || now >= quarter) return { next: "again" };
  }
  if (!enough && now >= quarter && phase !== "advertise" && BEFORE_A_SET.has(phase)) {
    // Some are silent, and others, who were not there when the attempt was formed, are.
    const back = new Set([...here, ...state.ready, ...state.withdrawn]);
    if (back.size >= needed && attempt < MOST_ATTEMPTS) return { next: "again" };
  }
  return { next: "wait", until: now < quarter ? quarter : deadline, for: awaited };
}
