/**
 * A log as static files (C2SP tlog-tiles): tiles of 256 hashes, bundles of 256 entries, and their paths. What is
 * served under a path never changes, so anyone may keep or mirror it.
 */
import { concat } from "../values/bytes.ts";
import { nodeHash, type ReadHash, type TreeHash } from "./merkle.ts";
import { malformed } from "./note.ts";

/** Hashes in a full tile, entries in a full bundle: a subtree of height 8. */
export const TILE = 256;
const HEIGHT = 8;
const HASH = 32;
/** Entries carry their length in 16 bits. */
export const MAX_ENTRY = 65_535;

/** Level 0 is of leaves; `width` is 256 for a full tile. Entries' bundles have the level `entries`. */
export type Tile = { readonly level: number | "entries"; readonly index: number; readonly width: number };

/** `tile/0/x001/x234/067`, `tile/1/000.p/17`, `tile/entries/000.p/3`. */
export function tilePath({ level, index, width }: Tile): string {
  const digits = String(index).padStart(Math.ceil(String(index).length / 3) * 3, "0");
  const groups = digits.match(/\d{3}/g) ?? [];
  const name = groups.map((group, at) => (at < groups.length - 1 ? `x${group}` : group)).join("/");
  return `tile/${level}/${name}${width === TILE ? "" : `.p/${width}`}`;
}

const PATH = /^tile\/(entries|0|[1-9]\d?)\/((?:x\d{3}\/)*\d{3})(?:\.p\/([1-9]\d{0,2}))?$/;

/** Refuses every text but the one that `tilePath` gives for some tile. */
export function parseTilePath(path: string): Tile {
  const [, level = "", name = "", width] = PATH.exec(path) ?? [];
  const tile: Tile = {
    level: level === "entries" ? "entries" : Number(level),
    index: Number(name.replaceAll(/[x/]/g, "")),
    width: width === undefined ? TILE : Number(width),
  };
  const known =
    level !== "" && (tile.level === "entries" || tile.level < 64) && Number.isSafeInteger(tile.index);
  if (!known || tile.width > TILE || tilePath(tile) !== path) throw malformed("the path of a tile");
  return tile;
}

/** The tiles and bundles that a tree of `to` entries has and one of `from` had not, bundles first (publishing order). */
export function tilesBetween(from: number, to: number): Tile[] {
  const tiles: Tile[] = [];
  const rows = (level: number | "entries", before: number, after: number) => {
    for (let index = Math.floor(before / TILE); index * TILE < after; index++) {
      const width = Math.min(TILE, after - index * TILE);
      if (after > before) tiles.push({ level, index, width });
    }
  };
  rows("entries", from, to);
  for (let [level, before, after] = [0, from, to]; after > 0; level++) {
    rows(level, before, after);
    [before, after] = [Math.floor(before / TILE), Math.floor(after / TILE)];
  }
  return tiles;
}

/** The hashes of one tile; refuses bytes of another length than its width says. */
export function readTile(bytes: Uint8Array, { width }: Pick<Tile, "width">): TreeHash[] {
  if (bytes.length !== width * HASH) throw malformed(`a tile of ${width} hashes of 32 bytes`);
  return Array.from({ length: width }, (_, index) => bytes.slice(index * HASH, (index + 1) * HASH));
}

/** Reads any complete subtree's hash from tiles: `tile` gives the hashes of a tile, at least as wide as is needed. */
export function fromTiles(
  tile: (level: number, index: number, least: number) => readonly TreeHash[],
): ReadHash {
  return (level, index) => {
    const row = Math.floor(level / HEIGHT);
    const span = 2 ** (level - row * HEIGHT);
    const start = index * span;
    const at = start % TILE;
    let hashes = tile(row, Math.floor(start / TILE), at + span).slice(at, at + span);
    if (hashes.length !== span) throw malformed("a tile as wide as the tree's size says");
    while (hashes.length > 1)
      hashes = hashes.flatMap((left, place) => {
        const right = hashes[place + 1];
        return place % 2 === 0 && right !== undefined ? [nodeHash(left, right)] : [];
      });
    const [hash] = hashes;
    if (hash === undefined) throw malformed("a tile that is not empty");
    return hash;
  };
}

/** Entries one after another, each with its length as a big-endian 16-bit number. */
export function writeBundle(entries: readonly Uint8Array[]): Uint8Array {
  return concat(
    ...entries.flatMap((entry) => {
      if (entry.length > MAX_ENTRY) throw malformed(`entries of at most ${MAX_ENTRY} bytes`);
      return [Uint8Array.of(entry.length >> 8, entry.length & 255), entry];
    }),
  );
}

/** Refuses anything but exactly `width` whole entries. */
export function readBundle(bytes: Uint8Array, { width }: Pick<Tile, "width">): Uint8Array[] {
  const entries: Uint8Array[] = [];
  let at = 0;
  while (at < bytes.length && entries.length < width) {
    const [high, low] = [bytes[at], bytes[at + 1]];
    if (high === undefined || low === undefined) break;
    const end = at + 2 + high * 256 + low;
    if (end > bytes.length) break;
    entries.push(bytes.slice(at + 2, end));
    at = end;
  }
  if (entries.length !== width || at !== bytes.length) throw malformed(`a bundle of ${width} whole entries`);
  return entries;
}
