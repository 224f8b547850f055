/**
 * Who is one person, decided before anything is hashed: an identity as a file writes it becomes its normal form, or is
 * rejected with the reason. The same rules twice, in SQL for millions of rows and in JavaScript for one identity on a
 * list; a test holds them together. An identity is whatever a file's author wrote: nothing here may quote it.
 */
import { z } from "zod";

/** What a mapping says of its identities; patterns are RE2's, as DuckDB reads them. */
export const IdentityKind = z.union([
  z.enum(["personnummer", "text", "number"]),
  z.strictObject({
    kind: z.literal("personnummer"),
    /** Forms of the region's own reserve numbers, matched whole, once white space is out and letters are small. */
    reserve: z.array(z.string().min(1).max(200)).min(1).max(20),
  }),
]);
export type IdentityKind = z.infer<typeof IdentityKind>;

/** Without a kind: personal numbers are known by their check digit and date, and all else is text. */
export type Rules = {
  readonly kind: "personnummer" | "text" | "number" | "unsaid";
  readonly reserve: readonly string[];
  /** True where the source holds numbers, which have no leading zeros: seven to nine digits may be ten. */
  readonly numeric: boolean;
};

export function rulesOf(kind: IdentityKind | undefined, numeric = false): Rules {
  if (kind === undefined) return { kind: "unsaid", reserve: [], numeric };
  return typeof kind === "string" ? { kind, reserve: [], numeric } : { ...kind, numeric };
}

export const REASONS = {
  empty: "person: empty",
  nobody: "person: stands for no one (null, nan, na, none, a spreadsheet's error, no letter or digit at all)",
  personnummer:
    "person: not a personal, coordination or reserve number (twelve digits, or ten with - or +; date and check digit hold)",
  number: "person: not a whole number in digits alone",
  spreadsheet: "person: a number that a spreadsheet has shortened or given decimals",
} as const;
export type Reason = keyof typeof REASONS;

export type Identified =
  | { readonly form: string; readonly reason: null }
  | { readonly form: null; readonly reason: Reason };

const UNSEEN = /[\s\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\u2800]/gu;

/**
 * Compatibility forms made one (Unicode NFKC, UAX 15), white space, controls and characters that nobody sees (Unicode's
 * Default_Ignorable_Code_Point, and Braille's blank) out, every kind of dash a hyphen (NFKC leaves U+2010 to U+2015 and U+2212), letters folded, and without the quotes that tell a spreadsheet
 * not to reckon ('1912…, ="1912…").
 */
export function plainOf(raw: string): string {
  return raw
    .replaceAll(/[\u00b4\u2018\u2019\u201b\u2032]/g, "'")
    .replaceAll(/[\u201c-\u201f\u2033]/g, '"')
    .normalize("NFKC")
    .replaceAll(/[\p{Pd}\u2212\u02d7\u2043]/gu, "-")
    .replaceAll(UNSEEN, "")
    .replaceAll(/^[='"]+|['"]+$/g, "")
    .toLowerCase()
    .replaceAll("ς", "σ")
    .normalize("NFKC");
}

/** As `plainOf`, for texts that are known to be ASCII. */
export const asciiPlainSql = (text: string): string =>
  `lower(regexp_replace(${text}, '^[\\s\\x00-\\x1f\\x7f=''"]+|[\\s\\x00-\\x1f\\x7f''"]+$|[\\s\\x00-\\x1f\\x7f]', '', 'g'))`;

/** True of a text as it was read, in SQL, whose form may depend on the row's day: ten digits, or fewer whose zeros are gone. */
export const needsDaySql = (text: string): string => {
  const [out, digit] = ["[\\s\\x00-\\x1f\\x7f]*", "([0-9][\\s\\x00-\\x1f\\x7f]*)"];
  return `(strlen(${text}) <> length(${text}) or regexp_full_match(${text}, '[^0-9A-Za-z]*${digit}{6}([-+]${out})*${digit}{4}[^0-9A-Za-z]*|[^0-9A-Za-z]*${digit}{7,9}[^0-9A-Za-z]*'))`;
};

const PERSONAL = /^(\d{8}|\d{6})([-+]?)(\d{4})$/;
const NOBODY = /^(\(?null\)?|nan|nat|none|undefined|<?na>?|n[/.]a\.?|\\n|#[^1-9]*|[^\p{L}\p{N}]*)$/u;
const SPREADSHEET = /^[-+]?(\d+[.,]?\d*|[.,]\d+)e[-+]?\d+$|^[-+]?\d+[.,]\d*$/;

/** A calendar day as the number YYYYMMDD. */
export type Day = number;

/** The normal form of one identity. `day` is the row's: a number of ten digits has its century from it and its sign. */
export function identityOf(raw: string, rules: Rules, day: Day): Identified {
  const plain = plainOf(raw);
  if (plain === "") return { form: null, reason: "empty" };
  if (NOBODY.test(plain)) return { form: null, reason: "nobody" };
  const padded = rules.numeric && /^\d{7,9}$/.test(plain) ? plain.padStart(10, "0") : plain;
  const took = (form: string | null, reason: Reason): Identified =>
    form === null ? { form, reason } : { form, reason: null };
  switch (rules.kind) {
    case "number":
      return took(/^\d+$/.test(plain) ? withoutZeros(plain) : null, "number");
    case "text":
      return took(SPREADSHEET.test(plain) ? null : plain, "spreadsheet");
    case "unsaid":
      return took(personalNumber(padded, day) ?? (SPREADSHEET.test(plain) ? null : plain), "spreadsheet");
    case "personnummer": {
      const reserve = rules.reserve.some((pattern) => new RegExp(`^(?:${pattern})$`, "i").test(plain));
      return took(reserve ? withoutHyphen(plain) : personalNumber(padded, day), "personnummer");
    }
  }
}

/** A reserve number is one with the hyphen before its last four signs and without it, where its pattern takes both. */
export const withoutHyphen = (text: string): string =>
  text.replace(/^([0-9a-z]{6,8})-([0-9a-z]{4})$/, "$1$2");

const withoutZeros = (digits: string): string => digits.replace(/^0+(?=\d)/, "");

/**
 * Twelve digits, or null. Personal numbers (lag 1967:940 18 §: `-` becomes `+` in the year of the hundredth birthday) and
 * coordination numbers (the day, and 60).
 */
function personalNumber(plain: string, day: Day): string | null {
  const [, born = "", sign, end = ""] = PERSONAL.exec(plain) ?? [];
  if (born === "" || !checks(born.slice(-6) + end)) return null;
  const [month, date] = [Number(born.slice(-4, -2)), Number(born.slice(-2))];
  const year = born.length === 8 ? Number(born.slice(0, 4)) : centuryOf(born, sign === "+", day);
  if (year < 1800 || year > 2199 || !isDate(year, month, date > 60 ? date - 60 : date)) return null;
  return `${year}${born.slice(-4)}${end}`;
}

/** Nobody lives to be a hundred more than this, in years. */
const BEYOND = 30;

/**
 * The latest year that ends in these two digits whose day is not after the row's; with `+`, the one a century before
 * where somebody can be as old as that. A file has the signs of the day it was written on, which may be years after a
 * row's: a `+` on a row from before the hundredth birthday makes nobody a century older.
 */
function centuryOf(born: string, old: boolean, day: Day): number {
  const now = Math.floor(day / 10_000);
  const [two, month, date] = [Number(born.slice(0, 2)), Number(born.slice(2, 4)), Number(born.slice(4))];
  const same = now - (now % 100) + two;
  const after = same * 10_000 + month * 100 + (date > 60 ? date - 60 : date) > day;
  const latest = after ? same - 100 : same;
  return old && now - latest <= BEYOND ? latest - 100 : latest;
}

function isDate(year: number, month: number, day: number): boolean {
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  const days = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1];
  return days !== undefined && day >= 1 && day <= days;
}

/** The check digit by Luhn's rule (ISO/IEC 7812-1, annex B), of ten digits. */
function checks(ten: string): boolean {
  let sum = 0;
  for (const [index, digit] of [...ten].entries()) {
    const value = Number(digit) * (index % 2 === 0 ? 2 : 1);
    sum += value > 9 ? value - 9 : value;
  }
  return sum % 10 === 0;
}

/** SQL expressions over a text that `plainOf` or `asciiPlainSql` has made plain, and the row's day as YYYYMMDD. */
export type IdentitySql = {
  /** The normal form, or null. */
  readonly form: string;
  /** What is said where there is none. */
  readonly says: string;
};

/** `plain` and `day` are column names: each is read several times. */
export function identitySql(rules: Rules, plain: string, day: string): IdentitySql {
  const nobody = `regexp_full_match(${plain}, '\\(?null\\)?|nan|nat|none|undefined|<?na>?|n[/.]a\\.?|\\\\n|#[^1-9]*|[^0-9a-z]*')`;
  const text = `case when regexp_full_match(${plain}, '[-+]?([0-9]+[.,]?[0-9]*|[.,][0-9]+)e[-+]?[0-9]+|[-+]?[0-9]+[.,][0-9]*') then null else ${plain} end`;
  const sql = (form: string, reason: Reason): IdentitySql => ({
    form: `case when not ${nobody} then ${form} end`,
    says: `case when ${plain} = '' then ${quoted(REASONS.empty)} when ${nobody} then ${quoted(REASONS.nobody)} else ${quoted(REASONS[reason])} end`,
  });
  const padded = rules.numeric
    ? `(case when regexp_full_match(${plain}, '[0-9]{7,9}') then lpad(${plain}, 10, '0') else ${plain} end)`
    : plain;
  switch (rules.kind) {
    case "number":
      return sql(
        `case when regexp_full_match(${plain}, '[0-9]+') then coalesce(nullif(ltrim(${plain}, '0'), ''), '0') end`,
        "number",
      );
    case "text":
      return sql(text, "spreadsheet");
    case "unsaid":
      return sql(`coalesce(${personalSql(padded, day)}, ${text})`, "spreadsheet");
    case "personnummer": {
      const own = rules.reserve.map((each) => `regexp_full_match(${plain}, ${quoted(each)}, 'i')`);
      const personal = personalSql(padded, day);
      return sql(
        own.length === 0
          ? personal
          : `case when ${own.join(" or ")} then regexp_replace(${plain}, '^([0-9a-z]{6,8})-([0-9a-z]{4})$', '\\1\\2') else ${personal} end`,
        "personnummer",
      );
    }
  }
}

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** `personalNumber` in SQL, null where the text is none, by whole numbers: forms first, so that what is no number of this kind costs one match. */
export function personalSql(plain: string, day: string): string {
  const digits = `regexp_replace(${plain}, '[-+]', '')`;
  const ten = `cast(right(${digits}, 10) as bigint)`;
  const at = (place: number) => `(${ten} // ${10n ** BigInt(9 - place)} % 10)`;
  const luhn = Array.from({ length: 10 }, (_, place) =>
    place % 2 === 0 ? `(${at(place)} * 2 - case when ${at(place)} > 4 then 9 else 0 end)` : at(place),
  ).join(" + ");
  const month = `(${ten} // 1000000 % 100)`;
  const date = `(${ten} // 10000 % 100 - case when ${ten} // 10000 % 100 > 60 then 60 else 0 end)`;
  const now = `(${day} // 10000)`;
  const same = `(${now} - ${now} % 100 + ${ten} // 100000000)`;
  const latest = `(${same} - case when ${same} * 10000 + ${month} * 100 + ${date} > ${day} then 100 else 0 end)`;
  const century = `(${latest} - case when contains(${plain}, '+') and ${now} - ${latest} <= ${BEYOND} then 100 else 0 end)`;
  const year = `(case when length(${digits}) = 12 then cast(left(${digits}, 4) as bigint) else ${century} end)`;
  const isDay = `try_cast(concat(${year}, '-', lpad(cast(${month} as varchar), 2, '0'), '-', lpad(cast(${date} as varchar), 2, '0')) as date) is not null`;
  // A CASE, so that nothing is cast that the form has not let through.
  return `case when regexp_full_match(${plain}, '([0-9]{8}|[0-9]{6})[-+]?[0-9]{4}') then
    case when (${luhn}) % 10 = 0 and ${year} between 1800 and 2199 and ${isDay} then concat(${year}, right(${digits}, 8)) end end`;
}
