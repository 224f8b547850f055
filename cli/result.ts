/** Reads a release back and checks it before showing it: signature, directory, table, and the sum of the answers. */
import { Answer, readVector } from "../protocol/answer.ts";
import type { NationalSum } from "../protocol/areas.ts";
import { decodeVector, fromBase64, type Hash, hashOf } from "../protocol/bytes.ts";
import type { Client } from "../protocol/client.ts";
import { type Federation, planIn, rosterOf } from "../protocol/directory.ts";
import { type Envelope, envelopeId, open, unwrap } from "../protocol/envelope.ts";
import { parseJson } from "../protocol/json.ts";
import type { Plan } from "../protocol/plan.ts";
import { Query } from "../protocol/query.ts";
import { format } from "../protocol/rational.ts";
import { parseWith, Refusal } from "../protocol/refusal.ts";
import { type Cell, cellsOf, Release, readCells, writeCells } from "../protocol/release.ts";
import { openAgreements, survivorsHash } from "../protocol/session.ts";
import { releasedVariance } from "../protocol/shares.ts";

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
  const plan = planIn(federation, query);
  const envelope = await client("getRelease", { params: { id: status.release } });
  const { payload: release } = open(
    envelope,
    "release",
    Release,
    [federation.directory.coordinator.release],
    federation.verify,
  );
  const table = await client("getCells", { params: { id: status.release } });
  const { answers, agreements } = await client("getAnswers", { params: { id: status.release } });
  const national =
    plan.shares === null
      ? null
      : await nationalOf(client, federation, { query, id, release: status.release }, release, agreements);
  const sum = cellsOf(plan, { answers: new Map(answersOf(federation, release, answers, plan)), national });
  if (
    release.query !== id ||
    writeCells(table).hash !== release.cells.hash ||
    writeCells(sum).hash !== release.cells.hash
  ) {
    throw new Refusal("signature-invalid", "expected a table that is the sum of the signed answers");
  }
  return { query, plan, release, envelope, cells: [...readCells(plan, table)] };
}

/**
 * The secure sum, with what can be checked of it without its masked vectors: that at least the threshold of regions
 * signed this very set of vectors, that their number is not below the floor, and that the bytes are those the release
 * is bound to. That they *are* the sum of those vectors, an auditor recomputes (`brus query recompute`).
 */
async function nationalOf(
  client: Client,
  federation: Federation,
  { query, id, release }: { query: Query; id: Hash; release: Hash },
  { national }: Release,
  agreements: readonly Envelope[],
): Promise<NationalSum> {
  const { shares } = planIn(federation, query);
  if (national === null || shares === null)
    throw new Refusal("signature-invalid", "expected a release with a secure sum");
  const { attempt, session, u2, openings } = national;
  const roster = rosterOf(federation, query);
  const survivors = national.survivors.map(({ region, masked }) => ({ node: region, masked }));
  if (survivors.length < shares.survivors || survivors.some(({ node }) => !roster.includes(node)))
    throw new Refusal("signature-invalid", `expected a sum of at least ${shares.survivors} regions`);
  const within = { session, u2, survivors: survivorsHash(session, u2, survivors) };
  openAgreements({ federation, query: id, attempt, roster, shares }, within, survivors, agreements);
  const { sum } = await client("getSum", { params: { id: release } });
  const bytes = fromBase64(sum);
  if (hashOf(bytes) !== national.sum)
    throw new Refusal("signature-invalid", "expected the sum that the release is bound to");
  const codes = survivors.map(({ node }) => node);
  const openers = openings.map(({ region }) => region);
  if (new Set(openers).size !== openers.length || openers.some((node) => !codes.includes(node)))
    throw new Refusal("signature-invalid", "expected openings of survivors, one each");
  const unopened = codes.length - openings.filter(({ surplus }) => surplus).length;
  const noise = shares.vectors.map((_, vector) =>
    format(releasedVariance(shares, vector, shares.n - codes.length, unopened)),
  );
  if (
    national.scale !== shares.scale.toString() ||
    national.noise.length !== noise.length ||
    national.noise.some(({ variance }, vector) => variance !== noise[vector])
  )
    throw new Refusal("signature-invalid", "expected the scale and the noise that the plan says");
  return { sum: decodeVector(bytes), survivors: codes, unopened };
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
