/** `brus keys`: makes signing keys, seals them, and shows what a key file is. */
import { randomBytes } from "node:crypto";
import { closeSync, fsyncSync, openSync, renameSync } from "node:fs";
import { type Command, Option } from "commander";
import { PublicKey } from "../../protocol/signing/ed25519.ts";
import { utf8 } from "../../protocol/values/bytes.ts";
import { parseWith, Refusal } from "../../protocol/values/refusal.ts";
import { type KeyFile, readKeyFile } from "../../server/keys.ts";
import { SCRYPT_COST, type SealedKey, sealKey } from "../../server/sealed-key.ts";
import { newKey, type PlainKey, writeSecret } from "../../server/signing.ts";
import { SigningCommand, signerByCommand } from "../../server/signing-command.ts";
import type { Out } from "../client/connect.ts";
import { newPassphraseFor } from "../client/passphrase.ts";

const PURPOSES = ["root", "release", "answer", "log", "witness", "ask", "approve", "audit"] as const;

type New = {
  readonly purpose: string;
  readonly seal?: boolean;
  readonly passphraseFile?: string;
  readonly json?: boolean;
};
type External = { readonly purpose: string; readonly public: string; readonly timeout: string };

const purposeOption = () =>
  new Option("--purpose <purpose>", "one key, one purpose").choices(PURPOSES).makeOptionMandatory();

export function keyCommands(program: Command, out: Out): void {
  const keys = program.command("keys").description("make signing keys, and seal them by a passphrase");
  const sub = (usage: string, description: string) => keys.command(usage).description(description);

  sub("new <file>", "make a key and write it to a new file that only you can read; prints the public part")
    .addOption(purposeOption())
    .option("--seal", "under a passphrase; a root's key always is")
    .option("--json", "for machines")
    .action((file: string, _: New, command: Command) => makeKey(file, command.optsWithGlobals(), out));

  sub("seal <file>", "put a key that lies in plain text under a passphrase").action(
    (file: string, _: object, command: Command) => sealFile(file, command.optsWithGlobals(), out),
  );

  sub("show <file>", "the public part of a key file, its purpose, and how it is kept; opens nothing")
    .option("--json", "for machines")
    .action((file: string, options: { readonly json?: boolean }) => showKey(file, options, out));

  sub("command <file> <program> [words...]", "name a command of your own that signs, and try it once")
    .addOption(purposeOption())
    .requiredOption("--public <key>", "the public key that it signs with, base64")
    .option("--timeout <seconds>", "how long a signature may take", "10")
    .action((file: string, named: string, words: string[], options: External) =>
      nameCommand(file, [named, ...words], options, out),
    );
}

const textOf = (key: KeyFile): string => `${JSON.stringify(key, null, 2)}\n`;

function sealed(key: PlainKey, path: string, passphraseFile: string | undefined): SealedKey {
  const passphrase = newPassphraseFor(path, passphraseFile);
  return sealKey(key, passphrase, { salt: randomBytes(32), cost: SCRYPT_COST });
}

/** `brus keys new`: a passphrase file is asked for only to seal with, so naming one seals. */
function makeKey(path: string, { purpose, seal, passphraseFile, json }: New, { say }: Out): void {
  const key = newKey(purpose);
  const sealing = purpose === "root" || seal === true || passphraseFile !== undefined;
  writeSecret(path, textOf(sealing ? sealed(key, path, passphraseFile) : key));
  say(json === true ? JSON.stringify({ public: key.public }) : key.public);
}

/** `brus keys seal`: the sealed file takes the plain one's place at once, or not at all. */
function sealFile(path: string, { passphraseFile }: Pick<New, "passphraseFile">, { say }: Out): void {
  const key = readKeyFile(path);
  if (key.kind !== "ed25519") throw new Refusal("usage", `expected a key in plain text in ${path}`);
  const beside = `${path}.sealed`;
  writeSecret(beside, textOf(sealed(key, path, passphraseFile)));
  const written = openSync(beside, "r");
  fsyncSync(written); // The only copy of a root's key: on the disk before the other is gone.
  closeSync(written);
  renameSync(beside, path);
  say(`Sealed: ${path}. Copies of the plain file, and backups of it, are as they were.`);
}

const KEPT = {
  ed25519: "in plain text",
  "ed25519-sealed": "sealed by a passphrase",
  command: "by a command of its owner's",
} as const satisfies Record<KeyFile["kind"], string>;

/** `brus keys show` */
function showKey(path: string, { json }: { readonly json?: boolean }, { say }: Out): void {
  const { kind, purpose, public: key } = readKeyFile(path);
  say(
    json === true ? JSON.stringify({ public: key, purpose, kind }) : `${key} ${purpose}, kept ${KEPT[kind]}`,
  );
}

/** `brus keys command`: what it is tried with is no document, and means nothing to anybody. */
function nameCommand(path: string, argv: readonly string[], options: External, { say }: Out): void {
  const named = {
    kind: "command",
    purpose: options.purpose,
    public: parseWith(PublicKey, options.public, "--public", "usage"),
    argv,
    timeoutSeconds: Number(options.timeout),
  };
  const key = parseWith(SigningCommand, named, "signing command", "usage");
  signerByCommand(key).sign(utf8("brus keys command: a trial"));
  writeSecret(path, textOf(key));
  say(key.public);
}
