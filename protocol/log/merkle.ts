/**
 * Merkle trees as in RFC 6962: what binds a log's entries to one root, and the proofs that an entry is in it and that
 * a later tree only added to an earlier one. Verifiers trust nothing but the roots they are given.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { concat } from "../values/bytes.ts";
import { Refusal } from "../values/refusal.ts";

/** A SHA-256 hash: 32 bytes. */
export type TreeHash = Uint8Array;

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

/** RFC 6962, section 2.1: MTH of one entry. */
export const leafHash = (entry: Uint8Array): TreeHash => sha256(concat(LEAF, entry));
export const nodeHash = (left: TreeHash, right: TreeHash): TreeHash => sha256(concat(NODE, left, right));
/** The root of the tree with no entries. */
export const EMPTY_ROOT: TreeHash = sha256(new Uint8Array());

const invalid = (expected: string): Refusal => new Refusal("proof-invalid", `expected ${expected}`);

function checkSizes(...sizes: readonly number[]): void {
  if (sizes.some((size) => !Number.isSafeInteger(size) || size < 0))
    throw invalid("whole numbers below 2^53");
}

const same = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, index) => byte === b[index]);

const isOdd = (n: number): boolean => n % 2 === 1;
const half = (n: number): number => Math.floor(n / 2);

/**
 * Refuses unless the leaf stands at `index` (from 0) of the tree of `size` entries with this root (RFC 9162, section
 * 2.1.3.2). `proof` goes from the leaf's sibling to the root's child.
 */
export function verifyInclusion(
  index: number,
  size: number,
  leaf: TreeHash,
  proof: readonly TreeHash[],
  root: TreeHash,
): void {
  checkSizes(index, size);
  if (index >= size) throw invalid(`an index below the tree's size, ${size}`);
  if ([leaf, root, ...proof].some((hash) => hash.length !== 32)) throw invalid("hashes of 32 bytes");
  let [at, last, hash] = [index, size - 1, leaf];
  for (const sibling of proof) {
    if (last === 0) throw invalid("an inclusion proof no longer than the path");
    if (isOdd(at) || at === last) {
      hash = nodeHash(sibling, hash);
      while (!isOdd(at) && at !== 0) [at, last] = [half(at), half(last)];
    } else {
      hash = nodeHash(hash, sibling);
    }
    [at, last] = [half(at), half(last)];
  }
  if (last !== 0 || !same(hash, root)) throw invalid("an inclusion proof that gives the root");
}

/**
 * Refuses unless the tree of `to` entries and its root only adds to that of `from` entries and its root (RFC 9162,
 * section 2.1.4.2). From nothing there is nothing to prove: 0 is refused here, and is its caller's special case.
 */
export function verifyConsistency(
  from: number,
  to: number,
  fromRoot: TreeHash,
  toRoot: TreeHash,
  proof: readonly TreeHash[],
): void {
  checkSizes(from, to);
  if (from === 0 || from > to)
    throw invalid("a consistency proof from a tree that is not empty, to no smaller one");
  if ([fromRoot, toRoot, ...proof].some((hash) => hash.length !== 32)) throw invalid("hashes of 32 bytes");
  if (from === to) {
    if (proof.length > 0 || !same(fromRoot, toRoot)) throw invalid("one root, and no proof, for one size");
    return;
  }
  let [at, last] = [from - 1, to - 1];
  while (isOdd(at)) [at, last] = [half(at), half(last)];
  // A tree that is a whole subtree of the later one is its own first node.
  const path = at === 0 ? [fromRoot, ...proof] : [...proof];
  const first = path.shift();
  if (first === undefined) throw invalid("a consistency proof that is not empty");
  let [old, grown] = [first, first];
  for (const node of path) {
    if (last === 0) throw invalid("a consistency proof no longer than the path");
    if (isOdd(at) || at === last) {
      old = nodeHash(node, old);
      grown = nodeHash(node, grown);
      while (!isOdd(at) && at !== 0) [at, last] = [half(at), half(last)];
    } else {
      grown = nodeHash(grown, node);
    }
    [at, last] = [half(at), half(last)];
  }
  if (last !== 0 || !same(old, fromRoot) || !same(grown, toRoot))
    throw invalid("a consistency proof that gives both roots");
}

/** Reads the hash of the complete subtree of 2^level entries that is the `index`th of its level. */
export type ReadHash = (level: number, index: number) => TreeHash;

/** The largest power of two below n, for n > 1. */
function split(n: number): number {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}

/** MTH(D[start:end]) of RFC 6962, from complete subtrees; `start` is a multiple of the least power of two ≥ end − start. */
function subtree(start: number, end: number, read: ReadHash): TreeHash {
  const size = end - start;
  if (size === 1) return read(0, start);
  const k = split(size);
  // In whole numbers: a logarithm in doubles would take 2^49 + 1 for a power of two.
  if (k * 2 === size) return read(Math.round(Math.log2(size)), start / size);
  return nodeHash(subtree(start, start + k, read), subtree(start + k, end, read));
}

export const rootOf = (size: number, read: ReadHash): TreeHash =>
  size === 0 ? EMPTY_ROOT : subtree(0, size, read);

/** RFC 6962, section 2.1.1: PATH(index, D[size]), from the leaf's sibling up. */
export function inclusionProof(index: number, size: number, read: ReadHash): TreeHash[] {
  checkSizes(index, size);
  if (index >= size) throw invalid(`an index below the tree's size, ${size}`);
  const path = (m: number, start: number, end: number): TreeHash[] => {
    if (end - start === 1) return [];
    const middle = start + split(end - start);
    return m < middle
      ? [...path(m, start, middle), subtree(middle, end, read)]
      : [...path(m, middle, end), subtree(start, middle, read)];
  };
  return path(index, 0, size);
}

/** RFC 6962, section 2.1.2: PROOF(from, D[to]). */
export function consistencyProof(from: number, to: number, read: ReadHash): TreeHash[] {
  checkSizes(from, to);
  if (from === 0 || from > to)
    throw invalid("a consistency proof from a tree that is not empty, to no smaller one");
  const walk = (m: number, start: number, end: number, whole: boolean): TreeHash[] => {
    if (m === end) return whole ? [] : [subtree(start, end, read)];
    const middle = start + split(end - start);
    return m <= middle
      ? [...walk(m, start, middle, whole), subtree(middle, end, read)]
      : [...walk(m, middle, end, false), subtree(start, middle, read)];
  };
  return walk(from, 0, to, true);
}

/** A tree in memory, of its leaves' hashes: for audits, and for logs that are small. */
export function readerOf(leaves: readonly TreeHash[]): ReadHash {
  const levels: TreeHash[][] = [[...leaves]];
  return (level, index) => {
    while (levels.length <= level) {
      const below = levels.at(-1) ?? [];
      levels.push(
        Array.from({ length: half(below.length) }, (_, pair) =>
          nodeHash(below[2 * pair] ?? EMPTY_ROOT, below[2 * pair + 1] ?? EMPTY_ROOT),
        ),
      );
    }
    const hash = levels[level]?.[index];
    if (hash === undefined) throw new RangeError("expected a complete subtree of the tree");
    return hash;
  };
}
