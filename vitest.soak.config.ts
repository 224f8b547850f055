import { defineConfig } from "vitest/config";
import { HANGS } from "./test/hangs.ts";

/** `npm run soak -- NAME`: the long form of the tests in test/soak, and of those that run a subset in `npm test`. */
export default defineConfig({
  test: {
    include: ["test/soak/**/*.test.ts"],
    pool: "forks",
    maxWorkers: 2,
    ...HANGS,
    testTimeout: 24 * HANGS.testTimeout,
    globalSetup: ["test/postgres.ts"],
    reporters: ["verbose"],
    env: { BRUS_SOAK: "1" },
  },
});
