/** Who is who, as the directory says, checked here from its first version; and the coordinator's interface. */
import { z } from "zod";
import type { Federation } from "../../../protocol/federation/directory.ts";
import { readVersions } from "../../../protocol/federation/versions.ts";
import { verify } from "../../../protocol/signing/ed25519.ts";
import type { Hash } from "../../../protocol/values/bytes.ts";
import type { Language } from "../../../protocol/values/language.ts";
import { Refusal } from "../../../protocol/values/refusal.ts";
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
  for (const person of directory.people) {
    const own = person.keys.filter(({ key }) => key === publicKey);
    if (own.length === 0) continue;
    const good = own.filter(
      ({ notBefore, notAfter, revoked }) =>
        notBefore <= now && now < notAfter && (revoked === null || now < revoked),
    );
    return { person, purposes: good.map(({ purpose }) => purpose) };
  }
  return null;
}

const FAILED = {
  sv: {
    unavailable: "Samordnaren svarar inte just nu. Var det något du skickade kan det ha kommit fram ändå: se efter i loggen innan du försöker igen.",
    refused: "Det togs inte emot",
  },
  en: {
    unavailable: "The coordinator does not answer just now. If you were sending something it may have arrived all the same: look in the log before you try again.",
    refused: "It was not accepted",
  },
};

/** What went wrong, for people: a refusal says what was expected. */
export function failureText(error: unknown, language: Language): string {
  const say = FAILED[language];
  if (error instanceof Refusal && error.code !== "unavailable")
    return `${say.refused} (${error.code}): ${error.message}`;
  return say.unavailable;
}
