/**
 * Whom a line of a list may mean: each person by every normal form that their identity can have, whatever the mappings
 * of this region say that identities are. A line is whatever its author wrote: nothing here may quote it.
 */
import { type Day, identityOf, plainOf, REASONS, rulesOf, withoutHyphen } from "../import/identity.ts";

/** One person: the form that they are known by in the list, and every other that a mapping may make of the identity. */
export type Forms = readonly [known: string, ...others: string[]];

/** The persons that a line may mean, more than one where its century is not said; or why it means nobody. */
export type Meant =
  | { readonly persons: readonly Forms[]; readonly reason: null }
  | { readonly persons: null; readonly reason: string };

/** A text has so many at most: itself, as a reserve number without its hyphen, and as a number. Personal numbers have more. */
export const FORMS_OF_TEXT = 3;

const TEN = /^(\d{6})([-+]?)(\d{4})$/;

/**
 * Reads one line. Ten digits are a person of each century that they can be of on `today`; with `+`, of the latest in
 * which they turned a hundred. `strict` takes personal and coordination numbers alone: a slip of the pen would leave out nobody, unseen.
 */
export function meantBy(line: string, today: Day, strict: boolean): Meant {
  const plain = plainOf(line);
  const [, born, sign, end] = TEN.exec(plain) ?? [];
  const numbers = born === undefined ? [plain] : centuries(`${born}${end}`, sign === "+", today);
  const personal = numbers.flatMap((number) => identityOf(number, rulesOf("personnummer"), today).form ?? []);
  if (personal.length > 0) return { persons: personal.map(formsOf), reason: null };
  const { form, reason } = identityOf(line, rulesOf(strict ? "personnummer" : "text"), today);
  if (form === null) return { persons: null, reason: REASONS[reason] };
  const number = identityOf(line, rulesOf("number"), today).form;
  const others = new Set([withoutHyphen(form), ...(number === null ? [] : [number])]);
  others.delete(form);
  return { persons: [[form, ...others]], reason: null };
}

/** The twelve digits that ten may stand for on a day: born by then, and with `+` a hundred years old at least. */
function centuries(ten: string, old: boolean, today: Day): string[] {
  const latest = Math.floor(today / 10_000) - 100;
  const date = (number: string) => Number(number.slice(0, 6)) * 100 + (Number(number.slice(6, 8)) % 60);
  if (old) return [Number(`19${ten.slice(0, 2)}`) <= latest ? `19${ten}` : `18${ten}`];
  return [`19${ten}`, `20${ten}`].filter((number) => date(number) <= today);
}

/**
 * Every spelling of twelve digits that a mapping of texts would keep, what is left of it where numbers lose zeros, and the
 * century before that a `+` says of rows from before the hundredth year: nobody lives who was born in it.
 */
function formsOf(twelve: string): Forms {
  const [born, ten, end] = [twelve.slice(0, 8), twelve.slice(2), twelve.slice(8)];
  const short = ten.slice(0, 6);
  const spellings = [`${born}-${end}`, `${born}+${end}`, ten, `${short}-${end}`, `${short}+${end}`];
  const bare = ten.replace(/^0+(?=\d)/, "");
  const before = twelve.startsWith("19") ? [`18${ten}`] : [];
  return [twelve, ...spellings, ...(bare === ten ? [] : [bare]), ...before];
}
