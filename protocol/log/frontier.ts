/**
 * The right edge of a Merkle tree: the roots of its largest whole subtrees, from left to right. All that is needed to
 * add leaves to a tree of any size and to know its root, in a few hundred bytes.
 */
import { EMPTY_ROOT, leafHash, nodeHash, type TreeHash } from "./merkle.ts";

export type Frontier = { readonly size: number; readonly roots: readonly TreeHash[] };

export const EMPTY: Frontier = { size: 0, roots: [] };

/** The frontier once a leaf of this hash was added. */
export function extendHash({ size, roots }: Frontier, leaf: TreeHash): Frontier {
  const next = [...roots];
  let hash = leaf;
  // As many subtrees close as the old size ends in ones (RFC 9162, section 2.1.2).
  for (let rest = size; rest % 2 === 1; rest = (rest - 1) / 2) {
    const left = next.pop();
    if (left !== undefined) hash = nodeHash(left, hash);
  }
  return { size: size + 1, roots: [...next, hash] };
}

/** The frontier once entries were added, in their order. */
export const extend = (frontier: Frontier, entries: readonly Uint8Array[]): Frontier =>
  entries.reduce((before, entry) => extendHash(before, leafHash(entry)), frontier);

/** The tree's root: subtrees joined from the right. */
export const rootOfFrontier = ({ roots }: Frontier): TreeHash =>
  roots.length === 0 ? EMPTY_ROOT : roots.reduceRight((right, left) => nodeHash(left, right));
