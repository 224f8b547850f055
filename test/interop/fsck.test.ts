/**
 * Tessera's fsck, which checks a log of tiles from its files alone, accepts ours: the coordinator's and a region's.
 * Skipped, saying so, where Go cannot fetch and build it.
 */
import { execFile, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Network } from "../../cli/demo/network.ts";
import { formatVerifierKey } from "../../protocol/log/note.ts";
import { COORDINATOR, logKeyOf } from "../../protocol/log/quorum.ts";
import { HANGING } from "../hangs.ts";
import { temporaryFolder } from "../support/engines.ts";
import { federationOf, settled } from "../support/federation.ts";

const FSCK = "github.com/transparency-dev/tessera/cmd/fsck@v1.0.4";
const PATH = join(tmpdir(), "brus-go-tools");
const binary = join(PATH, "bin/fsck");

function build(): boolean {
  if (existsSync(binary)) return true;
  mkdirSync(PATH, { recursive: true });
  const env = { ...process.env, GOPATH: PATH, GOFLAGS: "-mod=mod", GO111MODULE: "on", GOTOOLCHAIN: "local" };
  return spawnSync("go", ["install", FSCK], { env, timeout: HANGING }).status === 0;
}
const has = build();

const folder = temporaryFolder();
let network: Network;
beforeAll(async () => {
  if (!has) return;
  network = await federationOf(folder.path, { "01": "", "03": "", "04": "" }, { logged: true });
  for (const rho of ["1/100", "1/200"]) await settled(network, { rho });
});
afterAll(async () => {
  await network?.stop();
  folder.remove();
});

/** Not synchronously: this process serves the files. */
const fsck = (log: string, key: string) => {
  const file = join(folder.path, "key");
  writeFileSync(file, key);
  const url = `${network.address}/log/${log === COORDINATOR ? "" : `nodes/${log}/`}`;
  const flags = ["-ui=false", `-storage_url=${url}`, `-public_key=${file}`];
  return promisify(execFile)(binary, flags, { timeout: HANGING });
};

test.skipIf(!has).each([COORDINATOR, "01"])(
  "Tessera's fsck accepts the log of %s (skipped where it cannot be had)",
  async (log) => {
    const federation = network.nodes[0]?.answerer.federation ?? expect.fail();
    const { stderr } = await fsck(log, formatVerifierKey(logKeyOf(federation, log)));
    expect(stderr).toContain("Successfully fsck'd log");
  },
);

test.skipIf(!has)("negative control: with the key of another log it does not", async () => {
  const federation = network.nodes[0]?.answerer.federation ?? expect.fail();
  const { stderr } = await fsck("01", formatVerifierKey(logKeyOf(federation, "03")));
  expect(stderr).toContain("fsck failed"); // It ends with 0 all the same.
});
