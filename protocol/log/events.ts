/** A log as a stream of events, of what its entries say: for people to read, whatever their language. Nothing is verified here. */
import type { Dataset } from "../question/catalogue.ts";
import { Query } from "../question/query.ts";
import { inWords } from "../question/words.ts";
import type { Hash } from "../values/bytes.ts";
import { fromBase64 } from "../values/bytes.ts";
import { parseJson } from "../values/json.ts";
import { Refusal } from "../values/refusal.ts";
import { type Leaf, type NodeLeaf, readLeaf, readNodeLeaf } from "./leaf.ts";
import { COORDINATOR } from "./quorum.ts";

export type LogEvent = {
  readonly place: number;
  readonly kind: Leaf["kind"] | NodeLeaf["kind"] | "unreadable";
  /** The question that it belongs to; null where to none, or where its document lies beside the log. */
  readonly query: Hash | null;
  readonly id: Hash | null;
  readonly time: string | null;
  /** Whoever did it: a person's id, or a region's code. */
  readonly who: string | null;
  /** A question's title and what it asks for, in words. */
  readonly title: string | null;
  readonly words: Readonly<Record<"sv" | "en", string>> | null;
  /** Of an approval the decision, of a refusal the code, of a charge ρ, of a checkpoint its size. */
  readonly detail: string | null;
};

const NOTHING = {
  query: null,
  id: null,
  time: null,
  who: null,
  title: null,
  words: null,
  detail: null,
} as const;

type Payload = Readonly<Record<string, unknown>>;

const textIn = (payload: Payload | null, name: string): string | null => {
  const value = payload?.[name];
  return typeof value === "string" ? value : null;
};

/** An entry of a log, by its place. An entry that is none is an event, too: that it cannot be read. */
export function eventOf(
  entry: Uint8Array,
  place: number,
  log: string,
  datasetOf: (ref: string) => Dataset | null,
): LogEvent {
  try {
    return log === COORDINATOR
      ? ofLeaf(readLeaf(entry), place, datasetOf)
      : ofNode(readNodeLeaf(entry), place, log);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { ...NOTHING, place, kind: "unreadable", detail: error.message };
  }
}

function ofLeaf(leaf: Leaf, place: number, datasetOf: (ref: string) => Dataset | null): LogEvent {
  const event = { ...NOTHING, place, kind: leaf.kind };
  if (leaf.kind === "dispatch") return { ...event, query: leaf.id };
  if (leaf.kind === "checkpoint")
    return { ...event, who: leaf.node, detail: leaf.checkpoint.split("\n")[1] ?? null };
  const { id, document } = leaf;
  const payload = document === null ? null : (parseJson(fromBase64(document.payload)) as Payload);
  const query = textIn(payload, "query") as Hash | null;
  switch (leaf.kind) {
    case "query": {
      const parsed = Query.safeParse(payload);
      const dataset = parsed.success ? datasetOf(parsed.data.dataset) : null;
      const words =
        !parsed.success || dataset === null
          ? null
          : { sv: inWords(parsed.data, dataset, "sv"), en: inWords(parsed.data, dataset, "en") };
      const [who, title, detail] = ["requester", "title", "rho"].map((name) => textIn(payload, name));
      return {
        ...event,
        id,
        query: id,
        who: who ?? null,
        title: title ?? null,
        detail: detail ?? null,
        words,
      };
    }
    case "approval":
      return { ...event, id, query, who: textIn(payload, "approver"), detail: textIn(payload, "decision") };
    case "refusal":
      return { ...event, id, query, who: textIn(payload, "node"), detail: textIn(payload, "code") };
    case "release":
      return { ...event, id, query, time: textIn(payload, "madeAt"), detail: textIn(payload, "charge") };
    case "calendar":
      return { ...event, id, who: textIn(payload, "requester"), title: textIn(payload, "title") };
    case "request":
      return { ...event, id, who: textIn(payload, "auditor") };
    default:
      return { ...event, id };
  }
}

function ofNode(leaf: NodeLeaf, place: number, log: string): LogEvent {
  const event = { ...NOTHING, place, kind: leaf.kind, time: leaf.time, who: log };
  if (leaf.kind === "started" || leaf.kind === "lists") return event;
  const detail = leaf.kind === "charge" ? leaf.charge : null;
  return { ...event, query: leaf.query, id: "id" in leaf ? leaf.id : null, detail };
}
