/** What one version of the directory changes of another, in words: what the holder of a root key reads before signing. */
import { ruleWords } from "../question/approval.ts";
import type { Directory } from "./directory.ts";

/** One line a change, in the order of the document. Empty where only the version's own number and times differ. */
export function changesOf(before: Directory, after: Directory): string[] {
  return [
    ...differ("name", before.name, after.name),
    ...differ("expires", before.expires, after.expires),
    ...keysOf("root", before.roots.keys, after.roots.keys),
    ...differ("roots that must sign", before.roots.threshold, after.roots.threshold),
    ...differ(
      "ρ of a person and year",
      before.rhoPerYear ?? "as its datasets allow",
      after.rhoPerYear ?? "as its datasets allow",
    ),
    ...fields("the coordinator", before.coordinator, after.coordinator),
    ...differ("digest of the pages", before.pages ?? "none", after.pages ?? "none"),
    ...nodes(before, after),
    ...people(before, after),
    ...listed(
      "dataset",
      before.datasets.map(({ dataset }) => dataset),
      after.datasets.map(({ dataset }) => dataset),
    ),
    ...listed("witness from outside", witnesses(before), witnesses(after)),
    ...listed("approval rule", before.approvalRules.map(ruleText), after.approvalRules.map(ruleText)),
  ];
}

type NamedKeys = Readonly<Record<string, string | undefined>>;
const short = (key: string): string => `${key.slice(0, 12)}…`;

const differ = (what: string, before: unknown, after: unknown): string[] =>
  before === after ? [] : [`${what}: ${String(before)} → ${String(after)}`];

const keysOf = (what: string, before: readonly string[], after: readonly string[]): string[] =>
  listed(`${what} key`, before, after, short);

function listed(
  what: string,
  before: readonly string[],
  after: readonly string[],
  text = (each: string) => each,
): string[] {
  return [
    ...before.filter((each) => !after.includes(each)).map((each) => `${what} ${text(each)}: taken out`),
    ...after.filter((each) => !before.includes(each)).map((each) => `${what} ${text(each)}: new`),
  ];
}

const fields = (whose: string, before: NamedKeys, after: NamedKeys): string[] =>
  [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((purpose) =>
    differ(`${purpose} key of ${whose}`, short(before[purpose] ?? "none"), short(after[purpose] ?? "none")),
  );

function nodes(before: Directory, after: Directory): string[] {
  return after.nodes.flatMap((node) => {
    const known = before.nodes.find(({ code }) => code === node.code);
    if (known === undefined) return [`region ${node.code} ${node.name}: new, ${node.status}`];
    return [
      ...differ(`name of region ${node.code}`, known.name, node.name),
      ...differ(`region ${node.code}`, known.status, node.status),
      ...fields(`region ${node.code}`, known.keys, node.keys),
    ];
  });
}

function people(before: Directory, after: Directory): string[] {
  const gone = before.people.filter(({ id }) => !after.people.some((each) => each.id === id));
  return [
    ...gone.map(({ id }) => `${id}: taken out`),
    ...after.people.flatMap((person) => {
      const known = before.people.find(({ id }) => id === person.id);
      const name = person.id;
      return [
        ...(known === undefined ? [`${name}: new, ${person.roles.join(", ")}`] : []),
        ...(known === undefined ? [] : differ(`roles of ${name}`, known.roles.join(), person.roles.join())),
        ...(known === undefined ? [] : differ(`region of ${name}`, known.region, person.region)),
        ...differ(`digest of who ${name} is`, known?.card ?? "none", person.card ?? "none"),
        ...(known?.keys ?? [])
          .filter(({ key }) => !person.keys.some((each) => each.key === key))
          .map(({ key }) => `key ${short(key)} of ${name}: taken out`),
        ...person.keys.flatMap(({ key, purpose, revoked, notBefore, notAfter }) => {
          const old = known?.keys.find((each) => each.key === key);
          const what = `key ${short(key)} of ${name}`;
          if (old === undefined) return [`${what}: new, to ${purpose}, from ${notBefore} to ${notAfter}`];
          return [
            ...differ(`${what}, revoked`, old.revoked ?? "no", revoked ?? "no"),
            ...differ(`${what}, from`, old.notBefore, notBefore),
            ...differ(`${what}, to`, old.notAfter, notAfter),
          ];
        }),
      ];
    }),
  ];
}

const witnesses = ({ witnesses: outside = [] }: Directory): string[] =>
  outside.map(
    ({ name, key, url, required }) => `${name} at ${url}, key ${key}${required === true ? ", required" : ""}`,
  );

const ruleText = (rule: Directory["approvalRules"][number]): string => ruleWords(rule, "en");
