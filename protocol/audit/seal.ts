/**
 * The seal of one release: what an audit would find of it and of all that it rests on, in seven steps a person can
 * follow, each with the documents that were checked. From a log's files alone, trusting only version 1 of the directory.
 */
import type { Federation } from "../federation/directory.ts";
import { openSigned } from "../federation/openers.ts";
import { planIn } from "../federation/plan-in.ts";
import { judgingSince } from "../federation/versions.ts";
import { cosignatures, openCheckpoint } from "../log/checkpoint.ts";
import { documentOf, envelopeOf, type Source } from "../log/documents.ts";
import type { Finding, Raise, Rule } from "../log/finding.ts";
import { inclusionProof, readerOf, verifyInclusion } from "../log/merkle.ts";
import { pathIn } from "../log/open-log.ts";
import { COORDINATOR, logKeyOf, quorumOf } from "../log/quorum.ts";
import { readBundle, TILE, tilePath } from "../log/tile.ts";
import type { Plan } from "../plan/plan.ts";
import { Approval } from "../question/approval.ts";
import type { Dataset } from "../question/catalogue.ts";
import type { Query } from "../question/query.ts";
import { type CellTable, type Release, regionsOf } from "../release/release.ts";
import { type Envelope, unwrap } from "../signing/envelope.ts";
import { fromBase64, fromUtf8, type Hash, hashOf, toBase64 } from "../values/bytes.ts";
import { parseJson } from "../values/json.ts";
import { Refusal } from "../values/refusal.ts";
import { type AuditOptions, type Examined, examine } from "./audit.ts";
import type { Placed, Replay } from "./coordinator-log.ts";
import { type AuditedRelease, checkRelease } from "./releases.ts";

export const SEAL_STEPS = ["question", "approvals", "cost", "answers", "sum", "log", "cosignatures"] as const;
export type SealStepName = (typeof SEAL_STEPS)[number];

export type SealStep = {
  readonly name: SealStepName;
  /** `by digest` where the sum is of masked vectors, which only the directory's auditors are given. */
  readonly state: "holds" | "by digest" | "fails" | "not reached";
  readonly findings: readonly Finding[];
};

/** What the steps were checked on: for people to open, down to bytes. */
export type SealEvidence = {
  readonly query: Query;
  readonly dataset: Dataset;
  readonly plan: Plan;
  readonly documents: {
    readonly query: EvidenceDocument;
    readonly release: EvidenceDocument;
    readonly approvals: ReadonlyArray<EvidenceDocument & { readonly approval: Approval }>;
  };
  readonly release: Release;
  /** Of each region that is in it: what its own log says it was charged, and what the period came to. */
  readonly charges: ReadonlyArray<{
    readonly region: string;
    readonly charge: string;
    readonly spent: string;
    readonly time: string;
  }>;
  /** The table as it was recomputed; null where it could not be. */
  readonly table: CellTable | null;
  readonly inclusion: {
    readonly index: number;
    readonly size: number;
    readonly root: string;
    readonly proof: readonly string[];
  };
  readonly checkpoint: string;
  /** Who cosigned, by region, and when in POSIX seconds. */
  readonly cosigned: ReadonlyArray<{ readonly region: string; readonly time: number }>;
  readonly least: number;
  readonly regions: ReadonlyArray<{ readonly code: string; readonly name: string }>;
  readonly version: number;
};
type EvidenceDocument = {
  readonly id: Hash;
  readonly place: number;
  readonly envelope: Envelope;
  readonly payload: string;
};

export type Seal = {
  readonly state: "holds" | "by digest" | "broken" | "not reached";
  readonly steps: readonly SealStep[];
  readonly evidence: SealEvidence | null;
  /** When the quorum's last cosignature was made, in POSIX seconds. */
  readonly asOf: number | null;
  /** What an audit finds elsewhere in the log: it does not touch this release. */
  readonly elsewhere: number;
};

/** The step that a broken rule belongs to, wherever it is found. */
const STEP: Readonly<Record<Rule, SealStepName>> = {
  file: "log",
  checkpoint: "cosignatures",
  quorum: "cosignatures",
  stale: "cosignatures",
  root: "log",
  leaf: "log",
  document: "log",
  signature: "log",
  directory: "log",
  order: "log",
  "query-missing": "question",
  approvals: "approvals",
  plan: "cost",
  sum: "sum",
  "answer-missing": "answers",
  "left-out": "answers",
  "charge-missing": "cost",
  charge: "cost",
  ledger: "cost",
  "not-public": "answers",
  "log-behind": "log",
  set: "answers",
};

/**
 * Checks a release. Refuses (`release-unknown`) one that the log does not hold; what cannot be fetched is refused by the
 * source; all else is a finding of a step.
 */
export async function sealOf(files: Source, release: Hash, options: AuditOptions): Promise<Seal> {
  const findings: Finding[] = [];
  const raise = (finding: Finding) => void findings.push(finding);
  const { examined } = await examine(files, options, { raise, notice: () => undefined });
  if (examined === null)
    return { ...stepsOf(findings, new Map(), null), evidence: null, asOf: null, elsewhere: 0 };
  const { source, log, own, asOf } = examined;
  const released = log.releases.find(({ id }) => id === release);
  if (released === undefined) {
    // Where the log itself is broken that is the reason, and not that the release never was.
    if (findings.length > 0)
      return { ...stepsOf(findings, new Map(), null), evidence: null, asOf, elsewhere: 0 };
    throw new Refusal("release-unknown", "expected a release that stands in this log");
  }
  const { sum } = await checkRelease(released, {
    source,
    log,
    own,
    raise,
    notice: () => undefined,
    tools: options,
  });
  const places = placesOf(released, log);
  const ours = await concerning(released, findings, places, examined);
  const behind = await behindOf(released, examined, (finding) => void ours.push(finding));
  const evidence =
    behind === null || ours.some(({ rule }) => rule === "plan" || rule === "signature")
      ? null
      : evidenceOf(released, { ...behind, sum }, examined, (finding) => void ours.push(finding));
  return { ...stepsOf(ours, places, sum), evidence, asOf, elsewhere: findings.length - ours.length };
}

type Released = Replay["releases"][number];

/** Of all findings, those that touch one release: of what it rests on, or of what may hide such. */
async function concerning(
  { id, release }: Released,
  findings: readonly Finding[],
  places: ReadonlyMap<number, unknown>,
  { source, own, claimed }: Examined,
): Promise<Finding[]> {
  const asked = new Set([...regionsOf(release), ...release.missing.map(({ region }) => region)]);
  // What is broken about a log's files may hide anything. Of the rest: what this release rests on or names its query.
  const concerns = async ({ log: of, leaf, rule }: Finding): Promise<boolean> => {
    const ours = of === COORDINATOR || asked.has(of);
    if (leaf === null || HIDING.has(rule)) return ours;
    if (of === COORDINATOR && places.has(leaf)) return true;
    const size = of === COORDINATOR ? claimed.size : (own.get(of)?.size ?? 0);
    return ours && (await names(source, of, leaf, size, [release.query, id]));
  };
  const concerned: Finding[] = [];
  for (const finding of findings) if (await concerns(finding)) concerned.push(finding);
  return concerned;
}

/** What stands behind a release, beside the log and in it. */
type Behind = {
  /** The directory that its query's documents are judged by. */
  readonly judged: Federation;
  readonly asked: Placed<{ query: Query; envelope: Envelope }>;
  readonly envelope: Envelope;
  /** The table as it was published; null where it is not there. */
  readonly table: Uint8Array | null;
  /** The log's checkpoint, with its signatures. */
  readonly note: Uint8Array;
};

/** Null where too much is missing to show anything; what is missing is raised. */
async function behindOf(
  { id, release, place }: Released,
  { source, log }: Examined,
  raise: Raise,
): Promise<Behind | null> {
  const judged = judgingSince(log.inForce(place), release.directory);
  const table = await documentOf(source, release.cells.hash);
  const note = await source("checkpoint");
  const envelope = await envelopeOf(source, id);
  const lacking = (says: string) => raise({ log: COORDINATOR, leaf: place, rule: "document", says });
  if (envelope === null) lacking("expected the release beside the log");
  // Read again: held to its hash again.
  if (table === null || hashOf(table) !== release.cells.hash)
    lacking("expected the release's table beside the log");
  const asked = log.queries.get(release.query);
  if (asked === undefined || note === null || envelope === null) return null;
  return { judged, asked, envelope, table, note };
}

function evidenceOf(
  { id, release, place }: Released,
  { judged, asked, envelope, table, note, sum }: Behind & { readonly sum: Sum },
  examined: Examined,
  raise: Raise,
): SealEvidence {
  const { log, own, federation } = examined;
  const plan = planIn(judged, asked.query);
  const inclusion = inclusionOf(place, examined, raise);
  const { least } = quorumOf(federation, COORDINATOR);
  const cosigned = cosignedOf(note, federation);
  const approvals = (log.approvals.get(release.query) ?? []).filter((each) =>
    release.approvals.includes(each.id),
  );
  return {
    query: asked.query,
    dataset: plan.dataset,
    plan,
    release,
    documents: {
      query: sealed("query", { ...asked, id: release.query }),
      release: sealed("release", { id, place, envelope }),
      approvals: approvals.map((each) => ({
        ...sealed("approval", each),
        approval: openSigned(judged, each.envelope, Approval).payload,
      })),
    },
    charges: [...own].flatMap(([region, { charges }]) => {
      const charged = charges.get(release.query);
      if (charged === undefined) return [];
      const { charge, periods, time } = charged;
      return [{ region, charge, time, spent: periods.at(-1)?.spent ?? charge }];
    }),
    table: sum === "fails" || table === null ? null : (parseJson(table) as CellTable),
    inclusion,
    checkpoint: fromUtf8(note),
    cosigned,
    least,
    regions: federation.directory.nodes.map(({ code, name }) => ({ code, name })),
    version: federation.directory.version,
  };
}

const sealed = (
  kind: "query" | "approval" | "release",
  { id, place, envelope }: Placed<{ id: Hash; envelope: Envelope }>,
): EvidenceDocument => ({ id, place, envelope, payload: fromUtf8(unwrap(envelope, kind).body) });

/** That a leaf stands in the tree that was claimed: proved from the entries, and the proof held to the root. */
function inclusionOf(place: number, { log, claimed }: Examined, raise: Raise): SealEvidence["inclusion"] {
  const { size, root } = claimed;
  const leaves = Array.from({ length: size }, (_, at) => log.hashAt(at));
  const proof = inclusionProof(place, size, readerOf(leaves));
  try {
    verifyInclusion(place, size, log.hashAt(place), proof, root);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    raise({ log: COORDINATOR, leaf: place, rule: "root", says: error.message });
  }
  return { index: place, size, root: toBase64(root), proof: proof.map(toBase64) };
}

function cosignedOf(text: Uint8Array, federation: Federation): SealEvidence["cosigned"] {
  const { witnesses } = quorumOf(federation, COORDINATOR);
  const codes = new Map(federation.directory.nodes.map(({ code, keys }) => [keys.witness as string, code]));
  const opened = openedNote(text, federation);
  const cosigned = opened === null ? [] : cosignatures(opened.note, witnesses, federation.verify);
  return cosigned
    .map(({ witness, time }) => ({
      region: codes.get(toBase64(witness.key)) ?? witness.name,
      time,
    }))
    .toSorted((a, b) => (a.region < b.region ? -1 : 1));
}

/** The coordinator's entries that a release rests on, each with the step that its own document belongs to. */
function placesOf({ release, place }: Released, log: Replay): Map<number, SealStepName | null> {
  const places = new Map<number, SealStepName | null>([[place, null]]);
  const add = (at: number | undefined, step: SealStepName | null) => at !== undefined && places.set(at, step);
  add(log.queries.get(release.query)?.place, "question");
  add(log.dispatched.get(release.query), "question");
  for (const each of log.approvals.get(release.query) ?? []) add(each.place, "approvals");
  for (const { hash } of release.answers) add(log.answers.get(hash), "answers");
  for (const { masked } of release.national?.survivors ?? []) add(log.answers.get(masked), "answers");
  for (const { region } of release.missing)
    for (const each of log.refusals.get(`${release.query} ${region}`) ?? []) add(each.place, "answers");
  return places;
}

/** Rules whose breaking may hide what else there is. */
const HIDING: ReadonlySet<Rule> = new Set(["file", "root", "leaf", "document", "directory", "log-behind"]);

/** Whether an entry of a log, or the document in it, names one of these ids. True where it cannot be read: it might. */
async function names(
  source: Source,
  log: string,
  place: number,
  size: number,
  ids: readonly Hash[],
): Promise<boolean> {
  const index = Math.floor(place / TILE);
  const width = Math.min(TILE, size - index * TILE);
  const bytes = await source(pathIn(log, tilePath({ level: "entries", index, width })));
  if (bytes === null) return true;
  try {
    const entry = readBundle(bytes, { width })[place % TILE];
    if (entry === undefined) return true;
    const text = fromUtf8(entry);
    const payload = /"payload":"([A-Za-z0-9+/=]+)"/.exec(text)?.[1];
    const said = payload === undefined ? "" : fromUtf8(fromBase64(payload));
    return ids.some((id) => text.includes(id) || said.includes(id));
  } catch {
    return true;
  }
}

function openedNote(text: Uint8Array, federation: Federation) {
  try {
    return openCheckpoint(text, logKeyOf(federation, COORDINATOR), federation.verify);
  } catch (error) {
    if (error instanceof Refusal) return null; // A finding says so already.
    throw error;
  }
}

/** How a release's table was found to follow from its answers. */
type Sum = AuditedRelease["sum"];

function stepsOf(
  findings: readonly Finding[],
  places: ReadonlyMap<number, SealStepName | null>,
  sum: Sum | null,
): Pick<Seal, "state" | "steps"> {
  const stepOf = ({ log, leaf, rule }: Finding): SealStepName => {
    const at = log === COORDINATOR && leaf !== null ? (places.get(leaf) ?? null) : null;
    return at !== null && (rule === "signature" || rule === "document") ? at : STEP[rule];
  };
  const steps = SEAL_STEPS.map((name): SealStep => {
    const broken = findings.filter((finding) => stepOf(finding) === name);
    if (broken.length > 0) return { name, state: "fails", findings: broken };
    // Without the log there is nothing that the other steps could be checked on.
    if (sum === null) return { name, state: "not reached", findings: [] };
    if (name === "sum" && sum !== "recomputed")
      return { name, state: sum === "fails" ? "fails" : "by digest", findings: [] };
    return { name, state: "holds", findings: [] };
  });
  const is = (state: SealStep["state"]) => steps.some((step) => step.state === state);
  return {
    steps,
    state: is("fails")
      ? "broken"
      : is("not reached")
        ? "not reached"
        : is("by digest")
          ? "by digest"
          : "holds",
  };
}
