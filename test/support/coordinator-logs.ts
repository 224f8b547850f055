/** A coordinator's logs with no coordinator about them: a federation's keys, a database, and the folder of files. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type MadeFederation, makeFederation } from "../../cli/demo/federation.ts";
import { Logs } from "../../coordinator/log/logs.ts";
import {
  type CoordinatorDatabase,
  type CoordinatorStore,
  prepareCoordinator,
} from "../../coordinator/store/database.ts";
import { type Federation, readFederation } from "../../protocol/federation/directory.ts";
import type { DatasetDocument } from "../../protocol/question/catalogue.ts";
import { Envelope } from "../../protocol/signing/envelope.ts";
import { openStore } from "../../server/database.ts";
import { signerFrom } from "../../server/keys.ts";
import { type Logger, loggerOf } from "../../server/logger.ts";
import { nativeVerify } from "../../server/signing.ts";
import { CHEAP_SEAL } from "./federation.ts";

export type CoordinatorLogs = {
  readonly made: MadeFederation;
  readonly federation: Federation;
  readonly store: CoordinatorStore;
  readonly files: string;
  /** Opens the logs anew, as a process that starts does. */
  readonly open: () => Promise<Logs>;
};

export async function coordinatorLogs(
  folder: string,
  codes: readonly string[],
  document: DatasetDocument,
  {
    databaseUrl,
    now = () => new Date(),
    logger = loggerOf("coordinator", "error"),
  }: {
    readonly databaseUrl?: string | undefined;
    readonly now?: () => Date;
    readonly logger?: Logger;
  } = {},
): Promise<CoordinatorLogs> {
  const regions = codes.map((code) => ({ code, name: code }));
  const plan = { name: "L", regions, datasets: [document], approvals: 1, sealCost: CHEAP_SEAL };
  const made = makeFederation(folder, plan, new Date(), "http://127.0.0.1:1");
  const { coordinator } = made;
  const envelope = Envelope.parse(JSON.parse(readFileSync(coordinator.directoryFile, "utf8")));
  const federation = readFederation(envelope, [document.body], null, nativeVerify);
  const config = { data: folder, databaseUrl, threads: 2, memory: "1GB" };
  const store = await openStore<CoordinatorDatabase>("coordinator", config);
  await prepareCoordinator(store);
  const files = join(folder, "log");
  const signers = {
    log: signerFrom(coordinator.logKey ?? "", "log"),
    witness: signerFrom(coordinator.witnessKey ?? "", "witness"),
  };
  const open = () =>
    Logs.open({
      federation: () => federation,
      store,
      folder: files,
      signers: () => signers,
      now,
      onPublic: () => undefined,
      fetch: globalThis.fetch,
      logger,
    });
  return { made, federation, store, files, open };
}
