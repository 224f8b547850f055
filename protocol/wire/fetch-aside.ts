/** Fetches what a signed document binds by digest, from whoever keeps it: only what has that digest is read. */
import { type Aside, asideId, readAside } from "../federation/aside.ts";
import type { Hash } from "../values/bytes.ts";
import { Refusal } from "../values/refusal.ts";
import type { Client } from "./client.ts";

/** Null where it was not kept, or was erased. Refuses (`signature-invalid`) another text than the digest's. */
export async function fetchAside(client: Client, id: Hash): Promise<Aside | null> {
  try {
    const { text } = await client("getAside", { params: { id } });
    if (asideId(text) !== id) throw new Refusal("signature-invalid", "expected what is bound by the digest");
    return readAside(text);
  } catch (error) {
    if (error instanceof Refusal && error.code === "aside-unknown") return null;
    throw error;
  }
}

/** The words of a question's purpose; null where they were not kept, or were erased. */
export async function fetchPurpose(client: Client, id: Hash): Promise<string | null> {
  const aside = await fetchAside(client, id);
  return aside?.of === "purpose" ? aside.text : null;
}
