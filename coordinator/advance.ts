/**
 * Read this first: a query's round, a call a step. Every step reads where the query stands from the database and
 * writes where it stands next, so that a coordinator killed anywhere goes on where it was. It holds no data and
 * draws no noise: it can delay or refuse, and nothing else.
 */
import { judgeApprovals, openApprovals } from "../protocol/federation/approvals.ts";
import { openQuery } from "../protocol/federation/openers.ts";
import { Refusal } from "../protocol/values/refusal.ts";
import { type Due, earliest } from "./clockwork.ts";
import type { Context } from "./context.ts";
import { beginningsAfter } from "./directory/directories.ts";
import { type Dispatcher, dispatch } from "./query/dispatch.ts";
import { withHindrances } from "./query/hindrances.ts";
import { close, type QueryState, settle, stateOf } from "./query/stored-state.ts";
import { type Collected, collect } from "./release/collect.ts";
import { type Publisher, publish } from "./release/release.ts";
import { type Rounds, turn } from "./secure-sum/run-phases.ts";

/**
 * Takes one query a step, if there is one to take now, and says when to look again unless something happens to it: now,
 * if it has come further. Idempotent; called after every event, and when that instant has come.
 */
export async function advance(id: string, context: Context & Publisher & Dispatcher & Rounds): Promise<Due> {
  const state = await stateOf(id, context);
  if (state.name === "waiting") return await open(state, context);
  if (state.name === "open") return await conclude(state, context);
  if (state.name === "late") return await amend(state, context);
  return null;
}

/** Waiting → open, once the directory's floor of approvals is met and the query is valid. */
async function open(state: QueryState, context: Context & Dispatcher & Rounds): Promise<Due> {
  const { query } = state;
  const [now, notBefore, expires] = [context.now(), new Date(query.notBefore), new Date(query.expires)];
  if (now >= expires) return await close(state, "expired", "it expired before it was approved", context);
  const verdict = verdictOf(state, context);
  if (verdict === "declined") return await close(state, "declined", "an approver declined it", context);
  // What ends cannot open it, and what has ended by then is judged so then: only what begins can change this.
  if (verdict !== "approved") return earliest(expires, ...beginningsAfter(now, context.federation()));
  return now < notBefore ? notBefore : await dispatch(state, context);
}

/** `unfit` while the query itself does not stand: its asker's key, or the directory, is not in force. */
function verdictOf({ id, envelope, approvals }: QueryState, { federation, now, logger }: Context & Rounds) {
  try {
    const asked = openQuery(federation(), envelope, now());
    const given = openApprovals(federation(), approvals, now());
    return judgeApprovals(federation(), asked, given, { region: null }).verdict;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    logger.warn({ code: error.code, query: id }, "a query waits");
    return "unfit";
  }
}

/** Open → released or failed, once all have answered or the deadline has passed. */
async function conclude(state: QueryState, context: Context & Publisher & Rounds): Promise<Due> {
  if (state.query.release !== "regions") {
    const turned = await turn(state, context);
    return "due" in turned ? turned.due : await publish(state, collect(state), turned.sum, context);
  }
  const { minRegions, ...query } = state.query;
  const [now, answerBy, expires] = [context.now(), new Date(query.answerBy), new Date(query.expires)];
  const collected = collect(state);
  if (collected.awaited && now < answerBy) return answerBy;
  if (collected.answerIds.length >= minRegions) return await publish(state, collected, null, context);
  // Those who may still come late may yet be enough.
  if (!collected.complete && now < expires) return expires;
  const silent = collected.missing.flatMap(({ region, reason }) => (reason === "no-answer" ? [region] : []));
  const reason = withHindrances(tooFew(collected, minRegions), silent, context);
  return await close(state, "failed", reason, context);
}

const tooFew = ({ answerIds, missing }: Collected, minRegions: number): string =>
  `${answerIds.length} of ${answerIds.length + missing.length} regions answered; minRegions is ${minRegions}; missing: ${missing.map(({ region, reason }) => `${region} (${reason})`).join(", ")}`;

/** Late → a new version with every region that came since; → released once nobody may come any more. */
async function amend(state: QueryState, context: Context & Publisher): Promise<Due> {
  const collected = collect(state);
  if (collected.answerIds.length > state.released) return await publish(state, collected, null, context);
  const expires = new Date(state.query.expires);
  return collected.complete || context.now() >= expires ? await settle(state, context) : expires;
}
