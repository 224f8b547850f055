import { defineConfig } from "vitest/config";
import { HANGS } from "./test/hangs.ts";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/soak/**"],
    pool: "forks",
    maxWorkers: 2,
    ...HANGS,
    globalSetup: ["test/postgres.ts"],
    reporters: [["default", { summary: false }], "./test/reporter.ts"],
  },
});
