/** Where an audit reads from: a coordinator's address, or a folder that mirrors its `/log/`. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Source } from "../../protocol/log/documents.ts";
import { Refusal } from "../../protocol/values/refusal.ts";
import type { Fetch } from "../../protocol/wire/client.ts";
import { steady } from "../../server/retry-fetch.ts";

/** Milliseconds that one file may take. */
const PATIENCE = 120_000;

export function sourceOf(place: string, fetch: Fetch): Source {
  if (/^https?:\/\//.test(place))
    return overHttp(`${place.replace(/\/+$/, "").replace(/\/log$/, "")}/log`, fetch);
  if (!existsSync(place) || !statSync(place).isDirectory())
    throw new Refusal("usage", `expected an address, or a folder with a log, at ${place}`);
  return async (path) => {
    const file = join(place, path);
    return existsSync(file) ? Uint8Array.from(readFileSync(file)) : null;
  };
}

const overHttp =
  (base: string, fetch: Fetch): Source =>
  async (path) => {
    try {
      const response = await steady(fetch)(`${base}/${path}`, {
        signal: AbortSignal.timeout(PATIENCE),
      });
      const bytes = new Uint8Array(await response.arrayBuffer());
      if (response.ok) return bytes;
      if (response.status === 404) return null;
    } catch (cause) {
      throw new Refusal("unavailable", `expected a log at ${base}`, { cause });
    }
    throw new Refusal("unavailable", `expected a file at ${base}/${path}`);
  };
