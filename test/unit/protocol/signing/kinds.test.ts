/** Kinds of documents: one table says who signs each, one place defines each one's form, and none opens as another's. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import {
  openByCoordinator,
  openByNode,
  openByPerson,
  openByRoot,
  openSigned,
} from "../../../../protocol/federation/openers.ts";
import { Approval } from "../../../../protocol/question/approval.ts";
import { Query } from "../../../../protocol/question/query.ts";
import { Answer, RefusalNote } from "../../../../protocol/release/answer.ts";
import { Release } from "../../../../protocol/release/release.ts";
import {
  type Envelope,
  isOf,
  KINDS,
  payloadOf,
  payloadOrNull,
  payloadType,
} from "../../../../protocol/signing/envelope.ts";
import { approves, NOW, sceneOf } from "../../../support/approvers.ts";

const ROOT = join(import.meta.dirname, "../../../..");
const sources = ["protocol", "publication", "node", "coordinator", "server", "cli", "dashboards/src"].flatMap(
  (part) =>
    readdirSync(join(ROOT, part), { recursive: true, encoding: "utf8" })
      .filter((name) => /\.tsx?$/.test(name))
      .map((name) => ({ file: join(part, name), text: readFileSync(join(ROOT, part, name), "utf8") })),
);

test("each kind's form is defined once", () => {
  const bound = sources.flatMap(({ text }) =>
    [...text.matchAll(/= ofKind\(\s*"([a-z-]+)"/g)].map(([, kind]) => kind),
  );
  expect(bound.toSorted()).toEqual(Object.keys(KINDS).toSorted());
});

test("a document's type is compared in one file alone", () => {
  const others = sources.filter(({ text }) =>
    /payloadType\)?\s*(===|!==|\.(includes|match|split|replace|startsWith|endsWith)\b)/.test(text),
  );
  expect(others.map(({ file }) => file.split("/").at(-1))).toEqual(["envelope.ts"]);
});

const { federation, envelope, approvals } = sceneOf(
  [{ dataset: "*", role: "approver", persons: 1 }],
  [approves("ada")],
);
const [approval] = approvals as [Envelope];

test("a document is read as its own kind, and as no other", () => {
  expect(payloadOf(Query, envelope).requester).toBe("rut");
  expect(payloadOf(Approval, approval).approver).toBe("ada");
  expect(() => payloadOf(Approval, envelope)).toThrow(/vnd\.brus\.approval/);
  expect(payloadOrNull(Query, approval)).toBeNull();
  // The same bytes under another type's name are another document, which nobody has signed.
  const renamed = { ...approval, payloadType: payloadType("query") };
  expect(isOf(renamed, Query)).toBe(true);
  expect(() => openByPerson(federation, renamed, Query, NOW)).toThrow(/exact bytes/);
});

test("the table says whose key opens what", () => {
  expect(openByPerson(federation, approval, Approval, NOW).person.id).toBe("ada");
  expect(openSigned(federation, envelope, Query).person.id).toBe("rut");
  // Each of these is refused before it runs: by the types.
  const refused = [
    // @ts-expect-error A person signs a query, not a node.
    () => openByNode(federation, envelope, Query),
    // @ts-expect-error A node signs an answer, not a person.
    () => openByPerson(federation, envelope, Answer, NOW),
    // @ts-expect-error A node signs a refusal, not the coordinator.
    () => openByCoordinator(federation, envelope, RefusalNote),
    // @ts-expect-error The coordinator signs a release, not a root.
    () => openByRoot(federation, envelope, Release),
  ];
  expect(refused).toHaveLength(4);
});
