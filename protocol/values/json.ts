/**
 * A strict JSON reader for everything that comes over a wire or is signed. `JSON.parse` keeps the last of two
 * equal keys, so two readers could see two documents in one set of signed bytes; this one refuses. It also
 * refuses `__proto__`, lone surrogates, deep nesting, and integers that a double cannot hold.
 */
import { fromUtf8 } from "./bytes.ts";
import { Refusal } from "./refusal.ts";

const MAX_DEPTH = 32;
const NUMBER = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: RFC 8259 forbids exactly these unescaped.
const PLAIN = /[^"\\\u0000-\u001f]*/y;
const SPACE = /[ \t\n\r]*/y;
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
};
const WORDS: ReadonlyArray<readonly [string, unknown]> = [
  ["true", true],
  ["false", false],
  ["null", null],
];

/**
 * RFC 8259 with the refusals above. Takes UTF-8 bytes or text; throws `json-malformed`. `most` bounds what a stranger can
 * make of a few bytes: values, keys and escapes together, beyond which it throws `too-large`.
 */
export function parseJson(input: Uint8Array | string, most = Number.POSITIVE_INFINITY): unknown {
  let text: string;
  try {
    text = typeof input === "string" ? input : fromUtf8(input);
  } catch (cause) {
    throw new Refusal("json-malformed", "expected valid UTF-8", { cause });
  }
  return new Reader(text, most).document();
}

class Reader {
  readonly text: string;
  readonly most: number;
  at = 0;
  steps = 0;

  constructor(text: string, most: number) {
    this.text = text;
    this.most = most;
  }

  /** What costs more than its characters do. */
  step(): void {
    if (++this.steps > this.most)
      throw new Refusal("too-large", `expected at most ${this.most} values, keys and escapes`);
  }

  document(): unknown {
    const value = this.value(0);
    this.skip(SPACE);
    if (this.at !== this.text.length) this.fail("nothing after the document");
    return value;
  }

  value(depth: number): unknown {
    if (depth > MAX_DEPTH) this.fail(`at most ${MAX_DEPTH} levels`);
    this.step();
    this.skip(SPACE);
    const first = this.text[this.at];
    if (first === "{") return this.object(depth);
    if (first === "[") return this.array(depth);
    if (first === '"') return this.string();
    for (const [word, value] of WORDS) {
      if (this.text.startsWith(word, this.at)) {
        this.at += word.length;
        return value;
      }
    }
    return this.number();
  }

  object(depth: number): Record<string, unknown> {
    const result: Record<string, unknown> = {};
    this.at++;
    if (this.take("}")) return result;
    do {
      this.skip(SPACE);
      if (this.text[this.at] !== '"') this.fail("a key in double quotes");
      this.step();
      const key = this.string();
      if (key === "__proto__") this.fail("no key named __proto__");
      if (Object.hasOwn(result, key)) this.fail("each key once");
      if (!this.take(":")) this.fail("a colon after a key");
      result[key] = this.value(depth + 1);
    } while (this.take(","));
    if (!this.take("}")) this.fail("a comma or a closing brace");
    return result;
  }

  array(depth: number): unknown[] {
    const result: unknown[] = [];
    this.at++;
    if (this.take("]")) return result;
    do result.push(this.value(depth + 1));
    while (this.take(","));
    if (!this.take("]")) this.fail("a comma or a closing bracket");
    return result;
  }

  string(): string {
    let result = "";
    this.at++;
    for (;;) {
      result += this.skip(PLAIN);
      const next = this.text[this.at++];
      if (next === '"') break;
      if (next !== "\\") this.fail("a closing quote");
      this.step();
      const kind = this.text[this.at++] ?? "";
      if (kind === "u") {
        const hex = this.text.slice(this.at, this.at + 4);
        if (!/^[0-9a-fA-F]{4}$/.test(hex)) this.fail("four hexadecimal digits after \\u");
        result += String.fromCharCode(Number.parseInt(hex, 16));
        this.at += 4;
      } else {
        const plain = Object.hasOwn(ESCAPES, kind) ? ESCAPES[kind] : undefined;
        if (plain === undefined) this.fail("a known escape");
        result += plain;
      }
    }
    if (!result.isWellFormed()) this.fail("text without lone surrogates");
    return result;
  }

  number(): number {
    NUMBER.lastIndex = this.at;
    const match = NUMBER.exec(this.text);
    if (match === null) this.fail("a value");
    this.at += match[0].length;
    const value = Number(match[0]);
    const whole = match[1] === undefined && match[2] === undefined;
    // A value that a double cannot hold would be signed as one number and understood as another.
    if (!Number.isFinite(value) || (whole && !Number.isSafeInteger(value)) || Object.is(value, -0)) {
      this.fail("a number that a double holds exactly (send larger ones as text)");
    }
    return value;
  }

  skip(pattern: RegExp): string {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0] ?? "";
    this.at += found.length;
    return found;
  }

  take(character: string): boolean {
    this.skip(SPACE);
    if (this.text[this.at] !== character) return false;
    this.at++;
    return true;
  }

  fail(expected: string): never {
    throw new Refusal("json-malformed", `expected ${expected}, at character ${this.at + 1}`);
  }
}
