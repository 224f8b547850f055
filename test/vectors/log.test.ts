/** The log's formats against others' vectors and our own, and what each must refuse. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { cosignatures, openCheckpoint, parseCheckpoint } from "../../protocol/log/checkpoint.ts";
import {
  consistencyProof,
  EMPTY_ROOT,
  inclusionProof,
  leafHash,
  readerOf,
  rootOf,
  verifyConsistency,
  verifyInclusion,
} from "../../protocol/log/merkle.ts";
import { formatNote, NOTE_TYPES, parseNote, parseVerifierKey, signText } from "../../protocol/log/note.ts";
import {
  formatReceipt,
  meetsQuorum,
  parsePolicy,
  parseReceipt,
  verifyReceipt,
} from "../../protocol/log/receipt.ts";
import {
  parseTilePath,
  readBundle,
  readTile,
  tilePath,
  tilesBetween,
  writeBundle,
} from "../../protocol/log/tile.ts";
import { verify } from "../../protocol/signing/ed25519.ts";
import { fromBase64, fromHex, toBase64, toHex, utf8 } from "../../protocol/values/bytes.ts";
import { Refusal } from "../../protocol/values/refusal.ts";
import { entriesOf, logKey, ORIGIN, signerOf, textOf, vectors } from "./log/generate.ts";

const SHARED = join(import.meta.dirname, "../../../shared/vectors/rfc6962-inclusion.json");
type Case = {
  leafIdx: number;
  treeSize: number;
  root: string;
  leafHash: string;
  proof: string[] | null;
  desc: string;
  wantErr: boolean;
};

describe.skipIf(!existsSync(SHARED))(
  "../shared/vectors/rfc6962-inclusion.json (skipped where it is missing)",
  () => {
    const cases = existsSync(SHARED) ? (JSON.parse(readFileSync(SHARED, "utf8")) as Case[]) : [];
    test.each(cases.map((each, index) => [`${index}: ${each.desc}`, each] as const))("%s", (_, each) => {
      const check = () =>
        verifyInclusion(
          each.leafIdx,
          each.treeSize,
          fromBase64(each.leafHash),
          (each.proof ?? []).map(fromBase64),
          fromBase64(each.root),
        );
      if (each.wantErr) expect(check).toThrow(Refusal);
      else expect(check).not.toThrow();
    });
    test("all 98 are there", () => expect(cases).toHaveLength(98));
  },
);

const CONSISTENCY = join(import.meta.dirname, "../../../shared/vectors/merkle-consistency");
type Probe = {
  size1: number;
  size2: number;
  root1: string;
  root2: string;
  proof: string[] | null;
  desc: string;
  wantErr: boolean;
};

describe.skipIf(!existsSync(CONSISTENCY))(
  "../shared/vectors/merkle-consistency, 98 cases (skipped where it is missing)",
  () => {
    const files = existsSync(CONSISTENCY)
      ? readdirSync(CONSISTENCY, { recursive: true, encoding: "utf8" }).filter((name) =>
          name.endsWith(".json"),
        )
      : [];
    const cases = files.map(
      (name) => [name, JSON.parse(readFileSync(join(CONSISTENCY, name), "utf8")) as Probe] as const,
    );
    // Theirs takes it that anything follows nothing; ours refuses a step from no entries,
    // which says nothing, and roots that are no hashes. A witness has a rule of its own for a log that it has not seen.
    test.each(cases)("%s", (_, { size1, size2, root1, root2, proof, wantErr }) => {
      const hashes = (proof ?? []).map(fromBase64);
      const check = () => verifyConsistency(size1, size2, fromBase64(root1), fromBase64(root2), hashes);
      const noHash = [root1, root2].some((root) => fromBase64(root).length !== 32);
      if (wantErr || size1 === 0 || noHash) expect(check).toThrow(Refusal);
      else expect(check).not.toThrow();
    });
    test("all 98 are there", () => expect(cases).toHaveLength(98));
  },
);

const TESSERA = join(import.meta.dirname, "../../../shared/vectors/tessera-log/log");
/** As Tessera publishes it beside its golden log; its id says that it is the one that signed. */
const TESSERA_KEY = "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx";

describe.skipIf(!existsSync(TESSERA))(
  "../shared/vectors/tessera-log, 16 checkpoints with their tiles and bundles (skipped where it is missing)",
  () => {
    const bytes = (name: string) => new Uint8Array(readFileSync(join(TESSERA, name)));
    const key = parseVerifierKey(TESSERA_KEY, [NOTE_TYPES.ed25519]);
    const opened = (name: string) => openCheckpoint(bytes(name), key, verify).checkpoint;
    const sizes = Array.from({ length: 16 }, (_, size) => size);
    const entries = (width: number) => readBundle(bytes(`tile/entries/000.p/${width}`), { width });

    test.each(sizes)(
      "the checkpoint of %i entries: its signature, its root from entries and from tiles",
      (size) => {
        const { root, size: said } = opened(`checkpoint.${size}`);
        expect(said).toBe(size);
        if (size === 0) return expect(root).toEqual(EMPTY_ROOT);
        expect(rootOf(size, readerOf(entries(size).map(leafHash)))).toEqual(root);
        const tile = readTile(bytes(`tile/0/000.p/${size}`), { width: size });
        expect(rootOf(size, readerOf(tile))).toEqual(root);
        expect(writeBundle(entries(size))).toEqual(bytes(`tile/entries/000.p/${size}`));
      },
    );

    test("each follows each before it, and every entry is in each", () => {
      const read = readerOf(entries(15).map(leafHash));
      for (const to of sizes.slice(1)) {
        const { root } = opened(`checkpoint.${to}`);
        for (let from = 1; from <= to; from++)
          verifyConsistency(
            from,
            to,
            opened(`checkpoint.${from}`).root,
            root,
            consistencyProof(from, to, read),
          );
        for (const [index, entry] of entries(to).entries())
          verifyInclusion(index, to, leafHash(entry), inclusionProof(index, to, read), root);
      }
    });

    test("by another key, or a byte changed, none opens", () => {
      for (const size of sizes) {
        const note = bytes(`checkpoint.${size}`);
        const changed = note.with(note.length - 5, note[note.length - 5] === 65 ? 66 : 65);
        expect(() => openCheckpoint(changed, key, verify)).toThrow(Refusal);
        expect(() => openCheckpoint(note, logKey(key.name), verify)).toThrow(Refusal);
      }
    });
  },
);

const file = (name: string) => readFileSync(join(import.meta.dirname, "log", name), "utf8");
const load = <T>(name: string): T => JSON.parse(file(name)) as T;

test("making the vectors anew changes none", () => {
  for (const [name, vector] of Object.entries(vectors())) expect(file(name), name).toBe(textOf(vector));
});

type Tree = {
  roots: Array<{ size: number; root: string }>;
  inclusion: Array<{ index: number; size: number; proof: string[] }>;
  consistency: Array<{ from: number; to: number; proof: string[] }>;
};

test("roots, inclusion and consistency of the vectors hold; of the empty tree as RFC 6962 says", () => {
  const { roots, inclusion, consistency } = load<Tree>("tree.json");
  const leaves = entriesOf(300).map(leafHash);
  const read = readerOf(leaves);
  for (const { size, root } of roots) expect(toHex(rootOf(size, read))).toBe(root);
  expect(toHex(EMPTY_ROOT)).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  const root = rootOf(300, read);
  for (const { index, size, proof } of inclusion)
    verifyInclusion(index, size, leaves[index] ?? EMPTY_ROOT, proof.map(fromHex), root);
  for (const { from, to, proof } of consistency)
    verifyConsistency(from, to, rootOf(from, read), root, proof.map(fromHex));
});

test("tiles: which files, under which paths, with which bytes", () => {
  type Tiles = {
    growth: Array<{ from: number; to: number; count: number; last: string[] }>;
    path: string;
    bundle: { entries: string[]; hex: string };
  };
  const { growth, path, bundle } = load<Tiles>("tiles.json");
  expect(path).toBe("tile/0/x001/x234/067");
  for (const { from, to, count, last } of growth) {
    const paths = tilesBetween(from, to).map(tilePath);
    expect([paths.length, paths.slice(-5)]).toEqual([count, last]);
    for (const each of paths) expect(tilePath(parseTilePath(each))).toBe(each);
  }
  // The specification's own example: 273 full and one of 112, one full and one of 17, and one of 1.
  const of = (level: number) => tilesBetween(0, 70_000).filter((tile) => tile.level === level);
  expect(of(0).filter(({ width }) => width === 256)).toHaveLength(273);
  expect(of(0).at(-1)?.width).toBe(112);
  expect(of(1).map(({ width }) => width)).toEqual([256, 17]);
  expect(of(2).map(({ width }) => width)).toEqual([1]);
  expect(readBundle(fromHex(bundle.hex), { width: 3 }).map((entry) => toHex(entry))).toEqual(
    bundle.entries.map((entry) => toHex(utf8(entry))),
  );
});

type Signed = {
  log: string;
  witnesses: string[];
  note: string;
  expect: { origin: string; size: number; root: string; times: number[] };
};
const signed = load<Signed>("checkpoint.json");
const log = parseVerifierKey(signed.log, [NOTE_TYPES.ed25519]);
const witnesses = signed.witnesses.map((key) => parseVerifierKey(key, [NOTE_TYPES.cosignature]));

test("a checkpoint with its cosignatures", () => {
  const { checkpoint, note } = openCheckpoint(utf8(signed.note), log, verify);
  expect({ ...checkpoint, root: toBase64(checkpoint.root) }).toMatchObject({
    origin: signed.expect.origin,
    size: signed.expect.size,
    root: signed.expect.root,
  });
  expect(cosignatures(note, witnesses, verify).map(({ time }) => time)).toEqual(signed.expect.times);
});

test("the note of the specification: verbatim, its key passed over where nobody knows it", () => {
  const text =
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n";
  const note = parseNote(utf8(text));
  expect(note.signatures.map(({ name, id }) => [name, id])).toEqual([
    ["example.com/behind-the-sofa", "033de0ae"],
  ]);
  expect(parseCheckpoint(note.text)).toMatchObject({ size: 20_852_163 });
  expect(() => openCheckpoint(utf8(text), log, verify)).toThrow(/signed by the log/);
});

describe("what a note must not be", () => {
  const [body = "", lines = ""] = signed.note.split("\n\n");
  const [own = "", ...others] = lines.trimEnd().split("\n");
  test.each<[string, string]>([
    ["another size", signed.note.replace("\n300\n", "\n301\n")],
    ["a leading zero", signed.note.replace("\n300\n", "\n0300\n")],
    ["an extension line", signed.note.replace("\n\n", "\nmore\n\n")],
    ["a signature of the log that fails", signed.note.replace(own, `${own.slice(0, -6)}AAAAA=`)],
    ["no signature of the log", `${body}\n\n${others.join("\n")}\n`],
    ["a signature twice", `${body}\n\n${own}\n${own}\n`],
    ["no end of the last line", signed.note.trimEnd()],
    ["a carriage return", signed.note.replace("\n300\n", "\r\n300\n")],
    ["no blank line", signed.note.replace("\n\n", "\n")],
    ["a hyphen for the dash", signed.note.replace(own, own.replace("—", "-"))],
    ["base64 in another form", signed.note.replace(own, `${own}=`)],
  ])("%s", (_, text) => {
    expect(() => openCheckpoint(utf8(text), log, verify)).toThrow(Refusal);
  });

  test("the right key with another origin", () => {
    const text = `${ORIGIN}x\n300\n${signed.expect.root}\n`;
    const note = formatNote({ text, signatures: [signText(text, logKey(ORIGIN), signerOf(ORIGIN))] });
    expect(() => openCheckpoint(note, log, verify)).toThrow(/this log's origin/);
  });

  test("a cosignature by another key, or of another time", () => {
    const [first = ""] = others;
    const note = (line: string) => parseNote(utf8(`${body}\n\n${own}\n${line}\n`));
    expect(() => cosignatures(note(first), witnesses, verify)).not.toThrow();
    const [dash = "", name = "", encoded = ""] = first.split(" ");
    const bytes = fromBase64(encoded);
    bytes[11] = (bytes[11] ?? 0) ^ 1;
    expect(() => cosignatures(note([dash, name, toBase64(bytes)].join(" ")), witnesses, verify)).toThrow(
      /known witness/,
    );
    const stranger = note(first.replace("w1 ", "w9 "));
    expect(cosignatures(stranger, witnesses, verify)).toEqual([]);
  });
});

type ReceiptVector = {
  entry: string;
  receipt: string;
  policy: string;
  expect: { index: number; size: number; asOf: number };
};

describe("a receipt", () => {
  const vector = load<ReceiptVector>("receipt.json");
  const receipt = parseReceipt(vector.receipt);
  const policy = parsePolicy(vector.policy);

  test("verifies offline, and is written back as it was", () => {
    const { checkpoint, asOf } = verifyReceipt(receipt, utf8(vector.entry), policy, verify);
    expect([receipt.index, checkpoint.size, asOf]).toEqual([41, 300, vector.expect.asOf]);
    expect(formatReceipt(receipt)).toBe(vector.receipt);
  });

  test.each<[string, () => unknown]>([
    ["of another entry", () => verifyReceipt(receipt, utf8("entry 42"), policy, verify)],
    ["at another index", () => verifyReceipt({ ...receipt, index: 42 }, utf8(vector.entry), policy, verify)],
    [
      "with a hash less",
      () => verifyReceipt({ ...receipt, proof: receipt.proof.slice(1) }, utf8(vector.entry), policy, verify),
    ],
    [
      "with too few cosignatures",
      () =>
        verifyReceipt(
          { ...receipt, checkpoint: utf8(signed.note.split("\n").slice(0, 6).concat("").join("\n")) },
          utf8(vector.entry),
          policy,
          verify,
        ),
    ],
    [
      "of a log that the policy does not name",
      () => verifyReceipt(receipt, utf8(vector.entry), { ...policy, logs: [] }, verify),
    ],
    ["with another first line", () => parseReceipt(vector.receipt.replace("@v1", "@v2"))],
    [
      "with an index with a leading zero",
      () => parseReceipt(vector.receipt.replace("index 41", "index 041")),
    ],
    [
      "with a hash that is none",
      () => parseReceipt(vector.receipt.replace(/\n[A-Za-z0-9+/]{43}=\n/, "\nAAAA\n")),
    ],
  ])("%s is refused", (_, work) => {
    expect(work).toThrow(Refusal);
  });
});

describe("a policy", () => {
  const { policy } = load<ReceiptVector>("receipt.json");
  const [, logLine = "", w1 = "", w2 = "", w3 = ""] = policy.split("\n");
  const of = (...lines: string[]) => [logLine, w1, w2, w3, ...lines, ""].join("\n");
  const keys = [...parsePolicy(policy).witnesses.values()];

  test("groups within groups, any, all and numbers", () => {
    const nested = parsePolicy(of("group a any w1 w2", "group b all a w3", "quorum b"));
    const subset = (...at: number[]) => keys.filter((_, index) => at.includes(index));
    expect(meetsQuorum(nested, subset(0, 2))).toBe(true);
    expect(meetsQuorum(nested, subset(1, 2))).toBe(true);
    expect(meetsQuorum(nested, subset(0, 1))).toBe(false);
    expect(meetsQuorum(parsePolicy(of("quorum none")), [])).toBe(true);
    expect(meetsQuorum(parsePolicy(of("  quorum\t w2 # no").replace(" # no", "")), subset(1))).toBe(true);
  });

  test.each<[string, string]>([
    ["no quorum", of()],
    ["two quorums", of("quorum w1", "quorum w2")],
    ["a member that is not defined before", of("group a any w4", "quorum a")],
    ["a member of two groups", of("group a any w1 w2", "group b any w1 w3", "quorum a")],
    ["a member twice", of("group a 2 w1 w1", "quorum a")],
    ["more than there are", of("group a 3 w1 w2", "quorum a")],
    ["none of them", of("group a 0 w1 w2", "quorum a")],
    ["a name twice", of("group w1 any w2", "quorum w1")],
    ["the name none", of("group none any w2", "quorum none")],
    ["a key twice", of(w1.replace("w1", "w9"), "quorum w9")],
    ["a log's key as witness", of(`witness x ${logLine.slice(4)}`, "quorum x")],
    ["an unknown word", of("trust me", "quorum w1")],
    ["a control character", of("quorum w1\r")],
  ])("%s is refused", (_, text) => {
    expect(() => parsePolicy(text)).toThrow(Refusal);
  });
});
