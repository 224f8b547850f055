/**
 * A desk: asking, approving and auditing on one's own machine. It serves its own installation's pages, reads the
 * directory from the hash it was started with, holds the key files it was given, and signs what a person has read and
 * confirmed. No rows, no node's keys, and nothing of what the coordinator says is believed.
 */
import type { Context, Hono } from "hono";
import type { Federation } from "../protocol/federation/directory.ts";
import { openByPerson, openQuery } from "../protocol/federation/openers.ts";
import { readVersions } from "../protocol/federation/versions.ts";
import { Approval } from "../protocol/question/approval.ts";
import { MaterialRequest } from "../protocol/release/material.ts";
import {
  type Envelope,
  type KeyPurpose,
  payloadType,
  type Signer,
  signDocumentBytes,
} from "../protocol/signing/envelope.ts";
import { type Hash, toBase64, toHex } from "../protocol/values/bytes.ts";
import { Refusal } from "../protocol/values/refusal.ts";
import type { Labels } from "../protocol/values/text.ts";
import { clientOf, type Fetch } from "../protocol/wire/client.ts";
import { Confirmed, type DeskState, type Readied, type SignedAtDesk, Wanted } from "../protocol/wire/desk.ts";
import { assetsIn, policyOf, sendAsset } from "../server/assets.ts";
import { bearerOf, type Door, doorOf, ownOnly } from "../server/door.ts";
import { httpOf, readBody } from "../server/http.ts";
import type { Logger } from "../server/logger.ts";
import { nativeVerify } from "../server/signing.ts";
import { forwardLog, forwardRoutes } from "./forward.ts";
import { type Ready, readyFor } from "./ready.ts";

/** A key file that was opened. */
export type DeskKey = { readonly signer: Signer; readonly purpose: KeyPurpose };

export type DeskOptions = {
  /** Without a slash at its end. */
  readonly coordinator: string;
  /** Of version 1 of the directory. */
  readonly directory1: Hash;
  /** Where the desk's pages are, as their browser knows it: the one host, and the one origin, that is answered. */
  readonly origin: string;
  readonly keys: readonly DeskKey[];
  /** False where a proxy of a region's own network says who comes in: then no key files are held. */
  readonly doored: boolean;
  /** Where the built pages are; their digest. */
  readonly built: string;
  readonly pages: Hash;
  /** Names of codes, of this installation's own catalogue. */
  readonly labels: Labels;
};

export type DeskEffects = {
  readonly fetch: Fetch;
  readonly now: () => Date;
  readonly random: (bytes: Uint8Array) => void;
  readonly logger: Logger;
};

export type Desk = {
  readonly app: Hono;
  /** The address that opens it, once. */
  readonly open: () => string;
  readonly federation: Federation;
};

/** A page of one person: an audit reads thousands of files of the log. */
const LIMITS = { requestsPerMinute: 20_000 };

/** Refuses (`directory-unknown`, `unavailable`) where no directory of that hash is to be had. */
export async function deskOf(options: DeskOptions, effects: DeskEffects): Promise<Desk> {
  const { coordinator, origin, keys, doored } = options;
  if (!doored && keys.length > 0)
    throw new Refusal(
      "usage",
      "expected no key files at a desk that a network reaches: each browser has its own",
    );
  const client = clientOf(coordinator, effects.fetch);
  const known = knownBy(options.directory1, async () => await client("getDirectory"));
  const door = doorOf(effects.random, "brus desk");
  const app = httpOf(effects.logger, { ...LIMITS, now: effects.now }, false);
  const scheme = new URL(origin).protocol.slice(0, -1);
  app.use(ownOnly((given) => given === origin, `expected this desk's own address, ${origin}`, scheme));
  app.use(sameSite);
  servePages(app, options);
  app.post("/session", (c) => c.json({ session: doored ? door.enter(bearerOf(c)) : null }, 200, FRESH));
  if (doored) behind(app, door);
  const federation = await known();
  app.get("/desk/state", async (c) => c.json(stateOf(await known(), options), 200, FRESH));
  serveSigning(app, options, effects, { client, known });
  forwardRoutes(app, client);
  forwardLog(app, coordinator, effects.fetch);
  return { app, federation, open: () => (doored ? `${origin}/#${door.invite()}` : `${origin}/`) };
}

const FRESH = { "cache-control": "no-store" };

/** Where a person's own are: all but the pages themselves, which are everybody's. */
const GUARDED = ["/desk/*", "/api/*", "/log/*"];

function behind(app: Hono, door: Door): void {
  for (const path of GUARDED)
    app.use(path, async (c, next) => {
      door.check(bearerOf(c));
      await next();
    });
}

/**
 * What a browser says of where a request comes from: another site may lead here (a link that hands a question over), and
 * may do nothing else. Refuses (`not-found`).
 */
async function sameSite(c: Context, next: () => Promise<void>): Promise<void> {
  const site = c.req.header("sec-fetch-site");
  const leads = c.req.method === "GET" && c.req.header("sec-fetch-mode") === "navigate";
  const framed = /^(i?frame|object|embed)$/.test(c.req.header("sec-fetch-dest") ?? "");
  if (framed || (site !== undefined && site !== "same-origin" && site !== "none" && !leads))
    throw new Refusal("not-found", "expected a page of this desk");
  await next();
}

/** The newest version that was ever seen, each judged from the first: an answer that goes back is not followed. */
function knownBy(first: Hash, fetchVersions: () => Promise<Parameters<typeof readVersions>[0]>) {
  let newest: Federation | null = null;
  return async (): Promise<Federation> => {
    const read = readVersions(await fetchVersions(), first, nativeVerify);
    if (newest === null || read.directory.version > newest.directory.version) newest = read;
    return newest;
  };
}

function stateOf(federation: Federation, { coordinator, keys, pages }: DeskOptions): DeskState {
  const named = federation.directory.pages;
  return {
    coordinator,
    directory1: federation.first,
    version: federation.directory.version,
    keys: keys.map(({ signer, purpose }) => ({ publicKey: signer.publicKey, purpose })),
    pages: { digest: pages, named: named === undefined ? "none" : named === pages ? "this" : "other" },
  };
}

function servePages(app: Hono, { built, labels }: DeskOptions): void {
  const files = assetsIn(built);
  const policy = { "content-security-policy": policyOf(false) };
  const page = (c: Context) => {
    const found = files("desk/index.html");
    if (found === undefined) throw new Refusal("not-found", "expected pages that are built: npm run build");
    return sendAsset(c, found, policy);
  };
  for (const path of ["/", "/sv/*", "/en/*"]) app.get(path, page);
  app.get("/assets/:file{.+}", (c) => {
    const asset = files(`assets/${c.req.param("file")}`);
    if (asset === undefined) throw new Refusal("not-found", "expected a file of the pages");
    return sendAsset(c, asset, policy);
  });
  app.get("/pages/labels.json", (c) => c.json(labels));
}

/** Documents that wait for a person's word; the oldest goes where there are more. */
const MOST_READY = 20;

type Known = { readonly client: ReturnType<typeof clientOf>; readonly known: () => Promise<Federation> };

function serveSigning(
  app: Hono,
  { keys, labels }: DeskOptions,
  { now, random }: DeskEffects,
  { client, known }: Known,
): void {
  const waiting = new Map<string, Ready>();
  app.post("/desk/ready", async (c) => {
    const wanted = await readBody(c, Wanted, "what is to be signed");
    const setting = { client, federation: await known(), labels, now: now(), random };
    const ready = await readyFor(wanted, setting);
    if (ready.key === null)
      return c.json({ shown: ready.shown, document: null } satisfies Readied, 200, FRESH);
    const bytes = new Uint8Array(32);
    random(bytes);
    const ticket = toHex(bytes);
    const [oldest] = waiting.keys();
    if (waiting.size >= MOST_READY && oldest !== undefined) waiting.delete(oldest);
    waiting.set(ticket, ready);
    const document = {
      ticket,
      payloadType: payloadType(ready.kind),
      payload: toBase64(ready.body),
      aside: ready.aside,
      here: keys.some(({ signer }) => signer.publicKey === ready.key),
    };
    return c.json({ shown: ready.shown, document } satisfies Readied, 200, FRESH);
  });
  app.post("/desk/sign", async (c) => {
    const { ticket } = await readBody(c, Confirmed, "what was confirmed");
    const ready = waiting.get(ticket);
    // Once, whatever comes of it: what was read is signed now or read again.
    waiting.delete(ticket);
    if (ready === undefined)
      throw new Refusal("not-found", "expected a document that this desk has shown, and not signed yet");
    const envelope = signed(ready, keys, await known(), now());
    return c.json({ envelope } satisfies SignedAtDesk, 200, FRESH);
  });
}

/** Signs with the key that the document was made ready for; gives it only if it opens as whoever it is for would open it. */
function signed(
  { kind, body, key }: Ready,
  keys: readonly DeskKey[],
  federation: Federation,
  now: Date,
): Envelope {
  const held = keys.find(({ signer }) => signer.publicKey === key);
  if (held === undefined) throw new Refusal("key-unknown", "expected a key file that this desk was given");
  const envelope = signDocumentBytes(kind, body, [held.signer]);
  if (kind === "query") openQuery(federation, envelope, now);
  else openByPerson(federation, envelope, kind === "approval" ? Approval : MaterialRequest, now);
  return envelope;
}
