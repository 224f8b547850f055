/** What one release is held to: its query, its plan, each region's own log, and the sum recomputed. */
import { type Federation, rosterOf, versionOf } from "../federation/directory.ts";
import { openByNode } from "../federation/openers.ts";
import { planIn } from "../federation/plan-in.ts";
import { judgingSince } from "../federation/versions.ts";
import { documentOf, envelopeOf, type Source } from "../log/documents.ts";
import type { Raise, Rule } from "../log/finding.ts";
import { COORDINATOR } from "../log/quorum.ts";
import { type Plan, regionsAnswer } from "../plan/plan.ts";
import { UNITS } from "../privacy/privacy.ts";
import type { Query } from "../question/query.ts";
import { Answer, readVector } from "../release/answer.ts";
import type { NationalSum } from "../release/areas.ts";
import { cellsOf, writeCells } from "../release/cells.ts";
import { type Release, regionsOf } from "../release/release.ts";
import type { Primitives } from "../secure-sum/mask.ts";
import { survivorsHash } from "../secure-sum/messages.ts";
import { checkNational, type GivenMaterial, recomputeSum } from "../secure-sum/recompute.ts";
import { type Hash, hashOf } from "../values/bytes.ts";
import { divide, format, rational } from "../values/rational.ts";
import { Refusal } from "../values/refusal.ts";
import { whyNotApproved } from "./charges.ts";
import type { Placed, Replay } from "./coordinator-log.ts";
import type { RegionReplay } from "./region-log.ts";

/** What it takes to add a secure sum up anew. */
export type Tools = {
  readonly primitives: Primitives;
  readonly hash: (bytes: Uint8Array) => Hash;
  /** What stands behind a release's secure sum, where the auditor was given it. */
  readonly material?: (release: Hash) => Promise<GivenMaterial | null>;
};

/** What every release of an audit is held to. */
export type AuditContext = {
  /** The version in force at the release, with the keys of those since the one that it is bound to. */
  readonly federation: Federation;
  readonly source: Source;
  readonly log: Replay;
  readonly own: ReadonlyMap<string, RegionReplay>;
  readonly raise: Raise;
  /** What is worth knowing, and breaks no rule. */
  readonly notice: (says: string) => void;
  readonly tools: Tools;
};

export type AuditedRelease = {
  readonly id: Hash;
  readonly place: number;
  readonly title: string;
  /** `recomputed` from the regions' answers or masked vectors; `by digest` where those were not given. */
  readonly sum: "recomputed" | "by digest" | "fails";
};

type Wrong = (rule: Rule, says: string) => void;
type ReleaseInLog = Placed<{ id: Hash; release: Release }>;
/** A release with its query and the plan that follows from it. */
type PlannedRelease = ReleaseInLog & { readonly query: Query; readonly plan: Plan; readonly asked: number };

export async function checkRelease(
  released: ReleaseInLog,
  given: Omit<AuditContext, "federation">,
): Promise<AuditedRelease> {
  const { place, id, release } = released;
  const { log, raise } = given;
  const version = log.inForce(place);
  const federation = judgingSince(version, release.directory);
  const context = { ...given, federation };
  const wrong: Wrong = (rule, says) => raise({ log: COORDINATOR, leaf: place, rule, says });
  const asked = log.queries.get(release.query);
  if (asked === undefined || asked.place > place) {
    wrong("query-missing", "expected the query that the release names, before it");
    return { id, place, title: "", sum: "fails" };
  }
  const { query } = asked;
  const done = (sum: AuditedRelease["sum"]): AuditedRelease => ({ id, place, title: query.title, sum });
  const plan = await step("plan", wrong, async () => planIn(context.federation, query));
  if (plan === null) return done("fails");
  const held: PlannedRelease = { ...released, query, plan, asked: asked.place };
  const whole = checkLists(held, context, wrong);
  checkApprovals(held, context, wrong);
  checkPlan(held, context, wrong);
  checkRegions(held, context, wrong);
  checkMissing(held, context, wrong);
  checkSet(held, context, wrong);
  if (!whole) return done("fails");
  const table = await step("sum", wrong, () => checkTable(held, context));
  return done(table === null ? "fails" : await sumOf(held, context, wrong));
}

/** A step of which a refusal is a finding under this rule; what could not be fetched is none, and ends the audit. */
async function step<T>(rule: Rule, wrong: Wrong, work: () => Promise<T>): Promise<T | null> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Refusal) || error.status >= 500) throw error;
    wrong(rule, error.message);
    return null;
  }
}

const codesOf = (list: ReadonlyArray<{ readonly region: string }>): string[] =>
  list.map(({ region }) => region);

/** Every region that was asked stands in it once: as answering, or as missing. False where nothing can be added up. */
function checkLists(
  { release, query, plan }: PlannedRelease,
  { federation }: AuditContext,
  wrong: Wrong,
): boolean {
  const roster = rosterOf(federation, query);
  const lists = [release.answers, release.national?.survivors ?? [], release.missing].map(codesOf);
  const once = [...lists, release.approvals].every((list) => new Set(list).size === list.length);
  const within = new Set(regionsOf(release));
  const named = new Set([...within, ...codesOf(release.missing)]);
  if (!once || codesOf(release.missing).some((region) => within.has(region)))
    wrong("plan", "expected each region and approval once, and none both answering and missing");
  if (named.size !== roster.length || roster.some((region) => !named.has(region)))
    wrong("plan", "expected every region that was asked, as answering or as missing");
  if (within.size < query.minRegions) wrong("plan", `expected at least ${query.minRegions} regions`);
  const parts =
    (release.national === null) === (plan.noiseShares === null) &&
    (regionsAnswer(plan) || release.answers.length === 0);
  if (!parts) wrong("plan", `expected the parts of a release of kind ${query.release}`);
  const answered = new Set(codesOf(release.answers));
  const both = query.release === "both" && codesOf(release.national?.survivors ?? []);
  const complete = both === false || both.every((region) => answered.has(region));
  if (!complete) wrong("plan", "expected the own answer of every region in the sum");
  return once && parts && complete;
}

/** The approvals that it names, and that those were enough, before each region that is counted was charged. */
function checkApprovals(
  { release, place, asked }: PlannedRelease,
  context: AuditContext,
  wrong: Wrong,
): void {
  const { log, own } = context;
  const dispatched = log.dispatched.get(release.query);
  if (dispatched === undefined || dispatched < asked || dispatched > place)
    wrong("order", "expected the query to be put to the regions after it was asked, before its release");
  const known = new Set(
    (log.approvals.get(release.query) ?? []).flatMap((each) => (each.place < place ? [each.id] : [])),
  );
  if (release.approvals.length === 0 || release.approvals.some((id) => !known.has(id)))
    wrong("approvals", "expected the approvals that the release names in the log, before it");
  for (const region of regionsOf(release)) {
    const charge = own.get(region)?.charges.get(release.query);
    const why = charge === undefined ? null : whyNotApproved(context, { region, charge });
    if (why === null) continue;
    wrong("approvals", `${why}, before ${region} was asked`);
    return; // Once says it for all.
  }
}

function checkPlan(
  { release, query, plan, place }: PlannedRelease,
  { federation }: AuditContext,
  wrong: Wrong,
): void {
  if (release.directory !== query.directory || versionOf(federation, release.directory) === null)
    wrong("plan", "expected the directory that the query is bound to");
  if (release.release !== query.release) wrong("plan", `expected a release of kind ${query.release}`);
  if ((release.edition ?? 1) !== plan.edition) wrong("plan", `expected a release of edition ${plan.edition}`);
  if (release.charge !== format(plan.charge)) wrong("plan", `expected a cost of ${format(plan.charge)}`);
  const noise = plan.vectors.flatMap(({ id, variance }) =>
    variance === null ? [] : [`${id} ${format(divide(variance, rational(UNITS * UNITS)))}`],
  );
  if (release.noise.map(({ vector, variance }) => `${vector} ${variance}`).join("\n") !== noise.join("\n"))
    wrong("plan", "expected the noise that the plan says");
  const ids = plan.vectors.map(({ id }) => id).join("\n");
  if (release.national !== null && release.national.noise.map(({ vector }) => vector).join("\n") !== ids)
    wrong("plan", `expected the noise of each vector of the plan, in release ${place}`);
}

/** Each answer that is counted stands in both logs before the release, and was charged for. */
function checkRegions(
  { release, place, plan }: PlannedRelease,
  { log, own }: AuditContext,
  wrong: Wrong,
): void {
  const digests = [
    ...release.answers.map(({ region, hash }) => ({ region, id: hash, masked: false })),
    ...(release.national?.survivors ?? []).map(({ region, masked }) => ({
      region,
      id: masked,
      masked: true,
    })),
  ];
  for (const { region, id, masked } of digests) {
    if ((log.answers.get(id) ?? place) >= place)
      wrong("answer-missing", `expected the answer of ${region} in the log before the release`);
    const found = own.get(region);
    if (found === undefined) {
      wrong("answer-missing", `expected a readable log of ${region}`);
      continue;
    }
    const there = masked
      ? found.masked.get(id)?.query === release.query
      : found.answers.get(release.query)?.id === id;
    if (!there) wrong("answer-missing", `expected the answer in the log of ${region}`);
    const charge = found.charges.get(release.query);
    if (charge === undefined)
      wrong("charge-missing", `expected ${region} to have charged ${format(plan.charge)}`);
    else if (charge.charge !== format(plan.charge))
      wrong("charge", `expected ${region} to have charged ${format(plan.charge)}`);
    else if (charge.public.size > place)
      wrong("not-public", `expected ${region} to have been charged before the release`);
  }
}

/** Why each region that is missing is: as its own refusal says, or since it had not answered when the time was up. */
function checkMissing(
  { release, place, query, plan }: PlannedRelease,
  { log, own, notice }: AuditContext,
  wrong: Wrong,
): void {
  // The latest version of regions' own answers, once nobody may come late any more.
  const latest = log.releases.findLast((each) => each.release.query === release.query)?.place === place;
  const later = latest && query.release === "regions" && newest(log) >= query.expires;
  for (const { region, reason } of release.missing) {
    const answer = regionsAnswer(plan) ? own.get(region)?.answers.get(release.query) : undefined;
    const came = answer !== undefined && (log.answers.get(answer.id) ?? place) < place;
    if (came)
      wrong("left-out", `expected the answer of ${region}, which stands in the log before the release`);
    else if (answer !== undefined && later && (log.answers.get(answer.id) ?? -1) > place)
      wrong(
        "left-out",
        `expected a later version with the answer of ${region}, which stands in the log since`,
      );
    else if (answer !== undefined && answer.time < query.answerBy)
      notice(
        `${region} is missing from the release of “${query.title}”; its own log shows an answer of ${answer.time} that did not come in time`,
      );
    const refused = log.refusals
      .get(`${release.query} ${region}`)
      ?.some(
        (each) =>
          each.code === reason && each.place < place && own.get(region)?.refused.has(each.id) !== false,
      );
    if (reason !== "no-answer" && refused !== true)
      wrong("left-out", `expected a refusal by ${region} that says ${reason}, in both logs`);
    if (reason === "no-answer" && query.release === "regions" && release.madeAt < query.answerBy)
      wrong("left-out", `expected ${region} to be waited for until ${query.answerBy}`);
  }
}

/** The latest time that any release of the log states. */
const newest = ({ releases }: Replay): string =>
  releases.reduce((last, { release: { madeAt } }) => (madeAt > last ? madeAt : last), "");

/** Nobody who signed the set that was opened says in its own log that it agreed on another. */
function checkSet(
  { release: { query, national } }: PlannedRelease,
  { own }: AuditContext,
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

/** The table recomputed from the answers, and from the secure sum as it was published. */
async function checkTable(
  { release, query, plan }: PlannedRelease,
  { federation, source }: Pick<AuditContext, "federation" | "source">,
): Promise<true> {
  const unlike = (expected: string) => new Refusal("signature-invalid", `expected ${expected}`);
  const answers = new Map<string, bigint[]>();
  for (const { region, hash } of release.answers) {
    const envelope = await envelopeOf(source, hash);
    if (envelope === null) throw unlike(`the answer of ${region} beside the log`);
    const { payload } = openByNode(federation, envelope, Answer);
    if (payload.query !== release.query || payload.node !== region || payload.charge !== format(plan.charge))
      throw unlike(`an answer of ${region} to this query, at its cost`);
    answers.set(region, readVector(payload, plan));
  }
  const summed = { query, id: release.query };
  const national =
    plan.noiseShares === null ? null : await nationalFrom(summed, release, { federation, source });
  const cells = await documentOf(source, release.cells.hash);
  const table = cellsOf(plan, { answers, national });
  const { hash } = writeCells(table);
  if (
    hash !== release.cells.hash ||
    table.figures.length !== release.cells.count ||
    cells === null ||
    hashOf(cells) !== hash
  )
    throw unlike("a table that is what the answers add up to");
  return true;
}

async function sumOf(
  { id, release, query, plan }: PlannedRelease,
  { federation, tools }: AuditContext,
  wrong: Wrong,
): Promise<AuditedRelease["sum"]> {
  if (plan.noiseShares === null) return "recomputed";
  const given = (await tools.material?.(id)) ?? null;
  if (given === null) return "by digest";
  const sum = await step("sum", wrong, () =>
    recomputeSum(federation, { query, id: release.query }, release, given, tools),
  );
  return sum === null ? "fails" : "recomputed";
}

async function nationalFrom(
  summed: Parameters<typeof checkNational>[1],
  release: Release,
  { federation, source }: Pick<AuditContext, "federation" | "source">,
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
