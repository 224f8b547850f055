/** An auditor's browser takes masks off with the same bytes as a server does. */
import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { browserPrimitives } from "../../dashboards/src/proof/primitives.ts";
import { type About, boxFor, openBox } from "../../protocol/secure-sum/box.ts";
import { hashOf } from "../../protocol/values/bytes.ts";
import { Refusal } from "../../protocol/values/refusal.ts";
import { nativePrimitives } from "../../server/primitives.ts";

test("keys, derivations and streams of browser and platform are the same", () => {
  for (let run = 0; run < 50; run++) {
    const [a, b] = [randomBytes(32), randomBytes(32)].map((bytes) => Uint8Array.from(bytes)) as [
      Uint8Array,
      Uint8Array,
    ];
    const pub = nativePrimitives.publicOf(b);
    expect(browserPrimitives.publicOf(b)).toEqual(pub);
    const secret = nativePrimitives.agree(a, pub);
    expect(browserPrimitives.agree(a, pub)).toEqual(secret);
    const info = Uint8Array.from(Buffer.from(`info ${run}`));
    const key = nativePrimitives.derive(secret, "salt", info);
    expect(browserPrimitives.derive(secret, "salt", info)).toEqual(key);
    const [offset, length] = [16 * run * run, 8 * (1 + run)];
    expect(Buffer.from(browserPrimitives.stream(key, offset, length))).toEqual(
      Buffer.from(nativePrimitives.stream(key, offset, length)),
    );
  }
});

test("what one encrypts to a key for something the other reads, and nobody else, and not for anything else", () => {
  const all = [nativePrimitives, browserPrimitives];
  const random = (length: number) => Uint8Array.from(randomBytes(length));
  const about: About = { request: hashOf(random(8)), piece: [hashOf(random(8)), 3] };
  for (const [index, from] of all.entries())
    for (const to of all)
      for (const length of [0, 1, 66, 70_001]) {
        const [own, fresh, plain] = [random(32), random(32), random(length)];
        const box = boxFor(from.publicOf(own), about, plain, fresh, from);
        // Of the same fresh key both make the same.
        expect(boxFor(to.publicOf(own), about, plain, fresh, to)).toEqual(box);
        expect(openBox(own, about, box, to)).toEqual(plain);
        const changed = box.map((byte, at) => (at === (index * 40) % box.length ? byte ^ 1 : byte));
        for (const broken of [
          changed,
          box.slice(0, -1),
          box.slice(0, 40),
          new Uint8Array(),
          box.fill(0, 0, 32),
        ])
          expect(() => openBox(own, about, broken, to)).toThrow(Refusal);
      }
  const own = random(32);
  const box = boxFor(nativePrimitives.publicOf(own), about, random(9), random(32), nativePrimitives);
  const others: About[] = [
    { ...about, request: hashOf(random(8)) },
    { ...about, piece: [hashOf(random(8)), 3] },
    { request: about.request, piece: [about.piece?.[0] ?? "", 4] },
    { request: about.request, piece: null },
  ];
  for (const opener of all) {
    for (const other of others) expect(() => openBox(own, other, box, opener)).toThrow(Refusal);
    expect(() => openBox(random(32), about, box, opener)).toThrow(Refusal);
  }
});

test("a point of small order is refused by both", () => {
  const key = Uint8Array.from(randomBytes(32));
  for (const { agree } of [browserPrimitives, nativePrimitives])
    expect(() => agree(key, new Uint8Array(32))).toThrow(/expected public keys of X25519/);
});
