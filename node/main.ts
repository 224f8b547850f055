/** Starts one node as a process: `brus node --config F`. Only this file reads the environment and the clock. */
import { dirname, resolve } from "node:path";
import { readConfig } from "../server/config.ts";
import { sleep } from "../server/deadline.ts";
import { endOnUnexpected, loggerOf, nameOf } from "../server/logger.ts";
import { systemNoise } from "./answer/noise.ts";
import { NodeConfig } from "./config.ts";
import { serveLocal } from "./local/local.ts";
import { startNode } from "./node.ts";
import { systemRandom } from "./random.ts";

/** Runs until a signal. `onReady` is called once, when the node polls. */
export async function runNode(configPath: string | null, onReady: (code: string) => void): Promise<void> {
  process.umask(0o077); // What it writes of people is its own user's.
  const config = readConfig(NodeConfig, configPath, process.env);
  const logger = loggerOf(`node-${config.code}`, config.logLevel);
  endOnUnexpected(logger);
  const base = configPath === null ? process.cwd() : dirname(resolve(configPath));
  const node = await startNode(config, base, {
    fetch: globalThis.fetch,
    now: () => new Date(),
    noise: systemNoise,
    random: systemRandom,
    sleep,
    logger,
  });
  const closeLocal = await serveLocal(node, resolve(base, config.data), logger);
  const stop = async () => {
    await closeLocal();
    await node.stop();
  };
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
  onReady(config.code);
  try {
    await node.work();
  } catch (error) {
    logger.fatal({ error: nameOf(error) }, "the node stops");
    process.exitCode = 1;
    await stop();
  }
}
