/** Who is one person: the rules in JavaScript and in SQL give the same form of every identity, or the same no. */
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  asciiPlainSql,
  type IdentityKind,
  identityOf,
  identitySql,
  needsDaySql,
  plainOf,
  REASONS,
  rulesOf,
} from "../../node/import/identity.ts";
import { openDuckDb } from "../../server/duckdb.ts";

const DAY = 20260115;
const unsaid = rulesOf(undefined);
const personal = rulesOf("personnummer");
const formOf = (raw: string, kind?: IdentityKind, day = DAY) => identityOf(raw, rulesOf(kind), day).form;

/** Ten digits with the check digit that Luhn's rule asks for, worked out apart from the code under test. */
function numbered(nine: string): string {
  const sum = [...nine].reduce((total, digit, index) => {
    const twice = String(Number(digit) * (index % 2 === 0 ? 2 : 1));
    return total + [...twice].reduce((part, each) => part + Number(each), 0);
  }, 0);
  return `${nine}${(10 - (sum % 10)) % 10}`;
}

test.each([
  ["19121212-1212", "191212121212"],
  ["191212121212", "191212121212"],
  ["121212+1212", "191212121212"],
  ["19121212 1212", "191212121212"],
  ["19121212\u20111212", "191212121212"],
  ["19121212\u22121212", "191212121212"],
  ["１９１２１２１２－１２１２", "191212121212"],
  ["\ufeff19121212-1212\u00a0", "191212121212"],
  ["'191212121212", "191212121212"],
  ['="19121212-1212"', "191212121212"],
  ["\u2019191212121212", "191212121212"],
  ["197010632391", "197010632391"],
  ["19701063-2391", "197010632391"],
  ["701063-2391", "197010632391"],
  ["7010632391", "197010632391"],
])("%j is %s, said or not", (raw, form) => {
  expect(formOf(raw)).toBe(form);
  expect(formOf(raw, "personnummer")).toBe(form);
});

test.each([
  ["1,99001E+11", "spreadsheet", "personnummer"],
  ["1.99001e11", "spreadsheet", "personnummer"],
  ["199001011234.0", "spreadsheet", "personnummer"],
  ["199001011234,00", "spreadsheet", "personnummer"],
  ["", "empty", "empty"],
  ["\u200b \u00ad", "empty", "empty"],
  ["#N/A", "nobody", "nobody"],
  ["#V\u00c4RDEFEL!", "nobody", "nobody"],
  ["##########", "nobody", "nobody"],
  ["NaN", "nobody", "nobody"],
  ["?", "nobody", "nobody"],
  ["NA", "nobody", "nobody"],
  ["<NA>", "nobody", "nobody"],
  ["N.A.", "nobody", "nobody"],
  ["None", "nobody", "nobody"],
  ["(null)", "nobody", "nobody"],
  ["\\N", "nobody", "nobody"],
  ["NaT", "nobody", "nobody"],
  [",199E+12", "spreadsheet", "personnummer"],
  ["199001011234.", "spreadsheet", "personnummer"],
] as const)("%j is nobody", (raw, unsaidReason, personalReason) => {
  expect(identityOf(raw, unsaid, DAY)).toEqual({ form: null, reason: unsaidReason });
  expect(identityOf(raw, personal, DAY)).toEqual({ form: null, reason: personalReason });
});

test.each([
  ["nonsense", "not a number"],
  ["191212121213", "a check digit that does not hold"],
  ["191302291212", "no such day"],
  ["19121212-121", "a digit short"],
  ["19121212--1212", "two signs"],
  [`${numbered("190229123").replace(/^/, "19")}`, "29 February of a common year"],
])("%s is no personal number: %s", (raw) => {
  expect(identityOf(raw, personal, DAY).reason).toBe("personnummer");
});

test("a number of ten digits has its century from the row's day and its sign, whatever the day of the import", () => {
  const ten = numbered("260601123");
  const [born, end] = [ten.slice(0, 6), ten.slice(6)];
  const cases: Array<[string, number, string]> = [
    [`${born}-${end}`, 20260301, `19${ten}`], // Not born yet in 2026.
    [`${born}-${end}`, 20260601, `20${ten}`],
    [`${born}+${end}`, 20260301, `19${ten}`], // The sign changes with the year, before the birthday.
    [`${born}+${end}`, 20260701, `19${ten}`],
    [`${born}-${end}`, 20251231, `19${ten}`],
    [`${born}+${end}`, 20251231, `19${ten}`], // Written after the row's day: nobody is 199.
    [`${born}+${end}`, 20560701, `19${ten}`], // 130 at the most.
    [ten, 20990101, `20${ten}`],
  ];
  for (const [raw, day, form] of cases) expect(formOf(raw, "personnummer", day), `${raw} ${day}`).toBe(form);
  // A hundredth birthday changes nobody's form: `-` until the year before, `+` from its first day.
  for (const [sign, day] of [
    ["-", 20251231],
    ["+", 20260101],
    ["+", 20260531],
    ["+", 20260601],
    ["+", 20270101],
  ] as const)
    expect(formOf(`${born}${sign}${end}`, "personnummer", day)).toBe(`19${ten}`);
});

test("29 February is judged in the century that was found", () => {
  const ten = numbered("000229123");
  expect(formOf(ten, "personnummer", 20260101)).toBe(`20${ten}`);
  expect(formOf(`${ten.slice(0, 6)}+${ten.slice(6)}`, "personnummer", 20260101)).toBe(null); // 1900 had none.
});

test.each([
  ["\ufe0f", "a variation selector"],
  ["\u{e0100}", "one of another plane"],
  ["\u034f", "a grapheme joiner"],
  ["\u115f", "a Hangul filler"],
  ["\u3164", "another"],
  ["\uffa0", "a narrow one"],
  ["\u17b4", "a vowel that is not written"],
  ["\u180b", "a Mongolian selector"],
  ["\u2800", "Braille's blank"],
  ["\u000b", "a vertical tab"],
  ["\u0001", "a control character"],
])("%j, which nobody sees, makes nobody another: %s", (unseen) => {
  for (const raw of ["850615-1235", "19850615-1235"])
    for (const at of [0, 3, raw.length])
      expect(formOf(raw.slice(0, at) + unseen + raw.slice(at))).toBe("198506151235");
  expect(formOf(`Ab${unseen}1`, "text")).toBe("ab1");
});

test("letters are one whatever their case, and what only looks alike is not", () => {
  expect(formOf("ΑΣ", "text")).toBe(formOf("ασ", "text"));
  expect(formOf("ẞ1", "text")).toBe(formOf("ß1", "text"));
  for (const [a, b] of [
    ["a1", "а1"],
    ["I1", "ı1"],
    ["o1", "ο1"],
  ])
    expect(formOf(a ?? "", "text")).not.toBe(formOf(b ?? "", "text"));
});

test("text keeps signs and folds letters; numbers lose zeros; reserve numbers have the region's own form", () => {
  expect(formOf(" Ab-12\u200b", "text")).toBe("ab-12");
  expect(formOf("19121212-1212", "text")).toBe("19121212-1212");
  expect(formOf("000123", "number")).toBe("123");
  expect(formOf("000", "number")).toBe("0");
  for (const raw of ["1.0", "1e3", "-1", "12a"])
    expect(identityOf(raw, rulesOf("number"), DAY).reason).toBe("number");
  const kind = { kind: "personnummer", reserve: ["99[0-9]{6}[a-z]{2}[0-9]{2}"] } as const;
  expect(formOf("99 260115 AB12", { ...kind, reserve: [...kind.reserve] })).toBe("99260115ab12");
  const both = { kind: "personnummer" as const, reserve: ["99[0-9]{6}-?[a-z]{2}[0-9]{2}"] };
  for (const raw of ["99260115AB12", "99260115-AB12", "99 260115\u2013ab12"])
    expect(formOf(raw, both)).toBe("99260115ab12");
});

let run: (sql: string) => Promise<unknown[][]>;
let close: () => void;
beforeAll(async () => {
  const { instance, connect } = await openDuckDb(":memory:", { threads: 1, memory: "500MB", spill: "/tmp" });
  const connection = await connect();
  run = async (sql) => (await connection.runAndReadAll(sql)).getRows();
  close = () => {
    connection.closeSync();
    instance.closeSync();
  };
});
afterAll(() => close());

const digits = (length: number) => fc.stringMatching(new RegExp(`^[0-9]{${length}}$`));
const born = fc.date({ min: new Date("1890-01-01"), max: new Date("2030-12-31"), noInvalidDate: true });
const signed = fc.constantFrom("", "-", "+", " ", " - ");
/** Numbers that hold, nearly hold, and texts near to them. */
const near = fc
  .tuple(born, digits(3), signed, fc.boolean(), fc.boolean(), fc.constantFrom(0, 0, 0, 1))
  .map(([date, three, sign, long, coordination, wrong]) => {
    const day = date.toISOString().slice(0, 10).replaceAll("-", "");
    const shown = coordination ? `${day.slice(0, 6)}${Number(day.slice(6)) + 60}` : day;
    const ten = numbered(`${shown.slice(2)}${three}`);
    const last = (Number(ten.at(-1)) + wrong) % 10;
    return `${long ? shown : shown.slice(2)}${sign}${ten.slice(6, 9)}${last}`;
  });
const identity = fc.oneof(
  { weight: 5, arbitrary: near },
  fc.stringMatching(/^[0-9]{9,13}$/),
  fc.stringMatching(/^[ 0-9eE+.,-]{0,14}$/),
  fc.stringMatching(/^[a-z0-9]{2,9}-?[a-z0-9]{3,5}$|^[rR][-0-9]{0,6}$/),
  fc.stringMatching(/^[(<]?(null|na|nan|nat|none|n.a.?|undefined|.N|NA|NaN)[)>]?$/),
  fc.string({ unit: "binary-ascii", maxLength: 14 }).filter((text) => !text.includes("\0")),
);
const days = fc.constantFrom(20000229, 20191231, 20260101, 20260115, 20260601, 20991231);

test("whatever stands between its digits, a number of ten has its century from the row", async () => {
  const out = fc.string({
    unit: fc.constantFrom(" ", "\t", "\u0001", "\u000b", "\u001f", "\u007f"),
    maxLength: 2,
  });
  const spread = fc
    .tuple(fc.array(out, { minLength: 11, maxLength: 11 }), fc.constantFrom("", "-", "+"))
    .map(
      ([gaps, sign]) =>
        [..."850615"].map((digit, at) => digit + gaps[at]).join("") +
        sign +
        [..."1235"].map((digit, at) => (gaps[6 + at] ?? "") + digit).join(""),
    );
  await fc.assert(
    fc.asyncProperty(fc.array(spread, { minLength: 1, maxLength: 50 }), async (raws) => {
      const values = raws.map((raw) => `('${raw}')`).join(", ");
      const found = await run(`select bool_and(${needsDaySql("raw")}) from (values ${values}) v(raw)`);
      expect(found).toEqual([[true]]);
    }),
  );
});

const RESERVE: IdentityKind = { kind: "personnummer", reserve: ["[a-z0-9]{2,8}-?[a-z0-9]{4}|r[-0-9]*"] };

test.each([undefined, "personnummer", "text", "number", RESERVE] as const)(
  "SQL and JavaScript judge alike: %j",
  async (kind) => {
    const rules = rulesOf(kind);
    const { form, says } = identitySql(rules, "plain", "day");
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(identity, days), { minLength: 1, maxLength: 200 }), async (rows) => {
        const values = rows.map(([raw, day], index) => `(${index}, '${raw.replaceAll("'", "''")}', ${day})`);
        const found = await run(
          `select plain, ${form}, ${says} from (select n, ${asciiPlainSql("raw")} as plain, day from (values ${values.join(", ")}) v(n, raw, day)) order by n`,
        );
        for (const [index, [raw, day]] of rows.entries()) {
          const expected = identityOf(raw, rules, day);
          const [plain, sqlForm, said] = found[index] ?? [];
          expect(plain).toBe(plainOf(raw));
          expect(sqlForm, raw).toBe(expected.form);
          if (expected.reason !== null) expect(said).toBe(REASONS[expected.reason]);
        }
      }),
      { numRuns: 30 },
    );
  },
);
