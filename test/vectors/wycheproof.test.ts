/**
 * Others' vectors for each primitive, on every implementation of it that Brus runs: the platform's own on servers, and
 * what a browser runs. Read from ../shared/vectors; each set is skipped, saying so, where it is missing.
 */
import { createCipheriv, createDecipheriv, createHmac, hkdfSync } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { chacha20poly1305 } from "@noble/ciphers/chacha.js";
import { hkdf } from "@noble/hashes/hkdf.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { describe, expect, test } from "vitest";
import { browserPrimitives } from "../../dashboards/src/proof/primitives.ts";
import { padsOf } from "../../node/store/people.ts";
import { verify } from "../../protocol/signing/ed25519.ts";
import { concat, fromHex, fromUtf8, toHex } from "../../protocol/values/bytes.ts";
import { nativePrimitives } from "../../server/primitives.ts";
import { nativeVerify } from "../../server/signing.ts";

const FOLDER = join(import.meta.dirname, "../../../shared/vectors");

type Case = { readonly tcId: number; readonly result: string; readonly [field: string]: unknown };
type Group = { readonly tests: readonly Case[]; readonly publicKey?: { readonly pk: string } };

/** Every case of a set, with its group's public key where it has one; none where the file is missing. */
function casesOf(path: string): Case[] {
  if (!existsSync(path)) return [];
  const { testGroups } = JSON.parse(readFileSync(path, "utf8")) as { testGroups: readonly Group[] };
  return testGroups.flatMap(({ tests, publicKey }) => tests.map((each) => ({ ...each, pk: publicKey?.pk })));
}

/** Runs a case; "passed over" where it asks for what this implementation is never asked for. */
type Run = (given: Case) => "passed over" | undefined;
const run =
  (work: (given: Case) => void): Run =>
  (given) =>
    void work(given);
const of =
  (fits: (given: Case) => boolean, work: (given: Case) => void): Run =>
  (given) =>
    fits(given) ? void work(given) : "passed over";

/** A set of so many cases; of each implementation, how many of them it is asked for. */
function set(file: string, count: number, runs: Readonly<Record<string, readonly [number, Run]>>): void {
  const path = join(FOLDER, file);
  describe.skipIf(!existsSync(path))(`${file}, ${count} cases (skipped where ../shared is missing)`, () => {
    const cases = casesOf(path);
    test("all are there", () => expect(cases).toHaveLength(count));
    test.each(Object.entries(runs))("%s", (_, [those, work]) => {
      expect(cases.filter((each) => work(each) !== "passed over")).toHaveLength(those);
    });
  });
}

const at = (given: Case, field: string): Uint8Array => fromHex(String(given[field]));

/** What the work gives; null where it throws, which is how these functions refuse. */
function orNull<T>(work: () => T): T | null {
  try {
    return work();
  } catch {
    return null;
  }
}

/** Gives the output that a valid case names, and refuses what is not valid. */
function gives(given: Case, expected: Uint8Array, work: () => Uint8Array): void {
  const wanted = given.result === "valid" ? toHex(expected) : null;
  const given_ = orNull(work);
  expect(given_ === null ? null : toHex(given_), `case ${given.tcId}`).toBe(wanted);
}

const verifying = (check: typeof verify): Run =>
  run((given) => {
    const verified = check(at(given, "pk"), at(given, "msg"), at(given, "sig"));
    expect(verified, `case ${given.tcId}`).toBe(given.result === "valid");
  });

set("wycheproof-ed25519.json", 151, {
  "the platform's": [151, verifying(nativeVerify)],
  "a browser's": [151, verifying(verify)],
});

/** A shared secret of zero tells that the other's point is of small order: refused. All others agree, on the twist too. */
const agreeing = ({ agree }: Pick<typeof nativePrimitives, "agree">): Run =>
  run((given) => {
    const shared = at(given, "shared");
    const result = shared.every((byte) => byte === 0) ? "invalid" : "valid";
    gives({ ...given, result }, shared, () => agree(at(given, "private"), at(given, "public")));
  });

set("wycheproof-x25519.json", 518, {
  "the platform's": [518, agreeing(nativePrimitives)],
  "a browser's": [518, agreeing(browserPrimitives)],
});

/**
 * Ours derive 32 bytes, from salts that are texts. HKDF's output is the same however much of it is taken: where the salt
 * is a text, ours must give the beginning.
 */
const deriving = ({ derive }: Pick<typeof nativePrimitives, "derive">): Run =>
  of(
    (given) => at(given, "okm").length >= 32 && orNull(() => fromUtf8(at(given, "salt"))) !== null,
    (given) =>
      gives(given, at(given, "okm").subarray(0, 32), () =>
        derive(at(given, "ikm"), fromUtf8(at(given, "salt")), at(given, "info")),
      ),
  );

const expanding = (
  work: (ikm: Uint8Array, salt: Uint8Array, info: Uint8Array, size: number) => Uint8Array,
): Run =>
  run((given) =>
    gives(given, at(given, "okm"), () =>
      work(at(given, "ikm"), at(given, "salt"), at(given, "info"), Number(given["size"])),
    ),
  );

set("wycheproof-hkdf-sha256.json", 86, {
  "the platform's": [
    86,
    expanding((ikm, salt, info, size) => new Uint8Array(hkdfSync("sha256", ikm, salt, info, size))),
  ],
  "a browser's": [86, expanding((ikm, salt, info, size) => hkdf(sha256, ikm, salt, info, size))],
  "as servers derive": [19, deriving(nativePrimitives)],
  "as browsers derive": [19, deriving(browserPrimitives)],
});

/** Tags are compared in full, or by as many of their first bytes as a case has. */
const tagging = (tag: (key: Uint8Array, message: Uint8Array) => Uint8Array) => (given: Case) => {
  const wanted = at(given, "tag");
  const made = tag(at(given, "key"), at(given, "msg")).subarray(0, wanted.length);
  expect(toHex(made) === toHex(wanted), `case ${given.tcId}`).toBe(given.result === "valid");
};

set("wycheproof-hmac-sha256.json", 174, {
  "the platform's": [174, run(tagging((key, message) => createHmac("sha256", key).update(message).digest()))],
  "a browser's, within HKDF": [174, run(tagging((key, message) => hmac(sha256, key, message)))],
  // For engines that have SHA-256 alone: pads of keys of at most a block, and ours are of 32 bytes.
  "in SQL, by pads": [
    168,
    of(
      (given) => at(given, "key").length <= 64,
      tagging((key, message) => {
        const { inner, outer } = padsOf(key);
        return sha256(concat(fromHex(outer), sha256(concat(fromHex(inner), message))));
      }),
    ),
  ],
});

type Aead = "aes-128-gcm" | "aes-192-gcm" | "aes-256-gcm" | "chacha20-poly1305";
const TAG = { authTagLength: 16 };

/** Both ways: what is encrypted is the case's, and what is decrypted its message; what is not valid opens nowhere. */
function natively(name: Aead, given: Case): void {
  const [key, iv, msg, ct] = ["key", "iv", "msg", "ct"].map((field) => at(given, field)) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ];
  const [aad, tag] = [at(given, "aad"), at(given, "tag")];
  // The types tell the two modes apart by their names; the calls are the same.
  const mode = name as "chacha20-poly1305";
  gives(given, msg, () => {
    const decipher = createDecipheriv(mode, key, iv, TAG);
    decipher.setAAD(aad, { plaintextLength: ct.length });
    decipher.setAuthTag(tag);
    return concat(decipher.update(ct), decipher.final());
  });
  if (given.result !== "valid") return;
  const cipher = createCipheriv(mode, key, iv, TAG);
  cipher.setAAD(aad, { plaintextLength: msg.length });
  gives(given, concat(ct, tag), () => concat(cipher.update(msg), cipher.final(), cipher.getAuthTag()));
}

// Nodes alone encrypt with it, persons' identities at rest: keys of 32 bytes, nonces of 12. It takes none longer than 128.
set("wycheproof-aes-gcm.json", 316, {
  "the platform's": [
    313,
    of(
      (given) => at(given, "iv").length <= 128,
      (given) => natively(`aes-${(at(given, "key").length * 8) as 128 | 192 | 256}-gcm`, given),
    ),
  ],
});

set("wycheproof-chacha20-poly1305.json", 325, {
  // It pads a shorter nonce, and takes it: ours are of 12 bytes by construction.
  "the platform's": [
    316,
    of(
      (given) => at(given, "iv").length === 12,
      (given) => natively("chacha20-poly1305", given),
    ),
  ],
  "a browser's": [
    325,
    run((given) => {
      const [aad, box] = [at(given, "aad"), concat(at(given, "ct"), at(given, "tag"))];
      const cipher = () => chacha20poly1305(at(given, "key"), at(given, "iv"), aad);
      gives(given, at(given, "msg"), () => cipher().decrypt(box));
      if (given.result === "valid") gives(given, box, () => cipher().encrypt(at(given, "msg")));
    }),
  ],
});
