/**
 * Signed notes (C2SP signed-note v1): text with signatures below it, each line naming its key. Signatures of keys
 * nobody asked about are passed over; one of a known key that fails rejects the whole note.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { isGoodPublicKey, type Verify } from "../signing/ed25519.ts";
import { concat, fromBase64, fromHex, fromUtf8, toBase64, toHex, utf8 } from "../values/bytes.ts";
import { Refusal } from "../values/refusal.ts";

/** Ed25519 over the note's text; Ed25519 cosignature with its time (tlog-cosignature). */
export const NOTE_TYPES = { ed25519: 0x01, cosignature: 0x04 } as const;
export type NoteType = (typeof NOTE_TYPES)[keyof typeof NOTE_TYPES];

export type VerifierKey = {
  readonly name: string;
  /** Eight hexadecimal digits. */
  readonly id: string;
  readonly type: NoteType;
  /** 32 bytes. */
  readonly key: Uint8Array;
};

export type NoteSignature = { readonly name: string; readonly id: string; readonly signature: Uint8Array };
export type Note = { readonly text: string; readonly signatures: readonly NoteSignature[] };

const MAX_NOTE = 1_000_000;
const MAX_SIGNATURES = 1100;
const DASH = "— ";

export const malformed = (expected: string): Refusal => new Refusal("log-malformed", `expected ${expected}`);

/** Not empty, without Unicode spaces, plus signs or control characters. */
const isName = (name: string): boolean =>
  name !== "" && !/[\s\p{Z}\p{Cc}+]/u.test(name) && name.isWellFormed();

/** Strict base64, or a refusal in this file's own words. */
export function base64(text: string, what: string): Uint8Array {
  try {
    return fromBase64(text);
  } catch (cause) {
    throw new Refusal("log-malformed", `expected ${what} in base64`, { cause });
  }
}

/** First four bytes of SHA-256(name ‖ 0x0A ‖ type ‖ public key). */
export const keyIdOf = (name: string, type: NoteType, key: Uint8Array): string =>
  toHex(sha256(concat(utf8(name), Uint8Array.of(0x0a, type), key)).slice(0, 4));

export function verifierKey(name: string, type: NoteType, key: Uint8Array): VerifierKey {
  if (!isName(name)) throw malformed("a key name without spaces and plus signs");
  if (!isGoodPublicKey(key)) throw malformed("an Ed25519 public key of the prime-order group");
  return { name, id: keyIdOf(name, type, key), type, key };
}

/** `name+hex(key id)+base64(type ‖ public key)`. */
export const formatVerifierKey = ({ name, id, type, key }: VerifierKey): string =>
  `${name}+${id}+${toBase64(concat(Uint8Array.of(type), key))}`;

/** Refuses another type than `types`, and an id that is not the key's own. */
export function parseVerifierKey(text: string, types: readonly NoteType[]): VerifierKey {
  const [, name = "", id = "", encoded = ""] = /^([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(text) ?? [];
  const bytes = base64(encoded, "a verifier key");
  const type = types.find((each) => each === bytes[0]);
  if (type === undefined || bytes.length !== 33)
    throw malformed("a verifier key of a type that is used here");
  const key = verifierKey(name, type, bytes.slice(1));
  if (key.id !== id) throw malformed("a verifier key whose id is that of its name, type and key");
  return key;
}

/** Splits at the *last* blank line. Refuses whatever a signed note may not contain; verifies nothing. */
export function parseNote(bytes: Uint8Array): Note {
  if (bytes.length > MAX_NOTE) throw malformed(`a note of at most ${MAX_NOTE} bytes`);
  let whole: string;
  try {
    whole = fromUtf8(bytes);
  } catch (cause) {
    throw new Refusal("log-malformed", "expected a note in UTF-8", { cause });
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the specification forbids them, so they are looked for.
  if (/[\u0000-\u0009\u000b-\u001f]/.test(whole)) throw malformed("a note without control characters");
  const blank = whole.lastIndexOf("\n\n");
  if (blank < 0 || !whole.endsWith("\n")) throw malformed("a text, a blank line, and signature lines");
  const lines = whole.slice(blank + 2, -1).split("\n");
  if (lines.length > MAX_SIGNATURES) throw malformed(`at most ${MAX_SIGNATURES} signatures`);
  return { text: whole.slice(0, blank + 1), signatures: lines.map(parseSignature) };
}

function parseSignature(line: string): NoteSignature {
  const space = line.lastIndexOf(" ");
  const name = line.slice(DASH.length, space);
  if (!line.startsWith(DASH) || space < DASH.length || !isName(name))
    throw malformed("signature lines: an em dash, a key name, and base64");
  const bytes = base64(line.slice(space + 1), "a signature");
  if (bytes.length < 5) throw malformed("a key id of four bytes and a signature");
  return { name, id: toHex(bytes.slice(0, 4)), signature: bytes.slice(4) };
}

export const formatSignature = ({ name, id, signature }: NoteSignature): string =>
  `${DASH}${name} ${toBase64(concat(fromHex(id), signature))}\n`;

export const formatNote = ({ text, signatures }: Note): Uint8Array =>
  utf8(`${text}\n${signatures.map(formatSignature).join("")}`);

/** Signs a note's text, which ends in a newline, with an Ed25519 key of type 0x01. */
export const signText = (
  text: string,
  { name, id }: VerifierKey,
  sign: (message: Uint8Array) => Uint8Array,
): NoteSignature => ({ name, id, signature: sign(utf8(text)) });

/** The bytes that a key has signed with; null if it has not. Refuses two: `once` is what was expected. */
export function signatureOf(
  signatures: readonly NoteSignature[],
  key: VerifierKey,
  once: string,
): Uint8Array | null {
  const own = signatures.filter(({ name, id }) => name === key.name && id === key.id);
  if (own.length > 1) throw malformed(once);
  return own[0]?.signature ?? null;
}

/**
 * The known keys of type 0x01 whose signatures verify over the note's text. Refuses the note if the signature of a
 * known key fails, or if a known key has signed twice.
 */
export function verifyNote(
  { text, signatures }: Note,
  known: readonly VerifierKey[],
  verify: Verify,
): VerifierKey[] {
  const verified: VerifierKey[] = [];
  for (const key of known.filter(({ type }) => type === NOTE_TYPES.ed25519)) {
    const signature = signatureOf(signatures, key, "one signature of each known key");
    if (signature === null) continue;
    if (!verify(key.key, utf8(text), signature))
      throw new Refusal("signature-invalid", "expected the signature of a known key to verify over the note");
    verified.push(key);
  }
  return verified;
}
