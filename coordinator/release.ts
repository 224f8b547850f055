/**
 * Makes the release and publishes it: the signed statement and its table in one transaction with the query's last
 * state, so that there is one release a query, whatever happens in between.
 */

import { fromUtf8 } from "../protocol/bytes.ts";
import { envelopeId, type Signer, seal } from "../protocol/envelope.ts";
import { UNITS } from "../protocol/privacy.ts";
import { instant } from "../protocol/query.ts";
import { divide, format, rational } from "../protocol/rational.ts";
import { parseWith, Refusal } from "../protocol/refusal.ts";
import { cellsOf, Release, writeCells } from "../protocol/release.ts";
import { transact } from "../server/database.ts";
import type { Collected } from "./combine.ts";
import type { Context } from "./intake.ts";
import type { Standing } from "./standing.ts";

export type Publisher = { readonly signer: Signer };

export async function publish(
  standing: Standing,
  collected: Collected,
  context: Context & Publisher,
): Promise<void> {
  const { plan, answerIds, missing } = collected;
  const table = cellsOf(plan, await collected.answers());
  const { bytes, hash } = writeCells(table);
  const release = {
    query: standing.id,
    directory: context.federation.hash,
    release: "regions",
    approvals: [...standing.approvalIds],
    answers: answerIds.map((answer) => ({ ...answer })),
    missing: missing.map((region) => ({ ...region })),
    charge: format(plan.charge),
    noise: plan.vectors.map(({ id, variance }) => ({
      vector: id,
      variance: format(divide(variance, rational(UNITS * UNITS))),
    })),
    cells: { hash, count: table.figures.length },
    intervals: "95 %, noise alone",
    madeAt: instant(context.now()),
  } satisfies Release;
  const envelope = seal("release", parseWith(Release, release, "release"), context.signer);
  const id = envelopeId(envelope);
  await transact(context.store, async (database) => {
    const closed = await database
      .updateTable("query")
      .set({ state: "released", release: id })
      .where("id", "=", standing.id)
      .where("state", "=", "open")
      .executeTakeFirst();
    if (closed.numUpdatedRows === 0n) return;
    // An answer that came in since is acknowledged, and so belongs in: undo, and let the next step add it up.
    const rows = await database
      .selectFrom("answer")
      .select("id")
      .where("query", "=", standing.id)
      .where("kind", "=", "answer")
      .execute();
    if (rows.length !== answerIds.length)
      throw new Refusal("unavailable", "an answer came in while the others were added up");
    const values = { id, query: standing.id, envelope: JSON.stringify(envelope), cells: fromUtf8(bytes) };
    await database.insertInto("release").values(values).execute();
  });
}
