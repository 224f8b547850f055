/**
 * Pins: of each coordinator, the hash of version 1 of its federation's directory, as it was given on paper, by mail or in
 * person. Kept in `brus/pins.json` of the user's own configuration. Never taken from a coordinator: it is what a
 * coordinator's word is checked by.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import { Hash } from "../../protocol/values/bytes.ts";
import { parseJson } from "../../protocol/values/json.ts";
import { parseWith, Refusal } from "../../protocol/values/refusal.ts";

const PinFile = z.record(z.string().max(2000), Hash);

export type Pins = {
  /** The file that holds them. */
  readonly path: string;
  readonly of: (address: string) => Hash | null;
  readonly keep: (address: string, directory1: Hash) => void;
};

/** Those of a user, whose configuration is in this folder (`~/.config`, or `XDG_CONFIG_HOME`). */
export function pinsIn(configuration: string): Pins {
  const path = join(configuration, "brus", "pins.json");
  const read = (): z.infer<typeof PinFile> =>
    existsSync(path) ? parseWith(PinFile, parseJson(readFileSync(path)), path, "config-invalid") : {};
  return {
    path,
    of: (address) => read()[placeOf(address)] ?? null,
    keep: (address, directory1) => {
      const pins = { ...read(), [placeOf(address)]: directory1 };
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      // Whole or not at all: half a file would leave every command without a pin.
      writeFileSync(`${path}.new`, `${JSON.stringify(pins, null, 2)}\n`, { mode: 0o600 });
      renameSync(`${path}.new`, path);
    },
  };
}

/** One address, however it is written. Refuses (`usage`) what is none. */
function placeOf(address: string): string {
  if (!URL.canParse(address))
    throw new Refusal("usage", "expected a coordinator's address, with http or https");
  const { origin, pathname } = new URL(address);
  return `${origin}${pathname.replace(/\/+$/, "")}`;
}
