/**
 * Bits from the system's CSPRNG, buffered for speed, used once, and wiped. One source is made for one query and
 * never shared: two readers of a buffer would be two noises from the same bits. Must never be seeded.
 */
import { randomFillSync } from "node:crypto";

/** Fills an array with random bytes or throws. Only tests pass another one than the system's. */
export type Fill = (bytes: Uint8Array) => void;

export const systemRandom: Fill = (bytes) => {
  randomFillSync(bytes);
};

/** The source failed: the node stops rather than answer with anything else. */
export class RandomnessFailure extends Error {
  override name = "RandomnessFailure";
}

function fillWith(random: Fill, bytes: Uint8Array): void {
  try {
    random(bytes);
  } catch (cause) {
    throw new RandomnessFailure("the source of randomness failed", { cause });
  }
}

/** So many random bytes, or a `RandomnessFailure`. */
export function drawn(count: number, random: Fill): Uint8Array {
  const bytes = new Uint8Array(count);
  fillWith(random, bytes);
  return bytes;
}

const WORDS = 4096;

export class Bits {
  readonly #fill: Fill;
  readonly #words = new Uint32Array(WORDS);
  #next = WORDS;
  #pool = 0;
  #left = 0;

  constructor(fill: Fill) {
    this.#fill = fill;
  }

  #word(): number {
    if (this.#next === WORDS) {
      fillWith(this.#fill, new Uint8Array(this.#words.buffer));
      this.#next = 0;
    }
    const word = this.#words[this.#next] ?? 0;
    this.#words[this.#next++] = 0;
    return word;
  }

  /** `count` random bits, 0 to 32, as a number. */
  small(count: number): number {
    if (count === 0) return 0;
    const mask = count === 32 ? 0xffffffff : (1 << count) - 1;
    if (count <= this.#left) {
      const bits = (this.#pool & mask) >>> 0;
      this.#pool = count === 32 ? 0 : this.#pool >>> count;
      this.#left -= count;
      return bits;
    }
    const had = this.#left;
    const word = this.#word();
    const bits = ((this.#pool | (word << had)) & mask) >>> 0;
    const taken = count - had;
    this.#pool = taken === 32 ? 0 : word >>> taken;
    this.#left = 32 - taken;
    return bits;
  }

  /** `count` random bits, 0 to 53, as a number. */
  bits(count: number): number {
    return count <= 32 ? this.small(count) : this.small(count - 32) * 0x100000000 + this.small(32);
  }

  /** `count` random bits as a bigint. */
  big(count: number): bigint {
    let value = 0n;
    for (let left = count; left > 0; left -= 32) {
      const take = Math.min(32, left);
      value = (value << BigInt(take)) | BigInt(this.small(take));
    }
    return value;
  }

  /** Forgets whatever is buffered. */
  wipe(): void {
    this.#words.fill(0);
    this.#next = WORDS;
    this.#pool = 0;
    this.#left = 0;
  }
}
