import { join } from "node:path";
import { defineConfig } from "vitest/config";
import { HANGS } from "./test/hangs.ts";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/soak/**"],
    pool: "forks",
    maxWorkers: 2,
    ...HANGS,
    // Parties and commands that tests start as processes compile what they load once.
    env: { NODE_COMPILE_CACHE: join(import.meta.dirname, "node_modules/.cache/compiled") },
    globalSetup: ["test/postgres.ts"],
    reporters: [["default", { summary: false }], "./test/reporter.ts"],
  },
});
