/**
 * For trees of every shape: proofs hold, every change to them is refused, tiles give the same hashes. And for bytes of
 * every kind: a typed refusal or a reading that writes back, never a crash, never a hang. 10^6 of these under
 * `npm run soak -- log`.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseCheckpoint } from "../../protocol/log/checkpoint.ts";
import { documentEntry, readLeaf, readNodeLeaf } from "../../protocol/log/leaf.ts";
import {
  consistencyProof,
  inclusionProof,
  leafHash,
  readerOf,
  rootOf,
  verifyConsistency,
  verifyInclusion,
} from "../../protocol/log/merkle.ts";
import { NOTE_TYPES, parseNote, parseVerifierKey } from "../../protocol/log/note.ts";
import { parsePolicy, parseReceipt } from "../../protocol/log/receipt.ts";
import {
  fromTiles,
  parseTilePath,
  readBundle,
  readTile,
  tilePath,
  tilesBetween,
  writeBundle,
} from "../../protocol/log/tile.ts";
import { concat, fromUtf8, hashOf, utf8 } from "../../protocol/values/bytes.ts";
import { Refusal } from "../../protocol/values/refusal.ts";
import { entriesOf, vectors } from "../vectors/log/generate.ts";

const SOAK = process.env["BRUS_SOAK"] !== undefined;
const RUNS = SOAK ? 1_000_000 : 3_000;
const MOST = 700;
const leaves = entriesOf(MOST).map(leafHash);
const read = readerOf(leaves);
const root = (size: number) => rootOf(size, read);
const leaf = (index: number) => leaves[index] ?? expect.fail();

/** The definition of RFC 6962, section 2.1, word for word. */
function mth(start: number, end: number): Uint8Array {
  if (end - start === 1) return leaf(start);
  let k = 1;
  while (k * 2 < end - start) k *= 2;
  return readerOf([mth(start, start + k), mth(start + k, end)])(1, 0);
}

test("roots are RFC 6962's definition", () => {
  for (let size = 1; size <= 130; size++) expect(root(size)).toEqual(mth(0, size));
});

test("every entry of every tree up to 70, and every pair of sizes, has a proof that holds", () => {
  for (let size = 1; size <= 70; size++) {
    for (let index = 0; index < size; index++)
      verifyInclusion(index, size, leaf(index), inclusionProof(index, size, read), root(size));
    for (let from = 1; from <= size; from++)
      verifyConsistency(from, size, root(from), root(size), consistencyProof(from, size, read));
  }
});

const pair = fc
  .integer({ min: 2, max: MOST })
  .chain((size) => fc.tuple(fc.integer({ min: 1, max: size - 1 }), fc.constant(size)));
const change = (proof: readonly Uint8Array[], where: number, how: number): Uint8Array[] => {
  const at = where % Math.max(1, proof.length);
  const changed = proof.map((hash): Uint8Array => hash.slice());
  const hash = changed[at];
  if (how === 0 && hash !== undefined) hash[where % 32] = (hash[where % 32] ?? 0) ^ (1 << (where % 8));
  else if (how === 1) changed.splice(at, 1);
  else changed.splice(at, 0, leaf(where % MOST));
  return changed;
};

test("a proof with one bit, one hash less or one hash more is refused", () => {
  fc.assert(
    fc.property(pair, fc.nat(), fc.integer({ min: 0, max: 2 }), ([index, size], where, how) => {
      const inclusion = inclusionProof(index, size, read);
      const consistency = consistencyProof(index, size, read);
      verifyInclusion(index, size, leaf(index), inclusion, root(size));
      verifyConsistency(index, size, root(index), root(size), consistency);
      if (inclusion.length > 0 || how === 2)
        expect(() =>
          verifyInclusion(index, size, leaf(index), change(inclusion, where, how), root(size)),
        ).toThrow(Refusal);
      if (consistency.length > 0 || how === 2)
        expect(() =>
          verifyConsistency(index, size, root(index), root(size), change(consistency, where, how)),
        ).toThrow(Refusal);
    }),
    { numRuns: 1_000 },
  );
});

test("another index, size, leaf or root is refused", () => {
  fc.assert(
    fc.property(pair, ([index, size]) => {
      const proof = inclusionProof(index, size, read);
      expect(() => verifyInclusion(index - 1, size, leaf(index), proof, root(size))).toThrow(Refusal);
      expect(() => verifyInclusion(index, size, leaf(index - 1), proof, root(size))).toThrow(Refusal);
      expect(() => verifyInclusion(index, size, leaf(index), proof, root(size - 1))).toThrow(Refusal);
      const growth = consistencyProof(index, size, read);
      expect(() => verifyConsistency(index, size, root(size), root(index), growth)).toThrow(Refusal);
      expect(() => verifyConsistency(0, size, root(index), root(size), growth)).toThrow(Refusal);
      expect(() => verifyConsistency(size, index, root(size), root(index), growth)).toThrow(Refusal);
    }),
    { numRuns: 500 },
  );
});

test("tiles give the tree's own hashes, for every size, from the files that its growth published", () => {
  const files = new Map<string, Uint8Array>();
  let before = 0;
  for (const size of [1, 2, 100, 255, 256, 257, 300, 511, 512, 513, 700]) {
    for (const tile of tilesBetween(before, size)) {
      const { level, index, width } = tile;
      const start = index * 256;
      const bytes =
        level === "entries"
          ? writeBundle(entriesOf(size).slice(start, start + width))
          : concat(...Array.from({ length: width }, (_, at) => read(8 * level, start + at)));
      const path = tilePath(tile);
      expect(files.has(path), `${path} is published once`).toBe(false);
      files.set(path, bytes);
    }
    before = size;
    // Only what the size says is there: full tiles, and the partial ones of this very size.
    const tiles = fromTiles((level, index) => {
      const width = Math.min(256, Math.floor(size / 256 ** level) - index * 256);
      return readTile(files.get(tilePath({ level, index, width })) ?? expect.fail(), { width });
    });
    expect(rootOf(size, tiles)).toEqual(root(size));
    for (const index of [0, size >> 1, size - 1])
      expect(inclusionProof(index, size, tiles)).toEqual(inclusionProof(index, size, read));
    for (const from of [1, size >> 1, size - 1].filter((each) => each > 0))
      expect(consistencyProof(from, size, tiles)).toEqual(consistencyProof(from, size, read));
  }
});

test("bundles are read back as they were written; anything else is refused", () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 20 }),
      fc.integer({ min: 1, max: 3 }),
      (entries, more) => {
        const bytes = writeBundle(entries);
        expect(readBundle(bytes, { width: entries.length })).toEqual(
          entries.map((entry) => Uint8Array.from(entry)),
        );
        expect(() => readBundle(bytes, { width: entries.length + more })).toThrow(Refusal);
        expect(() => readBundle(concat(bytes, new Uint8Array(more)), { width: entries.length })).toThrow(
          Refusal,
        );
      },
    ),
    { numRuns: 300 },
  );
  expect(() => writeBundle([new Uint8Array(65_536)])).toThrow(Refusal);
});

type Sample = { note: string; receipt: string; policy: string; log: string };
const made = vectors();
const of = (name: string) => made[name] as unknown as Sample;
const SEEDS: ReadonlyArray<readonly [string, string, (text: string) => unknown]> = [
  ["a note", of("checkpoint.json").note, (text) => parseNote(utf8(text))],
  ["a checkpoint", `${of("checkpoint.json").note.split("\n\n")[0]}\n`, parseCheckpoint],
  ["a receipt", of("receipt.json").receipt, parseReceipt],
  ["a policy", of("receipt.json").policy, parsePolicy],
  ["a verifier key", of("checkpoint.json").log, (text) => parseVerifierKey(text, [NOTE_TYPES.ed25519])],
  [
    "a leaf",
    fromUtf8(documentEntry("query", hashOf(utf8("a query")), null)),
    (text) => parsedWith(() => readLeaf(utf8(text))),
  ],
  [
    "a region's leaf",
    '{"kind":"started","nonce":"'.concat("0".repeat(64), '","time":"2026-01-01T00:00:00Z"}'),
    (text) => parsedWith(() => readNodeLeaf(utf8(text))),
  ],
  ["a tile's path", "tile/0/x001/x234/067.p/17", (text) => tilePath(parseTilePath(text))],
];

/** What is no JSON at all is refused as that. */
function parsedWith(parse: () => unknown): void {
  try {
    parse();
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== "json-malformed") throw error;
  }
}

/** Some cuts, copies and stray characters in a text that was right. */
const mutated = (seed: string) =>
  fc
    .array(
      fc.tuple(
        fc.nat(seed.length),
        fc.nat(12),
        fc.oneof(
          fc.string({ maxLength: 6, unit: "binary" }),
          fc.constantFrom("\n", "\n\n", "— ", " ", "+", "=", "0", "\r", "\0", "é", "x001/", "é"),
        ),
      ),
      { minLength: 1, maxLength: 4 },
    )
    .map((edits) =>
      edits.reduce((text, [at, cut, insert]) => `${text.slice(0, at)}${insert}${text.slice(at + cut)}`, seed),
    );

describe("malformed bytes", () => {
  test.each(SEEDS)("%s: a refusal or a reading, never a crash", (_, seed, parse) => {
    parse(seed);
    fc.assert(
      fc.property(
        fc.oneof(
          { weight: 9, arbitrary: mutated(seed) },
          { weight: 1, arbitrary: fc.string({ maxLength: 300, unit: "binary" }) },
        ),
        (text) => {
          try {
            parse(text);
          } catch (error) {
            if (!(error instanceof Refusal)) throw error;
            expect(["log-malformed", "proof-invalid"]).toContain(error.code);
          }
        },
      ),
      { numRuns: Math.floor(RUNS / SEEDS.length) },
    );
  });

  test("bytes that are no text", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(4), (bytes, width) => {
        for (const parse of [
          () => parseNote(bytes),
          () => readBundle(bytes, { width }),
          () => readTile(bytes, { width }),
        ]) {
          try {
            parse();
          } catch (error) {
            if (!(error instanceof Refusal)) throw error;
          }
        }
      }),
      { numRuns: Math.floor(RUNS / 3) },
    );
    expect(fromUtf8(utf8("é"))).toBe("é");
  });
});
