/**
 * The region's own page, served by the node itself on loopback: every question, answer and charge, what remains, imports,
 * policy, log. Behind a token that opens it once. Nothing of a person is here to be shown.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Hono } from "hono";
import { nodeOf } from "../../protocol/federation/directory.ts";
import { readNodeLeaf } from "../../protocol/log/leaf.ts";
import { openWitnessed, quorumOf } from "../../protocol/log/quorum.ts";
import { Query } from "../../protocol/question/query.ts";
import { inWords } from "../../protocol/question/words.ts";
import { envelopeId, payloadOrNull } from "../../protocol/signing/envelope.ts";
import type { Hash } from "../../protocol/values/bytes.ts";
import { Refusal } from "../../protocol/values/refusal.ts";
import type { Client, Fetch } from "../../protocol/wire/client.ts";
import type { ConsoleQuestion, ConsoleState } from "../../protocol/wire/console.ts";
import { assetsIn, policyOf, sendAsset } from "../../server/assets.ts";
import { BUILT } from "../../server/built-pages.ts";
import { bearerOf, doorOf, ownOnly } from "../../server/door.ts";
import { httpOf, type Listening, listen } from "../../server/http.ts";
import { headOf, leavesOf } from "../../server/log-tables.ts";
import type { Logger } from "../../server/logger.ts";
import type { RunningNode } from "../node.ts";
import type { Fill } from "../random.ts";
import { ledgerView } from "./ledger-view.ts";

export type Console = {
  /** Where the page is, once: the token in it counts until it is used, or another is made. */
  readonly open: () => Promise<string>;
  readonly close: () => Promise<void>;
};

type AskedInWords = Pick<ConsoleQuestion, "title" | "words" | "requester">;

/** A page of one person at one machine. */
const LIMITS = { requestsPerMinute: 600 };

export type ConsoleContext = {
  readonly client: Client;
  readonly fetch: Fetch;
  readonly data: string;
  readonly logger: Logger;
  readonly random: Fill;
};

export function consoleOf(node: RunningNode, context: ConsoleContext): Console {
  let listening: Listening | null = null;
  const door = doorOf(context.random, "brus console");
  const app = httpOf(context.logger, { ...LIMITS, now: node.effects.now }, false);
  app.use(ownOnly((origin) => OWN.test(origin), "expected the address that brus console printed"));
  servePages(app);
  app.post("/session", (c) =>
    c.json({ session: door.enter(bearerOf(c)) }, 200, { "cache-control": "no-store" }),
  );
  const known = new Map<Hash, AskedInWords>();
  app.get("/state", async (c) => {
    door.check(bearerOf(c));
    return c.json(await stateOf(node, context, known), 200, { "cache-control": "no-store" });
  });
  return {
    open: async () => {
      listening ??= await listen(app, "127.0.0.1", 0);
      // After the #, so that it stands in no log and no referrer.
      return `http://127.0.0.1:${listening.port}/#${door.invite()}`;
    },
    close: async () => {
      await listening?.close();
    },
  };
}

function servePages(app: Hono): void {
  const files = assetsIn(BUILT);
  app.get("/", (c) => {
    const page = files("console/index.html");
    if (page === undefined)
      throw new Refusal("not-found", "expected pages that are built: npm start builds them");
    return sendAsset(c, page, { "content-security-policy": policyOf(false) });
  });
  app.get("/assets/:file{.+}", (c) => {
    const asset = files(`assets/${c.req.param("file")}`);
    if (asset === undefined) throw new Refusal("not-found", "expected a file of the pages");
    return sendAsset(c, asset, { "content-security-policy": policyOf(false) });
  });
}

/** Where this page is, whatever name it goes by. */
const OWN = /^http:\/\/(127\.0\.0\.1|localhost)(:\d+)?$/;

async function stateOf(
  node: RunningNode,
  { client, fetch, data }: ConsoleContext,
  known: Map<Hash, AskedInWords>,
): Promise<ConsoleState> {
  const { store, config, answerer } = node;
  const { federation } = answerer;
  const { broken, head, accounts, years } = await ledgerView(node);
  const questions = await questionsOf(node);
  for (const { query } of questions) {
    if (known.has(query)) continue;
    const asked = await askedOf(query, node, client);
    if (asked !== NOT_KNOWN) known.set(query, asked);
  }
  const policy = policyIn(node);
  const files = await store.kysely
    .selectFrom("file")
    .select(["dataset", "hash", "taken"])
    .orderBy("id")
    .execute();
  const { frontier } = await headOf(store.kysely, config.code);
  return {
    code: config.code,
    name: nodeOf(federation, config.code).name,
    directory1: federation.first,
    version: federation.directory.version,
    coordinator: config.coordinator,
    ledger: { broken, sequence: head.sequence, hash: head.hash, accounts, years },
    questions: questions
      .map((question) => ({ ...question, ...(known.get(question.query) ?? NOT_KNOWN) }))
      .toReversed(),
    imports: files.toReversed(),
    rejects: rejectsIn(data),
    policy:
      policy === null
        ? null
        : {
            mayAsk: policy.mayAsk,
            datasets: policy.datasets,
            approvals: policy.approvals.map(({ dataset, role, persons }) => ({ dataset, role, persons })),
            rhoPerPeriod: policy.ceilings.rhoPerPeriod ?? null,
            rhoPerYear: policy.ceilings.rhoPerYear ?? null,
            rhoPerQuery: policy.ceilings.rhoPerQuery ?? null,
            withheld: policy.withheld,
          },
    log: { size: frontier.size, shown: await shownOf(node, fetch) },
  };
}

/** Null also where it cannot be read: then, too, the node answers nothing. */
function policyIn({ answerer }: RunningNode) {
  try {
    return answerer.policy();
  } catch (error) {
    if (error instanceof Refusal) return null;
    throw error;
  }
}

const NOT_KNOWN: AskedInWords = { title: null, words: null, requester: null };

/** Every question, in the order in which this node first decided on it, as its own log says. */
async function questionsOf({
  store,
  config,
}: RunningNode): Promise<Array<Omit<ConsoleQuestion, keyof AskedInWords>>> {
  const { frontier } = await headOf(store.kysely, config.code);
  const found = new Map<Hash, Omit<ConsoleQuestion, keyof AskedInWords>>();
  const none = { charge: null, periods: [], code: null };
  for (const entry of await leavesOf(store.kysely, config.code, 0, frontier.size)) {
    const leaf = readNodeLeaf(entry);
    if (leaf.kind === "started" || leaf.kind === "lists" || leaf.kind === "agreed") continue;
    const { query, time } = leaf;
    const before = found.get(query) ?? { ...none, query, time, state: "charged" as const };
    switch (leaf.kind) {
      case "charge":
        found.set(query, {
          ...before,
          charge: leaf.charge,
          periods: leaf.periods.map(({ period }) => period),
        });
        break;
      case "answer":
        found.set(query, { ...before, state: "answered", time });
        break;
      case "masked":
        found.set(query, { ...before, state: "masked", time });
        break;
      case "refusal":
        found.set(query, { ...before, state: "refused", time });
    }
  }
  return [...found.values()];
}

/** What a question asks, from the document that its id is the hash of: whoever serves it need not be believed. */
async function askedOf(
  id: Hash,
  { answerer: { federation } }: RunningNode,
  client: Client,
): Promise<AskedInWords> {
  try {
    const { query: envelope } = await client("getQuery", { params: { id } });
    const query = payloadOrNull(Query, envelope);
    if (envelopeId(envelope) !== id || query === null) return NOT_KNOWN;
    const { title, requester, dataset: ref } = query;
    const dataset = federation.datasets.get(ref)?.dataset;
    const words =
      dataset === undefined ? null : { sv: inWords(query, dataset, "sv"), en: inWords(query, dataset, "en") };
    return { title, requester, words };
  } catch (error) {
    if (error instanceof Refusal) return NOT_KNOWN; // The coordinator is not to be had: the page still says what was decided.
    throw error;
  }
}

/** Rows that were rejected, by the file that says why: line numbers and reasons, which stay here. */
function rejectsIn(data: string): Array<{ file: string; rows: number }> {
  const folder = join(data, "rejects");
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => !name.endsWith(".tmp"))
    .sort()
    .map((name) => ({
      file: join(folder, name),
      rows: Math.max(
        0,
        readFileSync(join(folder, name), "utf8")
          .split("\n")
          .filter((line) => line !== "").length - 1,
      ),
    }));
}

/** The checkpoint of this node's log that the coordinator shows the world, with the quorum that has cosigned it. */
async function shownOf(
  { config, answerer: { federation } }: RunningNode,
  fetch: Fetch,
): Promise<ConsoleState["log"]["shown"]> {
  try {
    const answer = await fetch(
      `${config.coordinator.replace(/\/$/, "")}/log/nodes/${config.code}/checkpoint`,
    );
    if (!answer.ok) return null;
    const { checkpoint, cosigned, asOf } = openWitnessed(
      federation,
      config.code,
      new Uint8Array(await answer.arrayBuffer()),
    );
    return { size: checkpoint.size, cosigned, least: quorumOf(federation, config.code).least, asOf };
  } catch {
    return null; // Not to be had, or not cosigned: the page says so.
  }
}
