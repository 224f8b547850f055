/**
 * Checkpoints (C2SP tlog-checkpoint v1) and cosignatures (tlog-cosignature v1): what a log says its tree is, signed by
 * the log; and what a witness has seen it to be, and when.
 */
import type { Verify } from "../signing/ed25519.ts";
import { concat, toBase64, utf8 } from "../values/bytes.ts";
import { Refusal } from "../values/refusal.ts";
import type { TreeHash } from "./merkle.ts";
import {
  base64,
  formatNote,
  malformed,
  NOTE_TYPES,
  type Note,
  type NoteSignature,
  parseNote,
  signatureOf,
  signText,
  type VerifierKey,
  verifyNote,
} from "./note.ts";

export type Checkpoint = {
  /** The log's identity, a URL without its scheme. */
  readonly origin: string;
  readonly size: number;
  readonly root: TreeHash;
};

export type SignedCheckpoint = { readonly checkpoint: Checkpoint; readonly note: Note };

export function formatCheckpoint({ origin, size, root }: Checkpoint): string {
  if (origin === "" || origin.includes("\n")) throw malformed("an origin of one line");
  return `${origin}\n${size}\n${toBase64(root)}\n`;
}

/** The body of a checkpoint. Extension lines are refused: no log of ours has any, and auditors could not check them. */
export function parseCheckpoint(text: string): Checkpoint {
  const [origin = "", digits = "", encoded = "", end, ...rest] = text.split("\n");
  if (origin === "" || end !== "" || rest.length > 0)
    throw malformed("three lines: origin, size and root hash");
  const size = Number(digits);
  if (!/^(0|[1-9]\d{0,15})$/.test(digits) || !Number.isSafeInteger(size))
    throw malformed("a size in decimal, without leading zeros, below 2^53");
  const root = base64(encoded, "a root hash");
  if (root.length !== 32) throw malformed("a root hash of 32 bytes");
  return { origin, size, root };
}

export function signCheckpoint(
  checkpoint: Checkpoint,
  key: VerifierKey,
  sign: (message: Uint8Array) => Uint8Array,
): Uint8Array {
  const text = formatCheckpoint(checkpoint);
  return formatNote({ text, signatures: [signText(text, key, sign)] });
}

/** A checkpoint of this very log: its key has signed, and the origin is the key's name. */
export function openCheckpoint(bytes: Uint8Array, log: VerifierKey, verify: Verify): SignedCheckpoint {
  const note = parseNote(bytes);
  if (verifyNote(note, [log], verify).length === 0)
    throw new Refusal("signature-invalid", "expected a checkpoint signed by the log");
  const checkpoint = parseCheckpoint(note.text);
  if (checkpoint.origin !== log.name)
    throw new Refusal("proof-invalid", "expected a checkpoint of this log's origin");
  return { checkpoint, note };
}

export type Cosignature = { readonly witness: VerifierKey /** POSIX seconds. */; readonly time: number };

const message = (text: string, time: number): Uint8Array => utf8(`cosignature/v1\ntime ${time}\n${text}`);

/** A witness's statement that, as of `time`, this is the largest consistent tree it has seen of the log. */
export function cosign(
  text: string,
  time: number,
  { name, id }: VerifierKey,
  sign: (message: Uint8Array) => Uint8Array,
): NoteSignature {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(time));
  return { name, id, signature: concat(bytes, sign(message(text, time))) };
}

/** Every cosignature of a known witness, each verified: one that fails rejects the note. One of each witness counts. */
export function cosignatures(
  { text, signatures }: Note,
  witnesses: readonly VerifierKey[],
  verify: Verify,
): Cosignature[] {
  return witnesses
    .filter(({ type }) => type === NOTE_TYPES.cosignature)
    .flatMap((witness) => {
      const bytes = signatureOf(signatures, witness, "one cosignature of each witness");
      if (bytes === null) return [];
      if (bytes.length !== 72) throw malformed("a cosignature of 8 bytes of time and 64 of signature");
      const time = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0);
      if (time > BigInt(Number.MAX_SAFE_INTEGER)) throw malformed("a cosignature's time below 2^53");
      if (!verify(witness.key, message(text, Number(time)), bytes.slice(8)))
        throw new Refusal("signature-invalid", "expected the cosignature of a known witness to verify");
      return [{ witness, time: Number(time) }];
    });
}
