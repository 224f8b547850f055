/**
 * What of a directory ends soon: itself, and what each person's keys let them do. Told 60, 30 and 7 days before, since the
 * next version needs several roots, who may be on holiday. A pure judgement: whoever tells it has the clock.
 */
import type { PublicKey } from "../signing/ed25519.ts";
import type { KeyPurpose } from "../signing/envelope.ts";
import type { Language } from "../values/language.ts";
import type { Directory } from "./directory.ts";

/** So many days before an end it is told; 0 where it is past. */
export const TOLD_DAYS = [0, 7, 30, 60] as const;
type Within = (typeof TOLD_DAYS)[number];

/** A key that ended longer ago than this is of somebody who has left: it is told no more. */
const FORGOTTEN = 60;
const DAY = 24 * 3600 * 1000;

export type Ending = {
  readonly what: { readonly kind: "directory" } | PersonEnding;
  /** The instant from which it counts no more. */
  readonly at: string;
  /** Whole days until then; below 0 where it is past. */
  readonly days: number;
  /** The least of `TOLD_DAYS` that it is within. */
  readonly within: Within;
};

type PersonEnding = {
  readonly kind: "person";
  readonly person: string;
  /** What the person can sign no more: the last of their keys for it ends. */
  readonly purpose: KeyPurpose;
  readonly key: PublicKey;
};

/** What ends within 60 days of an instant, or has ended, soonest first. */
export function endingsOf({ expires, people }: Directory, now: Date): Ending[] {
  const all = [
    { what: { kind: "directory" } as const, at: expires },
    ...people.flatMap(({ id, keys }) => lastKeys(keys).map((last) => personEnding(id, last))),
  ];
  return all
    .flatMap(({ what, at }) => {
      const days = Math.floor((Date.parse(at) - now.getTime()) / DAY);
      const within = TOLD_DAYS.find((most) => days < most);
      const forgotten = what.kind === "person" && days < -FORGOTTEN;
      return within === undefined || forgotten ? [] : [{ what, at, days, within }];
    })
    .sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
}

type Keys = Directory["people"][number]["keys"];

/** For each purpose the key that counts longest, of those that nobody has revoked. */
function lastKeys(keys: Keys): Keys {
  const last = new Map<KeyPurpose, Keys[number]>();
  for (const key of keys.filter(({ revoked }) => revoked === null)) {
    const known = last.get(key.purpose);
    if (known === undefined || key.notAfter > known.notAfter) last.set(key.purpose, key);
  }
  return [...last.values()];
}

const personEnding = (person: string, { purpose, key, notAfter }: Keys[number]) => ({
  what: { kind: "person", person, purpose, key } as const,
  at: notAfter,
});

const SAY = {
  sv: {
    directory: "katalogen",
    person: (id: string, purpose: KeyPurpose) => `nyckeln för ${id} att ${TO.sv[purpose]}`,
    ends: (days: number) =>
      days === 0 ? "upphör inom ett dygn" : `upphör om ${days} ${days === 1 ? "dag" : "dagar"}`,
    ended: "har upphört",
    more: (n: number) => `och ${n} till`,
  },
  en: {
    directory: "the directory",
    person: (id: string, purpose: KeyPurpose) => `the key of ${id} to ${TO.en[purpose]}`,
    ends: (days: number) =>
      days === 0 ? "ends within a day" : `ends in ${days} ${days === 1 ? "day" : "days"}`,
    ended: "has ended",
    more: (n: number) => `and ${n} more`,
  },
} as const;
const TO = {
  sv: { ask: "fråga", approve: "godkänna", audit: "granska" },
  en: { ask: "ask", approve: "approve", audit: "audit" },
} as const satisfies Record<Language, Record<KeyPurpose, string>>;

/** One ending in words, with its day. */
export function endingWords({ what, at, days }: Ending, language: Language): string {
  const say = SAY[language];
  const whose = what.kind === "directory" ? say.directory : say.person(what.person, what.purpose);
  return `${whose} ${days < 0 ? say.ended : say.ends(days)} (${at.slice(0, 10)})`;
}

/** How many endings a line names: more are told by their number. */
const NAMED = 3;

/** All of them in one line; null where there are none. */
export function endingsLine(endings: readonly Ending[], language: Language): string | null {
  if (endings.length === 0) return null;
  const named = endings.slice(0, NAMED).map((each) => endingWords(each, language));
  const more = endings.length - named.length;
  return [...named, ...(more === 0 ? [] : [SAY[language].more(more)])].join("; ");
}
