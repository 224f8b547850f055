/** The direction of dependencies, and where the platform may be touched, as tests. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "../..");

/** Who may import whom. */
const MAY: Record<string, readonly string[]> = {
  protocol: ["protocol"],
  publication: ["publication", "protocol"],
  server: ["server", "protocol"],
  node: ["node", "server", "protocol"],
  coordinator: ["coordinator", "server", "protocol", "publication"],
  cli: ["cli", "node", "coordinator", "server", "protocol", "publication"],
  dashboards: ["dashboards", "protocol", "publication"],
  bench: ["bench", "cli", "node", "coordinator", "server", "protocol", "publication", "test"],
};

const files = Object.keys(MAY)
  .filter((folder) => existsSync(join(ROOT, folder)))
  .flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => /\.tsx?$/.test(name) && !name.startsWith("dist/"))
      .map((name) => join(folder, name)),
  );

const importsOf = (file: string): string[] =>
  [...readFileSync(join(ROOT, file), "utf8").matchAll(/(?:from|import)\s*\(?"([^"]+)"/g)].map(
    (match) => match[1] ?? "",
  );

test.each(files)("%s imports only what its folder may", (file) => {
  const folder = file.split("/")[0] ?? "";
  for (const name of importsOf(file)) {
    if (!name.startsWith(".")) continue;
    const target = normalize(join(dirname(file), name)).split("/")[0] ?? "";
    expect(MAY[folder], `${file} imports ${name}`).toContain(target);
    expect(/\.(tsx?|json)$/.test(name), `${file} imports ${name}`).toBe(true);
  }
});

test("protocol/ and publication/ run in a browser: no built-in module, no packages but these", () => {
  const allowed = ["zod", "temporal-polyfill", "shamir-secret-sharing"];
  for (const file of files.filter((name) => /^(protocol|publication)\//.test(name))) {
    for (const name of importsOf(file).filter((each) => !each.startsWith("."))) {
      expect(allowed.includes(name) || name.startsWith("@noble/"), `${file} imports ${name}`).toBe(true);
    }
  }
});

test("time, randomness and the environment are read only where a process starts", () => {
  // A page is a process of its own, begun by whoever looks.
  const start = ["node/main.ts", "coordinator/main.ts", "cli/", "dashboards/"];
  for (const file of files.filter(
    (name) => !start.some((each) => name.startsWith(each)) && !name.startsWith("bench/"),
  )) {
    const text = readFileSync(join(ROOT, file), "utf8");
    expect(text.includes("process.env"), `${file} reads the environment`).toBe(false);
    expect(/new Date\(\)/.test(text), `${file} reads the clock`).toBe(false);
    const sources = [...text.matchAll(/\b(Math\.random|randomBytes|randomFillSync)\(/g)].map(
      (match) => match[1],
    );
    const may = ["random", "store/people", "serve/poll", "log/witness"].some(
      (name) => file === `node/${name}.ts`,
    );
    expect(sources.length === 0 || may, `${file} draws randomness: ${sources.join(", ")}`).toBe(true);
  }
});
