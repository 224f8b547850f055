/**
 * A decline that comes while regions are still answering binds those that have not: whatever its signer adds to it, and
 * whatever the relay shows. What regions judge by is what the audit will.
 */
import { afterEach, expect, test } from "vitest";
import { ask, fillQuery, follow, signApproval, signQuery } from "../../cli/client/ask.ts";
import { auditFrom } from "../../cli/commands/audit.ts";
import { sourceOf } from "../../cli/log/source.ts";
import { systemRandom } from "../../node/random.ts";
import { readLeaf } from "../../protocol/log/leaf.ts";
import type { Approval } from "../../protocol/question/approval.ts";
import { envelopeId } from "../../protocol/signing/envelope.ts";
import { instant } from "../../protocol/values/names.ts";
import type { Fetch } from "../../protocol/wire/client.ts";
import { ROUTES } from "../../protocol/wire/routes.ts";
import { clockOf } from "../support/clock.ts";
import { temporaryFolder } from "../support/engines.ts";
import { DRAFT, federationOf } from "../support/federation.ts";
import { overHttp, readLog } from "../support/logs.ts";

const running: Array<() => Promise<void>> = [];
afterEach(async () => {
  for (const stop of running.splice(0).reverse()) await stop();
});

type Polled = {
  readonly work: Array<{ approvals: Array<{ payload: string }>; proof: { places: unknown[] } }>;
};

/**
 * A question that three regions of four have answered, the fourth having been shown no work yet. `shown` is what the
 * relay makes of what that one is shown.
 */
async function halfAnswered(shown: (reply: Polled) => Polled = (reply) => reply) {
  const folder = temporaryFolder();
  const clock = clockOf();
  let held = true;
  const fetcher = (code: string): Fetch => {
    return async (url, init) => {
      const response = await fetch(url, init);
      if (code !== "05" || !String(url).endsWith(ROUTES.poll.path) || !response.ok) return response;
      const reply = (await response.json()) as Polled;
      if (held && reply.work.length > 0) throw new TypeError("cut");
      return Response.json(shown(reply));
    };
  };
  const regions = { "01": "", "03": "", "04": "", "05": "" };
  const network = await federationOf(folder.path, regions, { fetch: fetcher, logged: true, now: clock.now });
  running.push(async () => {
    held = false;
    await network.stop();
    folder.remove();
  });
  const { client, made, address, nodes } = network;
  const draft = { ...DRAFT, minRegions: 2 };
  const query = fillQuery(draft, made.hash, made.researcher.id, clock.now(), systemRandom);
  const envelope = signQuery(query, made.researcher.signer);
  const id = await ask(client, envelope, []);
  const [one, two] = made.approvers;
  const federation = nodes[0]?.answerer.federation;
  if (one === undefined || two === undefined || federation === undefined) throw new Error("a federation");
  await ask(client, envelope, [signApproval(id, one, clock.now())]);
  const answered = async () =>
    (await client("getQuery", { params: { id } })).regions.filter(({ state }) => state === "answered").length;
  await expect.poll(answered, { timeout: 60_000 }).toBe(3);
  /** Signed by the second approver, handed in, and public. */
  const decline = async (more: Partial<Approval> = {}) => {
    const signed = signApproval(id, two, clock.now(), { decision: "decline", ...more });
    await client("submitApproval", { body: signed });
    const known = async () => {
      const { entries } = await readLog(overHttp(address), federation);
      return entries.map(readLeaf).some((leaf) => "id" in leaf && leaf.id === envelopeId(signed));
    };
    await expect.poll(known, { timeout: 60_000 }).toBe(true);
  };
  /** What has become of each region once the fourth is shown the work, and what an audit finds. */
  const outcome = async () => {
    held = false;
    const { regions } = await follow(client, id);
    const { findings } = await auditFrom(sourceOf(address, fetch), made.hash, clock.now());
    return { regions: regions.map(({ state, code }) => code ?? state), findings };
  };
  return { clock, decline, outcome };
}

const DECLINED = { regions: ["answered", "answered", "answered", "query-declined"], findings: [] };

test("a decline that was renewed binds until the later one ends: nodes and audit judge both", async () => {
  const { clock, decline, outcome } = await halfAnswered();
  const soon = new Date(clock.now().getTime() + 60_000);
  await decline({ expires: instant(soon) });
  // In the last quarter of its time; then over.
  clock.forward(new Date(soon.getTime() - 10_000));
  await decline();
  clock.forward(new Date(soon.getTime() + 30_000));
  expect(await outcome()).toEqual(DECLINED);
});

test("a decline binds a region that has read it in the log, though the relay leaves it out, with its proof", async () => {
  const { decline, outcome } = await halfAnswered((reply) => {
    const work = reply.work.map(({ approvals, proof, ...item }) => {
      const kept = approvals.map(({ payload }) => !atob(payload).includes('"decline"'));
      const places = proof.places.filter((_, at) => at < 2 || kept[at - 2]);
      return { ...item, approvals: approvals.filter((_, at) => kept[at]), proof: { ...proof, places } };
    });
    return { ...reply, work };
  });
  await decline();
  expect(await outcome()).toEqual(DECLINED);
});
