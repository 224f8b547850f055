/** Starts the coordinator as a process: `brus coordinator --config F`. Only this file reads the environment, the clock and the system's randomness. */
import { randomFillSync } from "node:crypto";
import { dirname, resolve } from "node:path";
import { readConfig } from "../server/config.ts";
import { listen } from "../server/http.ts";
import { endOnUnexpected, loggerOf } from "../server/logger.ts";
import { CoordinatorConfig } from "./config.ts";
import { startCoordinator } from "./coordinator.ts";

/** Runs until a signal. `onReady` is called once, with the address. */
export async function runCoordinator(
  configPath: string | null,
  onReady: (address: string) => void,
): Promise<void> {
  const config = readConfig(CoordinatorConfig, configPath, process.env);
  const base = configPath === null ? process.cwd() : dirname(resolve(configPath));
  const logger = loggerOf("coordinator", config.logLevel);
  endOnUnexpected(logger);
  const coordinator = await startCoordinator(config, base, {
    now: () => new Date(),
    fetch: globalThis.fetch,
    logger,
    random: (bytes) => void randomFillSync(bytes),
  });
  const listening = await listen(coordinator.app, config.host, config.port);
  onReady(`http://${config.host}:${listening.port}`);
  await new Promise<void>((done) => {
    process.once("SIGTERM", () => done());
    process.once("SIGINT", () => done());
  });
  await Promise.all([coordinator.stop(), listening.close()]);
}
