import { join } from "node:path";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";
import { HANGS } from "./test/hangs.ts";

/** What starts no party needs no process of its own: most of its time would go into loading the same modules again. */
const ALONE = ["test/unit/**", "test/vectors/**", "test/properties/**", "test/statistics/**"];

/** What takes minutes, the longest first: begun last, it would go on alone. */
const LONG = ["web/web", "flow/readme", "flow/kill-secure-sum", "flow/kill", "flow/directory"];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId, project }: TestSpecification): number => {
      const at = LONG.findIndex((name) => moduleId.endsWith(`/test/${name}.test.ts`));
      return at >= 0 ? at : LONG.length + (project.name === "functions" ? 1 : 0);
    };
    return (await super.sort(files)).toSorted((a, b) => place(a) - place(b));
  }
}

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
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
        test: {
          name: "functions",
          include: ALONE.map((folder) => `${folder}/*.test.ts`),
          isolate: false,
          setupFiles: ["test/real-timers.ts"],
        },
      },
      {
        extends: true,
        test: { name: "parties", include: ["test/**/*.test.ts"], exclude: ["test/soak/**", ...ALONE] },
      },
    ],
  },
});
