/** Words of the command line from which directories are made: regions, persons, keys and their terms. */
import { existsSync, readFileSync } from "node:fs";
import { CALENDAR_ROLE } from "../../protocol/federation/accounts.ts";
import type { Directory } from "../../protocol/federation/directory.ts";
import { parseJson } from "../../protocol/values/json.ts";
import { parseWith, Refusal } from "../../protocol/values/refusal.ts";
import { KeyFile } from "../../server/keys.ts";
import { readBytes } from "../client/connect.ts";

export const NODE_FORM = "code=name=answer key,log key,witness key (the last two where logs are kept)";
export const WITNESS_FORM =
  "name=verifier key=address: a witness from outside; with ,required nothing is public before it has cosigned";
export const CALENDAR_FORM =
  "a researcher whose calendars draw on the part of the year that is kept for them";
export const YEAR = 365 * 24 * 3600 * 1000;

/** The public part of a key given as itself or as a key file. */
export const publicOf = (text: string): string =>
  existsSync(text) ? parseWith(KeyFile, parseJson(readFileSync(text)), "key file", "usage").public : text;

export const textIn = (file: string): string => new TextDecoder().decode(readBytes(file));

export const collect = (value: string, before: string[]): string[] => [...before, value];

export function split(text: string, parts: number): string[] {
  const pieces = text.split("=");
  // Base64 ends in "=": the last part takes the rest.
  const all = [...pieces.slice(0, parts - 1), pieces.slice(parts - 1).join("=")];
  if (all.length !== parts || all.some((part) => part === ""))
    throw new Refusal("usage", `expected ${parts} parts joined by =`);
  return all;
}

/** With the role to sign calendars for those who are named. Refuses (`usage`) one who is not there. */
export function withCalendars<Person extends { readonly id: string; readonly roles: readonly string[] }>(
  people: readonly Person[],
  ids: readonly string[],
): Person[] {
  const stranger = ids.find((id) => !people.some((person) => person.id === id));
  if (stranger !== undefined) throw new Refusal("usage", `expected a researcher, not ${stranger}`);
  return people.map((person) =>
    ids.includes(person.id) ? { ...person, roles: [...new Set([...person.roles, CALENDAR_ROLE])] } : person,
  );
}

/** A witness from outside the federation, with its verifier key (cosignature/v1) and what `add-checkpoint` is put behind. */
const witnessEntry = (text: string) => {
  const [name = "", key = "", address = ""] = split(text, 3);
  const [url = "", required, ...more] = address.split(",");
  if (more.length > 0 || (required !== undefined && required !== "required"))
    throw new Refusal("usage", `expected ${WITNESS_FORM}`);
  return { name, key, url: url.replace(/\/$/, ""), ...(required === undefined ? {} : { required: true }) };
};

/** Those that are named already, and more; nothing where there are none. */
export const withWitnesses = ({ witnesses = [] }: Pick<Directory, "witnesses">, texts: readonly string[]) => {
  const all = [...witnesses, ...texts.map(witnessEntry)];
  return all.length === 0 ? {} : { witnesses: all };
};

export const nodeEntry = (text: string) => {
  const [code = "", name = "", list = ""] = split(text, 3);
  const [answer = "", log, witness, ...more] = list.split(",");
  if (more.length > 0 || (log === undefined) !== (witness === undefined))
    throw new Refusal("usage", `expected ${NODE_FORM}`);
  const watching =
    log === undefined || witness === undefined ? {} : { log: publicOf(log), witness: publicOf(witness) };
  return { code, name, status: "active", keys: { answer: publicOf(answer), ...watching } };
};
