/** What the world is shown of queries: where each stands, as far as what it rests on is public. */
import { awaitedText } from "../../protocol/log/quorum.ts";
import type { ShownState } from "../../protocol/wire/routes.ts";
import type { Context } from "../context.ts";
import { isPublic } from "../log/public.ts";
import { progressOf } from "../secure-sum/run-phases.ts";
import { roundOf } from "../secure-sum/state.ts";
import { withHindrances } from "./hindrances.ts";
import type { QueryState, StateName } from "./stored-state.ts";

/** The latest queries, newest first, as many as a list may hold. */
export async function latestQueries(context: Context) {
  const latest = await context.store.kysely
    .selectFrom("query")
    .leftJoin("release", (join) => join.onRef("release.query", "=", "query.id").on("release.version", "=", 1))
    .select(["query.id", "query.state", "query.title", "release.place"])
    .orderBy("received", "desc")
    .limit(1000)
    .execute();
  return latest.map(({ id, state, title, place }) => ({
    id,
    title,
    state: isPublic(place, context) ? shownState(state) : ("open" as const),
  }));
}

/** Where one query stands: its documents, what each region has said, and its release once that is public. */
export async function statusOf(stands: QueryState, context: Context) {
  const round = await roundOf(stands.id, context);
  const reached = round === null ? "advertise" : round.phase;
  // In a secure sum a region has answered once it is in the set whose vectors are added up.
  const survivors = reached === "agree" || reached === "open" ? (round?.members ?? []) : [];

  const { id, name, reason, envelope, approvals, outcomes, roster } = stands;
  const regions = roster.map((region) => {
    const outcome = outcomes.find((each) => each.region === region);
    const inSum = round === null || survivors.includes(region);
    const state =
      outcome?.kind === "refusal"
        ? "refused"
        : inSum && (round !== null || outcome !== undefined)
          ? "answered"
          : "waiting";
    return { region, state, code: outcome?.code ?? null };
  });
  const made = await context.store.kysely
    .selectFrom("release")
    .select(["id", "place"])
    .where("query", "=", id)
    .orderBy("version", "desc")
    .execute();
  // The latest version that is public: a later one is shown once it is, too.
  const latest = made.find(({ place }) => isPublic(place, context));
  const shown =
    made.length === 0
      ? { state: shownState(name), release: null }
      : latest === undefined
        ? { state: "open" as const, release: null }
        : { state: shownState(name), release: latest.id };
  const progress = await progressOf(stands, context);
  const awaited = context.logs?.waitsFor ?? [];
  const lacking =
    shown.state === "open" && awaited.length > 0 ? `it waits for ${awaitedText(awaited)}` : null;
  const waited = regions.flatMap(({ region, state }) => (state === "waiting" ? [region] : []));
  const hindered = shown.state === "open" ? withHindrances(lacking, waited, context) : null;
  return { id, reason: reason ?? hindered, query: envelope, approvals, regions, round: progress, ...shown };
}

/** That regions may still come late is the coordinator's own business: the query is released. */
const shownState = (name: StateName): ShownState => (name === "late" ? "released" : name);
