/**
 * Whose the staged rows are: each writing of an identity is brought to its normal form once, each form hashed once, each
 * person numbered. What is said of it are numbers of persons and reasons, never an identity.
 */
import type { Dataset } from "../../protocol/question/catalogue.ts";
import { columnIn } from "../store/database.ts";
import { asciiPlainSql, identityOf, identitySql, personalSql, REASONS, type Rules } from "./identity.ts";
import { type Listed, takeOut } from "./listed.ts";
import type { ImportWarning } from "./request.ts";
import { pseudonymSql, reading, type Staged, shown } from "./stage.ts";
import type { Fresh, Named, Rows, Target } from "./target.ts";

/** Every writing among the rows that fit: `identity`, `day`, `form` (null where it is nobody's) and what is said then. */
type Forms = { readonly relation: string };

export type Judged = {
  readonly staged: Staged;
  readonly forms: Forms;
  /** How many rows fit. */
  readonly rows: number;
  /** The others, by their number among the file's good records. */
  readonly rejects: ReadonlyArray<{ readonly row: number; readonly reason: string }>;
};

/** Judges the identities of the rows that fit otherwise. Numbers nobody yet: a file of which no row fits changes nothing. */
export async function judge({ staging }: Target, staged: Staged): Promise<Judged> {
  const forms = await formsOf(staging, staged);
  const whose = `left join ${forms.relation} using (identity, day)`;
  const read = async (sql: string) => (await staging.runAndReadAll(sql)).getRows();
  const [[rows, fitting] = []] = await read(
    `select count(*), count(case when reason is null and form is not null then 1 end) from ${staged.relation} ${whose}`,
  );
  if (rows === fitting) return { staged, forms, rows: Number(fitting), rejects: [] };
  const rejects = await reading(() =>
    read(`select row, coalesce(reason, says) from ${staged.numbered} ${whose}
      where reason is not null or form is null order by row`),
  );
  return {
    staged,
    forms,
    rows: Number(fitting),
    rejects: rejects.map(([row, reason]) => ({ row: Number(row), reason: shown(String(reason)) })),
  };
}

async function formsOf(staging: Target["staging"], { relation, rules }: Staged): Promise<Forms> {
  const { form, says } = identitySql(rules, "plain", "day");
  const each = (ascii: boolean) =>
    `(select distinct identity, day from ${relation} where reason is null and (strlen(identity) = length(identity)) = ${ascii})`;
  await staging.run(`create or replace temp table forms as select identity, day, ${form} as form, ${says} as says
    from (select identity, day, ${asciiPlainSql("identity")} as plain from ${each(true)})`);
  // Other characters than ASCII's have compatibility forms that DuckDB does not know: each writing once through ours.
  const others = await staging.runAndReadAll(`select identity, day from ${each(false)}`);
  if (others.currentRowCount === 0) return { relation: "forms" };
  const appender = await staging.createAppender("forms", null, "temp");
  for (const [identity, day] of others.getRows()) {
    const identified = identityOf(String(identity), rules, Number(day));
    appender.appendVarchar(String(identity));
    appender.appendInteger(Number(day));
    if (identified.form === null) appender.appendNull();
    else appender.appendVarchar(identified.form);
    appender.appendVarchar(identified.reason === null ? "" : REASONS[identified.reason]);
    appender.endRow();
  }
  appender.closeSync();
  return { relation: "forms" };
}

/** Rows that are somebody's, as file `file`, in the columns of the dataset's table, at no weight yet. */
export type Identified = {
  readonly arriving: Rows;
  readonly fresh: Fresh;
  readonly persons: number;
  readonly warnings: readonly ImportWarning[];
};

/** Each form hashed once, each person numbered, new ones too, but for those who are listed as forgotten. */
export async function identify(
  target: Target,
  { staged, forms }: Judged,
  dataset: Dataset,
  file: number,
  left: { readonly listed: Listed | null; readonly since: string },
): Promise<Identified> {
  const { staging } = target;
  await staging.run(`create or replace temp table named as select form, ${pseudonymSql("form")} as pseudonym, mixed
    from (select form, min(identity) <> max(identity) as mixed from ${forms.relation} where form is not null group by form)`);
  const named: Named = { relation: "named" };
  // Before anybody is taken out: a report does not tell whether anybody was.
  const [[persons, mixed] = []] = (
    await staging.runAndReadAll(`select count(*), count(case when mixed then 1 end) from ${named.relation}`)
  ).getRows();
  const excluded = left.listed === null ? null : await takeOut(target, named, left.listed);
  const fresh = await target.number(named);
  if (excluded !== null) await target.exclude(excluded, left.since);
  await staging.run(`create or replace temp table who as select f.identity, f.day, p.person
    from ${forms.relation} f join ${named.relation} n using (form) join ${target.people} p using (pseudonym)`);
  const columns = Object.keys(dataset.columns).map(columnIn);
  const latest = staged.dated
    ? "qualify row_number() over (partition by person, record order by row desc) = 1"
    : "";
  await staging.run(`create or replace temp view arriving as select person, period, cast(0 as integer) as weight, cast(${file} as integer) as file, record, ${columns.join(", ")}
    from ${staged.relation} join who using (identity, day) where reason is null ${latest}`);
  return {
    arriving: { relation: "arriving" },
    fresh,
    persons: Number(persons),
    warnings: await warningsOf(target, staged.rules, named, Number(persons), Number(mixed)),
  };
}

/** What may make several persons of one, or be one of several already. */
async function warningsOf(
  target: Target,
  rules: Rules,
  named: Named,
  persons: number,
  mixed: number,
): Promise<ImportWarning[]> {
  if (rules.kind === "number" || rules.kind === "personnummer") return [];
  const zeros = await target.known(await siblingsOf(target.staging, rules, named));
  const all: ImportWarning[] = [
    { kind: "mixed-forms", persons: rules.kind === "unsaid" ? mixed : 0 },
    { kind: "leading-zeros", persons: zeros },
    { kind: "unread-numbers", persons: rules.kind === "unsaid" ? await unread(target.staging, named) : 0 },
    { kind: "whole-numbers", persons: rules.numeric ? persons : 0 },
  ];
  return all.filter((warning) => warning.persons > 0);
}

/** How many forms are texts of digits and other signs whose digits alone are a personal number. */
async function unread(staging: Target["staging"], { relation }: Named): Promise<number> {
  const [[count] = []] = (
    await staging.runAndReadAll(`select count(${personalSql("digits", "20991231")})
      from (select regexp_replace(form, '[^0-9]', '', 'g') as digits from ${relation}
        where regexp_full_match(form, '[0-9]+[^0-9a-z]([0-9]|[^0-9a-z])*'))`)
  ).getRows();
  return Number(count);
}

/** Identities of digits alone, each with the pseudonyms that it would have with leading zeros, or without. */
async function siblingsOf(staging: Target["staging"], rules: Rules, { relation }: Named): Promise<Named> {
  const padded = "lpad(form, 10, '0')";
  const candidates = [
    ["form like '0%'", "coalesce(nullif(ltrim(form, '0'), ''), '0')"],
    ["length(form) between 7 and 9", padded],
    ["length(form) = 11", "lpad(form, 12, '0')"],
  ];
  if (rules.kind === "unsaid") {
    candidates.push(
      // What a personal number of ten digits is without its zeros, and the other way.
      ["length(form) = 12 and substr(form, 3, 1) = '0'", "ltrim(substr(form, 3), '0')"],
      ["length(form) between 7 and 9", personalSql(padded, "20991231")],
    );
  }
  const each = candidates.map(
    ([when, sibling]) => `select form, ${sibling} as sibling from digits where ${when}`,
  );
  await staging.run(`create or replace temp table siblings as
    with digits as (select form from ${relation} where regexp_full_match(form, '[0-9]+'))
    select form, ${pseudonymSql("sibling")} as pseudonym from (${each.join(" union all ")}) where sibling is not null`);
  return { relation: "siblings" };
}
