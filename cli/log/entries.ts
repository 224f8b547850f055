/** Entries of logs as a person would read them: who asked what, in words, who approved, what it cost. */
import type { Federation } from "../../protocol/federation/directory.ts";
import { type Leaf, type NodeLeaf, readLeaf, readNodeLeaf } from "../../protocol/log/leaf.ts";
import { COORDINATOR } from "../../protocol/log/quorum.ts";
import { Query } from "../../protocol/question/query.ts";
import { inWords } from "../../protocol/question/words.ts";
import { parseJson } from "../../protocol/values/json.ts";
import { parseWith, Refusal } from "../../protocol/values/refusal.ts";

/** An entry as a person would say it. */
export function lineOf(entry: Uint8Array, federation: Federation, log: string): string {
  try {
    return log === COORDINATOR
      ? coordinatorLine(readLeaf(entry), federation)
      : regionLine(readNodeLeaf(entry));
  } catch (error) {
    if (error instanceof Refusal) return `unreadable: ${error.message}`; // The log must be readable just then.
    throw error;
  }
}

const short = (id: string): string => `${id.slice("sha256:".length, "sha256:".length + 8)}…`;

function saidIn(leaf: Leaf): Record<string, unknown> | null {
  const document = "document" in leaf ? leaf.document : null;
  return document === null
    ? null
    : (parseJson(Buffer.from(document.payload, "base64")) as Record<string, unknown>);
}

function coordinatorLine(leaf: Leaf, federation: Federation): string {
  const payload = saidIn(leaf);
  if (payload === null && (leaf.kind === "query" || leaf.kind === "approval" || leaf.kind === "refusal"))
    return `${leaf.kind} ${short(leaf.id)}, which lies beside the log`;
  switch (leaf.kind) {
    case "directory":
      return `directory ${short(leaf.id)}: who is who`;
    case "query": {
      const query = parseWith(Query, payload, "query");
      const dataset = federation.datasets.get(query.dataset)?.dataset;
      const words = dataset === undefined ? query.title : inWords(query, dataset, "en");
      return `query ${short(leaf.id)} by ${query.requester}: ${query.title}. ${words} ρ = ${query.rho}`;
    }
    case "approval":
      return `${payload?.["decision"] === "decline" ? "declined" : "approved"} by ${String(payload?.["approver"])} as ${String(payload?.["role"])}: query ${short(String(payload?.["query"]))}`;
    case "dispatch":
      return `query ${short(leaf.id)} put to the regions`;
    case "answer":
      return `answer ${short(leaf.id)}, by digest`;
    case "refusal":
      return `${String(payload?.["node"])} refused query ${short(String(payload?.["query"]))}: ${String(payload?.["code"])}`;
    case "request":
      return `${String(payload?.["auditor"])} was given what stands behind release ${short(String(payload?.["release"]))}`;
    case "release":
      return `release ${short(leaf.id)} of query ${short(String(payload?.["query"] ?? leaf.id))}, charge ρ = ${String(payload?.["charge"] ?? "?")} a period and region`;
    case "calendar":
      return `calendar ${short(leaf.id)} by ${String(payload?.["requester"] ?? "?")}: what is released when`;
    case "checkpoint":
      return `the log of ${leaf.node}, ${leaf.checkpoint.split("\n")[1] ?? "?"} entries`;
  }
}

function regionLine(leaf: NodeLeaf): string {
  switch (leaf.kind) {
    case "started":
      return `${leaf.time} started`;
    case "lists":
      return `${leaf.time} noted its list of persons who are not counted, by a salted digest`;
    case "charge":
      return `${leaf.time} charged ρ = ${leaf.charge} for query ${short(leaf.query)}: ${leaf.account}, ${leaf.periods.map(({ period, spent }) => `${period} now ${spent}`).join(", ")}`;
    case "answer":
      return `${leaf.time} answered query ${short(leaf.query)}: ${short(leaf.id)}`;
    case "refusal":
      return `${leaf.time} refused query ${short(leaf.query)}`;
    case "masked":
      return `${leaf.time} masked its answer to query ${short(leaf.query)}: ${short(leaf.id)}`;
    case "agreed":
      return `${leaf.time} agreed on the regions whose sum is opened, query ${short(leaf.query)}`;
  }
}

/** With the payload of a document as JSON, so that it can be read. */
export function withPayload(leaf: unknown): unknown {
  const document = (leaf as { document?: { payload: string } | null }).document;
  return document == null
    ? leaf
    : {
        ...(leaf as object),
        document: { ...document, payload: parseJson(Buffer.from(document.payload, "base64")) },
      };
}
