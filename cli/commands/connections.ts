/** What commands reach others through, over this process's own network. */
import type { Source } from "../../protocol/log/documents.ts";
import type { Fetch } from "../../protocol/wire/client.ts";
import { connectionsOver } from "../client/connect.ts";
import { sourceOf as sourceOver } from "../log/source.ts";

const own: Fetch = (url, init) => fetch(url, init);

export const { client, federationAt, asideAt } = connectionsOver(own, {
  now: () => new Date(),
  warn: (line) => process.stderr.write(`warning: ${line}\n`),
});

/** Where an audit reads from: a coordinator's address, or a folder that mirrors its `/log/`. */
export const sourceOf = (place: string): Source => sourceOver(place, own);
