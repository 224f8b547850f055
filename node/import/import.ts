/**
 * Import, a call a step: look, stage, judge, identify, weigh, put. A file's rows become a dataset's, all or none. Every
 * person weighs one: within a period their rows share 60 units, at most five rows counting. Bounding people here, once,
 * is what makes every later question a plain sum.
 */
import { mkdirSync, renameSync, unlinkSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { Dataset } from "../../protocol/question/catalogue.ts";
import { instant } from "../../protocol/values/names.ts";
import { tableOf } from "../store/database.ts";
import { declaredBy } from "../store/delivered.ts";
import { encryptIdentities } from "../store/people.ts";
import { cameAnew } from "./anew.ts";
import { deliver } from "./deliver.ts";
import { identify, type Judged, judge } from "./identify.ts";
import { type Looked, look } from "./look.ts";
import { checkMapping } from "./mapping.ts";
import { openTarget } from "./open-target.ts";
import type { ImportContext, ImportReport, ImportRequest } from "./request.ts";
import { stage } from "./stage.ts";
import type { Fresh, Target } from "./target.ts";
import { gathered, keepWeighing, weighInto } from "./weights.ts";

const NOTHING = {
  rows: 0,
  persons: 0,
  rejected: 0,
  leftOut: 0,
  warnings: [],
  rejects: null,
  delivered: [],
} as const;

export async function importFile(request: ImportRequest, context: ImportContext): Promise<ImportReport> {
  const { dataset, mapping, path, dryRun } = request;
  checkMapping(mapping, dataset);
  const declared = request.covers === undefined ? null : declaredBy(request.covers, dataset);
  const looked = await look(request, context);
  const file = basename(path);
  let target: Target | null = null;
  try {
    target = await openTarget(context);
    const before = await fileOf(target, dataset, looked.hash);
    if (before !== null && request.replace !== true) {
      // Its rows stay as they are; what it delivers may be said of it later.
      const delivered = declared === null ? [] : await deliver(target, dataset, declared, null);
      await (dryRun ? target.rollback() : target.commit());
      return { ...NOTHING, file, outcome: "known", delivered };
    }
    context.onProgress({ step: "translating", done: 0, of: 1 });
    const staged = await stage(target.staging, looked.source, mapping, dataset);
    const judged = await judge(target, staged);
    context.onProgress({ step: "weighing", done: 0, of: 1 });
    const { rows } = judged;
    const { leftOut } = staged;
    if (rows === 0 && !dryRun) {
      const { rejected, rejects, name } = writeRejects(request, context.data, looked, judged);
      // An empty file may say that nothing is to come; one whose rows were all refused says nothing.
      const delivered = rejected === 0 ? await deliver(target, dataset, declared, null) : [];
      await target.commit();
      name();
      return { ...NOTHING, file, outcome: "nothing", rejected, leftOut, rejects, delivered };
    }
    const number = before ?? (await nextFile(target));
    const { arriving, fresh, persons, warnings } = await identify(target, judged, dataset, number, {
      listed: context.listed ?? null,
      since: instant(context.now()),
    });
    await keepIdentities(target, fresh, context);
    const all = await gathered(target, dataset, arriving, number);
    const summarise = mapping.summarise ?? null;
    await weighInto(target, dataset, all, summarise);
    await keepWeighing(target, dataset, summarise);
    await cameAnew(target, dataset, number);
    if (before === null) await recordFile(target, dataset, looked.hash, context.now());
    const delivered = await deliver(target, dataset, declared, arriving);
    const { rejected, rejects, name } = writeRejects(request, context.data, looked, judged);
    await (dryRun ? target.rollback() : target.commit());
    name();
    const outcome = dryRun ? "dry-run" : "taken";
    return { file, outcome, rows, persons, rejected, leftOut, warnings, rejects, delivered };
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

/** Normal forms of new persons' identities, encrypted where the region keeps them. */
async function keepIdentities(
  target: Target,
  { relation }: Fresh,
  { keys, random }: ImportContext,
): Promise<void> {
  if (keys.encryption === null) return;
  const count = await target.run("select coalesce(max(chunk), 0) from identity");
  let number = BigInt(String(count[0]?.[0] ?? 0));
  // Materialised, not streamed: the statements in between would end a stream on the same connection.
  const boxes = await target.staging.runAndReadAll(
    `select to_json(list([cast(person as varchar), form])) from ${relation} group by person // ${BOX}`,
  );
  for (const [text] of boxes.getRows()) {
    const encrypted = encryptIdentities(keys.encryption, String(text), random);
    const values = [(++number).toString(), encrypted];
    await target.run("insert into identity (chunk, sealed) values (cast($1 as bigint), $2)", values);
  }
}

/** How many persons' identity numbers are encrypted in one box. */
const BOX = 65_536;

type Written = Pick<ImportReport, "rejected" | "rejects"> & {
  /** Gives the file its name. Written before the commit and named after it: no row is left out unexplained. */
  readonly name: () => void;
};

function writeRejects(
  { dataset, dryRun }: ImportRequest,
  data: string,
  { hash, bad, lineOf }: Looked,
  { rejects }: Judged,
): Written {
  const all = [...bad, ...rejects.map(({ row, reason }) => ({ line: lineOf(row), reason }))];
  if (all.length === 0) return { rejected: 0, rejects: null, name: () => undefined };
  const folder = join(data, "rejects");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, `${tableOf(dataset)}-${hash.slice(0, 16)}${dryRun ? "-dry-run" : ""}.csv`);
  const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
  const lines = all
    .toSorted((a, b) => a.line - b.line)
    .map(({ line, reason }) => `${line},${quoted(reason)}`);
  writeFileSync(`${path}.tmp`, `line,reason\n${lines.join("\n")}\n`, { mode: 0o600 });
  return { rejected: all.length, rejects: path, name: () => renameSync(`${path}.tmp`, path) };
}
