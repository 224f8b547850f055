/** `brus enrol`: whose federation a coordinator serves, said once by its user; from then on commands hold it to that. */
import type { Command } from "commander";
import { Hash } from "../../protocol/values/bytes.ts";
import { parseWith, Refusal } from "../../protocol/values/refusal.ts";
import type { Out } from "../client/connect.ts";
import { federationAt, pins } from "./connections.ts";

type Enrol = { readonly directory: string; readonly replace?: boolean };

export function enrolCommands(program: Command, out: Out): void {
  program
    .command("enrol <address>")
    .description(
      "pin a coordinator's directory by the hash that you were given, for this user and from now on",
    )
    .requiredOption("--directory <hash>", "the hash of version 1, from paper, mail or a person")
    .option("--replace", "instead of the hash that is pinned for this address")
    .action((address: string, options: Enrol) => enrol(address, options, out));
}

/** Refuses (`directory-unknown`) where the coordinator hands out another directory, before anything is kept. */
async function enrol(address: string, { directory, replace }: Enrol, { say }: Out): Promise<void> {
  const hash = parseWith(Hash, directory, "--directory", "usage");
  const before = pins.of(address);
  if (before !== null && before !== hash && replace !== true)
    throw new Refusal(
      "usage",
      `expected ${before}, which is pinned for ${address} already; --replace if you know that it is another federation now`,
    );
  const federation = await federationAt(address, hash);
  pins.keep(address, hash);
  const { name, version, expires } = federation.directory;
  say(
    `Enrolled: ${address} serves ${name}, whose directory 1 is ${hash} (${pins.path}).\nIn force: version ${version}, ${federation.hash}, until ${expires}.`,
  );
}
