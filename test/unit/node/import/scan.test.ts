/** Looking a file through: blocks that are plainly records are counted whole, and everything else line by line. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { scan } from "../../../../node/import/scan.ts";
import { temporaryFolder } from "../../../support/engines.ts";

const folder = temporaryFolder();
afterAll(() => folder.remove());

const FORMAT = { format: "csv", delimiter: ",", encoding: "utf-8", whose: [] } as const;
const LINES = 300_000; // Some four blocks of a mebibyte.

async function scanned(lines: readonly string[]) {
  const path = join(folder.path, "file.csv");
  writeFileSync(path, `${lines.join("\n")}\n`);
  return await scan(path, FORMAT);
}

const plain = (): string[] => [
  "person,score",
  ...Array.from({ length: LINES }, (_, index) => `p${index},${index % 100}`),
];

test("a file of plain records has nothing to mend", async () => {
  const found = await scanned(plain());
  expect(found).toMatchObject({ header: ["person", "score"], bad: [], otherLines: [], needsCleaning: false });
});

test.each([
  ["too few fields", "alone", "2 fields were expected, 1 came"],
  ["too many fields", "a,b,c", "2 fields were expected, 3 came"],
  ["a quote amiss", 'a"b,1', "quotes, or a control character, stand where they cannot"],
  ["a lone carriage return", "a\rb,1", "quotes, or a control character, stand where they cannot"],
  ["a NUL", "a\0b,1", "quotes, or a control character, stand where they cannot"],
])("%s is found at its own line, whichever block it stands in", async (_, line, reason) => {
  const lines = plain();
  const places = [1, 70_000, 150_000, LINES];
  for (const place of places) lines[place] = line;
  const { bad } = await scanned(lines);
  expect(bad).toEqual(places.map((place) => ({ line: place + 1, reason })));
});

test("a line that is too few fields and one that is too many do not cancel", async () => {
  const lines = plain();
  lines.splice(1000, 2, "alone", "a,b,c");
  expect((await scanned(lines)).bad.map(({ line }) => line)).toEqual([1001, 1002]);
});

test("blank lines are no records and no mistakes", async () => {
  const lines = plain();
  lines[200_000] = "";
  expect(await scanned(lines)).toMatchObject({ bad: [], otherLines: [200_001], needsCleaning: true });
});
