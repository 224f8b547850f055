/**
 * Row 10: races for a budget. 200 parallel asks for one that fits 10 get exactly 10, on both engines, whoever
 * reserves: several ledgers in one process, several processes, and a node killed again and again in between.
 */
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ask, fillQuery, follow, signApproval, signQuery } from "../../cli/client/ask.ts";
import { startNetwork } from "../../cli/demo/network.ts";
import { checkLedger, ledgerOf } from "../../node/answer/ledger.ts";
import { systemRandom } from "../../node/random.ts";
import { prepareNode } from "../../node/store/database.ts";
import { writeDataset } from "../../protocol/question/catalogue.ts";
import { envelopeId } from "../../protocol/signing/envelope.ts";
import { hashOf, utf8 } from "../../protocol/values/bytes.ts";
import { Refusal } from "../../protocol/values/refusal.ts";
import { chargeOfTwo } from "../support/charges.ts";
import { databaseUrlFor, ENGINES, missing, openNodeStore, temporaryFolder } from "../support/engines.ts";
import { CARE, CHEAP_SEAL, complete, DRAFT, now } from "../support/federation.ts";
import { startParty, stopParty } from "../support/process.ts";

const ASKS = 200;
const chargeOf = (index: number) => chargeOfTwo(hashOf(utf8(`query ${index}`)));

describe.each(ENGINES)("%s", (engine) => {
  test.skipIf(missing(engine))(`${ASKS} parallel reservations through four ledgers: exactly 10`, async () => {
    const folder = temporaryFolder();
    const store = await openNodeStore(engine, folder.path);
    await prepareNode(store, []);
    const ledgers = Array.from({ length: 4 }, () => ledgerOf(store, now, null));
    const outcomes = await Promise.all(
      Array.from({ length: ASKS }, async (_, index) => {
        try {
          const ledger = ledgers[index % ledgers.length];
          return (await ledger?.reserve(chargeOf(index))) === true ? "charged" : "known";
        } catch (error) {
          if (error instanceof Refusal) return error.code;
          throw error;
        }
      }),
    );
    expect(outcomes.filter((outcome) => outcome === "charged")).toHaveLength(10);
    expect(outcomes.filter((outcome) => outcome === "budget-exceeded")).toHaveLength(ASKS - 10);
    expect(await checkLedger(store)).toBeNull();
    const head = await ledgers[0]?.head();
    expect(head?.accounts.map(({ spent }) => spent)).toEqual(["1/10", "1/10", "1/5"]);
    // Asked again, each charged query is known, and nothing more is charged.
    const again = await Promise.allSettled(
      Array.from({ length: ASKS }, (_, index) => ledgers[0]?.reserve(chargeOf(index))),
    );
    expect(again.filter((each) => each.status === "fulfilled" && each.value === false)).toHaveLength(10);
    expect((await ledgers[0]?.head())?.sequence).toBe(30);
    await store.close();
    folder.remove();
  });

  test.skipIf(missing(engine))(
    `${ASKS} queries over HTTP to a node killed in between: exactly 10 answered`,
    async () => {
      const folder = temporaryFolder();
      const datasets = [writeDataset({ ...CARE, budget: { rhoPerPeriod: "1/10", delta: "1e-9" } })];
      const region = { code: "01", name: "One" };
      // The coordinator runs here; its one node runs, and dies, as a process.
      const network = await startNetwork(
        folder.path,
        { name: "Race", regions: [region], datasets, approvals: 1, logged: false, sealCost: CHEAP_SEAL },
        { tick: 1 },
      );
      await Promise.all(network.nodes.map((node) => node.stop()));
      const config = join(folder.path, "node-01", "node.json");
      const databaseUrl = await databaseUrlFor(engine);
      const [entry] = network.made.nodes;
      if (entry === undefined) throw new Error("a federation has a node");
      complete(entry.config.policy, "care@1", DRAFT.periods);
      const settings = {
        ...entry.config,
        coordinator: network.address,
        data: join(folder.path, "racer"),
        tick: 1,
      };
      writeFileSync(
        config,
        JSON.stringify({ ...settings, ...(databaseUrl === undefined ? {} : { databaseUrl }) }),
      );
      const ids = await Promise.all(
        Array.from({ length: ASKS }, async () => {
          const query = fillQuery(
            { ...DRAFT, rho: "1/100" },
            network.made.hash,
            "researcher",
            now(),
            systemRandom,
          );
          const envelope = signQuery(query, network.made.researcher.signer);
          const [approver] = network.made.approvers;
          if (approver === undefined) throw new Error("there is an approver");
          return await ask(network.client, envelope, [signApproval(envelopeId(envelope), approver, now())]);
        }),
      );
      // Killed between reserve, compute and respond: at the n-th step after it first has work.
      for (const at of [4, 11, 15, 19, 23, 29, 41, 83, 167]) {
        const node = startParty("node", config, { at, arm: "work" });
        expect(await node.ended).toBe("SIGKILL");
      }
      const last = startParty("node", config);
      await last.ready;
      // One after another: two hundred followers at once would be a load of their own.
      const ended = [];
      for (const id of ids) ended.push(await follow(network.client, id));
      await stopParty(last);
      const codes = ended.map(({ state, regions }) =>
        state === "released" ? "released" : (regions[0]?.code ?? state),
      );
      expect(codes.filter((code) => code === "released")).toHaveLength(10);
      expect(codes.filter((code) => code === "budget-exceeded")).toHaveLength(ASKS - 10);
      await network.coordinator.stop();
      folder.remove();
    },
  );
});

test.skipIf(missing("postgresql"))(
  "four processes on one PostgreSQL database, killed at random: never more than 10",
  async () => {
    const databaseUrl = await databaseUrlFor("postgresql");
    const script = join(import.meta.dirname, "../support/reserver.ts");
    const node = join(import.meta.dirname, "../../node_modules/.bin/node");
    const start = (from: number, dieAfter: number) =>
      new Promise<string>((resolve, reject) => {
        const child = spawn(node, [script, databaseUrl ?? "", String(from), String(dieAfter)], {
          stdio: ["ignore", "pipe", "inherit"],
        });
        let text = "";
        child.stdout.on("data", (chunk: Buffer) => {
          text += chunk.toString();
        });
        child.on("error", reject);
        child.on("exit", () => resolve(text));
      });
    await start(0, 1); // Makes the tables, and dies with one reserved.
    const texts = await Promise.all([start(0, 3), start(50, 2), start(100, 0), start(150, 0)]);
    const folder = temporaryFolder();
    const { openStore } = await import("../../server/database.ts");
    const store = await openStore<import("../../node/store/database.ts").NodeDatabase>("node", {
      data: folder.path,
      databaseUrl,
      threads: 1,
      memory: "500MB",
    });
    expect(await checkLedger(store)).toBeNull();
    expect((await ledgerOf(store, now, null).head()).accounts.map(({ spent }) => spent)).toEqual([
      "1/10",
      "1/10",
      "1/5",
    ]);
    // What the survivors saw charged is no more than what is charged: the dead took some with them.
    expect(texts.join("").match(/charged/g)?.length ?? 0).toBeLessThanOrEqual(10);
    await store.close();
    folder.remove();
  },
);
