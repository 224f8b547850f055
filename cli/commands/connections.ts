/** What commands reach others through, over this process's own network. */
import { homedir } from "node:os";
import { join } from "node:path";
import type { Source } from "../../protocol/log/documents.ts";
import type { Fetch } from "../../protocol/wire/client.ts";
import { aheadInWords, comparing } from "../../server/clock.ts";
import { connectionsOver } from "../client/connect.ts";
import { pinsIn } from "../client/pins.ts";
import { sourceOf as sourceOver } from "../log/source.ts";

/** What this user has enrolled with. */
export const pins = pinsIn(process.env["XDG_CONFIG_HOME"] || join(homedir(), ".config"));

/** To a person, beside what is said. */
const warn = (line: string): void => void process.stderr.write(`warning: ${line}\n`);

// What a command decides of a time, it decides by this machine's clock.
const own: Fetch = comparing(
  (url, init) => fetch(url, init),
  () => new Date(),
  (ahead) => {
    if (ahead !== null) warn(aheadInWords(ahead));
  },
).fetch;

export const { client, federationAt, asideAt, purposeAt } = connectionsOver(own, {
  pins,
  now: () => new Date(),
  warn,
});

/** Where an audit reads from: a coordinator's address, or a folder that mirrors its `/log/`. */
export const sourceOf = (place: string): Source => sourceOver(place, own);
