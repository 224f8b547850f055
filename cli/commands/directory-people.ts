/** People of a directory, as the command line makes and changes them: who joins, for what, from where, until when. */
import type { Command } from "commander";
import { CALENDAR_ROLE } from "../../protocol/federation/accounts.ts";
import type { Directory } from "../../protocol/federation/directory.ts";
import type { KeyPurpose } from "../../protocol/signing/envelope.ts";
import { instant } from "../../protocol/values/names.ts";
import { Refusal } from "../../protocol/values/refusal.ts";
import { anyPublicOf, collect, publicOf, split, YEAR } from "./directory-words.ts";

/** The options as they are written, each as often as it is given. */
export type Joining = {
  readonly researcher: string[];
  readonly approver: string[];
  readonly auditor: string[];
  readonly person: string[];
  readonly calendar: string[];
  readonly region: string[];
};

/** From when and until when a version, and each key that is new in it, counts. */
export type Term = { readonly from: string; readonly until: string };

export const termFrom = (now: Date): Term => ({
  from: instant(now),
  until: instant(new Date(now.getTime() + YEAR)),
});

export const withPeopleOptions = (command: Command): Command =>
  command
    .option("--researcher <id=key>", "a person who asks, or another key of theirs", collect, [])
    .option("--approver <id=key>", "a person who approves, or another key of theirs", collect, [])
    .option("--auditor <id=key>", "a person who audits, or another key of theirs", collect, [])
    .option("--person <id=role=key>", "a person of another role, who approves in it", collect, [])
    .option("--region <id=code>", "the region that a person is of", collect, [])
    .option(
      "--calendar <id>",
      "a researcher whose calendars draw on the part of the year that is kept for them",
      collect,
      [],
    );

type People = Directory["people"];
type Person = People[number];

/** What a role's holder signs with: all but these approve. */
const PURPOSE_OF: Readonly<Record<string, KeyPurpose>> = {
  researcher: "ask",
  [CALENDAR_ROLE]: "ask",
  auditor: "audit",
};

/** With those who join. A key of another purpose than its role's is refused (`key-wrong-purpose`). */
export function peopleAfter(
  before: People,
  joining: Joining,
  { from, until }: Term,
  codes: readonly string[],
): People {
  const words = [
    ...joining.researcher.map((text) => ["researcher", ...split(text, 2)]),
    ...joining.approver.map((text) => ["approver", ...split(text, 2)]),
    ...joining.auditor.map((text) => ["auditor", ...split(text, 2)]),
    ...joining.person.map((text) => {
      const [id = "", role = "", key = ""] = split(text, 3);
      return [role, id, key];
    }),
  ];
  const people = words.reduce((all, [role = "", id = "", text = ""]) => {
    const purpose = PURPOSE_OF[role] ?? "approve";
    const key = publicOf(text, purpose);
    return withKey(all, id, role, { key, purpose, notBefore: from, notAfter: until, revoked: null });
  }, before);
  return withCalendars(withRegions(people, joining.region, codes), joining.calendar);
}

/** Another key of a person, or another role of the same key: of somebody new, where nobody is called that yet. */
function withKey(people: People, id: string, role: string, key: Person["keys"][number]): People {
  const person = people.find((each) => each.id === id) ?? { id, roles: [], region: null, keys: [] };
  const roles = [...new Set([...person.roles, role])];
  const known = person.keys.some((each) => each.key === key.key && each.purpose === key.purpose);
  const keys = known ? person.keys : [...person.keys, key];
  return [...people.filter((each) => each.id !== id), { ...person, roles, keys }];
}

function withRegions(people: People, texts: readonly string[], codes: readonly string[]): People {
  const regions = new Map(texts.map((text) => split(text, 2) as [string, string]));
  checkKnown(people, [...regions.keys()]);
  const stranger = [...regions.values()].find((code) => !codes.includes(code));
  if (stranger !== undefined) throw new Refusal("region-unknown", `expected a region, not ${stranger}`);
  return people.map((person) => ({ ...person, region: regions.get(person.id) ?? person.region }));
}

/** With the role to sign calendars for those who are named. */
function withCalendars(people: People, ids: readonly string[]): People {
  checkKnown(people, ids);
  return people.map((person) =>
    ids.includes(person.id) ? { ...person, roles: [...new Set([...person.roles, CALENDAR_ROLE])] } : person,
  );
}

/** Refuses (`usage`) who is not there. */
function checkKnown(people: People, ids: readonly string[]): void {
  const stranger = ids.find((id) => !people.some((person) => person.id === id));
  if (stranger !== undefined)
    throw new Refusal("usage", `expected a person of the directory, not ${stranger}`);
}

export function withRevoked(people: People, revoke: readonly string[], { from }: Term): People {
  const revoked = new Set(revoke.map(anyPublicOf));
  const after = people.map((person) => ({
    ...person,
    keys: person.keys.map((entry) => (revoked.delete(entry.key) ? { ...entry, revoked: from } : entry)),
  }));
  const [unknown] = revoked;
  if (unknown !== undefined) throw new Refusal("key-unknown", `expected a person's key, not ${unknown}`);
  return after;
}

export const EVERYBODY = "all";

/**
 * Keys that count until the term's end: of those who are named every one that is not revoked; of all, those that count
 * now. Whose keys have run out has perhaps left, and comes back only by name.
 */
export function withRenewed(people: People, ids: readonly string[], { from, until }: Term): People {
  const named = ids.filter((id) => id !== EVERYBODY);
  checkKnown(people, named);
  const all = named.length < ids.length;
  return people.map((person) => ({
    ...person,
    keys: person.keys.map((entry) => {
      const renewed = named.includes(person.id) || (all && entry.notAfter > from);
      return renewed && entry.revoked === null && entry.notAfter < until
        ? { ...entry, notAfter: until }
        : entry;
    }),
  }));
}
