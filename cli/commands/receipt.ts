/** `brus receipt` and `brus verify`: that a release was published, as files that anyone checks offline, for ever. */
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { documentsOf, readVersions, Versions } from "../../protocol/federation/versions.ts";
import { documentEntry } from "../../protocol/log/leaf.ts";
import { COORDINATOR, seenFromOutside } from "../../protocol/log/quorum.ts";
import {
  asOfText,
  outsideText,
  parsePolicy,
  parseReceipt,
  policyText,
  verifyReceipt,
} from "../../protocol/log/receipt.ts";
import { openRelease } from "../../protocol/release/release.ts";
import { Envelope } from "../../protocol/signing/envelope.ts";
import { Hash, hashOf, utf8 } from "../../protocol/values/bytes.ts";
import { parseJson } from "../../protocol/values/json.ts";
import { parseWith, Refusal } from "../../protocol/values/refusal.ts";
import { nativeVerify } from "../../server/signing.ts";
import { type Out, readBytes, writeText } from "../client/connect.ts";
import { client, federationAt } from "./connections.ts";

export function receiptCommands(program: Command, { say }: Out): void {
  program
    .command("receipt <release>")
    .description(
      "that a release stands in the log: a .tlog-proof file, and the documents it needs, in a folder",
    )
    .option("--coordinator <address>", "the coordinator's address", "http://127.0.0.1:8700")
    .option("--directory <hash>", "pin the directory by its hash")
    .option("--out <folder>", "where to", ".")
    .action(async (id: string, o: { coordinator: string; directory?: string; out: string }) => {
      const release = parseWith(Hash, id, "release", "usage");
      const federation = await federationAt(o.coordinator, o.directory);
      const ask = client(o.coordinator);
      const envelope = await ask("getRelease", { params: { id: release } });
      const { receipt } = await ask("getReceipt", { params: { id: release } });
      const table = await ask("getCells", { params: { id: release } });
      mkdirSync(o.out, { recursive: true });
      const name = release.slice("sha256:".length, "sha256:".length + 16);
      const at = (suffix: string) => join(o.out, `${name}.${suffix}`);
      writeText(at("tlog-proof"), receipt);
      writeText(at("release.json"), JSON.stringify(envelope));
      writeText(at("cells.json"), JSON.stringify(table));
      writeText(at("directory.json"), JSON.stringify(documentsOf(federation)));
      say(verified(at("tlog-proof"), federation.first, undefined));
      say(at("tlog-proof"));
    });

  program
    .command("verify <file>")
    .description("check a receipt offline, with the documents beside it")
    .option("--directory1 <hash>", "the hash of version 1 of the directory, which alone is believed")
    .option("--policy <file>", "a tlog-policy file to check by instead of the directory's own")
    .action((file: string, o: { directory1?: string; policy?: string }) => {
      const first =
        o.directory1 === undefined ? null : parseWith(Hash, o.directory1, "--directory1", "usage");
      say(verified(file, first, o.policy));
    });
}

/** Refuses what does not hold; otherwise says what does. */
function verified(file: string, first: Hash | null, policyFile: string | undefined): string {
  const beside = (suffix: string): Uint8Array => {
    const path = file.replace(/\.tlog-proof$/, `.${suffix}`);
    if (!existsSync(path)) throw new Refusal("usage", `expected ${path} beside the receipt`);
    return readFileSync(path);
  };
  const versions = parseWith(Versions, parseJson(beside("directory.json")), "directory");
  const federation = readVersions(versions, first, nativeVerify);
  const envelope = parseWith(Envelope, parseJson(beside("release.json")), "release");
  const { id, payload } = openRelease(federation, envelope);
  if (hashOf(beside("cells.json")) !== payload.cells.hash)
    throw new Refusal("signature-invalid", "expected the table that the release is bound to");
  const text = policyFile === undefined ? utf8(policyText(federation)) : readBytes(policyFile);
  const policy = parsePolicy(new TextDecoder().decode(text));
  const receipt = parseReceipt(new TextDecoder().decode(readBytes(file)));
  const { checkpoint, asOf, note } = verifyReceipt(
    receipt,
    documentEntry("release", id, envelope),
    policy,
    nativeVerify,
  );
  const when = asOfText(asOf);
  const seen = outsideText(seenFromOutside(federation, COORDINATOR, note));
  const outside = seen === "" ? "" : `; ${seen}`;
  return `Holds: the release ${id} stands as entry ${receipt.index} of ${checkpoint.size} in the log ${checkpoint.origin}, which a quorum has cosigned${when}${outside}; its table is the one it is bound to.${first === null ? ` The directory was not pinned: compare its hash, ${federation.first}.` : ""}`;
}
