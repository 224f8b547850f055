/**
 * A look at a file before it is read: its format, its digest, a copy that nobody else writes to. It says in which line
 * something is amiss, never what stands there.
 */
import { createHash } from "node:crypto";
import {
  closeSync,
  createReadStream,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { extname, join } from "node:path";
import { Refusal } from "../../protocol/values/refusal.ts";
import { fold } from "./mapping.ts";
import type { ImportContext, ImportRequest } from "./request.ts";
import { type BadLine, scan } from "./scan.ts";
import { type SourceFile, usedColumns } from "./stage.ts";

/** A file that has been looked at: what is to be read of it, and how its rows' numbers become its lines. */
export type Looked = {
  /** SHA-256 of the file's bytes, in hexadecimal. */
  readonly hash: string;
  readonly source: SourceFile;
  readonly bad: readonly BadLine[];
  /** The file's line of the n-th good record (from 1). */
  readonly lineOf: (row: number) => number;
  readonly cleaned: string | null;
};

/** Hash, columns and broken lines of a file; a copy without them where an engine could not read it otherwise. */
export async function look(
  { mapping, path }: ImportRequest,
  { data, onProgress }: Pick<ImportContext, "data" | "onProgress">,
): Promise<Looked> {
  let size: number;
  try {
    const entry = statSync(path);
    if (!entry.isFile()) throw new Refusal("import-file", `expected a file, not a folder, at ${path}`);
    size = entry.size;
  } catch (cause) {
    if (cause instanceof Refusal) throw cause;
    throw new Refusal("import-file", `expected a readable file at ${path}`, { cause });
  }
  const format = mapping.format ?? formatOf(path);
  if (format === "parquet") {
    const hash = createHash("sha256");
    for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
    // Its columns stand in itself: staging reads them.
    const source = { path, format, delimiter: ",", columns: [], records: 0, isAscii: false, numeric: false };
    return { hash: hash.digest("hex"), source, bad: [], lineOf: (row) => row, cleaned: null };
  }
  const { delimiter, encoding, person, record } = mapping;
  const whose = [person, record].flatMap((name) => (name === undefined ? [] : [fold(name)]));
  const text = { format, delimiter, encoding, whose };
  const found = await scan(path, {
    ...text,
    onProgress: (done) => onProgress({ step: "reading", done, of: size }),
  });
  let cleaned: string | null = null;
  if (found.needsCleaning) {
    mkdirSync(data, { recursive: true });
    cleaned = join(data, `.import-${found.hash.slice(0, 16)}-${process.pid}.tmp`);
    await clean(path, cleaned, text);
  }
  const source = {
    path: cleaned ?? path,
    format,
    delimiter,
    // A file without a line names no column, and is in want of none.
    columns:
      format === "ndjson" && found.records + found.bad.length === 0 ? usedColumns(mapping) : found.header,
    records: found.records,
    isAscii: found.isAscii,
    numeric: [...found.numbers].some((name) => fold(name) === fold(person)),
  };
  const gaps = [...found.bad.map(({ line }) => line), ...found.otherLines].sort((a, b) => a - b);
  const first = format === "csv" ? 1 : 0;
  return { hash: found.hash, source, bad: found.bad, lineOf: (row) => lineOf(row + first, gaps), cleaned };
}

const formatOf = (path: string): "csv" | "ndjson" | "parquet" => {
  const extension = extname(path).toLowerCase();
  if (extension === ".parquet") return "parquet";
  return extension === ".ndjson" || extension === ".jsonl" ? "ndjson" : "csv";
};

/** The line on which the n-th line that is not in `gaps` stands. */
function lineOf(n: number, gaps: readonly number[]): number {
  let line = n;
  for (const gap of gaps) {
    if (gap > line) break;
    line++;
  }
  return line;
}

/** A copy of the good lines, readable by nobody else; removed again if it cannot be finished. */
async function clean(path: string, to: string, text: Parameters<typeof scan>[1]): Promise<void> {
  const out = openSync(to, "wx", 0o600);
  let part: Uint8Array[] = [];
  let held = 0;
  const flush = () => {
    writeSync(out, Buffer.concat(part));
    part = [];
    held = 0;
  };
  const newline = Buffer.from("\n");
  try {
    await scan(path, {
      ...text,
      onGood: (line) => {
        part.push(Uint8Array.from(line), newline);
        held += line.length + 1;
        if (held > 1 << 20) flush();
      },
    });
    flush();
    closeSync(out);
  } catch (error) {
    closeSync(out);
    unlinkSync(to);
    throw error;
  }
}

/** Removes what an import that was killed left behind: copies of lines that may name people. */
export function sweepCopies(data: string): void {
  if (!existsSync(data)) return;
  for (const name of readdirSync(data)) if (/^\.import-.*\.tmp$/.test(name)) unlinkSync(join(data, name));
  rmSync(join(data, "spill.tmp"), { recursive: true, force: true });
}
