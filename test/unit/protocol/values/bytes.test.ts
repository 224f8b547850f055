/** Base64 has one text for each sequence of bytes, and that alone is read. */
import { expect, test } from "vitest";
import { fromBase64, fromUtf8, toBase64, utf8 } from "../../../../protocol/values/bytes.ts";
import { Refusal } from "../../../../protocol/values/refusal.ts";

/** RFC 4648, section 10. */
test.each([
  ["", ""],
  ["f", "Zg=="],
  ["fo", "Zm8="],
  ["foo", "Zm9v"],
  ["foob", "Zm9vYg=="],
  ["fooba", "Zm9vYmE="],
  ["foobar", "Zm9vYmFy"],
])("%j is %j", (text, encoded) => {
  expect(toBase64(utf8(text))).toBe(encoded);
  expect(fromUtf8(fromBase64(encoded))).toBe(text);
});

test("every byte comes back, wherever it stands", () => {
  for (let length = 0; length < 260; length++) {
    const bytes = Uint8Array.from({ length }, (_, at) => at * 7 + length);
    expect(fromBase64(toBase64(bytes))).toEqual(bytes);
  }
});

test.each([
  ["no padding", "Zg"],
  ["too little padding", "Zg="],
  ["padding alone", "===="],
  ["too much padding", "Z==="],
  ["padding within", "Zg==Zm9v"],
  ["trailing bits of one byte", "Zh=="],
  ["trailing bits of two", "Zm9="],
  ["white space", "Zm9v\n"],
  ["white space within", "Zm 9"],
  ["the alphabet of addresses", "-_-_"],
  ["a letter beyond ASCII", "Zmå"],
  ["letters that share their lower byte with one", "Zm9\u0176"],
])("refuses %s", (_, text) => {
  expect(() => fromBase64(text)).toThrow(Refusal);
});
