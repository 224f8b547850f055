/**
 * A log's files: entries, tiles and checkpoints, in C2SP's layout, for any file server. They lag behind the database
 * by a crash at most and are made up for, or made anew, from it; what was written under a path never changes.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { leafHash, nodeHash, type ReadHash, type TreeHash } from "../protocol/log/merkle.ts";
import {
  fromTiles,
  readTile,
  TILE,
  type Tile,
  tilePath,
  tilesBetween,
  writeBundle,
} from "../protocol/log/tile.ts";
import { concat, utf8 } from "../protocol/values/bytes.ts";

export type TileFolder = {
  /** Entries, tiles, then the mark of how far they go: whoever is shown a checkpoint finds all that it needs. */
  readonly add: (entries: readonly Uint8Array[]) => void;
  /**
   * The checkpoint that the world is shown, of a tree of this size. Tiles that it has whole need no partial ones
   * any more: whoever reads an older tree finds the whole one in their place (tlog-tiles).
   */
  readonly show: (checkpoint: string, size: number) => void;
  /** Forgets all of it, to be made anew. */
  readonly clear: () => void;
  /** Hashes of complete subtrees, from the tiles. */
  readonly hashes: ReadHash;
  /** How many entries stand in the files. */
  readonly size: () => number;
};

/** How many entries have all their files; more than the world is shown by `checkpoint`. */
const MARK = "size";

/** Writes a file whole or not at all. */
export function writeWhole(path: string, bytes: Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.tmp`, bytes);
  renameSync(`${path}.tmp`, path);
}

export function openTiles(folder: string): TileFolder {
  const at = (path: string) => join(folder, path);
  const mark = at(MARK);
  let size = existsSync(mark) ? Number(readFileSync(mark, "utf8")) : 0;
  let edge: Edge = [];
  try {
    edge = edgeAt(size, at);
  } catch {
    size = 0; // A mark that outlived its tiles: all are written anew.
  }
  /** How many entries were shown when partial tiles were last removed. */
  let swept = 0;
  const hashes = hashesIn(at, () => ({ size, edge }));
  const bundle = ({ index, width }: Tile, from: number, entries: readonly Uint8Array[]): Uint8Array => {
    const start = index * TILE;
    const own = writeBundle(entries.slice(Math.max(0, start - from), start + width - from));
    // One that was begun before is begun anew from its file.
    return start >= from
      ? own
      : concat(readFileSync(at(tilePath({ level: "entries", index, width: from - start }))), own);
  };
  return {
    add: (entries) => {
      const to = size + entries.length;
      const grown = grow(edge, size, entries.map(leafHash));
      for (const tile of tilesBetween(size, to)) {
        const hashes = grown.tiles.get(`${tile.level}/${tile.index}`) ?? [];
        const bytes =
          tile.level === "entries" ? bundle(tile, size, entries) : concat(...hashes.slice(0, tile.width));
        writeWhole(at(tilePath(tile)), bytes);
      }
      writeWhole(mark, utf8(String(to)));
      edge = grown.edge;
      size = to;
    },
    show: (checkpoint, shown) => {
      writeWhole(at("checkpoint"), utf8(checkpoint));
      for (const tile of tilesBetween(swept, shown))
        if (tile.width === TILE) rmSync(`${at(tilePath(tile))}.p`, { recursive: true, force: true });
      swept = shown;
    },
    clear: () => {
      rmSync(mark, { force: true });
      [size, edge, swept] = [0, [], 0];
      hashes.forget();
    },
    hashes: hashes.read,
    size: () => size,
  };
}

/** Hashes of complete subtrees, from the tiles in the files and the edge; they never change, and so are read once. */
function hashesIn(
  at: (path: string) => string,
  end: () => { readonly size: number; readonly edge: Edge },
): { readonly read: ReadHash; readonly forget: () => void } {
  const tiles = new Map<string, readonly TreeHash[]>();
  /** Every proof passes by the same ones. */
  const subtrees = new Map<string, TreeHash>();
  const compute = fromTiles((level, index) => {
    const { size, edge } = end();
    if (index === Math.floor(size / TILE ** (level + 1))) return edge[level] ?? [];
    const tile = { level, index, width: TILE };
    const path = tilePath(tile);
    const known = tiles.get(path) ?? readTile(readFileSync(at(path)), tile);
    if (tiles.size > 1000) tiles.clear();
    tiles.set(path, known);
    return known;
  });
  return {
    read: (level, index) => {
      const name = `${level}/${index}`;
      const known = subtrees.get(name) ?? compute(level, index);
      if (subtrees.size > 10_000) subtrees.clear();
      subtrees.set(name, known);
      return known;
    },
    forget: () => {
      tiles.clear();
      subtrees.clear();
    },
  };
}

/** The hashes of the last tile of each level: all that adding to a tree's tiles needs. */
type Edge = readonly (readonly TreeHash[])[];

function edgeAt(size: number, at: (path: string) => string): Edge {
  const edge: TreeHash[][] = [];
  for (let [level, count] = [0, size]; count > 0; level++, count = Math.floor(count / TILE)) {
    const tile = { level, index: Math.floor(count / TILE), width: count % TILE };
    edge.push(tile.width === 0 ? [] : readTile(readFileSync(at(tilePath(tile))), tile));
  }
  return edge;
}

/** Adds leaves at the edge; gives the new edge, and every tile that was completed or widened, by level and index. */
function grow(
  edge: Edge,
  size: number,
  leaves: readonly TreeHash[],
): { edge: TreeHash[][]; tiles: Map<string, TreeHash[]> } {
  const next = edge.map((hashes) => [...hashes]);
  const tiles = new Map<string, TreeHash[]>();
  let at = size;
  for (const leaf of leaves) {
    at++;
    for (let [level, hash, count] = [0, leaf, at]; ; level++, count = Math.floor(count / TILE)) {
      const row = next[level] ?? [];
      next[level] = row;
      row.push(hash);
      tiles.set(`${level}/${Math.floor((count - 1) / TILE)}`, row);
      if (row.length < TILE) break;
      hash = rootOfFull(row);
      next[level] = [];
    }
  }
  return { edge: next, tiles };
}

function rootOfFull(hashes: readonly TreeHash[]): TreeHash {
  let row = [...hashes];
  while (row.length > 1)
    row = row.flatMap((left, index) => {
      const right = row[index + 1];
      return index % 2 === 0 && right !== undefined ? [nodeHash(left, right)] : [];
    });
  const [root] = row;
  if (root === undefined) throw new RangeError("expected a full tile");
  return root;
}
