/**
 * Tools nobody here wrote accept our log: Go's sumdb/note and sumdb/tlog (Debian's golang-go and
 * golang-golang-x-mod-dev, which .ci/run installs). Skipped, saying so, where they are missing.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { cosign, formatCheckpoint } from "../../protocol/log/checkpoint.ts";
import { documentEntry } from "../../protocol/log/leaf.ts";
import { consistencyProof, inclusionProof, leafHash, readerOf, rootOf } from "../../protocol/log/merkle.ts";
import { formatNote, formatVerifierKey, signText } from "../../protocol/log/note.ts";
import { logKeyOf } from "../../protocol/log/quorum.ts";
import { tilePath, tilesBetween } from "../../protocol/log/tile.ts";
import { envelopeId } from "../../protocol/signing/envelope.ts";
import { concat, fromUtf8, toBase64 } from "../../protocol/values/bytes.ts";
import { temporaryFolder } from "../support/engines.ts";
import { federationOf, settled } from "../support/federation.ts";
import { overHttp, readLog } from "../support/logs.ts";
import { entriesOf, logKey, ORIGIN, signerOf, witnessKey } from "../vectors/log/generate.ts";

const LIBRARIES = "/usr/share/gocode";
const has =
  existsSync(join(LIBRARIES, "src/golang.org/x/mod/sumdb/note")) && spawnSync("go", ["version"]).status === 0;
if (!has && (process.env["BRUS_REQUIRE"] ?? "").split(",").includes("go"))
  throw new Error("BRUS_REQUIRE names go, and there is no go with golang.org/x/mod");

const go = (input: object) =>
  spawnSync("go", ["run", join(import.meta.dirname, "log.go")], {
    input: JSON.stringify(input),
    encoding: "utf8",
    env: {
      ...process.env,
      GO111MODULE: "off",
      GOPATH: LIBRARIES,
      GOFLAGS: "",
      GOCACHE: "/tmp/brus-go-cache",
    },
  });

const SIZE = 700;

function inputOf() {
  const entries = entriesOf(SIZE);
  const read = readerOf(entries.map(leafHash));
  const text = formatCheckpoint({ origin: ORIGIN, size: SIZE, root: rootOf(SIZE, read) });
  const signatures = [
    signText(text, logKey(ORIGIN), signerOf(ORIGIN)),
    cosign(text, 1_790_000_000, witnessKey("brus.example/w1"), signerOf("brus.example/w1")),
  ];
  return {
    log: formatVerifierKey(logKey(ORIGIN)),
    checkpoint: fromUtf8(formatNote({ text, signatures })),
    size: SIZE,
    entries: entries.map(fromUtf8),
    inclusion: [0, 1, 255, 256, 511, 699].map((index) => ({
      index,
      proof: inclusionProof(index, SIZE, read).map(toBase64),
    })),
    consistency: [1, 2, 255, 256, 300, 512, 699].map((from) => ({
      from,
      root: toBase64(rootOf(from, read)),
      proof: consistencyProof(from, SIZE, read).map(toBase64),
    })),
    tiles: tilesBetween(0, SIZE).flatMap((tile) => {
      const { level, index, width } = tile;
      if (level === "entries") return [];
      const hashes = Array.from({ length: width }, (_, at) => read(8 * level, index * 256 + at));
      return [{ level, index, width, path: tilePath(tile), bytes: toBase64(concat(...hashes)) }];
    }),
  };
}

test.skipIf(!has)(
  "Go's sumdb opens our checkpoint, proofs and tiles (skipped without go and golang.org/x/mod)",
  () => {
    const { stdout, stderr } = go(inputOf());
    expect(`${stdout}${stderr}`.trim()).toBe("ok");
  },
);

test.skipIf(!has)("negative control: Go's sumdb refuses a receipt of another entry", () => {
  const input = inputOf();
  const [proof] = input.inclusion;
  const text = ["c2sp.org/tlog-proof@v1", "index 0", ...(proof?.proof ?? []), "", input.checkpoint].join(
    "\n",
  );
  const of = (entry: string) => go({ ...input, receipts: [{ text, entry }] }).stdout.trim();
  expect(of(input.entries[0] ?? "")).toBe("ok");
  expect(of("forged")).toMatch(/^receipt /);
});

test.skipIf(!has)("negative control: Go's sumdb refuses what was changed", () => {
  const input = inputOf();
  const { stdout } = go({
    ...input,
    entries: input.entries.map((entry, index) => (index === 256 ? "forged" : entry)),
  });
  expect(stdout).toMatch(/^inclusion /);
});

test.skipIf(!has)(
  "Go's sumdb opens the log of a federation that has answered (skipped without go and golang.org/x/mod)",
  async () => {
    const folder = temporaryFolder();
    const network = await federationOf(folder.path, { "01": "", "03": "", "04": "" }, { logged: true });
    try {
      const receipts: Array<{ text: string; entry: string }> = [];
      for (const rho of ["1/100", "1/200"]) {
        const { release } = await settled(network, { rho });
        const text = await (await fetch(`${network.address}/receipt/${release}`)).text();
        const envelope = await network.client("getRelease", { params: { id: release ?? "" } });
        const entry = fromUtf8(documentEntry("release", envelopeId(envelope), envelope));
        receipts.push({ text, entry });
      }
      const federation = network.nodes[0]?.answerer.federation;
      if (federation === undefined) throw new Error("a node");
      const file = overHttp(network.address);
      for (const log of ["coordinator", "01"]) {
        const own = (path: string) => file(log === "coordinator" ? path : `nodes/01/${path}`);
        const { checkpoint, entries, read } = await readLog(file, federation, log);
        const { size } = checkpoint;
        const sizes = Array.from({ length: size - 1 }, (_, index) => index + 1);
        const tiles = await Promise.all(
          tilesBetween(0, size)
            .filter(({ level }) => level !== "entries")
            .map(async (tile) => ({
              ...tile,
              path: tilePath(tile),
              bytes: toBase64(await own(tilePath(tile))),
            })),
        );
        const { stdout, stderr } = go({
          log: formatVerifierKey(logKeyOf(federation, log)),
          checkpoint: fromUtf8(await own("checkpoint")),
          size,
          entries: entries.map(fromUtf8),
          inclusion: entries.map((_, index) => ({
            index,
            proof: inclusionProof(index, size, read).map(toBase64),
          })),
          consistency: sizes.map((from) => ({
            from,
            root: toBase64(rootOf(from, read)),
            proof: consistencyProof(from, size, read).map(toBase64),
          })),
          tiles,
          receipts: log === "coordinator" ? receipts : [],
        });
        expect(`${stdout}${stderr}`.trim(), log).toBe("ok");
      }
    } finally {
      await network.stop();
      folder.remove();
    }
  },
);
