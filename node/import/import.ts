/**
 * Import: a file's rows become a dataset's, all or none. Every person weighs one: within a period their rows share
 * 60 units, at most five rows counting. Bounding people here, once, is what makes every later question a plain sum.
 */
import { mkdirSync, renameSync, unlinkSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { Dataset } from "../../protocol/question/catalogue.ts";
import { instant } from "../../protocol/values/names.ts";
import { type Period, periodAt } from "../../protocol/values/period.ts";
import { tableOf } from "../store/database.ts";
import { declaredBy } from "../store/delivered.ts";
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
  const declared = request.covers === undefined ? null : declaredBy(request.covers, dataset);
  const looked = await look(request, context);
  const file = basename(path);
  let target: Target | null = null;
  try {
    target = await targetOf(context.store, dataset, context.data, context.threads);
    const before = await fileOf(target, dataset, looked.hash);
    if (before !== null && request.replace !== true) {
      await target.rollback();
      return { file, outcome: "known", rows: 0, rejected: 0, rejects: null, delivered: [] };
    }
    context.onProgress({ step: "translating", done: 0, of: 1 });
    const staged = await stage(target.staging, looked.source, mapping, dataset);
    const bad = [
      ...looked.bad,
      ...staged.rejects.map(({ row, reason }) => ({ line: looked.lineOf(row), reason })),
    ];
    context.onProgress({ step: "weighing", done: 0, of: 1 });
    if (staged.rows === 0 && !dryRun) {
      // An empty file may say that nothing is to come; one whose rows were all refused says nothing.
      const delivered = bad.length === 0 ? await deliver(target, dataset, declared) : [];
      await target.commit();
      const rejects = writeRejects(request, context.data, looked.hash, bad);
      if (rejects !== null) renameSync(`${rejects}.tmp`, rejects);
      return { file, outcome: "nothing", rows: 0, rejected: bad.length, rejects, delivered };
    }
    await resolve(target, context);
    await weigh(target, dataset, mapping, before ?? (await nextFile(target)));
    await target.put();
    await assertWeights(target, dataset);
    if (before === null) await recordFile(target, dataset, looked.hash, context.now());
    const delivered = await deliver(target, dataset, declared);
    const rejects = writeRejects(request, context.data, looked.hash, bad);
    await (dryRun ? target.rollback() : target.commit());
    if (rejects !== null) renameSync(`${rejects}.tmp`, rejects);
    const outcome = dryRun ? "dry-run" : "taken";
    return { file, outcome, rows: staged.rows, rejected: bad.length, rejects, delivered };
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

/**
 * Takes down which periods are delivered: those declared, or else, unless the dataset asks for a declaration, those that
 * the staged rows fall in. Gives the new ones.
 */
async function deliver(
  target: Target,
  dataset: Dataset,
  declared: readonly number[] | null,
): Promise<Period[]> {
  const table = tableOf(dataset);
  const seen = async () =>
    (await target.staging.runAndReadAll("select distinct period from staged"))
      .getRows()
      .map(([at]) => Number(at));
  const ordinals = declared ?? (dataset.delivery === "declared" ? [] : await seen());
  const before = await target.run("select period from delivered where dataset = $1", [table]);
  const known = new Set(before.map(([period]) => Number(period)));
  const fresh = [...new Set(ordinals)].filter((ordinal) => !known.has(ordinal)).sort((a, b) => a - b);
  for (const ordinal of fresh)
    await target.run(
      "insert into delivered (dataset, period, declared) values ($1, cast($2 as integer), $3)",
      [table, ordinal, String(declared !== null)],
    );
  return fresh.map((ordinal) => periodAt(dataset.period, ordinal));
}

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
