/** What commands reach others through, over this process's own network. */
import type { Source } from "../../protocol/log/documents.ts";
import type { Fetch } from "../../protocol/wire/client.ts";
import { aheadInWords, comparing } from "../../server/clock.ts";
import { connectionsOver } from "../client/connect.ts";
import { sourceOf as sourceOver } from "../log/source.ts";

/** To a person, beside what is said: what a command decides of a time, it decides by this machine's clock. */
const warn = (ahead: number | null): void => {
  if (ahead !== null) process.stderr.write(`${aheadInWords(ahead)}\n`);
};

const own: Fetch = comparing(
  (url, init) => fetch(url, init),
  () => new Date(),
  warn,
).fetch;

export const { client, federationAt, asideAt } = connectionsOver(own);

/** Where an audit reads from: a coordinator's address, or a folder that mirrors its `/log/`. */
export const sourceOf = (place: string): Source => sourceOver(place, own);
