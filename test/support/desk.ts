/** A desk in this process, over a coordinator that may lie; and how its page speaks to it, without a browser. */

import type { Party } from "../../cli/client/ask.ts";
import type { Network } from "../../cli/demo/network.ts";
import { type Desk, type DeskKey, deskOf } from "../../desk/desk.ts";
import { systemRandom } from "../../node/random.ts";
import type { KeyPurpose } from "../../protocol/signing/envelope.ts";
import { Refusal } from "../../protocol/values/refusal.ts";
import type { Fetch } from "../../protocol/wire/client.ts";
import type { Readied, SignedAtDesk, Wanted } from "../../protocol/wire/desk.ts";
import { BUILT } from "../../server/built-pages.ts";
import { catalogueHere } from "../../server/catalogue.ts";
import { loggerOf } from "../../server/logger.ts";

export const ORIGIN = "http://127.0.0.1:8710";
const HOST = new URL(ORIGIN).host;

export const keyOf = ({ signer }: Party, purpose: KeyPurpose): DeskKey => ({ signer, purpose });

type Options = {
  readonly keys?: readonly DeskKey[];
  /** What stands between the desk and the coordinator. */
  readonly fetch?: Fetch;
  readonly directory1?: Network["made"]["hash"];
  readonly doored?: boolean;
};

export const deskAt = (network: Network, options: Options = {}): Promise<Desk> =>
  deskOf(
    {
      coordinator: network.address,
      directory1: options.directory1 ?? network.made.hash,
      origin: ORIGIN,
      keys: options.keys ?? [],
      doored: options.doored ?? true,
      built: BUILT,
      pages: `sha256:${"0".repeat(64)}`,
      labels: catalogueHere().labels,
    },
    {
      fetch: options.fetch ?? ((url, init) => fetch(url, init)),
      now: network.now,
      random: systemRandom,
      logger: loggerOf("desk", "error"),
    },
  );

export type Page = {
  readonly ask: (path: string, init?: RequestInit) => Promise<Response>;
  readonly ready: (wanted: Wanted) => Promise<Readied>;
  readonly sign: (ticket: string) => Promise<SignedAtDesk>;
};

/** Requests as a browser makes them of the page at the desk's own origin, with what is given over them. */
export const asked = (
  { app }: Desk,
  path: string,
  { headers, ...init }: RequestInit = {},
): Promise<Response> =>
  Promise.resolve(
    app.request(`${ORIGIN}${path}`, { ...init, headers: { host: HOST, ...(headers as object | undefined) } }),
  );

/** Opens the desk's address, and is its page from then on. */
export async function enter(desk: Desk): Promise<Page> {
  const token = new URL(desk.open()).hash.slice(1);
  const entering = { method: "POST", headers: { authorization: `Bearer ${token}` } };
  const { session } = (await (await asked(desk, "/session", entering)).json()) as { session: string };
  const ask: Page["ask"] = (path, { headers, ...init } = {}) =>
    asked(desk, path, {
      ...init,
      headers: { authorization: `Bearer ${session}`, origin: ORIGIN, ...(headers as object | undefined) },
    });
  const told = async <T>(path: string, body: unknown): Promise<T> => {
    const answer = await ask(path, { method: "POST", body: JSON.stringify(body) });
    const said = (await answer.json()) as never;
    if (!answer.ok) throw Refusal.fromProblem(said);
    return said;
  };
  return {
    ask,
    ready: (wanted) => told("/desk/ready", wanted),
    sign: (ticket) => told("/desk/sign", { ticket }),
  };
}
