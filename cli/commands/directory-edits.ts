/** What `brus directory propose` makes of the version in force: the next one, with people, regions, roots and datasets as its options say. */
import { asideId } from "../../protocol/federation/aside.ts";
import { type Directory, type Federation, NodeEntry } from "../../protocol/federation/directory.ts";
import { readDataset, refOf } from "../../protocol/question/catalogue.ts";
import { instant } from "../../protocol/values/names.ts";
import { parseWith, Refusal } from "../../protocol/values/refusal.ts";
import { readBytes } from "../client/connect.ts";
import { nodeEntry, publicOf, split, textIn, withCalendars, withWitnesses, YEAR } from "./directory-words.ts";

/** The options as they are written, each as often as it is given. */
export type Edits = {
  readonly researcher: string[];
  readonly approver: string[];
  readonly auditor: string[];
  readonly calendar: string[];
  readonly revoke: string[];
  readonly node: string[];
  readonly keys: string[];
  readonly pause: string[];
  readonly resume: string[];
  readonly root: string[];
  readonly dropRoot: string[];
  readonly threshold?: string;
  readonly release?: string;
  readonly rhoPerYear?: string;
  readonly pages?: string;
  readonly dataset: string[];
  readonly card: string[];
  readonly outsideWitness: string[];
};

/** From when and until when the next version, and each key that is new in it, counts. */
type Term = { readonly from: string; readonly until: string };

type People = Directory["people"];
type Nodes = Directory["nodes"];

/** The next version, not yet parsed: what the options name may not fit. */
export function edited({ directory, hash }: Federation, edits: Edits, now: Date): unknown {
  const term = { from: instant(now), until: instant(new Date(now.getTime() + YEAR)) };
  const datasets = edits.dataset.map((path) => readDataset(readBytes(path)));
  return {
    ...directory,
    version: directory.version + 1,
    previous: hash,
    validFrom: term.from,
    expires: term.until,
    people: withCalendars(peopleAfter(directory.people, edits, term), edits.calendar),
    nodes: nodesAfter(directory.nodes, edits),
    roots: rootsAfter(directory.roots, edits),
    ...withWitnesses(directory, edits.outsideWitness),
    coordinator: {
      ...directory.coordinator,
      ...(edits.release === undefined ? {} : { release: publicOf(edits.release) }),
    },
    ...(edits.rhoPerYear === undefined ? {} : { rhoPerYear: edits.rhoPerYear }),
    ...(edits.pages === undefined ? {} : { pages: edits.pages }),
    datasets: [
      ...directory.datasets,
      ...datasets.map((document) => ({ dataset: refOf(document.dataset), hash: document.hash })),
    ],
  };
}

function peopleAfter(before: People, edits: Edits, term: Term) {
  const joining = [
    ...edits.researcher.map((text) => ({ role: "researcher", purpose: "ask", text }) as const),
    ...edits.approver.map((text) => ({ role: "approver", purpose: "approve", text }) as const),
    ...edits.auditor.map((text) => ({ role: "auditor", purpose: "audit", text }) as const),
  ];
  const people = joining.reduce(
    (all, { role, purpose, text }) => {
      const [id = "", key = ""] = split(text, 2);
      return withKey(all, id, role, {
        key: publicOf(key),
        purpose,
        notBefore: term.from,
        notAfter: term.until,
        revoked: null,
      });
    },
    withRevoked(before, edits.revoke, term),
  );
  return withCards(people, edits.card);
}

function withRevoked(people: People, revoke: readonly string[], { from }: Term): People {
  const revoked = new Set(revoke.map(publicOf));
  const after = people.map((person) => ({
    ...person,
    keys: person.keys.map((entry) => (revoked.delete(entry.key) ? { ...entry, revoked: from } : entry)),
  }));
  const [unknown] = revoked;
  if (unknown !== undefined) throw new Refusal("key-unknown", `expected a person's key, not ${unknown}`);
  return after;
}

/** Another key of a person: of somebody new, where nobody is called that yet. */
function withKey(people: People, id: string, role: string, key: People[number]["keys"][number]): People {
  const person = people.find((each) => each.id === id) ?? { id, roles: [], region: null, keys: [] };
  const roles = [...new Set([...person.roles, role])];
  return [...people.filter((each) => each.id !== id), { ...person, roles, keys: [...person.keys, key] }];
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
      return [code, parseWith(NodeEntry, nodeEntry(`${code}=-=${list}`), "keys", "usage").keys] as const;
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

function rootsAfter({ keys, threshold }: Directory["roots"], edits: Edits) {
  const dropped = new Set(edits.dropRoot.map(publicOf));
  return {
    keys: [...keys.filter((key) => !dropped.has(key)), ...edits.root.map(publicOf)],
    threshold: edits.threshold === undefined ? threshold : Number(edits.threshold),
  };
}
