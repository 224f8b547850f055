/** What one release is held to: the query, its approvals, its plan, each region's own log, and the sum recomputed. */
import { Answer, readVector } from "./answer.ts";
import { missingApproval } from "./approval.ts";
import type { NationalSum } from "./areas.ts";
import { type Hash, hashOf } from "./bytes.ts";
import { ledgerGroupOf } from "./catalogue.ts";
import { type Federation, openApproval, openQuery, planIn, rosterOf } from "./directory.ts";
import { documentOf, envelopeOf } from "./document.ts";
import { open } from "./envelope.ts";
import type { Rule } from "./finding.ts";
import type { Primitives } from "./mask.ts";
import { checkNational, type GivenMaterial, recomputeSum } from "./national.ts";
import { type Plan, regionsAnswer } from "./plan.ts";
import { UNITS } from "./privacy.ts";
import { COORDINATOR } from "./quorum.ts";
import { divide, format, rational } from "./rational.ts";
import type { Note, Source } from "./read-log.ts";
import { Refusal } from "./refusal.ts";
import type { RegionReplay } from "./region-log.ts";
import { cellsOf, type Release, writeCells } from "./release.ts";
import type { Placed, Replay } from "./replay.ts";
import { survivorsHash } from "./session.ts";

/** What it takes to add a secure sum up anew. */
export type Tools = {
  readonly primitives: Primitives;
  readonly hash: (bytes: Uint8Array) => Hash;
  /** What stands behind a release's secure sum, where the auditor was given it. */
  readonly material?: (release: Hash) => Promise<GivenMaterial | null>;
};

export type Context = {
  readonly federation: Federation;
  readonly source: Source;
  readonly log: Replay;
  readonly own: ReadonlyMap<string, RegionReplay>;
  readonly note: Note;
  readonly options: Tools;
};

export type AuditedRelease = {
  readonly id: Hash;
  readonly place: number;
  readonly title: string;
  /** `recomputed` from the regions' answers or masked vectors; `by digest` where those were not given. */
  readonly sum: "recomputed" | "by digest" | "fails";
};

export async function checkRelease(
  released: Placed<{ id: Hash; release: Release }>,
  context: Context,
): Promise<AuditedRelease> {
  const { place, id, release } = released;
  const { log, note } = context;
  const wrong = (rule: Rule, says: string) => note({ log: COORDINATOR, leaf: place, rule, says });
  const asked = log.queries.get(release.query);
  if (asked === undefined || asked.place > place) {
    wrong("query-missing", "expected the query that the release names, before it");
    return { id, place, title: "", sum: "fails" };
  }
  const { query } = asked;
  const done = (sum: AuditedRelease["sum"]): AuditedRelease => ({ id, place, title: query.title, sum });
  try {
    const plan = planIn(context.federation, query);
    checkApprovals(released, context, wrong);
    checkPlan(released, plan, context, wrong);
    checkRegions(released, plan, context, wrong);
    return done(await checkSum(released, plan, context));
  } catch (error) {
    if (!(error instanceof Refusal) || error.status >= 500) throw error;
    wrong(error.code === "signature-invalid" ? "sum" : "plan", error.message);
    return done("fails");
  }
}

type Wrong = (rule: Rule, says: string) => void;
type Released = Placed<{ id: Hash; release: Release }>;

/** Enough approvals, by the rules, stood in the log before the query was put to the regions. */
function checkApprovals({ release }: Released, { federation, log, own }: Context, wrong: Wrong): void {
  const asked = log.queries.get(release.query);
  const dispatched = log.dispatched.get(release.query);
  if (asked === undefined) return;
  if (dispatched === undefined || dispatched < asked.place)
    wrong("order", "expected the query to be put to the regions after it was asked, before its release");
  if (dispatched === undefined) return;
  // Signers are judged as of when the first region was charged.
  const times = [...own.values()].flatMap(({ charges }) => charges.get(release.query)?.time ?? []);
  const at = new Date(times.toSorted()[0] ?? asked.query.notBefore);
  let requester: string;
  try {
    ({ requester } = openQuery(federation, asked.envelope, at));
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    wrong("signature", `the query: ${error.message}`);
    return;
  }
  const before = (log.approvals.get(release.query) ?? []).filter(({ place }) => place < dispatched);
  const judged = before.flatMap(({ envelope }) => {
    try {
      return [openApproval(federation, envelope, at)];
    } catch (error) {
      if (error instanceof Refusal) return []; // It does not count: the rules say what is missing.
      throw error;
    }
  });
  const about = { dataset: asked.query.dataset.replace(/@.*/, ""), requester, region: null };
  const missing = missingApproval(federation.directory.approvalRules, judged, about);
  if (missing !== null)
    wrong(
      "approvals",
      `expected ${missing.persons} distinct persons with the role ${missing.role}, the requester not counted`,
    );
  if (
    judged.some(
      ({ approval, person }) =>
        approval.decision === "decline" && approval.region === "all" && person !== requester,
    )
  )
    wrong("approvals", "expected no approver to have declined");
  const known = new Set((log.approvals.get(release.query) ?? []).map(({ id }) => id));
  if (release.approvals.some((id) => !known.has(id)))
    wrong("approvals", "expected every approval that the release names in the log");
}

function checkPlan({ release }: Released, plan: Plan, { federation, log }: Context, wrong: Wrong): void {
  const query = log.queries.get(release.query)?.query;
  if (query === undefined) return;
  if (release.directory !== query.directory || release.directory !== federation.hash)
    wrong("plan", "expected the directory that the query is bound to");
  if (release.release !== query.release) wrong("plan", `expected a release of kind ${query.release}`);
  if (release.charge !== format(plan.charge)) wrong("plan", `expected a cost of ${format(plan.charge)}`);
  const noise = plan.vectors.flatMap(({ id, variance }) =>
    variance === null ? [] : [`${id} ${format(divide(variance, rational(UNITS * UNITS)))}`],
  );
  if (release.noise.map(({ vector, variance }) => `${vector} ${variance}`).join("\n") !== noise.join("\n"))
    wrong("plan", "expected the noise that the plan says");
  const within = inSum(release);
  if (within.size < query.minRegions) wrong("plan", `expected at least ${query.minRegions} regions`);
  const roster = rosterOf(federation, query);
  const named = new Set([...within, ...release.missing.map(({ region }) => region)]);
  if (named.size !== roster.length || roster.some((region) => !named.has(region)))
    wrong("plan", "expected every region that was asked, as answering or as missing");
}

const inSum = (release: Release): Set<string> =>
  new Set([...release.answers, ...(release.national?.survivors ?? [])].map(({ region }) => region));

/** What each region's own log says of the query: its charge, its answer, the set; and none left out that had answered. */
function checkRegions(released: Released, plan: Plan, { federation, log, own }: Context, wrong: Wrong): void {
  const { release, place } = released;
  const query = log.queries.get(release.query)?.query;
  if (query === undefined) return;
  const answered = (id: Hash) => (log.answers.get(id) ?? place) < place;
  const digests = [
    ...release.answers.map(({ region, hash }) => ({ region, id: hash, masked: false })),
    ...(release.national?.survivors ?? []).map(({ region, masked }) => ({
      region,
      id: masked,
      masked: true,
    })),
  ];
  for (const { region, id, masked } of digests) {
    if (!answered(id))
      wrong("answer-missing", `expected the answer of ${region} in the log before the release`);
    const region_ = own.get(region);
    if (region_ === undefined) {
      wrong("answer-missing", `expected a readable log of ${region}`);
      continue;
    }
    const there = masked
      ? region_.masked.get(id)?.query === release.query
      : region_.answers.get(release.query)?.id === id;
    if (!there) wrong("answer-missing", `expected the answer in the log of ${region}`);
    const charge = region_.charges.get(release.query);
    if (charge === undefined) {
      wrong("charge-missing", `expected ${region} to have charged ${format(plan.charge)}`);
    } else if (
      charge.charge !== format(plan.charge) ||
      charge.account !== ledgerGroupOf(plan.dataset) ||
      charge.periods.map(({ period }) => period).join() !== plan.periods.join()
    ) {
      wrong(
        "charge",
        `expected ${region} to have charged ${format(plan.charge)} for each period of the query`,
      );
    }
  }
  for (const { region } of release.missing) {
    const answer = own.get(region)?.answers.get(release.query);
    if (
      answer !== undefined &&
      answer.time < query.answerBy &&
      answer.time < release.madeAt &&
      regionsAnswer(plan)
    )
      wrong("left-out", `${region} had answered at ${answer.time}`);
  }
  checkSet(release, { own, federation }, wrong);
}

/** Nobody whose log says that it agreed on another set is in the one that was opened. */
function checkSet(
  { query, national }: Release,
  { own }: Pick<Context, "own" | "federation">,
  wrong: Wrong,
): void {
  if (national === null) return;
  const survivors = national.survivors.map(({ region, masked }) => ({ node: region, masked }));
  const set = survivorsHash(national.session, national.u2, survivors);
  for (const { region } of national.agreements) {
    const agreed = own.get(region)?.agreed.get(query);
    if (agreed === undefined || agreed.survivors !== set || agreed.attempt !== national.attempt)
      wrong("set", `expected the log of ${region} to hold the set that was opened`);
  }
}

/** The table recomputed from the answers; of a secure sum, the sum too, where what stands behind it was given. */
async function checkSum(
  { id, release }: Released,
  plan: Plan,
  { federation, source, log, options }: Context,
): Promise<AuditedRelease["sum"]> {
  const asked = log.queries.get(release.query);
  const unlike = (expected: string) => new Refusal("signature-invalid", `expected ${expected}`);
  if (asked === undefined) throw unlike("the query that the release names");
  const answers = new Map<string, bigint[]>();
  for (const { region, hash } of release.answers) {
    const envelope = await envelopeOf(source, hash);
    const node = federation.directory.nodes.find(({ code }) => code === region);
    if (envelope === null || node === undefined) throw unlike(`the answer of ${region} beside the log`);
    const { payload } = open(envelope, "answer", Answer, [node.keys.answer], federation.verify);
    if (payload.query !== release.query || payload.node !== region || payload.charge !== format(plan.charge))
      throw unlike(`an answer of ${region} to this query, at its cost`);
    answers.set(region, readVector(payload, plan));
  }
  const summed = { query: asked.query, id: release.query };
  const national = plan.shares === null ? null : await nationalFrom(summed, release, { federation, source });
  const cells = await documentOf(source, release.cells.hash);
  const table = writeCells(cellsOf(plan, { answers, national }));
  if (table.hash !== release.cells.hash || cells === null || hashOf(cells) !== table.hash)
    throw unlike("a table that is what the answers add up to");
  if (plan.shares === null) return "recomputed";
  const given = (await options.material?.(id)) ?? null;
  if (given === null) return "by digest";
  await recomputeSum(federation, summed, release, given, options);
  return "recomputed";
}

async function nationalFrom(
  summed: Parameters<typeof checkNational>[1],
  release: Release,
  { federation, source }: Pick<Context, "federation" | "source">,
): Promise<NationalSum> {
  const { national } = release;
  const bytes = national === null ? null : await documentOf(source, national.sum);
  if (national === null || bytes === null)
    throw new Refusal("signature-invalid", "expected the sum beside the log");
  const agreements = await Promise.all(national.agreements.map(({ hash }) => envelopeOf(source, hash)));
  return checkNational(
    federation,
    summed,
    release,
    agreements.filter((each) => each !== null),
    bytes,
  );
}
