/** What went wrong, as a page says it: never more than is known, and always how to go on, in the reader's language. */
import { expect, test } from "vitest";
import { failureText } from "../../../../dashboards/src/proof/refusal-words.ts";
import { Refusal } from "../../../../protocol/values/refusal.ts";

const unproved = new Refusal("not-recorded", "the coordinator took it and does not prove that it stands");

test("what was handed in and is not proved is not said to have been turned down", () => {
  expect(failureText(unproved, "sv")).toMatch(/^Det är inlämnat, men .*säg till regionerna/);
  expect(failureText(unproved, "en")).toMatch(/^It is handed in, but not .*tell the regions/);
});

test("nobody is told that nothing arrived where nobody knows", () => {
  for (const error of [new Refusal("unavailable", "expected an answer"), new TypeError("of the page")]) {
    expect(failureText(error, "sv")).toMatch(/se efter om något kom fram innan du försöker igen/);
    expect(failureText(error, "en")).toMatch(/look whether anything arrived before you try again/);
  }
});

test("a mistake of the page is not the coordinator's silence", () => {
  expect(failureText(new TypeError("of the page"), "en")).toMatch(/^The page went wrong/);
});

test("a refusal says what was expected, and how to go on in the reader's language", () => {
  const revoked = new Refusal("key-revoked", "expected a key that counts");
  expect(failureText(revoked, "sv")).toContain("expected a key that counts. Nyckeln är återkallad.");
  expect(failureText(revoked, "en")).toContain(
    "expected a key that counts. Sign with a key that is in force.",
  );
});
