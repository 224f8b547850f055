/**
 * Bytes and their texts: strict base64 and hex, UTF-8, concatenation, SHA-256 and fixed-width integers.
 * Decoding refuses whatever would not encode back to the same text, so that bytes have one text each.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, hexToBytes } from "@noble/hashes/utils.js";
import { z } from "zod";
import { Refusal } from "./refusal.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export const utf8 = (text: string): Uint8Array => encoder.encode(text);

/** Text of UTF-8 bytes. Throws a TypeError where they are not valid UTF-8. */
export const fromUtf8 = (bytes: Uint8Array): string => decoder.decode(bytes);

export const toHex = bytesToHex;
export const fromHex = hexToBytes;

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

const LETTERS = utf8("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
const PADDING = 61;
const NO_LETTER = 64;

/** Standard base64 with padding (RFC 4648, section 4). By letters' codes: answers are megabytes, and `btoa` is slow. */
export function toBase64(bytes: Uint8Array): string {
  const letters = new Uint8Array(Math.ceil(bytes.length / 3) * 4).fill(PADDING);
  let at = 0;
  for (let from = 0; from < bytes.length; from += 3) {
    const left = bytes.length - from;
    const three = ((bytes[from] ?? 0) << 16) | ((bytes[from + 1] ?? 0) << 8) | (bytes[from + 2] ?? 0);
    letters[at] = LETTERS[three >> 18] ?? PADDING;
    letters[at + 1] = LETTERS[(three >> 12) & 63] ?? PADDING;
    if (left > 1) letters[at + 2] = LETTERS[(three >> 6) & 63] ?? PADDING;
    if (left > 2) letters[at + 3] = LETTERS[three & 63] ?? PADDING;
    at += 4;
  }
  return decoder.decode(letters);
}

/** What each letter stands for; 64 and more for what is none. */
const VALUES = new Uint8Array(256).fill(NO_LETTER);
LETTERS.forEach((letter, value) => {
  VALUES[letter] = value;
});

/**
 * Strict base64. Refuses (`envelope-malformed`) other alphabets, white space, missing padding and stray trailing bits.
 * In one pass, since anyone may send megabytes of it before a signature is known.
 */
export function fromBase64(text: string): Uint8Array {
  const letters = utf8(text);
  const { length } = letters;
  if (length % 4 !== 0) throw new Refusal("envelope-malformed", "expected standard base64 with padding");
  const padding = letters[length - 1] !== PADDING ? 0 : letters[length - 2] !== PADDING ? 1 : 2;
  letters.fill(LETTERS[0] ?? 0, length - padding); // Stands for bits that are 0.
  const bytes = new Uint8Array((length / 4) * 3 - padding);
  let all = 0;
  let last = 0;
  let to = 0;
  for (let at = 0; at < length; at += 4) {
    const a = VALUES[letters[at] ?? 0] ?? 0;
    const b = VALUES[letters[at + 1] ?? 0] ?? 0;
    const c = VALUES[letters[at + 2] ?? 0] ?? 0;
    const d = VALUES[letters[at + 3] ?? 0] ?? 0;
    all |= a | b | c | d;
    last = (a << 18) | (b << 12) | (c << 6) | d;
    bytes[to++] = last >> 16;
    bytes[to++] = last >> 8; // Beyond the last byte nothing is written.
    bytes[to++] = last;
  }
  if (all >= NO_LETTER) throw new Refusal("envelope-malformed", "expected standard base64 with padding");
  if ((last & (2 ** (8 * padding) - 1)) !== 0)
    throw new Refusal("envelope-malformed", "expected base64 in its one canonical form");
  return bytes;
}

/** Base64 of so many bytes in its one canonical form: what does not decode must not get past the schema. */
export const bytesOf = (length: number) =>
  z
    .string()
    .length(4 * Math.ceil(length / 3))
    .refine((text) => decodedOrNull(text)?.length === length, `expected base64 of ${length} bytes`);

/** Null where it is not base64 in its one canonical form. */
export function decodedOrNull(text: string): Uint8Array | null {
  try {
    return fromBase64(text);
  } catch (error) {
    if (error instanceof Refusal) return null; // Not canonical: that is the answer, not an error.
    throw error;
  }
}

/** The text by which documents are known: `sha256:` and 64 hexadecimal digits. */
export const Hash = z
  .string()
  .regex(/^sha256:[0-9a-f]{64}$/, "expected sha256: and 64 lower-case hexadecimal digits");
export type Hash = z.infer<typeof Hash>;

export const hashOf = (bytes: Uint8Array): Hash => `sha256:${toHex(sha256(bytes))}`;

const INT64_MAX = 2n ** 63n - 1n;

/**
 * Signed 64-bit little-endian integers, 8 bytes each whatever their size, so that an answer's length says
 * nothing of its content. Values saturate at ±(2^63 − 1): a plan is refused long before that can happen.
 */
export function encodeVector(values: readonly bigint[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 8);
  const view = new DataView(bytes.buffer);
  values.forEach((value, index) => {
    view.setBigInt64(
      index * 8,
      value > INT64_MAX ? INT64_MAX : value < -INT64_MAX ? -INT64_MAX : value,
      true,
    );
  });
  return bytes;
}

export function decodeVector(bytes: Uint8Array): bigint[] {
  if (bytes.length % 8 !== 0) throw new Refusal("answer-unfit", "expected a whole number of 8-byte integers");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length / 8 }, (_, index) => view.getBigInt64(index * 8, true));
}
