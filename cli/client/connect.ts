/**
 * What commands begin with: a coordinator at an address, its federation by the pinned hash, files given and written.
 * Keys are read where they are used and nowhere kept.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { type Aside, asideId, readAside } from "../../protocol/federation/aside.ts";
import type { Federation } from "../../protocol/federation/directory.ts";
import { readVersions } from "../../protocol/federation/versions.ts";
import { Hash } from "../../protocol/values/bytes.ts";
import { parseWith, Refusal } from "../../protocol/values/refusal.ts";
import { type Client, clientOf, type Fetch } from "../../protocol/wire/client.ts";
import { type Opening, signerFrom } from "../../server/keys.ts";
import { steady } from "../../server/retry-fetch.ts";
import { nativeVerify } from "../../server/signing.ts";
import type { Party } from "./ask.ts";

export type Out = {
  readonly say: (text: string) => void;
  /** Says what is waited for: to a person, beside what is said. */
  readonly wait: (line: string) => void;
  readonly now: () => Date;
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
  /** The newest version of the directory, from the first, which is pinned where its hash is given. */
  readonly federationAt: (address: string, pinned: string | undefined) => Promise<Federation>;
  /** What a signed document binds by digest; null where it was not kept, or was erased. */
  readonly asideAt: (address: string, id: Hash) => Promise<Aside | null>;
};

export function connectionsOver(fetch: Fetch): Connections {
  const client: Connections["client"] = (address) => clientOf(address.replace(/\/$/, ""), steady(fetch));
  return {
    client,
    federationAt: async (address, pinned) => {
      const versions = await client(address)("getDirectory");
      const hash = pinned === undefined ? null : parseWith(Hash, pinned, "--directory", "usage");
      return readVersions(versions, hash, nativeVerify);
    },
    asideAt: async (address, id) => {
      try {
        const { text } = await client(address)("getAside", { params: { id } });
        if (asideId(text) !== id)
          throw new Refusal("signature-invalid", "expected what is bound by the digest");
        return readAside(text);
      } catch (error) {
        if (error instanceof Refusal && error.code === "aside-unknown") return null;
        throw error;
      }
    },
  };
}

/** The person whose key a file holds, as the directory knows them. */
export function partyOf(federation: Federation, keyFile: string, purpose: string, opening: Opening): Party {
  const signer = signerFrom(keyFile, purpose, opening);
  const person = federation.directory.people.find(({ keys }) =>
    keys.some(({ key }) => key === signer.publicKey),
  );
  if (person === undefined) throw new Refusal("key-unknown", "expected a key that the directory names");
  return { id: person.id, signer };
}
