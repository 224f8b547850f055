/** Documents beside a log: files by the hash they are known by, so that no one need be believed about them. */
import { Envelope, envelopeId } from "../signing/envelope.ts";
import type { Hash } from "../values/bytes.ts";
import { parseJson } from "../values/json.ts";
import { parseWith, Refusal } from "../values/refusal.ts";
import { documentEntry, readLeaf } from "./leaf.ts";

export const documentPath = (id: Hash): string => {
  const hex = id.slice("sha256:".length);
  return `documents/${hex.slice(0, 2)}/${hex.slice(2)}`;
};

/** A mirror of a coordinator's `/log/`, wherever it is; null where there is no such file. */
export type Source = (path: string) => Promise<Uint8Array | null>;

export const documentOf = (source: Source, id: Hash): Promise<Uint8Array | null> => source(documentPath(id));

/** A signed document, which is the one of this id; null where it is not there, or is another. */
export async function envelopeOf(source: Source, id: Hash): Promise<Envelope | null> {
  const bytes = await documentOf(source, id);
  if (bytes === null) return null;
  const envelope = parseWith(Envelope, parseJson(bytes), "document");
  return envelopeId(envelope) === id ? envelope : null;
}

/** An entry of the coordinator's log for people to read: an auditor's request with its document, which lies beside the log. */
export async function wholeEntry(source: Source, entry: Uint8Array): Promise<Uint8Array> {
  try {
    const leaf = readLeaf(entry);
    if (leaf.kind !== "request" || leaf.document !== null) return entry;
    return documentEntry(leaf.kind, leaf.id, await envelopeOf(source, leaf.id));
  } catch (error) {
    if (error instanceof Refusal && error.status < 500) return entry; // It is shown as it is.
    throw error;
  }
}
