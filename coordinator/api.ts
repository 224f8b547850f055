/**
 * The coordinator's HTTP interface: the routes of `protocol/wire/routes.ts`, each a few lines over intake and reads.
 */

import type { Hono, Context as HonoContext } from "hono";
import { documentsOf, VersionDocument } from "../protocol/federation/versions.ts";
import { Push } from "../protocol/log/witness-messages.ts";
import { PolledWith } from "../protocol/release/answer.ts";
import { PieceRequest } from "../protocol/release/material.ts";
import { Envelope } from "../protocol/signing/envelope.ts";
import { Hash } from "../protocol/values/bytes.ts";
import { parseWith, Refusal } from "../protocol/values/refusal.ts";
import { ROUTES } from "../protocol/wire/routes.ts";
import { bytesOf, httpOf, readBody } from "../server/http.ts";
import { type Buckets, countFor, type HttpLimits, type RequestKind } from "../server/limits.ts";
import type { Logger } from "../server/logger.ts";
import type { Bell } from "./bell.ts";
import { type Context, storedEnvelope, storedRelease } from "./context.ts";
import { asideOf, erase, takeAside } from "./directory/asides.ts";
import type { Logs } from "./log/logs.ts";
import { proofOf } from "./log/proofs.ts";
import { isPublic } from "./log/public.ts";
import { openApi } from "./openapi.ts";
import { answerPoll } from "./poll.ts";
import { comparisonsOf } from "./publish/comparisons.ts";
import { dcatOf, type Publisher } from "./publish/dcat.ts";
import { koladaOf } from "./publish/kolada.ts";
import { pagesOf } from "./publish/pages.ts";
import { type Publication, publicationOf } from "./publish/publication.ts";
import { pxwebOf } from "./publish/pxweb.ts";
import { budgetsOf } from "./query/budgets.ts";
import { calendarsOf, takeCalendar } from "./query/calendars.ts";
import { witnessing } from "./query/hindrances.ts";
import { takeAnswer, takeApproval, takeQuery, takeWitness } from "./query/intake.ts";
import { takePoll } from "./query/polls.ts";
import { latestQueries, statusOf } from "./query/shown-status.ts";
import { stateOf } from "./query/stored-state.ts";
import { agreementsOn } from "./release/release.ts";
import { materialOf, pieceOf, type Random } from "./secure-sum/material.ts";
import { takeChunk, takeRound } from "./secure-sum/messages.ts";

export type Api = Context & {
  readonly bell: Bell;
  /** Takes the next version of the directory in. */
  readonly publish: (document: VersionDocument) => Promise<Hash>;
  /** Takes a query further after an event, without keeping whoever caused it waiting. */
  readonly nudge: (query: string) => void;
  readonly ready: () => Promise<boolean>;
  /** Fills an array with random bytes of the system's. */
  readonly random: Random;
  readonly stopping: AbortSignal;
  readonly limits: Pick<HttpLimits, "requestsPerMinute" | "proxies">;
  /** What each node may ask, counted once it is known to have signed it. */
  readonly nodes: Buckets;
  readonly logger: Logger;
  /** Who publishes, for the catalogue of the national data portal. */
  readonly publisher: Publisher;
  readonly publicAddress: string | null;
};

export function apiOf(api: Api): Hono {
  const app = httpOf(api.logger, { ...api.limits, now: api.now, kindOf });
  const publication = publicationOf(api, (place) => isPublic(place, api), api.publicAddress);
  selfRoutes(app, api);
  directoryRoutes(app, api);
  queryRoutes(app, api);
  calendarRoutes(app, api, publication);
  logRoutes(app, api);
  nodeRoutes(app, api);
  releaseRoutes(app, api);
  auditorRoutes(app, api);
  publicRoutes(app, api, publication);
  return app;
}

const PROBES: ReadonlySet<string> = new Set(["/healthz", "/readyz"]);
const { poll, submitLeaves, witness, submitAnswer, submitRound, submitChunk } = ROUTES;
const OF_NODES: ReadonlySet<string> = new Set(
  [poll, submitLeaves, witness, submitAnswer, submitRound].map((route) => route.path),
);
const CHUNKS = submitChunk.path.replace("{id}", "");

function kindOf(c: HonoContext): RequestKind {
  if (PROBES.has(c.req.path)) return "probe";
  const ofNodes = OF_NODES.has(c.req.path) || c.req.path.startsWith(CHUNKS);
  return c.req.method === "POST" && ofNodes ? "node" : "reader";
}

/**
 * Counts what is new of a node's, as it is found to be: much of what nodes have signed is public, and whoever brings it
 * again uses up a share of their own.
 */
const counting =
  (c: HonoContext, { nodes }: Api) =>
  (node: string): void =>
    countFor(c, nodes, node);

const path = (route: { path: string }) => route.path.replace("{id}", ":id");

/** Until whoever asked has gone, or this stops. */
const whileAsked = (c: HonoContext, { stopping }: Api): AbortSignal =>
  AbortSignal.any([stopping, c.req.raw.signal]);

/** What this interface is, and whether it works. */
function selfRoutes(app: Hono, api: Api): void {
  const description = JSON.stringify(openApi());
  app.get("/openapi.json", (c) => c.body(description, 200, { "content-type": "application/json" }));
  app.get("/healthz", (c) => c.json({ alive: true }));
  app.get("/readyz", async (c) =>
    (await api.ready()) ? c.json({ ready: true }) : c.json({ ready: false }, 503),
  );
}

function directoryRoutes(app: Hono, api: Api): void {
  app.get(ROUTES.getDirectory.path, (c) => c.json(documentsOf(api.federation())));
  app.post(ROUTES.publishDirectory.path, async (c) => {
    const id = await api.publish(await readBody(c, VersionDocument, "directory"));
    api.bell.ring();
    return c.json({ id });
  });
  app.post(ROUTES.submitAside.path, async (c) => {
    const { text } = await readBody(c, ROUTES.submitAside.body, "aside");
    return c.json({ id: await takeAside(text, api) });
  });
  app.get(path(ROUTES.getAside), async (c) => c.json({ text: await asideOf(idOf(c), api) }));
  app.post(ROUTES.erase.path, async (c) =>
    c.json({ id: await erase(await readBody(c, Envelope, "envelope"), api) }),
  );
}

function queryRoutes(app: Hono, api: Api): void {
  app.post(ROUTES.submitQuery.path, async (c) => {
    const id = await takeQuery(await readBody(c, Envelope, "envelope"), api);
    api.nudge(id);
    return c.json({ id });
  });
  app.get(ROUTES.listQueries.path, async (c) => c.json({ queries: await latestQueries(api) }));
  app.get(path(ROUTES.getQuery), async (c) => c.json(await statusOf(await stateOf(idOf(c), api), api)));
  app.post(ROUTES.submitApproval.path, async (c) => {
    const { id, query } = await takeApproval(await readBody(c, Envelope, "envelope"), api);
    api.nudge(query);
    api.bell.ring();
    return c.json({ id });
  });
}

function calendarRoutes(app: Hono, api: Api, { indicators }: Publication): void {
  app.post(ROUTES.submitCalendar.path, async (c) =>
    c.json({ id: await takeCalendar(await readBody(c, Envelope, "envelope"), api, indicators) }),
  );
  app.get(ROUTES.listCalendars.path, async (c) => c.json({ calendars: await calendarsOf(api) }));
}

function logRoutes(app: Hono, api: Api): void {
  app.post(ROUTES.submitLeaves.path, async (c) => {
    const push = await readBody(c, Push, "entries");
    const kept = await logsOf(api).push(push, () => countFor(c, api.nodes, push.node));
    return c.json({ kept });
  });
  app.post(ROUTES.witness.path, async (c) => {
    const request = takeWitness(await readBody(c, Envelope, "envelope"), api);
    countFor(c, api.nodes, request.node);
    const turn = () => logsOf(api).answer(request, whileAsked(c, api));
    return c.json(await witnessing(api, request.node, turn));
  });
  app.get(path(ROUTES.getProof), async (c) => c.json({ proof: await proofOf(idOf(c), logsOf(api), api) }));
  // Static files, in C2SP's formats: outside the routes, since a plain file server may serve them as well.
  app.get("/log/:path{.+}", (c) => logFile(c, api));
}

/** What nodes bring and fetch, by themselves and in rounds. */
function nodeRoutes(app: Hono, api: Api): void {
  app.post(ROUTES.submitAnswer.path, async (c) => {
    const envelope = await readBody(c, Envelope, "envelope");
    const { id, query } = await takeAnswer(envelope, api, counting(c, api));
    api.nudge(query);
    return c.json({ id });
  });
  app.post(ROUTES.poll.path, async (c) => {
    const poll = await takePoll(await readBody(c, PolledWith, "poll"), api);
    countFor(c, api.nodes, poll.node);
    return c.json(await answerPoll(poll, api, whileAsked(c, api)));
  });
  app.post(ROUTES.submitRound.path, async (c) => {
    const { envelope, boxes } = await readBody(c, ROUTES.submitRound.body, "message");
    const { id, query } = await takeRound(envelope, boxes, api, counting(c, api));
    api.nudge(query);
    return c.json({ id });
  });
  app.post(path(ROUTES.submitChunk), async (c) => {
    const bytes = await bytesOf(c);
    const { id, query } = await takeChunk(idOf(c), bytes, api, counting(c, api));
    api.nudge(query);
    return c.json({ id });
  });
  app.get(ROUTES.getBudgets.path, async (c) => c.json({ budgets: await budgetsOf(api) }));
}

function releaseRoutes(app: Hono, api: Api): void {
  app.get(path(ROUTES.getRelease), async (c) => json(c, (await releaseOf(c, api)).envelope));
  app.get(path(ROUTES.getCells), async (c) => json(c, (await releaseOf(c, api)).cells));
  app.get(path(ROUTES.getAnswers), async (c) => c.json(await answersBehind(await releaseOf(c, api), api)));
  app.get(path(ROUTES.getReceipt), async (c) => {
    const { place } = await releaseOf(c, api);
    return c.json({ receipt: logsOf(api).receipt(place ?? 0) });
  });
  // The same text as a file, as others' verifiers read it.
  app.get("/receipt/:id", async (c) => {
    const { place, id } = await releaseOf(c, api);
    return c.body(logsOf(api).receipt(place ?? 0), 200, {
      "content-type": "text/plain; charset=utf-8",
      "content-disposition": `attachment; filename="${id.slice(7, 23)}.tlog-proof"`,
      "cache-control": "no-cache",
    });
  });
  app.get(path(ROUTES.getSum), async (c) => {
    const { sum } = await releaseOf(c, api);
    if (sum === null) throw new Refusal("release-unknown", "expected a release with a secure sum");
    return json(c, JSON.stringify({ sum }));
  });
}

/** What auditors alone are given. */
function auditorRoutes(app: Hono, api: Api): void {
  app.post(ROUTES.getMaterial.path, async (c) =>
    c.json({ box: await materialOf(await readBody(c, Envelope, "envelope"), api) }),
  );
  app.post(ROUTES.getPiece.path, async (c) =>
    c.json({ box: await pieceOf(await readBody(c, PieceRequest, "request"), api) }),
  );
}

/** What is published for readers, in the formats they know. */
function publicRoutes(app: Hono, api: Api, publication: Publication): void {
  app.get("/api/indicators", (c) =>
    c.body(Uint8Array.from(publication.indicators.body), 200, {
      "content-type": "application/json",
      "cache-control": "public, max-age=300",
    }),
  );
  app.route("/", pxwebOf({ publication, callsPerMinute: api.limits.requestsPerMinute, now: api.now }));
  app.route("/", comparisonsOf(publication));
  app.route("/", koladaOf(publication));
  app.route("/", dcatOf(publication, api.publisher));
  app.route("/", pagesOf({ publication, federation: api.federation, store: api.store }));
}

const idOf = (c: HonoContext): Hash => parseWith(Hash, c.req.param("id"), "id");

/** A release never changes under its id, and so may be kept by anyone for ever. */
const json = (c: HonoContext, text: string) =>
  c.body(text, 200, {
    "content-type": "application/json",
    "cache-control": "public, max-age=31536000, immutable",
  });

async function releaseOf(c: HonoContext, context: Context) {
  const row = await context.store.kysely
    .selectFrom("release")
    .selectAll()
    .where("id", "=", idOf(c))
    .executeTakeFirst();
  if (row === undefined || !isPublic(row.place, context))
    throw new Refusal("release-unknown", "expected the id of a release that is public");
  return row;
}

/** The answers that a release adds up, and the agreements on its set, as they were signed. */
async function answersBehind(
  { query, envelope }: { readonly query: string; readonly envelope: string },
  { store }: Context,
) {
  const { answers, national } = storedRelease(envelope);
  const rows = await store.kysely
    .selectFrom("answer")
    .select(["id", "envelope"])
    .where("query", "=", query)
    .execute();
  const texts = new Map(rows.map((row) => [row.id, row.envelope]));
  const envelopes = answers.flatMap(({ hash }) => texts.get(hash) ?? []);
  const agreements = await agreementsOn(query, national, store);
  const stored = ({ envelope: text }: { readonly envelope: string }) => storedEnvelope(text);
  return { answers: envelopes.map(storedEnvelope), agreements: agreements.map(stored) };
}

function logsOf({ logs }: Context): Logs {
  if (logs === null) throw new Refusal("not-found", "expected a federation that keeps logs");
  return logs;
}

function logFile(c: HonoContext, context: Context): Response {
  const file = logsOf(context).read(c.req.param("path") ?? "");
  if (file === null)
    throw new Refusal("not-found", "expected a file of a log, of a size that was signed for");
  return c.body(Uint8Array.from(file.bytes), 200, {
    "content-type": file.mutable ? "text/plain; charset=utf-8" : "application/octet-stream",
    "cache-control": file.mutable ? "no-cache" : "public, max-age=31536000, immutable",
  });
}
