/**
 * A private key that no program of ours holds: a command of the region's own, the tool of its hardware module for one,
 * signs what it reads. The message comes on its standard input as it is, and it writes the signature's 64 bytes, and
 * nothing else, on its standard output. What it gives is verified before it is used.
 */
import { spawnSync } from "node:child_process";
import { z } from "zod";
import { PublicKey } from "../protocol/signing/ed25519.ts";
import type { Signer } from "../protocol/signing/envelope.ts";
import { fromBase64 } from "../protocol/values/bytes.ts";
import { Refusal } from "../protocol/values/refusal.ts";
import { nativeVerify } from "./signing.ts";

export const SigningCommand = z.strictObject({
  kind: z.literal("command"),
  purpose: z.string().max(50),
  public: PublicKey,
  /** The program, by its full path so that no search path chooses another, and its arguments. No shell reads them. */
  argv: z
    .tuple([z.string().startsWith("/").max(1000)], z.string().max(1000))
    .refine((all) => all.length <= 50),
  timeoutSeconds: z.int().min(1).max(60).default(10),
});
export type SigningCommand = z.infer<typeof SigningCommand>;

const SIGNATURE = 64;

/** A signer whose `sign` waits for the command, and refuses (`signing-failed`) what is not this key's signature. */
export function signerByCommand({
  argv,
  public: publicKey,
  purpose,
  timeoutSeconds,
}: SigningCommand): Signer {
  const [program, ...words] = argv;
  const failed = (expected: string) =>
    new Refusal("signing-failed", `expected the signing command of the ${purpose} key ${expected}`);
  return {
    publicKey,
    sign: (message) => {
      const { error, status, stdout } = spawnSync(program, words, {
        input: message,
        timeout: timeoutSeconds * 1000,
        killSignal: "SIGKILL",
        maxBuffer: 4096,
        // What it says of its own goes to nobody's log: it may speak of its secrets.
        stdio: ["pipe", "pipe", "ignore"],
      });
      const code = error === undefined ? null : (error as NodeJS.ErrnoException).code;
      if (code === "ETIMEDOUT") throw failed(`to end within ${timeoutSeconds} s`);
      if (code !== null && code !== "EPIPE") throw failed("to run, and to write 64 bytes");
      if (status !== 0) throw failed("to end with exit code 0");
      const signature = Uint8Array.from(stdout);
      if (signature.length !== SIGNATURE) throw failed("to write 64 bytes");
      if (!nativeVerify(fromBase64(publicKey), message, signature))
        throw failed("to sign these very bytes with the key that its file names");
      return signature;
    },
  };
}
