import { join } from "node:path";
import { defineConfig } from "vitest/config";
import { HANGS } from "./test/hangs.ts";

/** What starts no party needs no process of its own: most of its time would go into loading the same modules again. */
const ALONE = ["test/unit/**", "test/vectors/**", "test/properties/**", "test/statistics/**"];

export default defineConfig({
  test: {
    pool: "forks",
    maxWorkers: 2,
    ...HANGS,
    // Parties and commands that tests start as processes compile what they load once.
    env: { NODE_COMPILE_CACHE: join(import.meta.dirname, "node_modules/.cache/compiled") },
    globalSetup: ["test/postgres.ts"],
    reporters: [["default", { summary: false }], "./test/reporter.ts"],
    projects: [
      {
        extends: true,
        test: { name: "functions", include: ALONE.map((folder) => `${folder}/*.test.ts`), isolate: false },
      },
      {
        extends: true,
        test: { name: "parties", include: ["test/**/*.test.ts"], exclude: ["test/soak/**", ...ALONE] },
      },
    ],
  },
});
