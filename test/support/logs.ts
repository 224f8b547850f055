/** Reads a log as a stranger does: from its files alone, trusting only the directory. Everything is held to the root. */
import { expect } from "vitest";
import type { Federation } from "../../protocol/federation/directory.ts";
import type { Checkpoint } from "../../protocol/log/checkpoint.ts";
import { leafHash, type ReadHash, readerOf, rootOf } from "../../protocol/log/merkle.ts";
import { COORDINATOR, openWitnessed } from "../../protocol/log/quorum.ts";
import { fromTiles, readBundle, readTile, tilePath, tilesBetween } from "../../protocol/log/tile.ts";
import { toHex } from "../../protocol/values/bytes.ts";

export type ReadLog = {
  readonly checkpoint: Checkpoint;
  readonly cosigned: number;
  readonly entries: readonly Uint8Array[];
  /** Hashes as the tiles have them, of the checkpoint's size. */
  readonly read: ReadHash;
};

export type ReadFile = (path: string) => Promise<Uint8Array>;

/** Entries and tiles of a size, which must agree with each other; their root. */
export async function readTree(file: ReadFile, size: number): Promise<Pick<ReadLog, "entries" | "read">> {
  const tiles = new Map<string, Uint8Array[]>();
  const entries: Uint8Array[] = [];
  for (const tile of tilesBetween(0, size)) {
    const bytes = await file(tilePath(tile));
    if (tile.level === "entries") entries.push(...readBundle(bytes, tile));
    else tiles.set(`${tile.level}/${tile.index}`, readTile(bytes, tile));
  }
  const read = fromTiles((level, index) => tiles.get(`${level}/${index}`) ?? []);
  const leaves = entries.map(leafHash);
  expect(entries).toHaveLength(size);
  expect(toHex(rootOf(size, readerOf(leaves)))).toBe(toHex(rootOf(size, read)));
  return { entries, read };
}

/** A log as the world is shown it, of the coordinator or of a region. */
export async function readLog(file: ReadFile, federation: Federation, log = COORDINATOR): Promise<ReadLog> {
  const own: ReadFile = (path) => file(log === COORDINATOR ? path : `nodes/${log}/${path}`);
  const { checkpoint, cosigned } = openWitnessed(federation, log, await own("checkpoint"));
  const tree = await readTree(own, checkpoint.size);
  expect(toHex(rootOf(checkpoint.size, tree.read))).toBe(toHex(checkpoint.root));
  return { checkpoint, cosigned, ...tree };
}

export const overHttp =
  (address: string): ReadFile =>
  async (path) => {
    const response = await fetch(`${address}/log/${path}`);
    expect(response.status, path).toBe(200);
    expect(response.headers.get("cache-control")).toBe(
      path.endsWith("checkpoint") ? "no-cache" : "public, max-age=31536000, immutable",
    );
    return new Uint8Array(await response.arrayBuffer());
  };
