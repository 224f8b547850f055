/** What a node is told when it starts, and what of the platform it is handed: nothing else reads either. */
import { z } from "zod";
import { Hash } from "../protocol/values/bytes.ts";
import { RegionCode } from "../protocol/values/names.ts";
import type { Fetch } from "../protocol/wire/client.ts";
import type { Sleep } from "../server/deadline.ts";
import { KeyFiles } from "../server/keys.ts";
import { LEVELS, type Logger } from "../server/logger.ts";
import type { Noise } from "./answer/noise.ts";
import type { Fill } from "./random.ts";

export const NodeConfig = z.strictObject({
  code: RegionCode,
  coordinator: z.url({ protocol: /^https?$/ }),
  /** The hash of version 1 of the directory: what everything else is judged by. */
  directory: Hash,
  /** The node's folder: database, local interface, reject files. */
  data: z.string().min(1).max(1000),
  databaseUrl: z.string().max(1000).optional(),
  answerKey: KeyFiles,
  /** Where the directory names them: the key of the node's own log, and the one it witnesses others' with. */
  logKey: KeyFiles.optional(),
  witnessKey: KeyFiles.optional(),
  /** A file that holds the passphrase of those of the keys that are sealed. */
  passphraseFile: z.string().max(1000).optional(),
  /** Where the keys of pseudonyms and encrypted identities are, outside the database. */
  secrets: z.string().max(1000),
  keepIdentities: z.boolean().default(true),
  policy: z.string().max(1000),
  threads: z.int().min(1).max(256).default(2),
  memory: z
    .string()
    .regex(/^\d{1,5}(MB|GB)$/)
    .default("2GB"),
  tick: z.int().min(1).max(60_000).default(250),
  logLevel: z.enum(LEVELS).default("info"),
});
export type NodeConfig = z.infer<typeof NodeConfig>;

export type Effects = {
  readonly fetch: Fetch;
  readonly now: () => Date;
  /** `systemNoise` and `systemRandom`, but for tests. */
  readonly noise: Noise;
  readonly random: Fill;
  /** Integers an answer may have; only benchmarks lift the protocol's limit. */
  readonly limit?: number;
  readonly sleep: Sleep;
  readonly logger: Logger;
};
