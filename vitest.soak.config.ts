import { defineConfig } from "vitest/config";

/** `npm run soak -- NAME`: the long form of the tests in test/soak, and of those that run a subset in `npm test`. */
export default defineConfig({
  test: {
    include: ["test/soak/**/*.test.ts"],
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 7_200_000,
    hookTimeout: 120_000,
    globalSetup: ["test/postgres.ts"],
    reporters: ["verbose"],
    env: { BRUS_SOAK: "1" },
  },
});
