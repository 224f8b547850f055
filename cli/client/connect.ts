/**
 * What commands begin with: a coordinator at an address, its federation by the pinned hash, files given and written.
 * Keys are read where they are used and nowhere kept.
 */
import { readFileSync, writeFileSync } from "node:fs";
import type { Aside } from "../../protocol/federation/aside.ts";
import { type Federation, holderOf } from "../../protocol/federation/directory.ts";
import { endingsLine, endingsOf } from "../../protocol/federation/expiry.ts";
import { readVersions } from "../../protocol/federation/versions.ts";
import { Hash } from "../../protocol/values/bytes.ts";
import { parseWith, Refusal } from "../../protocol/values/refusal.ts";
import { type Client, clientOf, type Fetch } from "../../protocol/wire/client.ts";
import { fetchAside, fetchPurpose } from "../../protocol/wire/fetch-aside.ts";
import { type Opening, signerFrom } from "../../server/keys.ts";
import { steady } from "../../server/retry-fetch.ts";
import { nativeVerify } from "../../server/signing.ts";
import type { Party } from "./ask.ts";
import type { Pins } from "./pins.ts";

export type Out = {
  readonly say: (text: string) => void;
  /** To a person, beside what is said: where that is for machines. */
  readonly tell: (text: string) => void;
  /** Says what is waited for: to a person, beside what is said. */
  readonly wait: (line: string) => void;
  readonly now: () => Date;
  /** A question to the person at the terminal, no unless it is a yes; null where nobody is there to answer. */
  readonly confirm: (question: string) => Promise<boolean | null>;
  /** What key files are opened with. */
  readonly opening: Opening;
};

export const readBytes = (path: string): Uint8Array => {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new Refusal("usage", `expected a readable file at ${path}`, { cause });
  }
};

export const writeText = (path: string, text: string): void => {
  try {
    writeFileSync(path, text);
  } catch (cause) {
    throw new Refusal("usage", `expected to be able to write ${path}`, { cause });
  }
};

/** What a coordinator at an address is asked by, over the network that a command was handed. */
export type Connections = {
  readonly client: (address: string) => Client;
  /**
   * The newest version of the directory, each step to it judged from the first, whose hash is the one given, else the
   * user's pin. Refuses (`not-pinned`) where there is neither: what a coordinator hands out says nothing of itself, and
   * could word one question as another.
   */
  readonly federationAt: (address: string, pinned: string | undefined) => Promise<Federation>;
  /** What a signed document binds by digest; null where it was not kept, or was erased. */
  readonly asideAt: (address: string, id: Hash) => Promise<Aside | null>;
  /** The words of a purpose; or that there are none. */
  readonly purposeAt: (address: string, id: Hash) => Promise<string>;
};

/** What a command has of its process, besides the network: what its user pinned, and how it is told what ends soon. */
export type Telling = {
  readonly pins: Pick<Pins, "of">;
  readonly now: () => Date;
  readonly warn: (line: string) => void;
};

export function connectionsOver(fetch: Fetch, { pins, now, warn }: Telling): Connections {
  const client: Connections["client"] = (address) => clientOf(address.replace(/\/$/, ""), steady(fetch));
  return {
    client,
    federationAt: async (address, pinned) => {
      const hash = pinned === undefined ? pins.of(address) : parseWith(Hash, pinned, "--directory", "usage");
      if (hash === null)
        throw new Refusal(
          "not-pinned",
          `expected the hash of the directory that ${address} is to be held to`,
        );
      const versions = await client(address)("getDirectory");
      const federation = readVersions(versions, hash, nativeVerify);
      const endings = endingsLine(endingsOf(federation.directory, now()), "en");
      if (endings !== null) warn(`${endings}: brus directory propose --renew ID`);
      return federation;
    },
    asideAt: (address, id) => fetchAside(client(address), id),
    purposeAt: async (address, id) => (await fetchPurpose(client(address), id)) ?? "not kept, or erased",
  };
}

/** The person whose key a file holds, as the directory knows them. */
export function partyOf(federation: Federation, keyFile: string, purpose: string, opening: Opening): Party {
  const signer = signerFrom(keyFile, purpose, opening);
  const holder = holderOf(federation.directory, signer.publicKey);
  if (holder === null)
    throw new Refusal(
      "key-unknown",
      `expected a key that the directory names; that of ${keyFile} is ${signer.publicKey}`,
    );
  return { id: holder.person.id, signer };
}
