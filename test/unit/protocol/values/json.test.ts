import { expect, test } from "vitest";
import { parseJson } from "../../../../protocol/values/json.ts";
import { Refusal } from "../../../../protocol/values/refusal.ts";

const refused = (text: string | Uint8Array): string => {
  try {
    parseJson(text);
  } catch (error) {
    if (error instanceof Refusal) return error.code;
    throw error;
  }
  return "accepted";
};

test("reads what JSON.parse reads", () => {
  for (const text of [
    '{"a":[1,-2.5,1e3,true,false,null,"å\\u00e5\\n"],"b":{}}',
    "[]",
    " 0 ",
    '"\\ud83d\\ude00"',
    '{"constructor":1}',
  ]) {
    expect(parseJson(text)).toEqual(JSON.parse(text));
  }
});

test.each([
  ["duplicate keys", '{"a":1,"a":2}'],
  ["duplicate keys by escape", '{"a":1,"\\u0061":2}'],
  ["__proto__", '{"__proto__":{"rho":"1"}}'],
  ["deep nesting", "[".repeat(100_000)],
  ["a lone surrogate", '"\\ud800"'],
  ["an integer no double holds", "9007199254740993"],
  ["a huge number", "1e999"],
  ["minus zero", "-0"],
  ["leading zeros", "01"],
  ["a trailing comma", "[1,]"],
  ["NaN", "NaN"],
  ["a comment", "1 // one"],
  ["a control character", '"\u0001"'],
  ["two documents", "{} {}"],
  ["nothing", ""],
  ["an open string", '"abc'],
  ["an unknown escape", '"\\x41"'],
])("refuses %s", (_, text) => {
  expect(refused(text)).toBe("json-malformed");
});

test("refuses bytes that are not UTF-8", () => {
  expect(refused(Uint8Array.of(0x22, 0xff, 0x22))).toBe("json-malformed");
});

test("values, keys and escapes are counted together, where they are bounded, and characters are not", () => {
  const long = JSON.stringify({ text: "a".repeat(100_000) });
  expect(parseJson(long, 3)).toEqual(JSON.parse(long));
  for (const text of ["[0,0,0]", '{"a":0,"b":0}', '"\\n\\n\\n\\n"']) {
    expect(() => parseJson(text, 3)).toThrow(/at most 3/);
    expect(parseJson(text, 5)).toEqual(JSON.parse(text));
  }
});
