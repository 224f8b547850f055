/**
 * Read this first: a query's round, a call a step. Every step reads where the query stands from the database and
 * writes where it stands next, so that a coordinator killed anywhere goes on where it was. It holds no data and
 * draws no noise: it can delay or refuse, and nothing else.
 */
import { judgeApprovals, openApprovals } from "../protocol/approvals.ts";
import { openQuery } from "../protocol/directory.ts";
import { instant } from "../protocol/query.ts";
import { collect } from "./combine.ts";
import { type Dispatcher, dispatch } from "./dispatch.ts";
import type { Context } from "./intake.ts";
import { type Publisher, publish } from "./release.ts";
import { type Rounds, turn } from "./secure.ts";
import { close, type Standing, settle, standingOf } from "./standing.ts";

/** Takes one query as far as it goes now. Idempotent; called after every event and once a second. */
export async function advance(id: string, context: Context & Publisher & Dispatcher & Rounds): Promise<void> {
  const standing = await standingOf(id, context);
  if (standing.state === "waiting") await open(standing, context);
  if (standing.state === "open") await conclude(standing, context);
  if (standing.state === "late") await amend(standing, context);
}

/** Waiting → open, once the directory's floor of approvals is met and the query is valid. */
async function open(standing: Standing, context: Context & Dispatcher): Promise<void> {
  const now = instant(context.now());
  if (now >= standing.query.expires)
    return await close(standing, "expired", "it expired before it was approved", context);
  const federation = context.federation();
  const asked = openQuery(federation, standing.envelope, context.now());
  const given = openApprovals(federation, standing.approvals, context.now());
  const { verdict } = judgeApprovals(federation, asked, given, { region: null });
  if (verdict === "declined") return await close(standing, "declined", "an approver declined it", context);
  if (verdict === "approved" && now >= standing.query.notBefore) await dispatch(standing, context);
}

/** Late → a new version with every region that came since; → released once nobody may come any more. */
async function amend(standing: Standing, context: Context & Publisher): Promise<void> {
  const collected = collect(standing, context);
  if (collected.answerIds.length > standing.released) await publish(standing, collected, null, context);
  else if (collected.complete || instant(context.now()) >= standing.query.expires)
    await settle(standing, context);
}

/** Open → released or failed, once all have answered or the deadline has passed. */
async function conclude(standing: Standing, context: Context & Publisher & Rounds): Promise<void> {
  if (standing.query.release !== "regions") {
    const sum = await turn(standing, context);
    if (sum !== null) await publish(standing, collect(standing, context), sum, context);
    return;
  }
  const collected = collect(standing, context);
  if (!collected.complete && instant(context.now()) < standing.query.answerBy) return;
  if (collected.answerIds.length < standing.query.minRegions) {
    // Those who may still come late may yet be enough.
    if (!collected.complete && instant(context.now()) < standing.query.expires) return;
    return await close(
      standing,
      "failed",
      `fewer regions answered than minRegions (${standing.query.minRegions})`,
      context,
    );
  }
  await publish(standing, collected, null, context);
}
