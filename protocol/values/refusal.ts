/**
 * Every way Brus says no: a closed list of codes, each with its HTTP status, a title and what to do.
 * Shared by both sides of the wire (RFC 9457 problem details). A refusal never carries data.
 */
import { z } from "zod";

/** code → [HTTP status, title, how to go on]. Adding one is a protocol change. */
export const REFUSALS = {
  "json-malformed": [
    400,
    "Not well-formed JSON",
    "Send one JSON document in UTF-8, each key once, at most 32 levels deep.",
  ],
  "schema-mismatch": [
    400,
    "Not the expected form",
    "Compare with /openapi.json; unknown fields are refused since they would be signed and not understood.",
  ],
  "too-large": [413, "Too large", "Send less at a time."],
  "envelope-malformed": [
    400,
    "Not a DSSE envelope",
    "Send {payload, payloadType, signatures} with strict base64.",
  ],
  "payload-type-unexpected": [
    415,
    "Another kind of document was expected",
    "Send the kind of document this address takes.",
  ],
  "signature-invalid": [
    403,
    "The signature does not verify",
    "Sign the exact bytes of the payload with a key the directory names.",
  ],
  "key-unknown": [
    403,
    "The key is not in the directory",
    "Use a key that the directory names, or have yours added by whoever keeps it (brus directory propose).",
  ],
  "key-wrong-purpose": [
    403,
    "The key has another purpose",
    "One key, one purpose: sign with the key registered for this.",
  ],
  "key-sealed": [
    422,
    "The key is sealed",
    "Give its passphrase at the terminal, or in a file that only you can read: --passphrase-file, or a service's passphraseFile.",
  ],
  "signing-failed": [
    503,
    "The signing command gave no signature",
    "Look at the command that the key file names, and sign again: nothing was sent.",
  ],
  "key-revoked": [403, "The key is revoked", "Sign with a key that is in force."],
  "key-not-in-force": [
    403,
    "The key is not in force now",
    "Sign with a key whose notBefore and notAfter include now.",
  ],
  "role-missing": [
    403,
    "The person does not have the role",
    "Have the role added to the directory, or ask somebody who has it.",
  ],
  "directory-unknown": [
    409,
    "Another directory",
    "Compare the hash with the one that you were given on paper, by mail or in person, and never take one from the coordinator. A question bound to another version is signed anew under the one in force.",
  ],
  "directory-unfit": [
    422,
    "The version does not follow",
    "Propose the version after the one in force, signed by enough of its roots and of the new ones.",
  ],
  "directory-expired": [409, "The directory has expired", "Publish a new version of the directory."],
  "dataset-unknown": [
    422,
    "No such dataset or version",
    "Choose one of the datasets in the directory, written name@version.",
  ],
  "column-unknown": [422, "No such column", "Choose a column that the catalogue declares for this dataset."],
  "column-unfit": [
    422,
    "The column does not fit that use",
    "Choose a column of a kind that the measure, filter or grouping takes.",
  ],
  "column-withheld": [
    422,
    "The region withholds the column",
    "Leave the column out, or leave the region out.",
  ],
  "value-unknown": [
    422,
    "A value outside the catalogue",
    "Use only values within the column's categories or bounds.",
  ],
  "period-unfit": [
    422,
    "The period cannot be asked about",
    "Name closed periods of the dataset's kind, each once.",
  ],
  "edition-unknown": [
    422,
    "No such edition of plans",
    "Ask in an edition that the program which answers knows, or have it brought up to date.",
  ],
  "measure-unfit": [
    422,
    "The measure is not complete or not possible",
    "Give the fields its kind takes, and only them.",
  ],
  "region-unknown": [422, "No such region", "Name regions of the directory that are active."],
  "roster-unfit": [
    422,
    "The regions do not suit a national release",
    "Ask 2 to 255 regions, with minRegions at most their number, or ask with release kind regions.",
  ],
  "log-malformed": [
    400,
    "Not in a transparency log's format",
    "Send the bytes as C2SP's formats say (signed-note, tlog-checkpoint, tlog-tiles, tlog-proof, tlog-policy).",
  ],
  "proof-invalid": [
    403,
    "The proof does not hold",
    "Fetch the proof anew for this entry and checkpoint; if it fails again, tell the other auditors.",
  ],
  "proof-pending": [
    409,
    "Not public yet",
    "Ask again: it is proved once a quorum of regions has cosigned the log that holds it.",
  ],
  "not-recorded": [
    409,
    "Handed in, and not shown to stand in the log",
    "Run it again: what was kept is found, and nothing is signed twice. If it stays so, tell the regions and the auditors: what is not in the log binds nobody.",
  ],
  "query-not-public": [
    403,
    "Not shown to be public",
    "Show that the query, its approvals and the directory stand in a checkpoint a quorum cosigned within 24 hours.",
  ],
  "log-unfit": [
    409,
    "Not where the log stands",
    "Ask how much of the log is kept, and send what comes after it.",
  ],
  "log-forked": [
    403,
    "Two histories of one log",
    "Keep both checkpoints and tell the auditors: one of them is not what happened.",
  ],
  "round-unfit": [
    403,
    "The round cannot go on so",
    "Show what the protocol says, once: a node helps to open one set of one query, ever.",
  ],
  "round-late": [409, "The round has gone on", "Poll for where the round stands; the next attempt is free."],
  "round-burnt": [
    409,
    "The round has ended without a sum",
    "Sign a new query: the charge is kept, since a set was agreed on that could have been opened.",
  ],
  "answer-too-long": [
    422,
    "The answer would be too long",
    "Ask for fewer cells, bins or periods: at most 100,000 integers.",
  ],
  "rho-out-of-range": [
    422,
    "The privacy cost is not possible",
    "Give rho above 0, at most 12 decimals (1/3 has more), within the dataset's budget.",
  ],
  "query-not-yet-valid": [409, "The query is not yet valid", "Wait until its notBefore."],
  "query-expired": [409, "The query has expired", "Sign a new query with a later expiry."],
  "query-unknown": [404, "No such query", "Submit the query first."],
  "approval-unfit": [
    403,
    "The approval does not count",
    "An approver in force, other than the requester, signs for this query.",
  ],
  "approval-expired": [409, "The approval has expired", "Have it approved again."],
  "approvals-missing": [
    403,
    "Approvals are missing",
    "Gather the approvals that the directory and the region's policy ask for.",
  ],
  "query-declined": [403, "The query was declined", "Talk with the approver, and sign another query."],
  "policy-missing": [403, "The region has no policy", "The region sets a policy before it answers anything."],
  "import-anew": [
    403,
    "The region's rows must be imported anew",
    "The region imports the dataset's files anew (brus import --replace); nothing was charged.",
  ],
  "policy-refuses": [403, "The region's policy refuses", "Ask the region."],
  "no-data": [
    409,
    "The region has not delivered the period",
    "Wait: the region stands as missing until its operator has declared the period delivered. Nothing was charged.",
  ],
  "budget-exceeded": [
    409,
    "The budget does not suffice",
    "Ask with a smaller rho or about other periods; what remains is public.",
  ],
  "node-unknown": [403, "No such node", "Poll and answer as a node that the directory lists as active."],
  "answered-before": [
    409,
    "Answered before",
    "Sign a new one: a request is answered once, so that whoever copied it is told nothing.",
  ],
  "clock-skew": [400, "The time stated is too far from now", "Set the clock and send again."],
  "answer-unfit": [
    422,
    "The answer does not fit the query",
    "Answer with the plan's own vector for a query that was sent to you.",
  ],
  "answer-late": [
    409,
    "The answer came after the deadline",
    "Nothing to do: the region stands as missing in this release.",
  ],
  "answer-conflict": [
    409,
    "Another answer is already stored",
    "A query is answered once; send the stored bytes.",
  ],
  "release-unknown": [404, "No such release", "Look at the query's status."],
  "aside-unknown": [
    404,
    "Not kept, or erased",
    "Nothing to do if it was erased; else hand it in after the document that names it.",
  ],
  "table-unknown": [404, "No such table", "Look among the tables listed at /api/v2/tables."],
  "selection-unfit": [
    400,
    "The selection does not fit the table",
    "Choose variables and codes as the table's metadata lists them.",
  ],
  "too-many-cells": [403, "Too many cells", "Choose fewer values at a time, or fetch the table in parts."],
  "format-unknown": [400, "No such format", "Choose a format that /api/v2/config lists."],
  "language-unknown": [400, "No such language", "Choose sv or en."],
  "pages-differ": [
    409,
    "Other pages than the directory names",
    "Sign nothing there, and tell whoever keeps the directory; brus pages digest says what yours are.",
  ],
  "not-found": [404, "Nothing at this address", "See /openapi.json."],
  "method-not-allowed": [405, "The address does not take this method", "See /openapi.json."],
  "daily-limit": [
    429,
    "Too many documents in a day",
    "Wait until the next day (UTC): a log is for ever, and every region reads all of it.",
  ],
  "rate-limited": [429, "Too many requests", "Wait as Retry-After says."],
  "import-file": [
    422,
    "The file cannot be imported",
    "Mend the file or its mapping, and import again; nothing of this file was taken in.",
  ],
  "mapping-unfit": [
    422,
    "The mapping does not fit",
    "Mend the mapping so that each column of the dataset has a source.",
  ],
  "config-invalid": [422, "The configuration does not fit", "Mend the value named."],
  "store-newer": [
    422,
    "The store is newer than the program",
    "Start the version of the program that is named, or a later one; or restore a backup from before. Nothing was changed.",
  ],
  "lists-older": [
    422,
    "An older list of persons who are not counted",
    "Put back the newest people.list.json and marks.key; if there is none, brus person accept takes the one that is there, and says what to do then.",
  ],
  "not-pinned": [
    403,
    "No directory is pinned",
    "Enrol once with the hash that you were given on paper, by mail or in person (brus enrol ADDRESS --directory HASH), or give it each time (--directory HASH). Never take it from the coordinator.",
  ],
  usage: [
    422,
    "The command's words are off",
    "Say it as the line above expects; --help behind the command says what it takes.",
  ],
  unavailable: [503, "Not available now", "Try again later."],
  internal: [500, "An error on our side", "Nothing was lost; the operator's log says more."],
} as const satisfies Record<string, readonly [number, string, string]>;

export type RefusalCode = keyof typeof REFUSALS;
const codes = Object.keys(REFUSALS) as [RefusalCode, ...RefusalCode[]];
export const RefusalCode = z.enum(codes);

/** What rows that a region has yet to take in can still turn into an answer, which may be weeks later. */
export const NEEDS_ROWS: ReadonlySet<RefusalCode> = new Set<RefusalCode>(["no-data", "import-anew"]);

/** RFC 9457 problem details. `detail` says what was expected and what came; `advice` how to go on. */
export const Problem = z.strictObject({
  type: z.string().max(200),
  title: z.string().max(200),
  status: z.int().min(400).max(599),
  detail: z.string().max(2000),
  code: RefusalCode,
  advice: z.string().max(500),
});
export type Problem = z.infer<typeof Problem>;

/** An expected no. Anything else that is thrown is a bug. */
export class Refusal extends Error {
  readonly code: RefusalCode;
  readonly status: number;

  constructor(code: RefusalCode, detail: string, options?: ErrorOptions) {
    super(detail.length > 2000 ? `${detail.slice(0, 1999)}…` : detail, options);
    this.name = "Refusal";
    this.code = code;
    this.status = REFUSALS[code][0];
  }

  get advice(): string {
    return REFUSALS[this.code][2];
  }

  toProblem(): Problem {
    const [status, title, advice] = REFUSALS[this.code];
    return {
      type: `urn:brus:refusal:${this.code}`,
      title,
      status,
      detail: this.message,
      code: this.code,
      advice,
    };
  }

  /** The same refusal, rebuilt by a client from what came over the wire. */
  static fromProblem(problem: Problem): Refusal {
    return new Refusal(problem.code, problem.detail);
  }
}

/** Parses with a zod schema; a mismatch becomes a refusal that names the path and what was expected there. */
export function parseWith<S extends z.ZodType>(
  schema: S,
  value: unknown,
  what: string,
  code: RefusalCode = "schema-mismatch",
): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const path =
    issue === undefined || issue.path.length === 0 ? what : `${what}.${issue.path.map(String).join(".")}`;
  throw new Refusal(code, `${path.slice(0, 300)}: ${issue?.message.slice(0, 500) ?? "does not fit"}`);
}
