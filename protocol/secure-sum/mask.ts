/**
 * Masks and their arithmetic modulo 2^64: how a node hides its vector, and how whoever holds what was opened takes
 * the masks off the sum again. Works piece by piece, so that memory does not grow with regions times cells.
 */
import { type Hash, utf8 } from "../values/bytes.ts";

/** Bytes of a vector travel, are hashed and are added up in pieces of this size. */
export const CHUNK = 1 << 20;

/** What the platform gives: X25519, HKDF-SHA-256, a key stream and ChaCha20-Poly1305. A server has them natively. */
export type Primitives = {
  /** RFC 7748. Throws where the shared secret would be zero (a point of small order). */
  readonly agree: (privateKey: Uint8Array, publicKey: Uint8Array) => Uint8Array;
  readonly publicOf: (privateKey: Uint8Array) => Uint8Array;
  /** RFC 5869: 32 bytes. */
  readonly derive: (secret: Uint8Array, salt: string, info: Uint8Array) => Uint8Array;
  /** Bytes `offset` … `offset + length` of AES-256-CTR's key stream; `offset` a multiple of 16, the key used once. */
  readonly stream: (key: Uint8Array, offset: number, length: number) => Uint8Array;
  /** RFC 8439, under a key that is used for this one message: the nonce is zero. `bound` must be the same to decrypt. */
  readonly encrypt: (key: Uint8Array, plain: Uint8Array, bound: Uint8Array) => Uint8Array;
  /** Refuses (`round-unfit`) what was changed, cut, or is bound to something else. */
  readonly decrypt: (key: Uint8Array, box: Uint8Array, bound: Uint8Array) => Uint8Array;
};

/** Every stream is named by all that it depends on, or two vectors, sets or sessions would share a mask. */
export type Stream = {
  readonly session: Hash;
  readonly u2: Hash;
  readonly vector: string;
  /** Bytes of the vector. */
  readonly length: number;
};

/** A query's answer is one vector: all its statistics and periods, one after the other. */
export const ANSWER = "answer";

export const selfKey = ({ derive }: Primitives, seed: Uint8Array, node: string, of: Stream): Uint8Array =>
  derive(seed, of.session, utf8(JSON.stringify(["self", node, of.vector, of.length, of.u2])));

/** The same for both of a pair, whichever computes it. */
export function pairKey(
  { agree, derive }: Primitives,
  privateKey: Uint8Array,
  publicKey: Uint8Array,
  [a, b]: readonly [string, string],
  of: Stream,
): Uint8Array {
  const names = a < b ? [a, b] : [b, a];
  const info = utf8(JSON.stringify(["pair", ...names, of.vector, of.length, of.u2]));
  return derive(agree(privateKey, publicKey), of.session, info);
}

/** A stream as it stands in a masked vector: added or taken away. */
export type Mask = { readonly key: Uint8Array; readonly sign: 1 | -1 };

/** Of a pair, the one whose code comes first adds the stream, and the other takes it away. */
export const signOf = (own: string, other: string): 1 | -1 => (own < other ? 1 : -1);

/**
 * Sums of 64-bit integers modulo 2^64, kept as two halves in doubles, which hold the sum of a million of each
 * exactly: many times as fast as bigint.
 */
export class Sum64 {
  readonly #low: Float64Array;
  readonly #high: Float64Array;

  constructor(cells: number) {
    this.#low = new Float64Array(cells);
    this.#high = new Float64Array(cells);
  }

  /** 8 bytes an integer, little-endian, from the first cell on. */
  addBytes(bytes: Uint8Array, sign: 1 | -1): void {
    // A view needs alignment; what comes from a socket may have none.
    const aligned = bytes.byteOffset % 4 === 0 ? bytes : Uint8Array.from(bytes);
    const words = new Uint32Array(aligned.buffer, aligned.byteOffset, aligned.byteLength >> 2);
    const [low, high] = [this.#low, this.#high];
    const cells = words.length >> 1;
    if (sign === 1) {
      for (let cell = 0; cell < cells; cell++) {
        low[cell] = (low[cell] ?? 0) + (words[2 * cell] ?? 0);
        high[cell] = (high[cell] ?? 0) + (words[2 * cell + 1] ?? 0);
      }
    } else {
      for (let cell = 0; cell < cells; cell++) {
        low[cell] = (low[cell] ?? 0) - (words[2 * cell] ?? 0);
        high[cell] = (high[cell] ?? 0) - (words[2 * cell + 1] ?? 0);
      }
    }
  }

  /** Whole numbers below 2^53 in size, from `values[from]` on, as many as there are cells. */
  addNumbers(values: Float64Array, from: number): void {
    const [low, high] = [this.#low, this.#high];
    for (let cell = 0; cell < low.length; cell++) {
      const value = values[from + cell] ?? 0;
      const top = Math.floor(value / 4294967296);
      low[cell] = (low[cell] ?? 0) + (value - top * 4294967296);
      high[cell] = (high[cell] ?? 0) + top;
    }
  }

  /** Any whole numbers, times a factor. */
  addBig(values: readonly bigint[], from: number, factor: bigint): void {
    const [low, high] = [this.#low, this.#high];
    for (let cell = 0; cell < low.length; cell++) {
      const value = BigInt.asUintN(64, (values[from + cell] ?? 0n) * factor);
      if (value === 0n) continue;
      low[cell] = (low[cell] ?? 0) + Number(value & 0xffffffffn);
      high[cell] = (high[cell] ?? 0) + Number(value >> 32n);
    }
  }

  addMasks(masks: readonly Mask[], { stream }: Primitives, offset: number, undo: boolean): void {
    const length = this.#low.length * 8;
    for (const { key, sign } of masks)
      this.addBytes(stream(key, offset, length), undo === (sign === 1) ? -1 : 1);
  }

  toBytes(): Uint8Array {
    const words = new Uint32Array(this.#low.length * 2);
    this.#low.forEach((low, cell) => {
      const carry = Math.floor(low / 4294967296);
      words[2 * cell] = low - carry * 4294967296;
      const high = (this.#high[cell] ?? 0) + carry;
      words[2 * cell + 1] = high - Math.floor(high / 4294967296) * 4294967296;
    });
    return new Uint8Array(words.buffer);
  }
}

/** Where each piece of a vector of so many bytes begins, and how long it is. */
export function pieces(length: number): Array<{ offset: number; length: number }> {
  return Array.from({ length: Math.ceil(length / CHUNK) }, (_, index) => ({
    offset: index * CHUNK,
    length: Math.min(CHUNK, length - index * CHUNK),
  }));
}
