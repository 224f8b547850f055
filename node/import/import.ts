/**
 * Import: a file's rows become a dataset's, all or none. Every person weighs one: within a period their rows share
 * 60 units, at most five rows counting. Bounding people here, once, is what makes every later question a plain sum.
 */
import { mkdirSync, renameSync, unlinkSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { Dataset } from "../../protocol/question/catalogue.ts";
import { instant } from "../../protocol/values/names.ts";
import { tableOf } from "../store/database.ts";
import { encryptIdentities } from "../store/people.ts";
import { look } from "./look.ts";
import { checkMapping } from "./mapping.ts";
import { targetOf } from "./open-target.ts";
import type { ImportContext, ImportReport, ImportRequest } from "./request.ts";
import type { BadLine } from "./scan.ts";
import { hmacOf, stage, useKey } from "./stage.ts";
import type { Target } from "./target.ts";
import { assertWeights, weigh } from "./weights.ts";

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
    await resolve(target, context);
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

/** Each identity hashed once; new persons numbered, and their identity numbers encrypted where the region keeps them. */
async function resolve(target: Target, { keys, random }: ImportContext): Promise<void> {
  const { staging } = target;
  await useKey(staging, keys.pseudonym);
  await staging.run(`create or replace temp table hashed as select identity, cast(substr(${hmacOf("identity")}, 1, 32) as uuid) as pseudonym
    from (select distinct identity from staged)`);
  await target.resolvePersons();
  if (keys.encryption === null) return;
  const count = await target.run("select coalesce(max(chunk), 0) from identity");
  let number = BigInt(String(count[0]?.[0] ?? 0));
  // Materialised, not streamed: the statements in between would end a stream on the same connection.
  const boxes = await staging.runAndReadAll(
    `select to_json(list([cast(person as varchar), identity])) from fresh group by person // ${BOX}`,
  );
  for (const [text] of boxes.getRows()) {
    const encrypted = encryptIdentities(keys.encryption, String(text), random);
    const values = [(++number).toString(), encrypted];
    await target.run("insert into identity (chunk, sealed) values (cast($1 as bigint), $2)", values);
  }
}

/** How many persons' identity numbers are encrypted in one box. */
const BOX = 65_536;

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
