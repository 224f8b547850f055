/**
 * Import: a file's rows become a dataset's, all or none. Every person weighs one: within a period their rows share
 * 60 units, at most five rows counting. Bounding people here, once, is what makes every later question a plain sum.
 */
import { createHash } from "node:crypto";
import {
  closeSync,
  createReadStream,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { basename, extname, join } from "node:path";
import type { Dataset } from "../../protocol/question/catalogue.ts";
import { instant } from "../../protocol/question/query.ts";
import { Refusal } from "../../protocol/values/refusal.ts";
import { columnIn, type NodeStore, tableOf } from "../store/database.ts";
import { type PersonKeys, sealIdentities } from "../store/people.ts";
import { checkMapping, type Mapping } from "./mapping.ts";
import { type BadLine, scan } from "./scan.ts";
import { hmacOf, type SourceFile, stage, usedColumns, useKey } from "./stage.ts";
import { SUMMARY, type Target, targetOf } from "./target.ts";

export type ImportRequest = {
  readonly dataset: Dataset;
  readonly mapping: Mapping;
  readonly path: string;
  readonly dryRun: boolean;
  /** Take a file that was taken before once more, in place of what came of it then: for a mended mapping. */
  readonly replace?: boolean;
};

export type ImportReport = {
  readonly file: string;
  /**
   * taken: now; known: this very file had been taken before; dry-run: nothing was kept; nothing: no row fitted, so
   * the file is not taken and can come again once it or its mapping is mended.
   */
  readonly outcome: "taken" | "known" | "dry-run" | "nothing";
  readonly rows: number;
  readonly rejected: number;
  /** Where line numbers and reasons stand, if any were rejected. It stays in the region. */
  readonly rejects: string | null;
};

export type ImportContext = {
  readonly store: NodeStore;
  readonly keys: PersonKeys;
  /** The node's folder: cleaned copies and reject files go here. */
  readonly data: string;
  readonly threads: number;
  readonly now: () => Date;
  readonly onProgress: (progress: ImportProgress) => void;
};

export type ImportProgress = {
  readonly step: "reading" | "translating" | "weighing";
  readonly done: number;
  readonly of: number;
};

export async function importFile(request: ImportRequest, context: ImportContext): Promise<ImportReport> {
  const { dataset, mapping, path, dryRun } = request;
  checkMapping(mapping, dataset);
  const looked = await look(request, context);
  const file = basename(path);
  let target: Target | null = null;
  try {
    target = await targetOf(context.store, dataset, context.data, context.threads);
    const before = await fileOf(target, dataset, looked.hash);
    if (before !== null && request.replace !== true) {
      await target.rollback();
      return { file, outcome: "known", rows: 0, rejected: 0, rejects: null };
    }
    context.onProgress({ step: "translating", done: 0, of: 1 });
    const staged = await stage(target.staging, looked.source, mapping, dataset);
    const bad = [
      ...looked.bad,
      ...staged.rejects.map(({ row, reason }) => ({ line: looked.lineOf(row), reason })),
    ];
    context.onProgress({ step: "weighing", done: 0, of: 1 });
    if (staged.rows === 0 && !dryRun) {
      await target.rollback();
      const rejects = writeRejects(request, context.data, looked.hash, bad);
      if (rejects !== null) renameSync(`${rejects}.tmp`, rejects);
      return { file, outcome: "nothing", rows: 0, rejected: bad.length, rejects };
    }
    await resolve(target, context.keys);
    await weigh(target, dataset, mapping, before ?? (await nextFile(target)));
    await target.put();
    await assertWeights(target, dataset);
    if (before === null) await recordFile(target, dataset, looked.hash, context.now());
    const rejects = writeRejects(request, context.data, looked.hash, bad);
    await (dryRun ? target.rollback() : target.commit());
    if (rejects !== null) renameSync(`${rejects}.tmp`, rejects);
    return { file, outcome: dryRun ? "dry-run" : "taken", rows: staged.rows, rejected: bad.length, rejects };
  } catch (error) {
    await target?.rollback();
    throw error;
  } finally {
    if (looked.cleaned !== null) unlinkSync(looked.cleaned);
  }
}

type Looked = {
  readonly hash: string;
  readonly source: SourceFile;
  readonly bad: readonly BadLine[];
  /** The file's line of the n-th good record (from 1). */
  readonly lineOf: (row: number) => number;
  readonly cleaned: string | null;
};

/** Hash, columns and broken lines of a file; a copy without them where an engine could not read it otherwise. */
async function look({ mapping, path }: ImportRequest, { data, onProgress }: ImportContext): Promise<Looked> {
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
    const source = { path, format, delimiter: ",", columns: usedColumns(mapping), hasNbsp: true } as const;
    return { hash: hash.digest("hex"), source, bad: [], lineOf: (row) => row, cleaned: null };
  }
  const text = { format, delimiter: mapping.delimiter, encoding: mapping.encoding } as const;
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
  const columns = format === "csv" ? found.header.map((name) => name.trim()) : found.header;
  const source = {
    path: cleaned ?? path,
    format,
    delimiter: mapping.delimiter,
    columns,
    hasNbsp: found.hasNbsp,
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
}

/** The number under which this very file was taken before, or null. */
const fileOf = async (target: Target, dataset: Dataset, hash: string): Promise<number | null> => {
  const [[id] = []] = await target.run("select id from file where dataset = $1 and hash = $2", [
    tableOf(dataset),
    hash,
  ]);
  return id == null ? null : Number(id);
};

const nextFile = async (target: Target): Promise<number> => {
  const [[last] = []] = await target.run("select coalesce(max(id), 0) from file");
  return Number(last) + 1;
};

const recordFile = (target: Target, dataset: Dataset, hash: string, now: Date): Promise<unknown> =>
  target.run(
    "insert into file (id, dataset, hash, taken) select coalesce(max(id), 0) + 1, $1, $2, $3 from file",
    [tableOf(dataset), hash, instant(now)],
  );

/** Each identity hashed once; new persons numbered, and their identity numbers sealed where the region keeps them. */
async function resolve(target: Target, keys: PersonKeys): Promise<void> {
  const { staging } = target;
  await useKey(staging, keys.pseudonym);
  await staging.run(`create or replace temp table hashed as select identity, cast(substr(${hmacOf("identity")}, 1, 32) as uuid) as pseudonym
    from (select distinct identity from staged)`);
  await target.resolvePersons();
  if (keys.sealing === null) return;
  const count = await target.run("select coalesce(max(chunk), 0) from identity");
  let number = BigInt(String(count[0]?.[0] ?? 0));
  // Materialised, not streamed: the statements in between would end a stream on the same connection.
  const boxes = await staging.runAndReadAll(
    `select to_json(list([cast(person as varchar), identity])) from fresh group by person // ${BOX}`,
  );
  for (const [text] of boxes.getRows()) {
    const sealed = sealIdentities(keys.sealing, String(text));
    const values = [(++number).toString(), sealed];
    await target.run("insert into identity (chunk, sealed) values (cast($1 as bigint), $2)", values);
  }
}

/** How many persons' identity numbers are sealed in one box. */
const BOX = 65_536;

/** How several rows of a column become one. Unknown values are passed over; which row is `one`, nobody can choose. */
const SUMMARIES = {
  any: (name) => `bool_or(${name})`,
  all: (name) => `bool_and(${name})`,
  greatest: (name) => `max(${name})`,
  least: (name) => `min(${name})`,
  one: (name) => `arg_min_null(${name}, place)`,
} as const satisfies Record<string, (name: string) => string>;

/**
 * Makes `ready`: the incoming rows, with those already stored of the same persons and periods, weighted anew. Of
 * more than five rows, those with the five smallest keyed hashes of their content count: an order that nobody who
 * writes rows can choose, and that does not depend on the order they came in.
 */
async function weigh(target: Target, dataset: Dataset, mapping: Mapping, file: number): Promise<void> {
  const { staging } = target;
  const columns = Object.keys(dataset.columns).map(columnIn);
  const all = ["person", "period", "file", "record", ...columns].join(", ");
  const latest =
    mapping.record === undefined
      ? ""
      : "qualify row_number() over (partition by person, record order by row desc) = 1";
  await staging.run(`create or replace temp view arriving as select person, period, cast(0 as integer) as weight, cast(${file} as integer) as file, record, ${columns.join(", ")}, excluded
    from staged join who using (identity) ${latest}`);
  // Only where stored rows must be weighed anew are all rows written down before they are put.
  const rows = (await target.takeTouched(file)) ? "incoming" : "arriving";
  await staging.run(
    `create or replace temp table crowd as select person, period, count(*) as n from ${rows} group by person, period`,
  );
  const content = `concat_ws('|', ${columns.map((name) => `coalesce(cast(${name} as varchar), '-')`).join(", ")})`;
  if (mapping.summarise !== undefined) {
    const { summarise } = mapping;
    const made = Object.keys(dataset.columns).map((name) =>
      SUMMARIES[summarise[name] ?? "one"](columnIn(name)),
    );
    // The rows it is made of stay, at no weight: later files, and earlier ones taken anew, add to them.
    await staging.run(`create or replace temp view ready as select ${all}, 0 as weight from ${rows}
      union all select person, period, ${SUMMARY}, cast(null as varchar), ${made.join(", ")}, case when excluded then 0 else 60 end
      from (select *, ${hmacOf(content)} as place from ${rows}) group by person, period, excluded`);
    return;
  }
  await staging.run(`create or replace temp view ready as select ${all},
      case when excluded then 0 when n = 1 then 60 when n = 2 then 30 when n = 3 then 20 when n = 4 then 15 else 12 end as weight
    from ${rows} join crowd using (person, period) where n <= 5
    union all select ${all}, case when not excluded and place <= 5 then 12 else 0 end
    from (select *, row_number() over (partition by person, period order by ${hmacOf(content)}) as place
      from ${rows} join (select * from crowd where n > 5) using (person, period))`);
}

/** What sensitivity rests on, checked in the table itself for everyone this import touched, before it commits. */
async function assertWeights(target: Target, dataset: Dataset): Promise<void> {
  const persons = await pairsOnTarget(target);
  const over = await target.run(`select 1 from ${tableOf(dataset)} where ${persons} group by person, period
    having sum(weight) > 60 or min(weight) < 0 or count(case when weight > 0 then 1 end) > 5 limit 1`);
  if (over.length > 0) throw new Error("a person's weights passed 60: the import is undone");
}

const pairsOnTarget = async (target: Target): Promise<string> => {
  const [[low, high] = []] = (
    await target.staging.runAndReadAll("select min(person), max(person) from crowd")
  ).getRows();
  return low == null ? "false" : `person between ${BigInt(String(low))} and ${BigInt(String(high))}`;
};

function writeRejects(
  { dataset, dryRun }: ImportRequest,
  data: string,
  hash: string,
  bad: readonly BadLine[],
): string | null {
  if (bad.length === 0) return null;
  const folder = join(data, "rejects");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, `${tableOf(dataset)}-${hash.slice(0, 16)}${dryRun ? "-dry-run" : ""}.csv`);
  const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
  const lines = bad
    .toSorted((a, b) => a.line - b.line)
    .map(({ line, reason }) => `${line},${quoted(reason)}`);
  // Written before the commit and named after it: a row that is left out is never left unexplained.
  writeFileSync(`${path}.tmp`, `line,reason\n${lines.join("\n")}\n`, { mode: 0o600 });
  return path;
}
