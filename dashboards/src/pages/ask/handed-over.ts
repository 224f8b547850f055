/** A question that is handed over to be signed elsewhere: as a file, or behind the # of a desk's address. Bound to nobody yet. */
import { fromBase64, toBase64, utf8 } from "../../../../protocol/values/bytes.ts";
import { parseJson } from "../../../../protocol/values/json.ts";
import { Refusal } from "../../../../protocol/values/refusal.ts";
import { DRAFT_MARK, LONGEST_DRAFT } from "../../../../protocol/wire/desk-address.ts";
import type { Draft, Priced } from "./draft.ts";

/** The question without what is bound when it is signed; with its purpose in words. */
export function handedOver({ title, purpose }: Draft, { query }: Pick<Priced, "query">): object {
  const { edition, directory, requester, notBefore, expires, answerBy, nonce, ...rest } = query;
  return { ...rest, title: title.trim(), purpose: purpose.trim() };
}

/** What follows the # of a desk's address; null where it is too long for one. */
export function markOf(question: object): string | null {
  const text = toBase64(utf8(JSON.stringify(question)))
    .replaceAll("+", "-")
    .replaceAll("/", "_");
  return text.length > LONGEST_DRAFT ? null : `${DRAFT_MARK}${text}`;
}

/** The question behind the # of an address, whoever wrote it; null where there is none. It is read by the desk, not here. */
export function questionIn(hash: string): unknown {
  const mark = `#${DRAFT_MARK}`;
  if (!hash.startsWith(mark) || hash.length > LONGEST_DRAFT + mark.length) return null;
  try {
    return parseJson(fromBase64(hash.slice(mark.length).replaceAll("-", "+").replaceAll("_", "/")));
  } catch (error) {
    if (error instanceof Refusal || error instanceof RangeError) return null;
    throw error;
  }
}

/** A file that was handed over; null where it is no JSON. */
export function questionFrom(text: string): unknown {
  try {
    return parseJson(utf8(text));
  } catch (error) {
    if (error instanceof Refusal) return null;
    throw error;
  }
}
