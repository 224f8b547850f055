/** `docs/requirements.md` leaves no row out, and names nothing that is not there. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readIndicators } from "../../protocol/question/indicator.ts";

const ROOT = join(import.meta.dirname, "../..");
const text = readFileSync(join(ROOT, "docs/requirements.md"), "utf8");
const rows = [...text.matchAll(/^\| (R\d{3}) \| (.+) \| (.+) \|$/gm)];
const ASKED = join(ROOT, "../shared/reference/requirements.md");

test("every row once, in order, each with an answer", () => {
  const numbers = Array.from({ length: 167 }, (_, at) => `R${String(at + 1).padStart(3, "0")}`);
  expect(rows.map(([, number]) => number)).toEqual(numbers);
});

test.skipIf(!existsSync(ASKED))(
  "the rows are those of the source documents (skipped where ../shared is missing)",
  () => {
    const asked = [...readFileSync(ASKED, "utf8").matchAll(/^\| (R\d{3}) \|/gm)].map(([, number]) => number);
    expect(rows.map(([, number]) => number)).toEqual(asked);
  },
);

test("every file, command and indicator that is named exists", () => {
  const indicators = new Set(
    readIndicators(JSON.parse(readFileSync(join(ROOT, "catalogue/indicators.json"), "utf8"))).map(
      ({ id }) => id,
    ),
  );
  const commands = readFileSync(join(ROOT, "README.md"), "utf8");
  for (const [, number, , answer = ""] of rows)
    for (const [, name = ""] of answer.matchAll(/`([^`]+)`/g)) {
      const known = name.startsWith("brus ")
        ? commands.includes(`./${name}`)
        : indicators.has(name) || existsSync(join(ROOT, name));
      expect(known, `${number}: ${name}`).toBe(true);
    }
});

test("what is not answered says so", () => {
  for (const [, number, , answer = ""] of rows)
    expect(/`|not yet|not software|the whole/.test(answer), number).toBe(true);
});
