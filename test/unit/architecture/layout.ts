/** What stands where: who may import whom, the layers of `protocol/`, and where a process starts. */
import type { Folders } from "./rules.ts";

/** Who may import whom. Nothing imports the servers but their own files, the command line, measurements and tests. */
export const MAY: Folders = {
  protocol: ["protocol"],
  publication: ["publication", "protocol"],
  server: ["server", "protocol"],
  node: ["node", "server", "protocol"],
  coordinator: ["coordinator", "server", "protocol", "publication"],
  journal: ["journal", "server", "protocol"],
  desk: ["desk", "server", "protocol"],
  dashboards: ["dashboards", "publication", "protocol"],
  cli: ["cli", "node", "coordinator", "journal", "desk", "server", "publication", "protocol"],
  bench: [
    "bench",
    "test",
    "cli",
    "node",
    "coordinator",
    "journal",
    "desk",
    "server",
    "publication",
    "protocol",
  ],
  test: [
    "test",
    "bench",
    "dashboards",
    "cli",
    "node",
    "coordinator",
    "journal",
    "desk",
    "server",
    "publication",
    "protocol",
  ],
};

/** Of the coordinator, one room alone makes releases into something for readers. */
export const SOLE = { coordinator: { publication: "coordinator/publish/" } };

/** Rooms and files of `protocol/`, ground first; what shares a line stands side by side. */
export const PROTOCOL: ReadonlyArray<readonly string[]> = [
  ["values"],
  ["signing"],
  ["log/merkle.ts", "log/frontier.ts", "log/tile.ts", "log/note.ts", "log/checkpoint.ts"],
  ["question"],
  ["privacy"],
  ["plan"],
  ["federation"],
  ["log"],
  ["release"],
  ["secure-sum", "intersection"],
  ["audit", "wire"],
];

/**
 * Where the platform may be touched: where a process starts (each command of the command line is one, a page and its
 * worker too), and the two files that are the system's randomness itself, which others are handed.
 */
export const STARTS = [
  /^(node|coordinator|journal|desk|cli)\/main\.ts$/,
  /^cli\/(commands|demo)\//,
  /^dashboards\//,
  /^node\/random\.ts$/,
  /^server\/signing\.ts$/,
];
