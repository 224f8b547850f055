/**
 * kill -9 at every step of a round, then a restart: the round ends with the same answer bytes, charged once, and one
 * release. Each party runs as a process of its own; a preload kills it at the n-th statement or request. A stride of
 * steps here, every step under `npm run soak -- kill`.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ask, fillQuery, follow, signApproval, signQuery } from "../../cli/ask.ts";
import { makeFederation } from "../../cli/federation.ts";
import type { NodeDatabase } from "../../node/database.ts";
import { checkLedger } from "../../node/ledger.ts";
import { writeDataset } from "../../protocol/catalogue.ts";
import { type Client, clientOf } from "../../protocol/client.ts";
import { type Envelope, envelopeId } from "../../protocol/envelope.ts";
import { openStore } from "../../server/database.ts";
import { databaseUrlFor, ENGINES, type Engine, missing, temporaryFolder } from "../support/engines.ts";
import { CARE, DRAFT, now } from "../support/federation.ts";
import { freePort, type Party, startParty, stopParty } from "../support/process.ts";

const SOAK = process.env["BRUS_SOAK"] !== undefined;
const STRIDE = SOAK ? 1 : 4;
const COORDINATOR_STRIDE = Number(process.env["BRUS_STRIDE"] ?? (SOAK ? 1 : 17));

/** Calls until it gets through: the party on the other side is being killed. */
async function retry<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      const refused =
        error instanceof Error &&
        "code" in error &&
        error.name === "Refusal" &&
        (error as { status?: number }).status !== 503;
      if (attempt > 200 || refused) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

async function setUp(engine: Engine, codes: readonly string[]) {
  const folder = temporaryFolder();
  const port = await freePort();
  const plan = {
    name: "Kill",
    regions: codes.map((code) => ({ code, name: code })),
    datasets: [writeDataset({ ...CARE, budget: { rhoPerPeriod: "100", delta: "1e-9" } })],
    approvals: 1,
  };
  const address = `http://127.0.0.1:${port}`;
  const made = makeFederation(folder.path, plan, now(), address);
  const coordinator = join(folder.path, "coordinator.json");
  const url = await databaseUrlFor(engine);
  writeFileSync(
    coordinator,
    JSON.stringify({ ...made.coordinator, port, ...(url === undefined ? {} : { databaseUrl: url }) }),
  );
  const configs = new Map<string, string>();
  for (const { code, folder: own, config } of made.nodes) {
    const path = join(own, "node.json");
    const databaseUrl = await databaseUrlFor(engine);
    writeFileSync(
      path,
      JSON.stringify({ ...config, tick: 1, ...(databaseUrl === undefined ? {} : { databaseUrl }) }),
    );
    configs.set(code, path);
  }
  const client = clientOf(address, globalThis.fetch);
  return { folder, made, client, coordinator, configs };
}

type Setting = Awaited<ReturnType<typeof setUp>>;

async function submit({ made, client }: Setting): Promise<string> {
  const envelope = signQuery(
    fillQuery({ ...DRAFT, periods: ["2025K1", "2025K2"], minRegions: 2 }, made.hash, "researcher", now()),
    made.researcher.signer,
  );
  const id = envelopeId(envelope);
  const [approver] = made.approvers;
  if (approver === undefined) throw new Error("there is an approver");
  const approval = signApproval(id, approver, now());
  // A client that does not know whether it got through sends the same documents again: that is harmless.
  await retry(() => ask(client, envelope, [approval]));
  return id;
}

async function released(client: Client, id: string): Promise<Envelope[]> {
  const status = await retry(() => follow(client, id, 60));
  expect(status.state).toBe("released");
  const { answers } = await retry(() => client("getAnswers", { params: { id: status.release ?? "" } }));
  return answers;
}

/** What a node has stored, read from its database while it is stopped. */
async function storedAnswers(
  config: string,
): Promise<{ answers: Map<string, Envelope>; charged: string[]; broken: number | null }> {
  const { data, databaseUrl } = JSON.parse(readFileSync(config, "utf8")) as {
    data: string;
    databaseUrl?: string;
  };
  const store = await openStore<NodeDatabase>("node", { data, databaseUrl, threads: 1, memory: "500MB" });
  const rows = await store.kysely.selectFrom("answer").select(["query", "envelope"]).execute();
  const charged = await store.kysely.selectFrom("ledger_entry").select("query").execute();
  const broken = await checkLedger(store);
  await store.close();
  return {
    answers: new Map(
      rows.flatMap(({ query, envelope }) =>
        envelope === null ? [] : [[query, JSON.parse(envelope) as Envelope]],
      ),
    ),
    charged: charged.map(({ query }) => query),
    broken,
  };
}

describe.each(ENGINES)("%s", (engine) => {
  test.skipIf(missing(engine))(
    "a node killed at each step answers once, with one set of bytes, charged once",
    async () => {
      const setting = await setUp(engine, ["01", "03"]);
      const [victim = "", other = ""] = [...setting.configs.values()];
      const coordinator = startParty("coordinator", setting.coordinator);
      await coordinator.ready;
      const peer = startParty("node", other);
      await peer.ready;
      const published = new Map<string, Envelope[]>();
      const trace = join(setting.folder.path, "trace");
      let killed = 0;
      for (let at = 1; ; at += STRIDE) {
        const node = startParty("node", victim, { at, arm: "work", trace });
        await node.ready;
        const id = await submit(setting);
        const reached = await Promise.race([
          node.ended,
          retry(() => follow(setting.client, id, 60)).then(() => "released"),
        ]);
        if (reached === "released") {
          // Steps after the answer was handed in are few: wait a moment for a kill that is still to come.
          const late = await Promise.race([
            node.ended,
            new Promise<string>((resolve) => setTimeout(() => resolve("alive"), 300)),
          ]);
          if (late === "alive") {
            await stopParty(node);
            break;
          }
        }
        expect(await node.ended).toBe("SIGKILL");
        killed++;
        const again = startParty("node", victim);
        await again.ready;
        published.set(id, await released(setting.client, id));
        await stopParty(again, "SIGKILL");
      }
      await Promise.all([stopParty(peer), stopParty(coordinator)]);
      const stored = await storedAnswers(victim);
      expect(killed).toBeGreaterThan(24 / STRIDE);
      expect(stored.broken).toBeNull();
      for (const [id, answers] of published) {
        expect(
          stored.charged.filter((query) => query === id),
          "charged once for each of two periods",
        ).toHaveLength(2);
        const own = stored.answers.get(id);
        expect(
          answers.filter(
            (envelope) =>
              envelope.payload === own?.payload && envelope.signatures[0]?.sig === own.signatures[0]?.sig,
          ),
        ).toHaveLength(1);
      }
      console.log(
        `${engine}: node killed at ${killed} steps: ${
          [
            ...new Set(
              readFileSync(trace, "utf8")
                .split("\n")
                .map((line) => line.replace(/^\d+ /, "").slice(0, 60)),
            ),
          ].length
        } distinct`,
      );
      setting.folder.remove();
    },
  );

  test.skipIf(missing(engine))(
    "a coordinator killed at each step goes on: one release, the nodes' own bytes",
    async () => {
      const setting = await setUp(engine, ["01", "03"]);
      const configs = [...setting.configs.values()];
      let coordinator: Party = startParty("coordinator", setting.coordinator);
      await coordinator.ready;
      const nodes = configs.map((config) => startParty("node", config));
      await Promise.all(nodes.map(({ ready }) => ready));
      const published = new Map<string, Envelope[]>();
      let killed = 0;
      for (let at = 1; ; at += COORDINATOR_STRIDE) {
        await stopParty(coordinator, "SIGKILL");
        coordinator = startParty("coordinator", setting.coordinator, { at, arm: "query" });
        await coordinator.ready;
        const asking = submit(setting);
        asking.catch(() => undefined); // Awaited below, after the restart that lets it through.
        const done = asking.then((id) => retry(() => follow(setting.client, id, 60))).then(() => "released");
        done.catch(() => undefined); // The same.
        const reached = await Promise.race([coordinator.ended, done]);
        if (reached === "released") {
          const late = await Promise.race([
            coordinator.ended,
            new Promise<string>((resolve) => setTimeout(() => resolve("alive"), 300)),
          ]);
          if (late === "alive") break;
        }
        killed++;
        coordinator = startParty("coordinator", setting.coordinator);
        await coordinator.ready;
        const id = await asking;
        published.set(id, await released(setting.client, id));
      }
      await Promise.all([...nodes.map((node) => stopParty(node)), stopParty(coordinator)]);
      expect(killed).toBeGreaterThan(4);
      for (const config of configs) {
        const stored = await storedAnswers(config);
        expect(stored.broken).toBeNull();
        for (const [id, answers] of published) {
          expect(stored.charged.filter((query) => query === id)).toHaveLength(2);
          expect(answers).toContainEqual(stored.answers.get(id));
        }
      }
      console.log(`${engine}: coordinator killed at ${killed} steps`);
      setting.folder.remove();
    },
  );
});
