/**
 * The directory's versions as they lie beside a log: found by their hashes, and each judged by the one before it. A
 * file that is missing or another stops the reader; it is never taken on trust.
 */
import { type Directory, type Federation, readDirectory, readFederation } from "../federation/directory.ts";
import { checkRoots, nextFederation } from "../federation/versions.ts";
import type { Verify } from "../signing/ed25519.ts";
import type { Envelope } from "../signing/envelope.ts";
import { fromUtf8, Hash } from "../values/bytes.ts";
import { parseWith, Refusal } from "../values/refusal.ts";
import { documentOf, envelopeOf, type Source } from "./documents.ts";

/** Beside a log: the hashes of the directory's versions, oldest first. A way to find them; each is judged. */
export const VERSIONS_PATH = "versions";
export const versionsText = ({ earlier, hash }: Federation): string =>
  [...earlier.map((each) => each.hash), hash, ""].join("\n");

/** The version after `current`, with its datasets from beside a log. */
export async function nextFrom(source: Source, current: Federation, envelope: Envelope): Promise<Federation> {
  checkRoots(current, envelope);
  const { datasets } = readDirectory(envelope, current.verify);
  const known = new Set([...current.earlier, current].flatMap((each) => [...each.datasets.keys()]));
  return nextFederation(
    current,
    envelope,
    await bodiesOf(
      source,
      datasets.filter((each) => !known.has(each.dataset)),
    ),
  );
}

/** Version 1 from beside a log, by its hash. */
export async function firstFrom(source: Source, first: Hash, verify: Verify): Promise<Federation> {
  const envelope = await envelopeOf(source, first);
  if (envelope === null)
    throw new Refusal("directory-unknown", "expected version 1 of the directory beside the log");
  const { datasets } = readDirectory(envelope, verify);
  return readFederation(envelope, await bodiesOf(source, datasets), first, verify);
}

/** The newest version of those that a log says lie beside it. */
export async function federationFrom(source: Source, first: Hash, verify: Verify): Promise<Federation> {
  let federation = await firstFrom(source, first, verify);
  const text = fromUtf8((await source(VERSIONS_PATH)) ?? new Uint8Array());
  for (const line of text.split("\n").filter((each) => each !== "" && each !== first)) {
    const envelope = await envelopeOf(source, parseWith(Hash, line, "version"));
    if (envelope === null) throw new Refusal("directory-unknown", `expected version ${line} beside the log`);
    federation = await nextFrom(source, federation, envelope);
  }
  return federation;
}

async function bodiesOf(source: Source, datasets: Directory["datasets"]): Promise<Uint8Array[]> {
  const bodies = await Promise.all(datasets.map(({ hash }) => documentOf(source, hash)));
  return bodies.filter((body) => body !== null);
}
