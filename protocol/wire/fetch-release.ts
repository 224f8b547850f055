/** Reads a release back and checks it before showing it: signature, directory, table, and the sum of the answers. */
import type { Federation } from "../federation/directory.ts";
import { openByNode } from "../federation/openers.ts";
import { planIn } from "../federation/plan-in.ts";
import type { Plan } from "../plan/plan.ts";
import { Query } from "../question/query.ts";
import { Answer, readVector } from "../release/answer.ts";
import { type Cell, cellsOf, readCells, writeCells } from "../release/cells.ts";
import { type CellTable, openRelease, type Release } from "../release/release.ts";
import { checkNational } from "../secure-sum/recompute.ts";
import { type Envelope, envelopeId, payloadOf } from "../signing/envelope.ts";
import { fromBase64, type Hash } from "../values/bytes.ts";
import { Refusal } from "../values/refusal.ts";
import type { Client } from "./client.ts";

export type Result = {
  readonly query: Query;
  readonly plan: Plan;
  readonly release: Release;
  readonly releaseId: Hash;
  readonly envelope: Envelope;
  readonly cells: readonly Cell[];
  readonly table: CellTable;
};

/** Everything of a released query, each part checked against the signed ones. Throws a refusal where one fails. */
export async function fetchResult(client: Client, federation: Federation, id: Hash): Promise<Result> {
  const status = await client("getQuery", { params: { id } });
  if (envelopeId(status.query) !== id)
    throw new Refusal("signature-invalid", "expected the query that was asked for");
  if (status.release === null)
    throw new Refusal(
      "release-unknown",
      `the query is ${status.state}: ${status.reason ?? "no release yet"}`,
    );
  const query = payloadOf(Query, status.query);
  const plan = planIn(federation, query);
  const envelope = await client("getRelease", { params: { id: status.release } });
  if (envelopeId(envelope) !== status.release)
    throw new Refusal("signature-invalid", "expected the release that the query names");
  const { payload: release, judged } = openRelease(federation, envelope);
  const table = await client("getCells", { params: { id: status.release } });
  const { answers, agreements } = await client("getAnswers", { params: { id: status.release } });
  const national =
    plan.noiseShares === null
      ? null
      : checkNational(
          judged,
          { query, id },
          release,
          agreements,
          fromBase64((await client("getSum", { params: { id: status.release } })).sum),
        );
  const sum = cellsOf(plan, { answers: new Map(answersOf(judged, release, answers, plan)), national });
  if (
    release.query !== id ||
    writeCells(table).hash !== release.cells.hash ||
    writeCells(sum).hash !== release.cells.hash
  ) {
    throw new Refusal("signature-invalid", "expected a table that is the sum of the signed answers");
  }
  return {
    query,
    plan,
    release,
    releaseId: status.release,
    envelope,
    cells: [...readCells(plan, table)],
    table,
  };
}

function answersOf(
  federation: Federation,
  release: Release,
  answers: readonly Envelope[],
  plan: Plan,
): Array<[string, bigint[]]> {
  return release.answers.map(({ region, hash }) => {
    const envelope = answers.find((each) => envelopeId(each) === hash);
    const payload = envelope === undefined ? null : openByNode(federation, envelope, Answer).payload;
    if (payload?.node !== region) throw new Refusal("signature-invalid", `expected the answer of ${region}`);
    return [region, readVector(payload, plan)];
  });
}
