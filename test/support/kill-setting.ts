/** Federations whose parties run as processes of their own, to be killed at any step and started again. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { ask, fillQuery, follow, signApproval, signQuery } from "../../cli/client/ask.ts";
import { makeFederation } from "../../cli/demo/federation.ts";
import { checkLedger } from "../../node/answer/ledger.ts";
import { systemRandom } from "../../node/random.ts";
import type { NodeDatabase } from "../../node/store/database.ts";
import { writeDataset } from "../../protocol/question/catalogue.ts";
import { type Envelope, envelopeId } from "../../protocol/signing/envelope.ts";
import { type Client, clientOf } from "../../protocol/wire/client.ts";
import { openStore } from "../../server/database.ts";
import { databaseUrlFor, type Engine, temporaryFolder } from "./engines.ts";
import { CARE, CHEAP_SEAL, complete, DRAFT, now } from "./federation.ts";
import { freePort, type Party } from "./process.ts";

/** Calls until it gets through: the party on the other side is being killed. */
export async function retry<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      const refused =
        error instanceof Error &&
        "code" in error &&
        error.name === "Refusal" &&
        (error as { status?: number }).status !== 503;
      if (refused) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/** Whether a party that is to be killed saw the query through and lives on. */
export async function outlived({ ended }: Party, through: Promise<unknown>): Promise<boolean> {
  const reached = await Promise.race([ended, through.then(() => "released")]);
  if (reached !== "released") return false;
  // Steps after the answer was handed in are few: wait a moment for a kill that is still to come.
  const late = await Promise.race([
    ended,
    new Promise<string>((resolve) => setTimeout(() => resolve("alive"), 300)),
  ]);
  return late === "alive";
}

export async function setUp(engine: Engine, codes: readonly string[], logged = false) {
  const folder = temporaryFolder();
  const port = await freePort();
  const plan = {
    name: "Kill",
    regions: codes.map((code) => ({ code, name: code })),
    datasets: [writeDataset({ ...CARE, budget: { rhoPerPeriod: "100", delta: "1e-9" } })],
    approvals: 1,
    sealCost: CHEAP_SEAL,
    logged,
  };
  const address = `http://127.0.0.1:${port}`;
  const made = makeFederation(folder.path, plan, now(), address);
  const coordinator = join(folder.path, "coordinator.json");
  const url = await databaseUrlFor(engine);
  writeFileSync(
    coordinator,
    JSON.stringify({
      ...made.coordinator,
      port,
      ...(url === undefined ? {} : { databaseUrl: url }),
    }),
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
    complete(config.policy, "care@1", ["2025K1", "2025K2"]);
  }
  const client = clientOf(address, globalThis.fetch);
  return { folder, made, client, address, coordinator, configs };
}

export type Setting = Awaited<ReturnType<typeof setUp>>;

export async function submit({ made, client }: Setting, more: object = {}): Promise<string> {
  const envelope = signQuery(
    fillQuery(
      { ...DRAFT, periods: ["2025K1", "2025K2"], minRegions: 2, ...more },
      made.hash,
      "researcher",
      now(),
      systemRandom,
    ),
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

export async function released(client: Client, id: string): Promise<Envelope[]> {
  const status = await retry(() => follow(client, id));
  expect(status.state).toBe("released");
  const { answers } = await retry(() => client("getAnswers", { params: { id: status.release ?? "" } }));
  return answers;
}

/** What a node has stored, read from its database while it is stopped. */
export async function storedAnswers(
  config: string,
): Promise<{ answers: Map<string, Envelope>; charged: string[]; broken: number | null }> {
  const { data, databaseUrl } = JSON.parse(readFileSync(config, "utf8")) as {
    data: string;
    databaseUrl?: string;
  };
  const store = await openStore<NodeDatabase>("node", { data, databaseUrl, threads: 1, memory: "500MB" });
  const rows = await store.kysely.selectFrom("answer").select(["query", "envelope"]).execute();
  // A charge's entry on its dataset's account: beside it stands one on the year's.
  const charged = await store.kysely
    .selectFrom("ledger_entry")
    .select("query")
    .where("ledger_group", "=", CARE.dataset)
    .execute();
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
