/**
 * Key files: where private keys live, in one of three forms. Plain; sealed by a passphrase; or a command of the owner's own
 * that signs. Each names its public key and its purpose in clear: one key, one purpose. Whatever signs reads its key here.
 */
import { z } from "zod";
import type { PublicKey } from "../protocol/signing/ed25519.ts";
import type { Signer } from "../protocol/signing/envelope.ts";
import { fromUtf8 } from "../protocol/values/bytes.ts";
import { parseJson } from "../protocol/values/json.ts";
import { parseWith, Refusal } from "../protocol/values/refusal.ts";
import { openSealedKey, SCRYPT_COST, SealedKey } from "./sealed-key.ts";
import { PlainKey, readSecret, signerOf } from "./signing.ts";
import { SigningCommand, signerByCommand } from "./signing-command.ts";

export const KeyFile = z.discriminatedUnion("kind", [PlainKey, SealedKey, SigningCommand]);
export type KeyFile = z.infer<typeof KeyFile>;

/** What a key file is opened with. */
export type Opening = {
  /** Gives the passphrase of the sealed file at a path; called for no other. */
  readonly passphrase?: (path: string) => string;
  /** Told what its owner should mend. */
  readonly warn?: (line: string) => void;
  /** The cheapest seal that is opened: tests alone open cheaper ones. */
  readonly leastCost?: number;
};

/** Reads a key file as it stands. Refuses (`config-invalid`) one that others than its owner can read, or of no known form. */
export function readKeyFile(path: string): KeyFile {
  const text = readSecret(path);
  try {
    return parseWith(KeyFile, parseJson(text), "key file", "config-invalid");
  } catch (cause) {
    if (!(cause instanceof Refusal)) throw cause;
    throw new Refusal("config-invalid", `expected a key file, as brus keys new writes it, in ${path}`, {
      cause,
    });
  }
}

/** The public key of a file, unopened. Refuses (`key-wrong-purpose`) one made for another purpose. */
export const publicKeyIn = (path: string, purpose: string): PublicKey => keyFor(path, purpose).public;

/**
 * The signer of a key file of a purpose. Refuses another purpose (`key-wrong-purpose`), and a sealed one for which there
 * is no passphrase, or another (`key-sealed`). A command's refusals come when it signs.
 */
export function signerFrom(path: string, purpose: string, opening: Opening = {}): Signer {
  const file = keyFor(path, purpose);
  switch (file.kind) {
    case "ed25519":
      if (purpose === "root")
        opening.warn?.(`the root key in ${path} lies in plain text: brus keys seal ${path}`);
      return signerOf(file);
    case "ed25519-sealed":
      return signerOf(plainOf(file, path, opening));
    case "command":
      return signerByCommand(file);
  }
}

function keyFor(path: string, purpose: string): KeyFile {
  const file = readKeyFile(path);
  if (file.purpose === purpose) return file;
  throw new Refusal(
    "key-wrong-purpose",
    `expected a key made for "${purpose}" in ${path}; it is for "${file.purpose}"`,
  );
}

/** A sealed key, opened. Refuses as `signerFrom` does, and a private key that is not the public one's. */
export function plainOf(file: SealedKey, path: string, opening: Opening): PlainKey {
  const { purpose, public: publicKey, kdf } = file;
  if (kdf.n < (opening.leastCost ?? SCRYPT_COST))
    throw new Refusal(
      "config-invalid",
      `expected the key in ${path} to be sealed at n of ${SCRYPT_COST} or more`,
    );
  if (opening.passphrase === undefined) throw new Refusal("key-sealed", `expected the passphrase of ${path}`);
  const secret = openSealedKey(file, opening.passphrase(path));
  if (secret === null)
    throw new Refusal(
      "key-sealed",
      `expected the passphrase with which ${path} was sealed, and the file unchanged`,
    );
  return { kind: "ed25519", purpose, public: publicKey, private: secret };
}

/** The passphrase in a file, its last line's end left out: of a service, which nobody can ask. Its mode is checked. */
export const passphraseIn = (path: string): string => fromUtf8(readSecret(path)).replace(/\r?\n$/, "");

/** How a service opens its key files: by the passphrase in a file, where its configuration names one. */
export const openingBy = (passphraseFile: string | undefined, at: (path: string) => string): Opening =>
  passphraseFile === undefined ? {} : { passphrase: () => passphraseIn(at(passphraseFile)) };

/** One key file, or several of which the directory names one: so that a key can be replaced without a stop. */
export const KeyFiles = z.union([z.string().max(1000), z.array(z.string().max(1000)).min(1).max(10)]);
export type KeyFiles = z.infer<typeof KeyFiles>;

/** Gives the signer of a public key; refuses (`config-invalid`) where none of the files holds it. */
export type Keyring = (publicKey: PublicKey | undefined) => Signer;

/** Reads key files of one purpose, all at once, so that a mistake in one shows at the start. */
export function keyringOf(
  files: KeyFiles,
  purpose: string,
  at: (path: string) => string,
  opening: Opening = {},
): Keyring {
  const signers = [files].flat().map((path) => signerFrom(at(path), purpose, opening));
  return (publicKey) => {
    const signer = signers.find((each) => each.publicKey === publicKey);
    if (signer !== undefined) return signer;
    throw new Refusal("config-invalid", `expected the ${purpose} key that the directory names`);
  };
}
