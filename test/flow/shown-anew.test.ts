/**
 * What a region is shown of a question while a sum is under way is of now, however long ago the phase began: a decline,
 * a proof that is fresh, another version of the directory. Only the round's sets are of when it began.
 */
import { afterEach, expect, test } from "vitest";
import { ask, fillQuery, follow, signApproval, signQuery } from "../../cli/client/ask.ts";
import type { Network } from "../../cli/demo/network.ts";
import { bellOf } from "../../coordinator/bell.ts";
import type { Logs } from "../../coordinator/log/logs.ts";
import { answerPoll } from "../../coordinator/poll.ts";
import { systemRandom } from "../../node/random.ts";
import { readVersions } from "../../protocol/federation/versions.ts";
import type { Poll } from "../../protocol/release/answer.ts";
import { signDocument } from "../../protocol/signing/envelope.ts";
import { hashOf, utf8 } from "../../protocol/values/bytes.ts";
import { instant } from "../../protocol/values/names.ts";
import type { Fetch } from "../../protocol/wire/client.ts";
import { ROUTES } from "../../protocol/wire/routes.ts";
import { nativeVerify } from "../../server/signing.ts";
import { clockOf } from "../support/clock.ts";
import { temporaryFolder } from "../support/engines.ts";
import { CARE, DRAFT, federationOf, settled, submit } from "../support/federation.ts";

const csv = `person,period,sex,unit,score,flag\n${Array.from({ length: 30 }, (_, person) => `p${person},2025K1,1,a,${person},true`).join("\n")}\n`;
const NATIONAL = { release: "national", minRegions: 3, rho: "1/10" };
const HOUR = 3_600_000;

const clock = clockOf();
const running: Array<() => Promise<void>> = [];
afterEach(async () => {
  for (const stop of running.splice(0).reverse()) await stop();
});

type Relay = (text: string) => string;

/** Four regions; what the last but one is answered when it polls passes through `relay`. */
async function network(relay: Relay, logged: boolean): Promise<Network> {
  const folder = temporaryFolder();
  const fetcher =
    (code: string): Fetch =>
    async (url, init) => {
      const response = await fetch(url, init);
      if (code !== "04" || !url.endsWith(ROUTES.poll.path)) return response;
      return new Response(relay(await response.text()), response);
    };
  const made = await federationOf(
    folder.path,
    { "01": csv, "03": csv, "04": csv, "05": csv },
    {
      datasets: [{ ...CARE, budget: { rhoPerPeriod: "100", delta: "1e-9" } }],
      fetch: fetcher,
      logged,
      now: clock.now,
    },
  );
  running.push(async () => {
    await made.stop();
    folder.remove();
  });
  return made;
}

/** Loses what would tell the region of a phase, until it is let go. */
function held(phase: "share" | "mask"): { readonly relay: Relay; readonly let: () => void } {
  let holds = true;
  running.push(async () => {
    holds = false;
  });
  return {
    relay: (text) => {
      if (holds && text.includes(`"phase":"${phase}"`)) throw new TypeError("cut");
      return text;
    },
    let: () => {
      holds = false;
    },
  };
}

const whereOf =
  ({ client }: Network, id: string) =>
  async (): Promise<string> => {
    const { round } = await client("getQuery", { params: { id } });
    return `${round?.phase} ${round?.sent.join()}`;
  };

test("a decline that came after the phase began binds a region that is charged after it", async () => {
  const { relay, let: go } = held("mask");
  const made = await network(relay, false);
  const id = await submit(made, NATIONAL);
  await expect.poll(whereOf(made, id)).toBe("mask 01,03,05");
  const [, second] = made.made.approvers;
  if (second === undefined) throw new Error("there are approvers");
  await made.client("submitApproval", {
    body: signApproval(id, second, clock.now(), { decision: "decline" }),
  });
  go();
  const { state, regions } = await follow(made.client, id);
  const node = made.nodes.find(({ config }) => config.code === "04") ?? expect.fail();
  const charges = await node.store.kysely.selectFrom("ledger_entry").selectAll().execute();
  expect({ state, charges, said: regions.find(({ region }) => region === "04")?.code }).toEqual({
    state: "released",
    charges: [],
    said: "query-declined",
  });
});

test("a version of the directory that comes while a sum is under way costs no region its part", async () => {
  const { relay, let: go } = held("share");
  const made = await network(relay, true);
  const { client } = made;
  const id = await submit(made, NATIONAL);
  await expect.poll(whereOf(made, id)).toBe("share 01,03,05");
  const federation = readVersions(await client("getDirectory"), null, nativeVerify);
  const next = { ...federation.directory, version: 2, previous: federation.hash };
  const body = { directory: signDocument("directory", next, ...made.made.roots), datasets: [] };
  await client("publishDirectory", { body });
  const versions = () => made.nodes.map(({ answerer }) => answerer.federation.directory.version).join();
  await expect.poll(versions).toBe("2,2,2,2");
  go();
  // It has its attempt in memory, and its keys are the same: it sends its shares.
  expect((await follow(client, id)).regions.map(({ state }) => state)).toEqual(Array(4).fill("answered"));
});

test("a region that comes back after a day, within the quarter that is waited for it, takes part", async () => {
  const { relay, let: go } = held("share");
  const made = await network(relay, true);
  const { client } = made;
  const { researcher, approvers, hash } = made.made;
  const end = instant(new Date(clock.now().getTime() + 240 * HOUR));
  const draft = { ...DRAFT, ...NATIONAL, expires: end, answerBy: end };
  const query = fillQuery(draft, hash, researcher.id, clock.now(), systemRandom);
  const envelope = signQuery(query, researcher.signer);
  const id = await ask(client, envelope, []);
  const [approver] = approvers;
  if (approver === undefined) throw new Error("there are approvers");
  await ask(client, envelope, [signApproval(id, approver, clock.now(), { expires: end })]);
  await expect.poll(whereOf(made, id)).toBe("share 01,03,05");
  clock.forward(new Date(clock.now().getTime() + 25 * HOUR));
  go();
  // Another question is released meanwhile, so that the log is cosigned anew: nothing is wrong with the federation.
  expect((await settled(made, { rho: "1/100", minRegions: 3 })).state).toBe("released");
  expect((await follow(client, id)).regions.map(({ state }) => state)).toEqual(Array(4).fill("answered"));
});

test("a round whose proof a relay has spoilt once is asked for again, and the region takes part", async () => {
  let spoilt = 0;
  const made = await network((text) => {
    if (spoilt > 0 || !text.includes('"phase":"share"')) return text;
    spoilt++;
    const reply = JSON.parse(text) as { work: object[] };
    return JSON.stringify({ ...reply, work: reply.work.map((item) => ({ ...item, proof: null })) });
  }, true);
  const { state, regions } = await settled(made, NATIONAL);
  expect({ spoilt, state, regions: regions.map((each) => each.state) }).toEqual({
    spoilt: 1,
    state: "released",
    regions: Array(4).fill("answered"),
  });
});

test("a poll's reply names the version that its proofs are of, though another comes while its work is read", async () => {
  const made = await network((text) => text, false);
  const { client, coordinator, nodes } = made;
  await nodes.find(({ config }) => config.code === "04")?.stop();
  const id = await submit(made, { rho: "1/100", minRegions: 3 });
  const answered = async () =>
    (await client("getQuery", { params: { id } })).regions.filter(({ state }) => state === "answered").length;
  await expect.poll(answered).toBe(3);
  const one = nodes[0]?.answerer.federation ?? expect.fail();
  const two: typeof one = { ...one, hash: hashOf(utf8("two")), earlier: [one] };
  let inForce = one;
  const proved: number[] = [];
  const prove = ([place]: readonly number[]) => {
    proved.push(place ?? -1);
    return { checkpoint: "", places: [] };
  };
  const context = {
    store: coordinator.store,
    federation: () => inForce,
    now: clock.now,
    // It comes into force, and is public, while the database is read.
    directoryPlace: () => {
      const place = inForce === one ? 0 : 9;
      setImmediate(() => {
        inForce = two;
      });
      return place;
    },
    logs: { publicSize: 100, prove } as unknown as Logs,
    bell: bellOf(),
  };
  const poll = { node: "04", cursor: 0, wait: 0 } as unknown as Poll;
  const { directory, work } = await answerPoll(poll, context, new AbortController().signal);
  expect(work).toHaveLength(1);
  expect([directory, proved.at(-1)]).toEqual([two.hash, 9]);
});
