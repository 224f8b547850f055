/** The table of attacks says what is so: every test that it names stands in the tree under that name. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { attacksHere } from "../../coordinator/publish/attacks.ts";
import { temporaryFolder } from "../support/engines.ts";

const ROOT = join(import.meta.dirname, "../..");
const { rows } = attacksHere();

/** Tests and rows of tests are named by whole texts, as a test's first argument, a row's first item or its key. */
function isNamed(text: string, name: string): boolean {
  const at = ['"', "`"].flatMap((quote) => {
    const found = text.indexOf(`${quote}${name}${quote}`);
    return found < 0 ? [] : [text.slice(0, found)];
  });
  // No name that a comment keeps.
  return at.some((before) => !/(\/\/|^ ?\*)[^\n]*$/.test(before.slice(before.lastIndexOf("\n") + 1)));
}

test("negative control: a name that no test has is missed, and one that a comment keeps", () => {
  expect(isNamed('test("a", () => {})', "a")).toBe(true);
  expect(isNamed('test("a and more", () => {})', "a")).toBe(false);
  expect(isNamed('// test("a", () => {})', "a")).toBe(false);
});

test("34 rows, each in both languages, no attack twice", () => {
  expect(rows).toHaveLength(34);
  for (const language of ["sv", "en"] as const)
    expect(new Set(rows.map(({ attack }) => attack[language])).size).toBe(34);
});

test.each(rows.map((row) => [row.number, row.attack.en, row.tests] as const))(
  "%i: %s: its tests are there",
  (_, __, tests) => {
    for (const { file, name } of tests) {
      const path = join(ROOT, file);
      expect(existsSync(path), file).toBe(true);
      expect(isNamed(readFileSync(path, "utf8"), name), `${file}: ${name}`).toBe(true);
    }
  },
);

test("the threat model's page has the same table", () => {
  const page = readFileSync(join(ROOT, "docs/threats.md"), "utf8");
  const lines = rows.map(
    ({ number, attack, attacker, keeps }) => `| ${number} | ${attack.en} | ${attacker.en} | ${keeps.en} |\n`,
  );
  expect(page.endsWith(lines.join(""))).toBe(true);
});

test("the commit on which they last passed is told as CI writes it, and not where it is not on record", () => {
  const folder = temporaryFolder();
  const write = (path: string, text: string | Uint8Array) => {
    mkdirSync(join(folder.path, path, ".."), { recursive: true });
    writeFileSync(join(folder.path, path), text);
  };
  write("catalogue/attacks.json", readFileSync(join(ROOT, "catalogue/attacks.json")));
  expect(attacksHere(folder.path).passed).toBe(null);
  const form = /printf '(.*)\\n' "\$commit" "\$\(date -u \+(\S+)\)"/.exec(
    readFileSync(join(ROOT, ".ci/run"), "utf8"),
  )?.[1];
  const commit = "0123456789abcdef0123456789abcdef01234567";
  write(".ci/passed.json", (form ?? "").replace("%s", commit).replace("%s", "2026-12-01T10:00:00Z"));
  expect(attacksHere(folder.path).passed).toEqual({ commit, time: "2026-12-01T10:00:00Z" });
  write(".ci/passed.json", '{ "commit": "elsewhere", "time": "2026-12-01T10:00:00Z" }');
  expect(() => attacksHere(folder.path)).toThrow();
  folder.remove();
});
