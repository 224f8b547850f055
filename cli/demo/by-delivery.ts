/**
 * A folder's question is asked of what its regions have delivered: a region that lacks a period is missing from all of a
 * question that names it. So periods that the same regions have delivered are asked about together, others apart, which
 * charges and tells the same; what nobody has delivered is not asked.
 */
import { z } from "zod";
import { undelivered } from "../../node/store/delivered.ts";
import { DatasetRef } from "../../protocol/question/catalogue.ts";
import { Period } from "../../protocol/values/period.ts";
import { federationIn } from "./both-ways.ts";
import type { Network } from "./network.ts";

/** What of a draft decides how it is asked. */
const Asked = z.looseObject({
  dataset: DatasetRef,
  periods: z.array(Period).min(1),
  pool: z.literal(false),
  regions: z.union([z.literal("all"), z.array(z.string())]),
});

export type Part = {
  readonly draft: unknown;
  /** Periods of it, where they are not all of the question's. */
  readonly periods: readonly string[] | null;
  /** Whether any region that is asked has delivered them. */
  readonly delivered: boolean;
};

/** The question in parts; the whole where it is pooled, or is none. */
export async function partsOf(draft: unknown, network: Network): Promise<Part[]> {
  const whole = [{ draft, periods: null, delivered: true }];
  const asked = Asked.safeParse(draft);
  const document = asked.success ? federationIn(network).datasets.get(asked.data.dataset) : undefined;
  if (!asked.success || document === undefined) return whole;
  const { dataset } = document;
  const { periods, regions } = asked.data;
  const nodes = network.nodes.filter(({ config }) => regions === "all" || regions.includes(config.code));
  const known = await Promise.all(
    nodes.map(async ({ answerer }) => ({
      delivered: await answerer.delivered(),
      complete: answerer.policy()?.complete ?? [],
    })),
  );
  const whoHas = (period: string) =>
    known.map(
      ({ delivered, complete }) => undelivered({ dataset, periods: [period] }, delivered, complete) === null,
    );
  const groups: Array<{ key: string; periods: string[]; delivered: boolean }> = [];
  for (const period of periods) {
    const who = whoHas(period);
    const last = groups.at(-1);
    if (last?.key === who.join()) last.periods.push(period);
    else groups.push({ key: who.join(), periods: [period], delivered: who.includes(true) });
  }
  if (groups.length === 1 && groups[0]?.delivered === true) return whole;
  return groups.map(({ periods: some, delivered }) => ({
    draft: { ...(draft as object), periods: some },
    periods: some,
    delivered,
  }));
}
