/** What `brus directory propose` makes of the version in force: the next one, with people, regions, roots and datasets as its options say. */
import { asideId } from "../../protocol/federation/aside.ts";
import type { Directory, Federation } from "../../protocol/federation/directory.ts";
import { Refusal } from "../../protocol/values/refusal.ts";
import { type Joining, peopleAfter, termFrom, withRenewed, withRevoked } from "./directory-people.ts";
import {
  datasetsAfter,
  nodeEntry,
  nodeKeys,
  publicOf,
  rulesAfter,
  split,
  textIn,
  thresholdOf,
  withWitnesses,
} from "./directory-words.ts";

/** The options as they are written, each as often as it is given. */
export type Edits = Joining & {
  readonly revoke: string[];
  readonly renew: string[];
  readonly node: string[];
  readonly keys: string[];
  readonly pause: string[];
  readonly resume: string[];
  readonly root: string[];
  readonly dropRoot: string[];
  readonly threshold?: string;
  readonly rule: string[];
  readonly release?: string;
  readonly rhoPerYear?: string;
  readonly pages?: string;
  readonly dataset: string[];
  readonly card: string[];
  readonly outsideWitness: string[];
};

type People = Directory["people"];
type Nodes = Directory["nodes"];

/** The next version, not yet parsed: what the options name may not fit. */
export function edited({ directory, hash }: Federation, edits: Edits, now: Date): unknown {
  const term = termFrom(now);
  const nodes = nodesAfter(directory.nodes, edits);
  const codes = nodes.map(({ code }) => code);
  const staying = withRevoked(withRenewed(directory.people, edits.renew, term), edits.revoke, term);
  return {
    ...directory,
    version: directory.version + 1,
    previous: hash,
    validFrom: term.from,
    expires: term.until,
    people: withCards(peopleAfter(staying, edits, term, codes), edits.card),
    nodes,
    roots: rootsAfter(directory.roots, edits),
    ...withWitnesses(directory, edits.outsideWitness),
    coordinator: {
      ...directory.coordinator,
      ...(edits.release === undefined ? {} : { release: publicOf(edits.release, "release") }),
    },
    approvalRules: rulesAfter(directory.approvalRules, edits.rule),
    ...(edits.rhoPerYear === undefined ? {} : { rhoPerYear: edits.rhoPerYear }),
    ...(edits.pages === undefined ? {} : { pages: edits.pages }),
    datasets: datasetsAfter(directory.datasets, edits.dataset),
  };
}

function withCards(people: People, texts: readonly string[]): People {
  const cards = new Map(
    texts.map((text) => {
      const [id = "", file = ""] = split(text, 2);
      return [id, asideId(textIn(file))] as const;
    }),
  );
  return people.map((person) => {
    const card = cards.get(person.id);
    return card === undefined ? person : { ...person, card };
  });
}

function nodesAfter(before: Nodes, edits: Edits) {
  const keys = new Map(
    edits.keys.map((text) => {
      const [code = "", list = ""] = split(text, 2);
      return [code, nodeKeys(list)] as const;
    }),
  );
  const statuses = new Map([
    ...edits.pause.map((code) => [code, "paused"] as const),
    ...edits.resume.map((code) => [code, "active"] as const),
  ]);
  const nodes = before.map((node) => ({
    ...node,
    status: statuses.get(node.code) ?? node.status,
    keys: keys.get(node.code) ?? node.keys,
  }));
  const named = new Set(nodes.map(({ code }) => code));
  const stranger = [...keys.keys(), ...statuses.keys()].find((code) => !named.has(code));
  if (stranger !== undefined) throw new Refusal("region-unknown", `expected a region, not ${stranger}`);
  return [...nodes, ...edits.node.map(nodeEntry)];
}

/** A threshold of half the roots or less, as an old version may have, stays until its roots are changed. */
function rootsAfter(before: Directory["roots"], { root, dropRoot, threshold }: Edits): Directory["roots"] {
  if (root.length === 0 && dropRoot.length === 0 && threshold === undefined) return before;
  const dropped = new Set(dropRoot.map((text) => publicOf(text, "root")));
  const kept = before.keys.filter((key) => !dropped.has(key));
  const keys = [...kept, ...root.map((text) => publicOf(text, "root"))];
  return { keys, threshold: thresholdOf(threshold, keys.length, before.threshold) };
}
