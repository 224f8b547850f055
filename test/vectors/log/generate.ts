/**
 * Makes the vectors of the log's formats from fixed seeds: `node test/vectors/log/generate.ts` writes them, and
 * `test/vectors/log.test.ts` fails where making them anew would change them.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { ed25519 } from "@noble/curves/ed25519.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { cosign, formatCheckpoint } from "../../../protocol/log/checkpoint.ts";
import {
  consistencyProof,
  inclusionProof,
  leafHash,
  readerOf,
  rootOf,
} from "../../../protocol/log/merkle.ts";
import {
  formatNote,
  formatVerifierKey,
  NOTE_TYPES,
  signText,
  verifierKey,
} from "../../../protocol/log/note.ts";
import { formatReceipt } from "../../../protocol/log/receipt.ts";
import { tilePath, tilesBetween, writeBundle } from "../../../protocol/log/tile.ts";
import { fromUtf8, toBase64, toHex, utf8 } from "../../../protocol/values/bytes.ts";

const secret = (name: string) => sha256(utf8(`brus test key ${name}`));
export const signerOf = (name: string) => (message: Uint8Array) => ed25519.sign(message, secret(name));
export const logKey = (name: string) =>
  verifierKey(name, NOTE_TYPES.ed25519, ed25519.getPublicKey(secret(name)));
export const witnessKey = (name: string) =>
  verifierKey(name, NOTE_TYPES.cosignature, ed25519.getPublicKey(secret(name)));

export const ORIGIN = "brus.example/log";
const WITNESSES = ["brus.example/w1", "brus.example/w2", "brus.example/w3"];
export const entriesOf = (count: number): Uint8Array[] =>
  Array.from({ length: count }, (_, index) => utf8(`entry ${index}`));

/** Every vector by the name of its file, as text. */
export function vectors(): Record<string, object> {
  const entries = entriesOf(300);
  const read = readerOf(entries.map(leafHash));
  const sizes = [0, 1, 2, 3, 7, 8, 255, 256, 257, 300];
  const text = formatCheckpoint({ origin: ORIGIN, size: 300, root: rootOf(300, read) });
  const note = {
    text,
    signatures: [
      signText(text, logKey(ORIGIN), signerOf(ORIGIN)),
      ...WITNESSES.map((name, index) =>
        cosign(text, 1_790_000_000 + index, witnessKey(name), signerOf(name)),
      ),
    ],
  };
  const checkpoint = formatNote(note);
  const receipt = {
    extra: utf8("where to look"),
    index: 41,
    proof: inclusionProof(41, 300, read),
    checkpoint,
  };
  const policy = [
    "# Two of three witnesses",
    `log ${formatVerifierKey(logKey(ORIGIN))}`,
    ...WITNESSES.map((name, index) => `witness w${index + 1} ${formatVerifierKey(witnessKey(name))}`),
    "group all-of-them 2 w1 w2 w3",
    "quorum all-of-them",
    "",
  ].join("\n");
  return {
    "tree.json": {
      comment: "Roots and proofs of the tree of the entries `entry 0`, `entry 1`, …",
      source: "RFC 6962, section 2.1; generate.ts",
      roots: sizes.map((size) => ({ size, root: toHex(rootOf(size, read)) })),
      inclusion: [0, 1, 6, 41, 255, 256, 299].map((index) => ({
        index,
        size: 300,
        proof: inclusionProof(index, 300, read).map(toHex),
      })),
      consistency: [1, 2, 3, 7, 8, 255, 256, 257, 299].map((from) => ({
        from,
        to: 300,
        proof: consistencyProof(from, 300, read).map(toHex),
      })),
    },
    "tiles.json": {
      comment: "Which files a log of a size has, and one bundle as bytes",
      source: "C2SP tlog-tiles; generate.ts",
      growth: [
        [0, 1],
        [0, 256],
        [255, 257],
        [0, 70_000],
        [69_999, 70_000],
      ].map(([from = 0, to = 0]) => {
        const paths = tilesBetween(from, to).map(tilePath);
        return { from, to, count: paths.length, last: paths.slice(-5) };
      }),
      path: tilePath({ level: 0, index: 1_234_067, width: 256 }),
      bundle: { entries: entriesOf(3).map(fromUtf8), hex: toHex(writeBundle(entriesOf(3))) },
    },
    "checkpoint.json": {
      comment: "A checkpoint signed by its log and cosigned by three witnesses",
      source: "C2SP signed-note, tlog-checkpoint, tlog-cosignature; generate.ts",
      log: formatVerifierKey(logKey(ORIGIN)),
      witnesses: WITNESSES.map((name) => formatVerifierKey(witnessKey(name))),
      note: fromUtf8(checkpoint),
      expect: {
        origin: ORIGIN,
        size: 300,
        root: toBase64(rootOf(300, read)),
        times: [1_790_000_000, 1_790_000_001, 1_790_000_002],
      },
    },
    "receipt.json": {
      comment: "A proof of an entry, and the policy by which it holds",
      source: "C2SP tlog-proof, tlog-policy; generate.ts",
      entry: "entry 41",
      receipt: formatReceipt(receipt),
      policy,
      expect: { index: 41, size: 300, asOf: 1_790_000_001 },
    },
  };
}

export const textOf = (vector: object): string => `${JSON.stringify(vector, null, 2)}\n`;

if (process.argv[1] === import.meta.filename) {
  for (const [name, vector] of Object.entries(vectors()))
    writeFileSync(join(import.meta.dirname, name), textOf(vector));
}
