/** What an audit says: the same words, in whatever order its releases happened to be done. */
import { expect, test } from "vitest";
import { auditText } from "../../../../cli/commands/audit.ts";
import type { Audit } from "../../../../protocol/audit/audit.ts";

const release = (title: string, digit: string, sum: "by digest" | "recomputed" = "by digest") => ({
  id: `sha256:${digit.repeat(64)}` as const,
  place: 0,
  title,
  sum,
});

const auditOf = (releases: Audit["releases"]): Audit => ({
  holds: true,
  findings: [],
  notices: [],
  size: 9,
  root: "root",
  asOf: null,
  outside: [],
  releases: releases.map((each, place) => ({ ...each, place })),
  version: 1,
  regions: 2,
});

test("stands by title, and of one title by identifier, however the releases stand in the log", () => {
  const releases = [release("B", "1"), release("A", "3"), release("A", "2"), release("C", "4", "recomputed")];
  const text = auditText(auditOf(releases));
  expect([...text.matchAll(/“(.)” \(sha256:(.)/g)].map(([, title, digit]) => `${title}${digit}`)).toEqual([
    "A2",
    "A3",
    "B1",
  ]);
  expect(auditText(auditOf(releases.toReversed()))).toBe(text);
});
