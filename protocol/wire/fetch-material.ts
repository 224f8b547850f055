/**
 * What stands behind a release's secure sum, as an auditor of the directory is given it: asked for by a signed request,
 * which is logged and answered once, and read with the key that was made for it.
 */
import { GivenMessages, type MaterialRequest } from "../release/material.ts";
import { openBox } from "../secure-sum/box.ts";
import type { Primitives } from "../secure-sum/mask.ts";
import type { GivenMaterial } from "../secure-sum/recompute.ts";
import { type Envelope, envelopeId } from "../signing/envelope.ts";
import { fromBase64, type Hash, toBase64, toHex } from "../values/bytes.ts";
import { parseJson } from "../values/json.ts";
import { instant } from "../values/names.ts";
import { parseWith, Refusal } from "../values/refusal.ts";
import type { Client } from "./client.ts";

/** What an auditor signs, and the key with which they read the answer. `fresh` is 48 random bytes, used for nothing else. */
export function materialRequest(
  asked: { readonly release: Hash; readonly auditor: string; readonly now: Date },
  fresh: Uint8Array,
  { publicOf }: Primitives,
): { readonly request: MaterialRequest; readonly own: Uint8Array } {
  const own = fresh.slice(0, 32);
  const { release, auditor, now } = asked;
  const nonce = toHex(fresh.slice(32, 48));
  return {
    request: { release, auditor, time: instant(now), key: toBase64(publicOf(own)), nonce },
    own,
  };
}

/** Refuses a coordinator from before, which would give in clear what only the auditor may read. */
export async function givenFor(
  client: Client,
  { signed, own }: { readonly signed: Envelope; readonly own: Uint8Array },
  primitives: Primitives,
): Promise<GivenMaterial> {
  const request = envelopeId(signed);
  const { box } = await client("getMaterial", { body: signed }).catch((cause: unknown) => {
    if (!(cause instanceof Refusal) || cause.code !== "schema-mismatch") throw cause;
    throw new Refusal(
      "schema-mismatch",
      "expected a coordinator that encrypts what it gives to an auditor: this one is of an earlier version",
      { cause },
    );
  });
  const plain = openBox(own, { request, piece: null }, fromBase64(box), primitives);
  const { messages, word } = parseWith(GivenMessages, parseJson(plain), "material");
  return {
    messages,
    piece: async (document, place) => {
      const piece = await client("getPiece", { body: { request, word, document, place } });
      return openBox(own, { request, piece: [document, place] }, fromBase64(piece.box), primitives);
    },
  };
}
