/** An auditor's browser takes masks off with the same bytes as a server does. */
import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { browserPrimitives } from "../../dashboards/src/proof/primitives.ts";
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

test("a point of small order is refused by both", () => {
  const key = Uint8Array.from(randomBytes(32));
  for (const { agree } of [browserPrimitives, nativePrimitives])
    expect(() => agree(key, new Uint8Array(32))).toThrow(/expected public keys of X25519/);
});
