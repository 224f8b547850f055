/**
 * Makes the release and publishes it: the signed statement and its table in one transaction with the query's last
 * state, so that there is one release a query, whatever happens in between.
 */

import type { Insertable, Selectable } from "kysely";
import type { Plan } from "../../protocol/plan/plan.ts";
import { releasedVariance } from "../../protocol/privacy/noise-shares.ts";
import { UNITS } from "../../protocol/privacy/privacy.ts";
import { cellsOf, writeCells } from "../../protocol/release/cells.ts";
import { type NationalPart, Release } from "../../protocol/release/release.ts";
import { type Envelope, envelopeId, type Signer, signDocument } from "../../protocol/signing/envelope.ts";
import {
  decodeVector,
  fromBase64,
  fromUtf8,
  type Hash,
  hashOf,
  toBase64,
  utf8,
} from "../../protocol/values/bytes.ts";
import { instant } from "../../protocol/values/names.ts";
import { divide, format, rational } from "../../protocol/values/rational.ts";
import { parseWith, Refusal } from "../../protocol/values/refusal.ts";
import { transact } from "../../server/database.ts";
import { type Context, storedEnvelope, storedRelease } from "../context.ts";
import { plannedOf } from "../query/plans.ts";
import type { QueryState } from "../query/stored-state.ts";
import type { SecureSum } from "../secure-sum/run-phases.ts";
import type { CoordinatorDatabase, CoordinatorStore } from "../store/database.ts";
import { answersOf, type Collected } from "./collect.ts";

export type Publisher = { readonly signer: () => Signer };

export async function publish(
  state: QueryState,
  collected: Collected,
  secure: SecureSum | null,
  context: Context & Publisher,
): Promise<Date> {
  const { plan } = await plannedOf(state.id, context);
  const national = secure === null ? null : nationalOf(plan, secure);
  const table = cellsOf(plan, {
    answers: await answersOf(state.id, collected, plan, context.store),
    national:
      secure === null
        ? null
        : {
            sum: decodeVector(secure.bytes),
            survivors: secure.round.members,
            unopened: secure.unopened.length,
          },
  });
  const { bytes, hash } = writeCells(table);
  const release = {
    query: state.id,
    ...(plan.edition === 1 ? {} : { edition: plan.edition }),
    supersedes: state.release,
    directory: state.query.directory,
    release: state.query.release,
    approvals: [...state.approvalIds],
    answers: collected.answerIds.map((answer) => ({ ...answer })),
    missing: missingFrom(collected, secure).map((region) => ({ ...region })),
    charge: format(plan.charge),
    noise: plan.vectors.flatMap(({ id, variance }) =>
      variance === null ? [] : [{ vector: id, variance: format(divide(variance, rational(UNITS * UNITS))) }],
    ),
    national,
    cells: { hash, count: table.figures.length },
    intervals: "95 %, noise alone",
    madeAt: instant(context.now()),
  } satisfies Release;
  const envelope = signDocument("release", parseWith(Release, release, "release"), context.signer());
  const row = {
    id: envelopeId(envelope),
    query: state.id,
    envelope: JSON.stringify(envelope),
    answers: collected.answerIds.length,
    cells: fromUtf8(bytes),
    sum: secure === null ? null : toBase64(secure.bytes),
  };
  // Beside the log before the log says so: whoever reads of the release finds all that stands behind it.
  await keepBehind(row, context);
  await closeWith(row, envelope, state, collected, context);
  return context.now();
}

/** Who gave nothing: neither an answer of its own nor, where there is one, a part of the secure sum. */
const missingFrom = ({ missing }: Collected, secure: SecureSum | null): Collected["missing"] =>
  secure === null ? missing : missing.filter(({ region }) => !secure.round.members.includes(region));

type ReleaseRow = Omit<Insertable<CoordinatorDatabase["release"]>, "id" | "version" | "place"> & {
  readonly id: Hash;
};

/** The release and the query's last state in one transaction; nothing where the query stands elsewhere by now. */
async function closeWith(
  row: ReleaseRow,
  envelope: Envelope,
  state: QueryState,
  collected: Collected,
  context: Context,
): Promise<void> {
  await transact(context.store, async (database) => {
    const closed = await database
      .updateTable("query")
      .set({ state: mayComeLate(state, collected, context) ? "late" : "released", release: row.id })
      .where("id", "=", state.id)
      .where("state", "=", state.name)
      .executeTakeFirst();
    if (closed.numUpdatedRows === 0n) return;
    // An answer that came in since is acknowledged, and so belongs in: undo, and let the next step add it up.
    const rows = await database
      .selectFrom("answer")
      .select("id")
      .where("query", "=", state.id)
      .where("kind", "=", "answer")
      .execute();
    if (rows.length !== collected.answerIds.length)
      throw new Refusal("unavailable", "an answer came in while the others were added up");
    const place = (await context.logs?.document(database, "release", row.id, envelope)) ?? null;
    const { count } = await database
      .selectFrom("release")
      .select((own) => own.fn.countAll().as("count"))
      .where("query", "=", state.id)
      .executeTakeFirstOrThrow();
    await database
      .insertInto("release")
      .values({ ...row, version: Number(count) + 1, place })
      .execute();
  });
}

/** Whether regions that are missing may still answer by themselves; a secure sum keeps its set. */
const mayComeLate = ({ query }: QueryState, { complete }: Collected, { now }: Context): boolean =>
  query.release === "regions" && !complete && instant(now()) < query.expires;

/** What an audit needs of a release, as files beside the log; what auditors alone may see is not among it. */
export async function keepBehind(
  {
    query,
    envelope,
    cells,
    sum,
  }: Pick<Selectable<CoordinatorDatabase["release"]>, "query" | "envelope" | "cells" | "sum">,
  { store, logs }: Context,
): Promise<void> {
  if (logs === null) return;
  const answers = await store.kysely
    .selectFrom("answer")
    .select(["id", "envelope"])
    .where("query", "=", query)
    .where("kind", "=", "answer")
    .execute();
  const signed = [...answers, ...(await agreementsOn(query, storedRelease(envelope).national, store))];
  logs.keep([
    ...signed.map((document) => [document.id, utf8(document.envelope)] as const),
    [envelopeId(storedEnvelope(envelope)), utf8(envelope)],
    [hashOf(utf8(cells)), utf8(cells)],
    ...(sum === null ? [] : [[hashOf(fromBase64(sum)), fromBase64(sum)] as const]),
  ]);
}

/** The agreements on the set that a release names, as they were signed, in its order; none where it has no secure sum. */
export async function agreementsOn(
  query: string,
  national: Release["national"],
  { kysely }: CoordinatorStore,
): Promise<Array<{ readonly id: string; readonly envelope: string }>> {
  const rows = await kysely
    .selectFrom("message")
    .select(["id", "envelope"])
    .where("query", "=", query)
    .where("kind", "=", "agreement")
    .execute();
  const signed = new Map(rows.map((row) => [row.id, row]));
  return (national?.agreements ?? []).flatMap(({ hash }) => signed.get(hash) ?? []);
}

/** What the release says of the secure sum: enough for anyone to check the set, and for an auditor to add up anew. */
function nationalOf(
  plan: Plan,
  { round, bytes, masked, agreements, openings, unopened }: SecureSum,
): NationalPart {
  const { noiseShares } = plan;
  if (noiseShares === null || round.session === null || round.u2 === null)
    throw new Error("a sum is open only of a session that was");
  const missing = noiseShares.n - masked.length;
  return {
    attempt: round.attempt,
    session: round.session,
    u2: round.u2,
    survivors: masked.map(({ node, id }) => ({ region: node, masked: id })),
    agreements: agreements.map(({ node, id }) => ({ region: node, hash: id })),
    openings: openings.map(({ node, id }) => ({ region: node, hash: id, surplus: !unopened.includes(node) })),
    sum: hashOf(bytes),
    scale: noiseShares.scale.toString(),
    noise: plan.vectors.map(({ id }, vector) => ({
      vector: id,
      variance: format(releasedVariance(noiseShares, vector, missing, unopened.length)),
    })),
  };
}
