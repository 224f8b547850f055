/**
 * Looks a text file through before any engine reads it: its hash, and which lines cannot be records. Streams, so
 * that neither the file's size nor a line's matters. One open quote must swallow no other record.
 */
import { isAscii, isUtf8 } from "node:buffer";
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { parseJson } from "../../protocol/values/json.ts";
import { Refusal } from "../../protocol/values/refusal.ts";
import { fold } from "./mapping.ts";

/** A longer line is rejected without ever being held in memory. */
const MAX_LINE = 1 << 20;
/** How far an open quote is followed to see whether it closes as RFC 4180 says. */
const MAX_RECORD_LINES = 100;
const MAX_BAD_LINES = 1_000_000;
const [QUOTE, NEWLINE, RETURN, NUL] = [34, 10, 13, 0];

export type TextFormat = {
  readonly format: "csv" | "ndjson";
  readonly delimiter: string;
  readonly encoding: "utf-8" | "windows-1252";
  /** NDJSON: folded names of keys that hold a text or a number, or nothing: who, and which record. */
  readonly whose: readonly string[];
};
export type BadLine = { readonly line: number; readonly reason: string };
export type Scan = {
  /** SHA-256 of the file's bytes, in hexadecimal. */
  readonly hash: string;
  /** The header's fields; for NDJSON every key that some line has. */
  readonly header: readonly string[];
  readonly bad: readonly BadLine[];
  /** Lines that begin no record and are no mistakes either: blank ones, and the rest of a record of several lines. */
  readonly otherLines: readonly number[];
  /** True if an engine cannot read the file as it is: bad or blank lines, another encoding, a byte order mark. */
  readonly needsCleaning: boolean;
  /** How many records are good, the header aside. */
  readonly records: number;
  /** True of a CSV in ASCII alone: its texts have one form, and no space but the plain one. JSON may hide others in \u…. */
  readonly isAscii: boolean;
  /** NDJSON: the keys that have a number in some line. */
  readonly numbers: ReadonlySet<string>;
};

export type ScanOptions = TextFormat & {
  readonly onProgress?: (bytes: number) => void;
  /** Called with each good line (header included), without its end, in UTF-8. */
  readonly onGood?: (line: Uint8Array) => void;
};

export async function scan(path: string, options: ScanOptions): Promise<Scan> {
  const hash = createHash("sha256");
  const judge = new Judge(options);
  let carry: Buffer = Buffer.alloc(0);
  let skipping = false;
  let bytes = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
    hash.update(chunk);
    let data: Buffer = chunk;
    if (bytes === 0) data = withoutMark(chunk, judge);
    bytes += chunk.length;
    options.onProgress?.(bytes);
    if (skipping) {
      const end = data.indexOf(NEWLINE);
      if (end < 0) continue;
      judge.tooLong();
      data = data.subarray(end + 1);
      skipping = false;
    }
    if (carry.length > 0) data = Buffer.concat([carry, data]);
    const last = data.lastIndexOf(NEWLINE);
    if (last >= 0) judge.lines(data.subarray(0, last + 1));
    carry = data.subarray(last + 1);
    if (carry.length > MAX_LINE) {
      carry = Buffer.alloc(0);
      skipping = true;
    } else {
      carry = Buffer.from(carry);
    }
  }
  if (skipping) judge.tooLong();
  else if (carry.length > 0) judge.lines(Buffer.concat([carry, Buffer.from("\n")]));
  return { hash: hash.digest("hex"), ...judge.end() };
}

function withoutMark(chunk: Buffer, judge: Judge): Buffer {
  if ((chunk[0] === 0xff && chunk[1] === 0xfe) || (chunk[0] === 0xfe && chunk[1] === 0xff)) {
    throw new Refusal("import-file", "expected UTF-8 or windows-1252; the file is UTF-16");
  }
  if (chunk[0] !== 0xef || chunk[1] !== 0xbb || chunk[2] !== 0xbf) return chunk;
  judge.dirty = true;
  return chunk.subarray(3);
}

type Held = { readonly line: number; readonly bytes: Uint8Array };

/** Judges lines one by one; holds back those after an open quote until it is known whether they are one record. */
class Judge {
  dirty = false;
  readonly #options: ScanOptions;
  readonly #delimiter: number;
  readonly #decoder: InstanceType<typeof TextDecoder> | null;
  readonly #bad: BadLine[] = [];
  readonly #other: number[] = [];
  #line = 0;
  #fields = -1;
  #header: string[] = [];
  readonly #keys = new Set<string>();
  readonly #numbers = new Set<string>();
  #held: Held[] = [];
  #ascii = true;

  constructor(options: ScanOptions) {
    this.#options = options;
    this.#delimiter = options.delimiter.charCodeAt(0);
    this.#decoder = options.encoding === "utf-8" ? null : new TextDecoder(options.encoding);
    if (options.encoding !== "utf-8") this.dirty = true;
  }

  /** Whole lines, each with its end. */
  lines(block: Buffer): void {
    const ascii = isAscii(block);
    this.#ascii &&= ascii;
    const sound = ascii || this.#decoder !== null || isUtf8(block);
    if (sound && this.#isPlain(block)) return;
    let start = 0;
    while (start < block.length) {
      const end = block.indexOf(NEWLINE, start);
      const stop = end > start && block[end - 1] === RETURN ? end - 1 : end;
      const bytes = block.subarray(start, stop);
      start = end + 1;
      this.#line++;
      if (bytes.length > MAX_LINE) this.#interrupt("the line is longer than 1 MiB");
      else if (!sound && !isUtf8(bytes)) this.#interrupt("the line is not valid UTF-8");
      else this.#take({ line: this.#line, bytes });
    }
    // What is held back outlives the block's memory.
    this.#held = this.#held.map(({ line, bytes }) => ({ line, bytes: Uint8Array.from(bytes) }));
  }

  /**
   * True, and the block's lines counted, where all of them are plainly records: most blocks of most files are, and
   * looking at bytes alone is then three times as fast as taking lines apart.
   */
  #isPlain(block: Buffer): boolean {
    const { format, onGood } = this.#options;
    if (format !== "csv" || onGood !== undefined || this.#fields < 0 || this.#held.length > 0) return false;
    if (block.includes(QUOTE) || block.includes(RETURN) || block.includes(NUL)) return false;
    const delimiter = this.#delimiter;
    const separators = this.#fields - 1;
    let [lines, start, found] = [0, 0, 0];
    for (let at = 0; at < block.length; at++) {
      const byte = block[at];
      if (byte === delimiter) found++;
      else if (byte === NEWLINE) {
        if (found !== separators || at === start || at - start > MAX_LINE) return false;
        lines++;
        start = at + 1;
        found = 0;
      }
    }
    this.#line += lines;
    return true;
  }

  tooLong(): void {
    this.#line++;
    this.#interrupt("the line is longer than 1 MiB");
  }

  end() {
    while (this.#held.length > 0) this.#giveUp();
    if (this.#fields < 0 && this.#options.format === "csv")
      throw new Refusal("import-file", "expected a header line");
    const csv = this.#options.format === "csv";
    return {
      header: csv ? this.#header : [...this.#keys],
      records: this.#line - this.#bad.length - this.#other.length - (csv ? 1 : 0),
      bad: this.#bad.toSorted((a, b) => a.line - b.line),
      otherLines: this.#other.toSorted((a, b) => a - b),
      needsCleaning: this.dirty || this.#bad.length > 0 || this.#other.length > 0,
      isAscii: csv && this.#ascii,
      numbers: this.#numbers,
    };
  }

  #take(held: Held): void {
    if (this.#held.length > 0) this.#continue(held);
    else this.#begin(held);
  }

  #begin(held: Held): void {
    const { line, bytes } = held;
    if (bytes.length === 0) {
      this.#other.push(line);
      return;
    }
    if (this.#options.format === "ndjson") {
      this.#json(held);
      return;
    }
    const fields = fieldsOf(bytes, this.#delimiter);
    if (this.#fields < 0) this.#readHeader(bytes, fields);
    else if (fields === OPEN) this.#held.push(held);
    else if (fields === BROKEN) this.#reject(line, "quotes, or a control character, stand where they cannot");
    else if (fields !== this.#fields)
      this.#reject(line, `${this.#fields} fields were expected, ${fields} came`);
    else this.#good(bytes);
  }

  #json({ line, bytes }: Held): void {
    const object = objectOf(this.#decode(bytes));
    if (object === null) {
      this.#reject(line, "the line is not a JSON object with each key once");
      return;
    }
    const entries: Array<[string, unknown]> = Object.entries(object);
    // Its text would be another person beside the text alone.
    const unfit = entries.find(([key, value]) => isOther(value) && this.#options.whose.includes(fold(key)));
    if (unfit !== undefined) {
      this.#reject(line, "the person, or the record, is neither a text nor a number");
      return;
    }
    for (const [key, value] of entries) {
      this.#keys.add(key);
      if (typeof value === "number") this.#numbers.add(key);
    }
    this.#good(bytes);
  }

  #readHeader(bytes: Uint8Array, fields: number): void {
    if (fields === OPEN || fields === BROKEN)
      throw new Refusal("import-file", "expected a header line with sound quotes");
    this.#fields = fields;
    this.#header = splitFields(this.#decode(bytes), this.#options.delimiter);
    this.#good(bytes);
  }

  /** After an open quote: either a sound record closes some lines on, or the first line alone is rejected. */
  #continue(held: Held): void {
    this.#held.push(held);
    const record = Buffer.concat(
      this.#held.flatMap(({ bytes }, index) => (index === 0 ? [bytes] : [Buffer.from("\n"), bytes])),
    );
    const fields = fieldsOf(record, this.#delimiter);
    if (fields === this.#fields && this.#held.slice(1).some((each) => this.#isRecord(each))) {
      // Either rows that a stray quote would swallow, or a text that imitates rows. Nobody can tell: none comes in,
      // and each is explained.
      const [first] = this.#held;
      for (const { line } of this.#held)
        this.#reject(line, `rows, or one text of several lines, from line ${first?.line}`);
      this.#held = [];
    } else if (fields === this.#fields) {
      // A sound record of several lines (RFC 4180, 2.6): kept, on one line, since engines would miscount it.
      for (const { line } of this.#held.slice(1)) this.#other.push(line);
      this.#good(
        Buffer.concat(this.#held.flatMap(({ bytes }, index) => (index === 0 ? [bytes] : [SPACE, bytes]))),
      );
      this.#held = [];
    } else if (fields !== OPEN || this.#held.length >= MAX_RECORD_LINES || record.length > MAX_LINE) {
      this.#giveUp();
    }
  }

  #isRecord({ bytes }: Held): boolean {
    return fieldsOf(bytes, this.#delimiter) === this.#fields;
  }

  #giveUp(): void {
    const [first, ...rest] = this.#held;
    this.#held = [];
    if (first !== undefined) this.#reject(first.line, "a quote is opened and not closed");
    for (const each of rest) this.#take(each);
  }

  /** A line that can be part of no record also ends one that was waiting for its closing quote. */
  #interrupt(reason: string): void {
    const line = this.#line;
    while (this.#held.length > 0) this.#giveUp();
    if (this.#fields < 0 && this.#options.format === "csv") {
      throw new Refusal("import-file", `expected a header line in ${this.#options.encoding}, but ${reason}`);
    }
    this.#reject(line, reason);
  }

  #reject(line: number, reason: string): void {
    this.#bad.push({ line, reason });
    if (this.#bad.length > MAX_BAD_LINES) {
      throw new Refusal("import-file", `expected at most ${MAX_BAD_LINES} broken lines in a file`);
    }
  }

  #good(bytes: Uint8Array): void {
    this.#options.onGood?.(this.#decoder === null ? bytes : Buffer.from(this.#decode(bytes)));
  }

  #decode(bytes: Uint8Array): string {
    return (this.#decoder ?? new TextDecoder()).decode(bytes);
  }
}

/** A JSON object; null for anything else. */
function objectOf(text: string): object | null {
  try {
    const value = parseJson(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : null;
  } catch (error) {
    if (error instanceof Refusal) return null; // Not JSON: that is the answer, not an error.
    throw error;
  }
}

const isOther = (value: unknown): boolean =>
  typeof value === "boolean" || (typeof value === "object" && value !== null);

const SPACE = Buffer.from(" ");
const OPEN = -2;
const BROKEN = -1;

/** The number of fields of a record by RFC 4180; OPEN if a quote is not closed, BROKEN if one stands amiss. */
function fieldsOf(bytes: Uint8Array, delimiter: number): number {
  const end = bytes.length;
  let fields = 0;
  let at = 0;
  for (;;) {
    if (bytes[at] === QUOTE) {
      at++;
      for (;;) {
        if (at >= end) return OPEN;
        if (bytes[at] === RETURN || bytes[at] === NUL) return BROKEN;
        if (bytes[at] === QUOTE) {
          if (bytes[at + 1] !== QUOTE) break;
          at++;
        }
        at++;
      }
      at++;
      if (at < end && bytes[at] !== delimiter) return BROKEN;
    } else {
      while (at < end && bytes[at] !== delimiter) {
        if (bytes[at] === QUOTE || bytes[at] === RETURN || bytes[at] === NUL) return BROKEN;
        at++;
      }
    }
    fields++;
    if (at >= end) return fields;
    at++;
  }
}

/** The fields' texts of one record whose quotes are sound. */
function splitFields(text: string, delimiter: string): string[] {
  const fields: string[] = [];
  let at = 0;
  while (at <= text.length) {
    if (text[at] === '"') {
      let end = at + 1;
      while (text[end] !== '"' || text[end + 1] === '"') end += text[end] === '"' ? 2 : 1;
      fields.push(text.slice(at + 1, end).replaceAll('""', '"'));
      at = end + 2;
    } else {
      const next = text.indexOf(delimiter, at);
      const end = next < 0 ? text.length : next;
      fields.push(text.slice(at, end));
      at = end + 1;
    }
  }
  return fields;
}
