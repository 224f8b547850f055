/** Reads a release back and checks it before showing it: signature, directory, table, and the sum of the answers. */
import { Answer, readVector } from "../protocol/answer.ts";
import type { Hash } from "../protocol/bytes.ts";
import type { Client } from "../protocol/client.ts";
import type { Federation } from "../protocol/directory.ts";
import { type Envelope, envelopeId, open, unwrap } from "../protocol/envelope.ts";
import { parseJson } from "../protocol/json.ts";
import { type Plan, planOf } from "../protocol/plan.ts";
import { Query } from "../protocol/query.ts";
import { parseWith, Refusal } from "../protocol/refusal.ts";
import { type Cell, cellsOf, Release, readCells, writeCells } from "../protocol/release.ts";

export type Result = {
  readonly query: Query;
  readonly plan: Plan;
  readonly release: Release;
  readonly envelope: Envelope;
  readonly cells: readonly Cell[];
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
  const query = parseWith(Query, parseJson(unwrap(status.query, "query").body), "query");
  const document = federation.datasets.get(query.dataset);
  if (document === undefined)
    throw new Refusal("dataset-unknown", `expected a dataset of the directory, not ${query.dataset}`);
  const plan = planOf(query, document.dataset);
  const envelope = await client("getRelease", { params: { id: status.release } });
  const { payload: release } = open(
    envelope,
    "release",
    Release,
    [federation.directory.coordinator.release],
    federation.verify,
  );
  const table = await client("getCells", { params: { id: status.release } });
  const { answers } = await client("getAnswers", { params: { id: status.release } });
  const sum = cellsOf(plan, new Map(answersOf(federation, release, answers, plan)));
  if (
    release.query !== id ||
    writeCells(table).hash !== release.cells.hash ||
    writeCells(sum).hash !== release.cells.hash
  ) {
    throw new Refusal("signature-invalid", "expected a table that is the sum of the signed answers");
  }
  return { query, plan, release, envelope, cells: [...readCells(plan, table)] };
}

function answersOf(
  federation: Federation,
  release: Release,
  answers: readonly Envelope[],
  plan: Plan,
): Array<[string, bigint[]]> {
  return release.answers.map(({ region, hash }) => {
    const envelope = answers.find((each) => envelopeId(each) === hash);
    const node = federation.directory.nodes.find(({ code }) => code === region);
    if (envelope === undefined || node === undefined)
      throw new Refusal("signature-invalid", `expected the answer of ${region}`);
    const { payload } = open(envelope, "answer", Answer, [node.keys.answer], federation.verify);
    return [region, readVector(payload, plan)];
  });
}
