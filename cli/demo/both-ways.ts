/** Asks a question of a running network to its end, and one question in both ways, so that they stand side by side. */
import { systemRandom } from "../../node/random.ts";
import type { Federation } from "../../protocol/federation/directory.ts";
import type { Query } from "../../protocol/question/query.ts";
import type { Cell } from "../../protocol/release/cells.ts";
import type { Hash } from "../../protocol/values/bytes.ts";
import { NATION } from "../../protocol/values/codes.ts";
import { Refusal } from "../../protocol/values/refusal.ts";
import { fetchResult, type Result } from "../../protocol/wire/fetch-release.ts";
import type { QueryStatus } from "../../protocol/wire/routes.ts";
import {
  ask,
  type Following,
  fillQuery,
  follow,
  signApproval,
  signQuery,
  withPurpose,
} from "../client/ask.ts";
import { figureText } from "../client/print.ts";
import { waitsFor } from "../client/waits-for.ts";
import type { Network } from "./network.ts";

export type AskedBothWays = {
  readonly query: Query;
  readonly asked: Hash;
  readonly status: QueryStatus;
  readonly result: Result;
};

/** The federation as its nodes know it. */
export function federationIn({ nodes }: Pick<Network, "nodes">): Federation {
  const federation = nodes[0]?.answerer.federation;
  if (federation === undefined) throw new Error("a federation has at least one node");
  return federation;
}

/** Signed, submitted, approved, answered, and the release checked. Throws a refusal that says why there is none. */
export async function askAll(
  network: Network,
  approvals: number,
  draft: unknown,
  following: Following = {},
): Promise<AskedBothWays> {
  const { made, client } = network;
  const now = network.now();
  const { draft: bound, aside } = withPurpose(draft, systemRandom);
  const query = fillQuery(bound, made.hash, made.researcher.id, now, systemRandom);
  const envelope = signQuery(query, made.researcher.signer);
  const asked = await ask(client, envelope, [], aside);
  const signed = made.approvers.slice(0, approvals).map((approver) => signApproval(asked, approver, now));
  await ask(client, envelope, signed);
  const status = await follow(client, asked, following);
  const federation = federationIn(network);
  if (status.release === null) {
    if (status.state === "open") throw new Refusal("no-data", waitsFor(status));
    const codes = status.regions.flatMap(({ region, code }) => (code === null ? [] : [`${region} ${code}`]));
    throw new Refusal(
      "release-unknown",
      `the query ${status.state}: ${status.reason ?? ""} ${codes.join(", ")}`,
    );
  }
  return { query, asked, status, result: await fetchResult(client, federation, asked) };
}

/** The same question at the same ρ, of the regions and of the nation alone. */
export async function askBothWays(
  network: Network,
  approvals: number,
  draft: object,
  following: Following = {},
): Promise<{ text: string; both: readonly AskedBothWays[] }> {
  const regions = await askAll(network, approvals, { ...draft, release: "regions" }, following);
  const national = await askAll(network, approvals, { ...draft, release: "national" }, following);
  const [apart, together] = [nationOf(regions), nationOf(national)];
  const width = ({ low, high }: Cell) => (high ?? 0) - (low ?? 0);
  const line = (name: string, cell: Cell) =>
    `  ${name}${figureText(cell, "count").padStart(24)}    95 %: ${cell.low?.toFixed(0)} to ${cell.high?.toFixed(0)}`;
  const text = [
    `“${regions.query.title}”, something rare, in the nation, asked in both ways with ρ = ${regions.query.rho}:`,
    line("release regions   each region adds all of the noise      ", apart),
    line("release national  regions add shares of it, behind masks ", together),
    `The same ρ, an interval ${(width(apart) / width(together)).toFixed(1)} times as narrow; and nobody, the coordinator included, saw any region's figure.`,
    "",
  ].join("\n");
  return { text, both: [regions, national] };
}

function nationOf({ result }: AskedBothWays): Cell {
  const cell = result.cells.find(({ at }) => at["region"] === NATION);
  if (cell === undefined) throw new Error("a release has the nation's figure");
  return cell;
}
