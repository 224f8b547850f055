/**
 * What is said of people stands beside the log, never in it: a log is not erased. Signed documents bind it by the hash
 * of its bytes, in which 32 random bytes keep anyone from guessing what was erased.
 */
import { z } from "zod";
import { ofKind } from "../signing/envelope.ts";
import { Hash, hashOf, utf8 } from "../values/bytes.ts";
import { parseJson } from "../values/json.ts";
import { Instant } from "../values/names.ts";
import { parseWith } from "../values/refusal.ts";
import { textOf } from "../values/text.ts";

const Salt = z.string().regex(/^[0-9a-f]{64}$/, "expected 64 hexadecimal digits");

export const Aside = z.discriminatedUnion("of", [
  /** Why a question is asked. */
  z.strictObject({ of: z.literal("purpose"), salt: Salt, text: textOf(2000) }),
  /** Who a person of the directory is. */
  z.strictObject({ of: z.literal("person"), salt: Salt, name: textOf(200), title: textOf(200) }),
]);
export type Aside = z.infer<typeof Aside>;

/** A root's word that something is to be forgotten. */
export const Erasure = ofKind("erasure", z.strictObject({ aside: Hash, time: Instant }));

export const writeAside = (aside: Aside): { readonly id: Hash; readonly text: string } => {
  const text = JSON.stringify(aside);
  return { id: asideId(text), text };
};

/** The bytes are hashed as they are: whoever has them finds the same id. */
export const asideId = (text: string): Hash => hashOf(utf8(text));

export const readAside = (text: string): Aside => parseWith(Aside, parseJson(text), "aside");
