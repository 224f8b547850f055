/** Who is who, as the directory says, checked here from its first version; and the coordinator's interface. */
import { z } from "zod";
import { type Federation, holderOf } from "../../../protocol/federation/directory.ts";
import { readVersions } from "../../../protocol/federation/versions.ts";
import { verify } from "../../../protocol/signing/ed25519.ts";
import type { Hash } from "../../../protocol/values/bytes.ts";
import { type Client, clientOf } from "../../../protocol/wire/client.ts";
import { authorized } from "./access.ts";
import { pinned } from "./run.ts";

// The strict content policy forbids what zod would try.
z.config({ jitless: true });

export const client: Client = clientOf(location.origin, authorized);

export async function federation(directory1: string): Promise<Federation> {
  return readVersions(await client("getDirectory"), (pinned() ?? directory1) as Hash, verify);
}

export type PersonOf = {
  readonly person: Federation["directory"]["people"][number];
  readonly purposes: readonly string[];
};

/** Whom a key belongs to, and what it may do now; null where the directory does not know it. */
export function personOf({ directory }: Federation, publicKey: string, now: string): PersonOf | null {
  const holder = holderOf(directory, publicKey);
  if (holder === null) return null;
  const { purpose, notBefore, notAfter, revoked } = holder.entry;
  const counts = notBefore <= now && now < notAfter && (revoked === null || now < revoked);
  return { person: holder.person, purposes: counts ? [purpose] : [] };
}
