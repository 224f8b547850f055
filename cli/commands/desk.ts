/** `brus desk`: asking, approving and auditing on one's own machine, with pages and keys that are not the coordinator's. */
import type { Command } from "commander";
import type { DeskKey } from "../../desk/desk.ts";
import type { DeskCommand } from "../../desk/main.ts";
import { KEY_PURPOSES } from "../../protocol/signing/envelope.ts";
import { Refusal } from "../../protocol/values/refusal.ts";
import { DESK_PORT } from "../../protocol/wire/desk-address.ts";
import { type Opening, signerFrom } from "../../server/keys.ts";
import type { Out } from "../client/connect.ts";
import { pins } from "./connections.ts";
import { collect } from "./directory-words.ts";
import { portNumber } from "./options.ts";

type Options = Omit<DeskCommand, "directory"> & { readonly directory?: string; readonly key: string[] };

export function deskCommands(program: Command, { say, opening }: Out): void {
  program
    .command("desk")
    .description("ask, approve and audit on this machine: pages and keys that the coordinator has no hand in")
    .option("--coordinator <address>", "the coordinator's address", "http://127.0.0.1:8700")
    .option(
      "--directory <hash>",
      "the hash of version 1 of the directory; else the one that you enrolled with",
    )
    .option("--port <port>", "where to listen", portNumber, DESK_PORT)
    .option("--key <file>", "a key of yours to sign with; without it the browser keeps one", collect, [])
    .option("--origin <address>", "in a region's own network: where its own TLS proxy serves this desk")
    .option("--host <address>", "with --origin: what to listen on", "127.0.0.1")
    .option("--pages <digest>", "pages to serve where the directory names others, as brus pages digest says")
    .action(async ({ key, directory: given, ...command }: Options) => {
      const directory = given ?? pins.of(command.coordinator);
      if (directory === null)
        throw new Refusal(
          "not-pinned",
          `expected the hash of the directory that ${command.coordinator} is to be held to`,
        );
      const keys = key.map((path) => keyIn(path, opening));
      const { runDesk } = await import("../../desk/main.ts");
      await runDesk({ ...command, directory }, keys, say);
    });
}

/** A key file of whichever purpose a person's key may have. */
function keyIn(path: string, opening: Opening): DeskKey {
  for (const purpose of KEY_PURPOSES) {
    try {
      return { purpose, signer: signerFrom(path, purpose, opening) };
    } catch (error) {
      if (!(error instanceof Refusal) || error.code !== "key-wrong-purpose") throw error;
    }
  }
  throw new Refusal("key-wrong-purpose", `expected a person's key in ${path}: to ask, approve or audit`);
}
