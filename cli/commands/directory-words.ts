/** Words of the command line from which directories are made: regions, roots, rules, keys and their terms. */
import { existsSync } from "node:fs";
import type { Command } from "commander";
import type { Directory } from "../../protocol/federation/directory.ts";
import { ApprovalRule } from "../../protocol/question/approval.ts";
import { readDataset, refOf } from "../../protocol/question/catalogue.ts";
import { PublicKey } from "../../protocol/signing/ed25519.ts";
import { parseWith, Refusal } from "../../protocol/values/refusal.ts";
import { publicKeyIn, readKeyFile } from "../../server/keys.ts";
import { readBytes } from "../client/connect.ts";

export const NODE_FORM = "code=name=answer key,log key,witness key (the last two where logs are kept)";
export const WITNESS_FORM =
  "name=verifier key=address: a witness from outside; with ,required nothing is public before it has cosigned";
export const YEAR = 365 * 24 * 3600 * 1000;

/**
 * The public part of a key given as its file, which says itself what it is for, or as base64, for which its place says it.
 * Refuses a file of another purpose (`key-wrong-purpose`), and what is neither (`usage`).
 */
export const publicOf = (text: string, purpose: string): PublicKey =>
  existsSync(text) ? publicKeyIn(text, purpose) : bareKey(text);

/** As `publicOf`, of any purpose: of a key that is to count no more. */
export const anyPublicOf = (text: string): PublicKey =>
  existsSync(text) ? readKeyFile(text).public : bareKey(text);

const bareKey = (text: string): PublicKey =>
  parseWith(PublicKey, text, "neither a key file nor a public key", "usage");

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
  return { code, name, status: "active", keys: nodeKeys(list) };
};

/** A region's keys: answer key,log key,witness key. */
export function nodeKeys(list: string) {
  const [answer = "", log, witness, ...more] = list.split(",");
  if (more.length > 0 || (log === undefined) !== (witness === undefined))
    throw new Refusal("usage", `expected ${NODE_FORM}`);
  const watching =
    log === undefined || witness === undefined
      ? {}
      : { log: publicOf(log, "log"), witness: publicOf(witness, "witness") };
  return { answer: publicOf(answer, "answer"), ...watching };
}

/**
 * How many of so many roots must sign: more than half, so that no two groups of roots sign two versions. Refuses
 * (`usage`) what is not, or more than there are. Unless it is said, the least that is allowed, or as many as before.
 */
export function thresholdOf(said: string | undefined, roots: number, before = 1): number {
  const least = Math.floor(roots / 2) + 1;
  const threshold = said === undefined ? Math.min(Math.max(before, least), roots) : Number(said);
  if (!Number.isInteger(threshold) || threshold < least || threshold > roots)
    throw new Refusal("usage", `expected a threshold from ${least} to ${roots}: more than half of the roots`);
  return threshold;
}

export const RULE_FORM = "dataset=<name or *>,role=<role>,persons=<n>[,regions=<k>][,own-region=yes]";

/** The options from which `rulesAfter` reads. */
export const withRuleOption = (command: Command): Command =>
  command.option("--rule <rule>", `who must approve: ${RULE_FORM}`, collect, []);

/** A rule as it is written. Refuses (`usage`) an unknown word, or one twice. */
export function ruleOf(text: string): ApprovalRule {
  const words = text.split(",").map((word) => split(word, 2));
  const said = new Map(words.map(([key = "", value = ""]) => [key, value]));
  const { dataset, role, persons, regions, "own-region": own, ...others } = Object.fromEntries(said);
  const fits = said.size === words.length && Object.keys(others).length === 0;
  if (!fits || (own !== undefined && own !== "yes")) throw new Refusal("usage", `expected ${RULE_FORM}`);
  const rule = {
    dataset,
    role,
    persons: Number(persons),
    ...(regions === undefined ? {} : { regions: Number(regions) }),
    ...(own === undefined ? {} : { ownRegion: true }),
  };
  return parseWith(ApprovalRule, rule, "rule", "usage");
}

type Rules = Directory["approvalRules"];

/** A rule for the same dataset and role takes the place of the one before. */
export function rulesAfter(before: Rules, texts: readonly string[]): Rules {
  return texts.map(ruleOf).reduce((rules, rule) => {
    const others = rules.filter(({ dataset, role }) => dataset !== rule.dataset || role !== rule.role);
    return [...others, rule];
  }, before);
}

type Datasets = Directory["datasets"];

/** With those in files. Refuses (`directory-unfit`) another body of a version that is there; the same one is there once. */
export function datasetsAfter(before: Datasets, files: readonly string[]): Datasets {
  const named = new Map(before.map(({ dataset, hash }) => [dataset, hash]));
  for (const path of files) {
    const { dataset, hash } = readDataset(readBytes(path));
    const ref = refOf(dataset);
    if ((named.get(ref) ?? hash) !== hash)
      throw new Refusal(
        "directory-unfit",
        `expected a new version of ${ref}: another body of this one is there`,
      );
    named.set(ref, hash);
  }
  return [...named].map(([dataset, hash]) => ({ dataset, hash }));
}
