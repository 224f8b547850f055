/** `brus keys`: makes signing keys. */
import { type Command, Option } from "commander";
import { newKey, writeSecret } from "../../server/signing.ts";
import type { Out } from "../client/connect.ts";

export function keyCommands(program: Command, { say }: Out): void {
  const keys = program.command("keys").description("make signing keys");
  keys
    .command("new <file>")
    .description("make a key and write it to a new file that only you can read; prints the public part")
    .addOption(
      new Option("--purpose <purpose>", "one key, one purpose")
        .choices(["root", "release", "answer", "log", "witness", "ask", "approve", "audit"])
        .makeOptionMandatory(),
    )
    .option("--json", "for machines")
    .action((file: string, options: { purpose: string; json?: boolean }) => {
      const key = newKey(options.purpose);
      writeSecret(file, `${JSON.stringify(key, null, 2)}\n`);
      say(options.json === true ? JSON.stringify({ public: key.public }) : key.public);
    });
}
