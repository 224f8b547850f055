/** Checks releases and whole logs away from the page, from the raw files below /log/, with `protocol/`'s own code. */
import { z } from "zod";
import { audit } from "../../../protocol/audit/audit.ts";
import { type Seal, sealOf } from "../../../protocol/audit/seal.ts";
import { cosignatures, openCheckpoint } from "../../../protocol/log/checkpoint.ts";
import { federationFrom } from "../../../protocol/log/directory-files.ts";
import { wholeEntry } from "../../../protocol/log/documents.ts";
import { eventOf, type LogEvent } from "../../../protocol/log/events.ts";
import type { Finding } from "../../../protocol/log/finding.ts";
import { claimedCheckpoint, openLog, pathIn } from "../../../protocol/log/open-log.ts";
import { COORDINATOR, logKeyOf, quorumOf } from "../../../protocol/log/quorum.ts";
import { readBundle, TILE, tilePath } from "../../../protocol/log/tile.ts";
import { epsilonAt, UNITS } from "../../../protocol/privacy/privacy.ts";
import { inWords } from "../../../protocol/question/words.ts";
import { verify } from "../../../protocol/signing/ed25519.ts";
import { fromUtf8, type Hash, hashOf } from "../../../protocol/values/bytes.ts";
import { divide, format, parseRational, rational, toNumber } from "../../../protocol/values/rational.ts";
import { Refusal } from "../../../protocol/values/refusal.ts";
import { clientOf } from "../../../protocol/wire/client.ts";
import { givenFor } from "../../../protocol/wire/fetch-material.ts";
import { unlikeIn } from "../../../publication/make-view.ts";
import { finderOf, isTabled } from "../../../publication/standing-release.ts";
import type { View } from "../../../publication/view.ts";
import { authorized, carry } from "./access.ts";
import type {
  Ask,
  Asked,
  FoundFigure,
  IndicatorAt,
  LogState,
  PlannedInWords,
  ShownSeal,
  Tell,
} from "./messages.ts";
import { browserPrimitives } from "./primitives.ts";

// The strict content policy forbids what zod would try.
z.config({ jitless: true });

const tell = (message: Tell): void => postMessage(message);

/** A file below /log/; null where there is none. What cannot be fetched ends the check: it says nothing of the figure. */
async function source(path: string): Promise<Uint8Array | null> {
  const answer = await authorized(`/log/${path}`, { cache: "no-cache" }).catch(() => null);
  if (answer === null || (!answer.ok && answer.status !== 404 && answer.status !== 400))
    throw new Refusal("unavailable", `expected the file ${path} of the log`);
  return answer.ok ? new Uint8Array(await answer.arrayBuffer()) : null;
}

const client = clientOf(location.origin, authorized);
const tools = { primitives: browserPrimitives, hash: hashOf };

const optionsOf = ({ directory1, now }: { readonly directory1: string; readonly now: number }) => ({
  ...tools,
  first: directory1 as Hash,
  verify,
  now: new Date(now),
  onProgress: (done: number, of: number) => tell({ kind: "progress", done, of }),
});

/** The figure as the table says that the regions' answers were added up to. */
function figureOf({ evidence }: Seal, at: IndicatorAt): FoundFigure | null {
  if (evidence?.table == null) return null;
  const { plan, release, table, documents } = evidence;
  const measured = plan.measures.some(({ measure }) => measure.id === at.indicator);
  if (!isTabled(plan) || !measured) return null;
  const find = finderOf({ id: documents.release.id, at: evidence.query.notBefore, plan, release, table });
  const { value, low, high } = find(at, at.indicator);
  return { value, low, high };
}

/** What of a page's table is not what the release says, or was never of it. */
function unlikeOf({ evidence, state }: Seal, view: View, period: string | null): string[] {
  if (state === "broken" || state === "not reached") return [];
  if (evidence?.table == null) return ["a table that was read"];
  const { plan, release, table, documents, query } = evidence;
  const { id } = documents.release;
  const of = view.releases.find((each) => each.period === period)?.release;
  return [
    ...(of === id ? [] : ["a figure of this release"]),
    ...unlikeIn(view, { id, at: query.notBefore, plan, release, table }),
  ];
}

function shownOf({ evidence, ...seal }: Seal): ShownSeal {
  if (evidence === null) return { ...seal, evidence };
  const { plan, dataset, table, ...rest } = evidence;
  const rho = format(plan.charge);
  const planned: PlannedInWords = {
    rho,
    epsilon: epsilonAt(toNumber(plan.charge), toNumber(parseRational(dataset.budget.delta))),
    delta: dataset.budget.delta,
    budget: dataset.budget.rhoPerPeriod,
    cells: rest.release.cells.count,
    integers: plan.length * plan.periods.length,
    vectors: plan.vectors.map(({ id, variance }) => ({
      id,
      variance: variance === null ? "–" : format(divide(variance, rational(UNITS * UNITS))),
    })),
    words: { sv: inWords(rest.query, dataset, "sv"), en: inWords(rest.query, dataset, "en") },
  };
  return { ...seal, evidence: { ...rest, planned, figures: table?.figures.length ?? 0 } };
}

async function stateOf({ directory1 }: { readonly directory1: string }): Promise<LogState> {
  const federation = await federationFrom(source, directory1 as Hash, verify);
  const findings: Finding[] = [];
  const note = (finding: Finding) => void findings.push(finding);
  const opened = await openLog([federation], source, COORDINATOR, note);
  const { witnesses, least } = quorumOf(federation, COORDINATOR);
  const text = await source("checkpoint");
  const key = logKeyOf(federation, COORDINATOR);
  const cosigned =
    text === null || opened === null
      ? 0
      : cosignatures(openCheckpoint(text, key, verify).note, witnesses, verify).length;
  const regions: Array<LogState["regions"][number]> = [];
  for (const { code, name, status } of federation.directory.nodes) {
    if (status !== "active") continue;
    const own = await openLog([federation], source, code, note);
    const sound = !findings.some(({ log }) => log === code);
    regions.push({ code, name, size: own?.checkpoint.size ?? 0, asOf: own?.asOf ?? null, sound });
  }
  return {
    size: opened?.checkpoint.size ?? 0,
    cosigned,
    least,
    asOf: opened?.asOf ?? null,
    outside: opened?.outside ?? [],
    regions,
    version: federation.directory.version,
  };
}

/** Bundles read at a time. */
const BUNDLES = 4;

async function eventsOf({ directory1, log, before }: Extract<Ask, { kind: "events" }>): Promise<Tell> {
  const federation = await federationFrom(source, directory1 as Hash, verify);
  const claimed = await claimedCheckpoint(source, log);
  const size = claimed?.size ?? 0;
  const end = before ?? size;
  const first = Math.max(0, Math.ceil(end / TILE) - BUNDLES);
  const entries: Array<readonly [number, Uint8Array]> = [];
  for (let index = first; index * TILE < end; index++) {
    const width = Math.min(TILE, size - index * TILE);
    const bytes = await source(pathIn(log, tilePath({ level: "entries", index, width })));
    if (bytes === null) throw new Refusal("unavailable", "expected the entries of the log");
    for (const [at, entry] of readBundle(bytes, { width }).entries()) {
      const place = index * TILE + at;
      if (place < end) entries.push([place, entry]);
    }
  }
  const datasetOf = (ref: string) => federation.datasets.get(ref)?.dataset ?? null;
  const events: LogEvent[] = [];
  for (const [place, entry] of entries) {
    const whole = log === COORDINATOR ? await wholeEntry(source, entry) : entry;
    events.push(eventOf(whole, place, log, datasetOf));
  }
  return {
    kind: "events",
    size,
    events: events.toReversed(),
    entries: entries.map(([, entry]) => fromUtf8(entry)).toReversed(),
  };
}

addEventListener("message", ({ data: { ask: data, session } }: MessageEvent<Asked>) => {
  carry(session);
  const started = performance.now();
  const work = async (): Promise<Tell> => {
    if (data.kind === "audit") {
      const found = await audit(source, optionsOf(data));
      return { kind: "audit", audit: found, ms: performance.now() - started };
    }
    if (data.kind === "state") return { kind: "state", state: await stateOf(data) };
    if (data.kind === "events") return await eventsOf(data);
    const { request, release } = data;
    const material = async (id: Hash) =>
      request === null || id !== release ? null : await givenFor(client, request, browserPrimitives);
    const seal = await sealOf(source, release as Hash, { ...optionsOf(data), material });
    const figure = data.at === null ? null : figureOf(seal, data.at);
    const unlike = data.view === null ? [] : unlikeOf(seal, data.view, data.at?.period ?? null);
    return { kind: "seal", seal: shownOf(seal), figure, unlike, ms: performance.now() - started };
  };
  work().then(tell, (error: unknown) =>
    tell(
      error instanceof Refusal
        ? { kind: "failed", code: error.code, says: error.message }
        : { kind: "failed", code: "internal", says: "" },
    ),
  );
});
