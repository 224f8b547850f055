/** Whom a line of a list means: every form that a mapping may make of an identity, and nothing said of what a line holds. */
import { expect, test } from "vitest";
import { identityOf, rulesOf } from "../../../../node/import/identity.ts";
import { meantBy } from "../../../../node/people/forms.ts";

const TODAY = 20261201;
const knownBy = (line: string, strict = false) =>
  meantBy(line, TODAY, strict).persons?.map(([known]) => known) ?? null;

test("a personal number is one person, however it is written, by every form that a mapping may keep", () => {
  const spellings = ["191212121212", "19121212-1212", " 1912 1212‑1212 ", "121212+1212"];
  for (const spelling of spellings) expect(knownBy(spelling)).toEqual(["191212121212"]);
  const [forms = []] = meantBy("191212121212", TODAY, false).persons ?? [];
  for (const kind of ["personnummer", "text", "number", undefined] as const)
    for (const written of ["191212121212", "19121212-1212", "121212-1212", "121212+1212", "1212121212"]) {
      const { form } = identityOf(written, rulesOf(kind), 20121213);
      if (form !== null && form !== "201212121212") expect(forms).toContain(form);
    }
});

test("ten digits are a person of each century that they can be of; numbers lose their zeros", () => {
  expect(knownBy("121212-1212")).toEqual(["191212121212", "201212121212"]);
  expect(knownBy("800101-0019")).toEqual(["198001010019"]);
  expect(knownBy("800101+0019")).toEqual(["188001010019"]);
  const [forms = []] = meantBy("200001010107", TODAY, false).persons ?? [];
  expect(forms).toEqual(expect.arrayContaining(["0001010107", "1010107", "000101-0107", "000101+0107"]));
});

test("other identities are texts, and numbers where they are digits", () => {
  expect(meantBy(" A-17 ", TODAY, false).persons).toEqual([["a-17"]]);
  expect(meantBy("0017", TODAY, false).persons).toEqual([["0017", "17"]]);
});

test("a line that is nobody's is refused, and quoted nowhere; where numbers are asked for, a slip of the pen too", () => {
  for (const line of ["null", "#N/A", "1,99E+11", "-"]) {
    const meant = meantBy(line, TODAY, false);
    expect(meant.persons).toBeNull();
    expect(meant.reason).toMatch(/^person: /);
  }
  expect(knownBy("191212121213")).toEqual(["191212121213"]);
  const slip = meantBy("191212121213", TODAY, true);
  expect(slip).toMatchObject({ persons: null, reason: expect.not.stringContaining("1212") });
});
