/** What a coordinator is told when it starts, and the keys that it signs with. */
import { z } from "zod";
import type { Federation } from "../protocol/federation/directory.ts";
import type { Signer } from "../protocol/signing/envelope.ts";
import { Hash } from "../protocol/values/bytes.ts";
import { Refusal } from "../protocol/values/refusal.ts";
import { proxiesOf } from "../server/caller.ts";
import { KeyFiles, keyringOf, openingBy } from "../server/keys.ts";
import { Buckets } from "../server/limits.ts";
import { LEVELS } from "../server/logger.ts";
import type { Api } from "./api.ts";
import type { LogsContext } from "./log/logs.ts";

export const CoordinatorConfig = z.strictObject({
  data: z.string().min(1).max(1000),
  databaseUrl: z.string().max(1000).optional(),
  directoryFile: z.string().max(1000),
  /** Pins the directory; without it the one in the file is taken. */
  directory: Hash.optional(),
  datasetFiles: z.array(z.string().max(1000)).max(1000),
  releaseKey: KeyFiles,
  /** Where the directory names keys for logs: the log's, and the one with which it witnesses the regions'. */
  logKey: KeyFiles.optional(),
  witnessKey: KeyFiles.optional(),
  /** A file that holds the passphrase of those of the keys that are sealed. */
  passphraseFile: z.string().max(1000).optional(),
  host: z.string().max(255).default("127.0.0.1"),
  port: z.int().min(0).max(65535).default(8700),
  /** Without effect: a phase of a secure sum waits by the question's own times. Taken, since configurations have it. */
  roundSeconds: z.number().optional(),
  /** Who publishes, and where they are reached: for the catalogue of the national data portal. */
  publisher: z
    .strictObject({ name: z.string().min(1).max(200), email: z.email().max(200) })
    .default({ name: "Brus", email: "kontakt@example.se" }),
  /** Where the public finds this, for links and stable names; as each request says unless it is given. */
  publicAddress: z.url().max(300).optional(),
  /** Of one address: readers, and whoever is not known to be a node. */
  requestsPerMinute: z.int().min(1).max(10_000_000).default(6000),
  /** Of one node, by what it signs. */
  nodeRequestsPerMinute: z.int().min(1).max(10_000_000).optional(),
  /** Addresses and networks of reverse proxies, a list or separated by commas: their X-Forwarded-For says who asks. */
  trustedProxies: z.union([z.string().max(5000), z.array(z.string().max(50)).max(100)]).optional(),
  threads: z.int().min(1).max(256).default(2),
  memory: z
    .string()
    .regex(/^\d{1,5}(MB|GB)$/)
    .default("1GB"),
  logLevel: z.enum(LEVELS).default("info"),
});
export type CoordinatorConfig = z.infer<typeof CoordinatorConfig>;

type Signers = {
  readonly release: (federation: Federation) => Signer;
  /** Null where the directory names no keys for logs. */
  readonly watching: LogsContext["signers"] | null;
};

/** The keys that a version names for the coordinator, of those that it holds. */
export function signersOf(
  { releaseKey, logKey, witnessKey, passphraseFile }: CoordinatorConfig,
  at: (path: string) => string,
  logged: boolean,
): Signers {
  const opening = openingBy(passphraseFile, at);
  const ring = keyringOf(releaseKey, "release", at, opening);
  const release: Signers["release"] = ({ directory }) => ring(directory.coordinator.release);
  if (!logged) return { release, watching: null };
  if (logKey === undefined || witnessKey === undefined)
    throw new Refusal("config-invalid", "expected logKey and witnessKey: the directory names keys for logs");
  const logs = keyringOf(logKey, "log", at, opening);
  const witnesses = keyringOf(witnessKey, "witness", at, opening);
  const watching: LogsContext["signers"] = ({ directory: { coordinator } }) => ({
    log: logs(coordinator.log),
    witness: witnesses(coordinator.witness),
  });
  return { release, watching };
}

/** What a node may ask in a minute unless it is configured: far more than one that works as it should. */
const NODE_REQUESTS = 20_000;

/** How much each may ask. Refuses (`config-invalid`) proxies that are no addresses. */
export function limitsOf(
  { requestsPerMinute, nodeRequestsPerMinute = NODE_REQUESTS, trustedProxies = [] }: CoordinatorConfig,
  now: () => Date,
): Pick<Api, "limits" | "nodes"> {
  const proxies = proxiesOf([trustedProxies].flat().flatMap((text) => text.split(",")));
  return { limits: { requestsPerMinute, proxies }, nodes: new Buckets(nodeRequestsPerMinute, now) };
}
