/** Native Ed25519 and the pure one agree on every edge: RFC 8032's vectors, and what strict verifiers must refuse. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ed25519 } from "@noble/curves/ed25519.js";
import { sha512 } from "@noble/hashes/sha2.js";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { isGoodPublicKey, verify as pure } from "../../protocol/signing/ed25519.ts";
import {
  ofKind,
  openEnvelope,
  pae,
  type Signer,
  signDocument,
  signedBy,
} from "../../protocol/signing/envelope.ts";
import { concat, fromBase64, fromHex, toBase64, toHex, utf8 } from "../../protocol/values/bytes.ts";
import { nativeVerify, newKey, signerOf } from "../../server/signing.ts";

/** RFC 8032, section 7.1, tests 1 to 3 and "SHA(abc)": secret key, public key, message, signature. */
const RFC8032 = [
  [
    "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
    "",
    "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
  ],
  [
    "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
    "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
    "72",
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
  ],
  [
    "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
    "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
    "af82",
    "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
  ],
] as const;

const both = (key: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean => {
  const [a, b] = [pure(key, message, signature), nativeVerify(key, message, signature)];
  expect(a, "native and pure verification agree").toBe(b);
  return a;
};

describe("Ed25519", () => {
  test.each(RFC8032)("RFC 8032: %s", (_, key, message, signature) => {
    expect(both(fromHex(key), fromHex(message), fromHex(signature))).toBe(true);
    for (let bit = 0; bit < 512; bit += 37) {
      const bad = fromHex(signature);
      bad[bit >> 3] = (bad[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(both(fromHex(key), fromHex(message), bad)).toBe(false);
    }
  });

  /** Keys that a browser holds sign by WebCrypto. */
  test.each(RFC8032)("WebCrypto signs RFC 8032's bytes: %s", async (seed, _, message, signature) => {
    const der = fromHex(`302e020100300506032b657004220420${seed}`);
    const key = await crypto.subtle.importKey("pkcs8", der, { name: "Ed25519" }, false, ["sign"]);
    const made = await crypto.subtle.sign({ name: "Ed25519" }, key, fromHex(message));
    expect(toHex(new Uint8Array(made))).toBe(signature);
  });

  test("S + L, a torsion point added to R, wrong lengths: refused by both", () => {
    const [[, key, message, signature]] = RFC8032;
    const order = 2n ** 252n + 27742317777372353535851937790883648493n;
    const bytes = fromHex(signature);
    const s = bytes.subarray(32).reduceRight((value, byte) => value * 256n + BigInt(byte), 0n) + order;
    const high = Uint8Array.from({ length: 32 }, (_, index) => Number((s >> BigInt(8 * index)) & 255n));
    expect(both(fromHex(key), fromHex(message), concat(bytes.subarray(0, 32), high))).toBe(false);
    const torsion = ed25519.Point.fromHex(
      "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
      true,
    );
    const r = ed25519.Point.fromBytes(bytes.subarray(0, 32)).add(torsion).toBytes();
    expect(both(fromHex(key), fromHex(message), concat(r, bytes.subarray(32)))).toBe(false);
    expect(both(fromHex(key), fromHex(message), bytes.subarray(1))).toBe(false);
  });

  test.each([
    ["the neutral element", "0100000000000000000000000000000000000000000000000000000000000000"],
    ["a point of order 8", "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"],
    ["y not below p", "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"],
    ["not on the curve", "0200000000000000000000000000000000000000000000000000000000000000"],
    ["zero", "0000000000000000000000000000000000000000000000000000000000000000"],
  ])("a bad public key is refused by both: %s", (_, key) => {
    expect(isGoodPublicKey(fromHex(key))).toBe(false);
    expect(both(fromHex(key), utf8("x"), new Uint8Array(64))).toBe(false);
  });
});

/**
 * Signatures on the edge, made here: by one key, with a nonce, and points of small order added where a case says so. The
 * equation without the cofactor holds of those that say so; only what is strict may pass.
 */
describe("on the edge", () => {
  const { Point } = ed25519;
  const order = Point.Fn.ORDER;
  const number = (bytes: Uint8Array) => bytes.reduceRight((all, byte) => all * 256n + BigInt(byte), 0n);
  const bytesOf = (value: bigint) =>
    Uint8Array.from({ length: 32 }, (_, index) => Number((value >> BigInt(8 * index)) & 255n));
  const { scalar: a, point: A } = ed25519.utils.getExtendedPublicKey(new Uint8Array(32).fill(7));
  const eighth = Point.fromHex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05", true);
  const message = utf8("brus edge");
  type Made = { readonly R: Uint8Array; readonly key?: Uint8Array; readonly nonce: bigint };
  /** S that fits R as it is written, and the key as it is written. */
  const made = ({ R, key = A.toBytes(), nonce }: Made) => {
    const k = number(sha512(concat(R, key, message))) % order;
    return { key, signature: concat(R, bytesOf((nonce + k * a) % order)) };
  };
  const nonce = 12345n;
  const good = Point.BASE.multiply(nonce);
  const neutral = bytesOf(1n);

  test.each<[string, boolean, Made]>([
    ["an honest one", true, { R: good.toBytes(), nonce }],
    ["R neutral: the equation holds, whatever is signed", false, { R: neutral, nonce: 0n }],
    ["R neutral, y = p + 1", false, { R: bytesOf((1n << 255n) - 18n), nonce: 0n }],
    ["R neutral, its sign bit set", false, { R: neutral.with(31, 0x80), nonce: 0n }],
    ["R of order 8", false, { R: eighth.toBytes(), nonce: 0n }],
    ["R with a part of order 8", false, { R: good.add(eighth).toBytes(), nonce }],
    ["a key with a part of order 8", false, { R: good.toBytes(), key: A.add(eighth).toBytes(), nonce }],
    ["a key of order 8", false, { R: good.toBytes(), key: eighth.toBytes(), nonce }],
    ["a neutral key", false, { R: good.toBytes(), key: neutral, nonce }],
  ])("%s", (_, passes, given) => {
    const { key, signature } = made(given);
    expect(both(key, message, signature)).toBe(passes);
  });
});

const CCTV = join(import.meta.dirname, "../../../shared/vectors/cctv-ed25519.json");
type Cctv = { number: number; key: string; sig: string; msg: string; flags: string[] | null };

describe.skipIf(!existsSync(CCTV))(
  "../shared/vectors/cctv-ed25519.json (skipped where it is missing)",
  () => {
    const cases = existsSync(CCTV) ? (JSON.parse(readFileSync(CCTV, "utf8")) as Cctv[]) : [];
    test("native and pure agree on all 914; only what has no flaw passes", () => {
      expect(cases).toHaveLength(914);
      for (const { number, key, sig, msg, flags } of cases)
        expect(both(fromHex(key), utf8(msg), fromHex(sig)), `case ${number}`).toBe(
          (flags ?? []).length === 0,
        );
    });
  },
);

test("what has verified lets through those very bytes alone", () => {
  const { publicKey, sign } = signerOf(newKey("ask"));
  const [key, other] = [publicKey, newKey("ask").public].map(fromBase64) as [Uint8Array, Uint8Array];
  for (const length of [0, 200, 20_000]) {
    const message = new Uint8Array(length).fill(7);
    const signature = sign(message);
    for (let time = 0; time < 2; time++) {
      expect(nativeVerify(key, message, signature)).toBe(true);
      expect(nativeVerify(other, message, signature)).toBe(false);
      expect(nativeVerify(key, concat(message, Uint8Array.of(0)), signature)).toBe(false);
      // The same bytes in one row, cut elsewhere.
      expect(nativeVerify(key, concat(signature.subarray(63), message), signature.subarray(0, 63))).toBe(
        false,
      );
      for (const at of [0, 40, 63])
        expect(nativeVerify(key, message, signature.with(at, (signature[at] ?? 0) ^ 1))).toBe(false);
    }
  }
});

describe("DSSE envelopes", () => {
  const signer: Signer = signerOf(newKey("ask"));
  const Any = ofKind("query", z.strictObject({ a: z.int() }));
  const Other = ofKind("approval", z.strictObject({ a: z.int() }));

  test("the pre-authentication encoding is the specification's own example", () => {
    expect(new TextDecoder().decode(pae("http://example.com/HelloWorld", utf8("hello world")))).toBe(
      "DSSEv1 29 http://example.com/HelloWorld 11 hello world",
    );
  });

  test("opens what was signed; refuses another kind, key, byte or base64", () => {
    const envelope = signDocument("query", { a: 1 }, signer);
    expect(openEnvelope(envelope, Any, [signer.publicKey]).payload).toEqual({ a: 1 });
    expect(() => openEnvelope(envelope, Other, [signer.publicKey])).toThrow(/vnd\.brus\.approval/);
    expect(() => openEnvelope(envelope, Any, [newKey("ask").public])).toThrow(/signed by a key/);
    const other = { ...envelope, payload: toBase64(utf8('{"a":2}')) };
    expect(() => openEnvelope(other, Any, [signer.publicKey])).toThrow(/exact bytes/);
    // The same bytes under another base64 text: trailing bits that decoding drops.
    const loose = {
      ...envelope,
      payload: envelope.payload.replace(/.=$/, (end) => `${String.fromCharCode(end.charCodeAt(0) + 1)}=`),
    };
    if (loose.payload !== envelope.payload)
      expect(() => openEnvelope(loose, Any, [signer.publicKey])).toThrow();
    expect(() =>
      openEnvelope({ ...envelope, signatures: [...envelope.signatures, ...envelope.signatures] }, Any, [
        signer.publicKey,
      ]),
    ).toThrow(/one signature/);
  });

  test("a threshold counts distinct keys, however often they sign", () => {
    const second = signerOf(newKey("root"));
    const envelope = signDocument("directory", { a: 1 }, signer, signer, second);
    expect(
      signedBy(envelope, "directory", [signer.publicKey, signer.publicKey, second.publicKey]),
    ).toHaveLength(2);
    expect(toHex(fromHex("00ff"))).toBe("00ff");
  });
});
