/** What stands beside the log by digest, and can be erased: purposes of questions, names of people. */
import { type Aside, asideId, Erasure, readAside } from "../../protocol/federation/aside.ts";
import { openByRoot } from "../../protocol/federation/openers.ts";
import type { Envelope } from "../../protocol/signing/envelope.ts";
import type { Hash } from "../../protocol/values/bytes.ts";
import { instant } from "../../protocol/values/names.ts";
import { Refusal } from "../../protocol/values/refusal.ts";
import type { Context } from "../context.ts";
import { once } from "../store/write.ts";

/** Keeps it if a query or the directory names it; what was erased stays so. Anyone may bring it: it can be no other. */
export async function takeAside(text: string, context: Context): Promise<Hash> {
  const id = asideId(text);
  const aside = readAside(text);
  if (!(await isNamed(id, aside, context)))
    throw new Refusal(
      "aside-unknown",
      "expected what a query that was submitted, or the directory, names by digest",
    );
  await once(context.store, async (database) => {
    const before = await database.selectFrom("aside").select("id").where("id", "=", id).executeTakeFirst();
    if (before === undefined) await database.insertInto("aside").values({ id, text, erased: null }).execute();
  });
  return id;
}

async function isNamed(id: Hash, { of }: Aside, { federation, store }: Context): Promise<boolean> {
  if (of === "person") return federation().directory.people.some(({ card }) => card === id);
  const row = await store.kysely
    .selectFrom("query")
    .select("id")
    .where("purpose", "=", id)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

export async function asideOf(id: Hash, { store }: Context): Promise<string> {
  const row = await store.kysely.selectFrom("aside").select("text").where("id", "=", id).executeTakeFirst();
  if (row === undefined || row.text === null)
    throw new Refusal("aside-unknown", "expected what was kept, and not erased");
  return row.text;
}

/** Forgets it for good, on the word of a root: what names it holds only the digest. */
export async function erase(envelope: Envelope, { federation, store, now }: Context): Promise<Hash> {
  const { payload } = openByRoot(federation(), envelope, Erasure);
  const { aside: id } = payload;
  await once(store, async (database) => {
    const gone = { text: null, erased: instant(now()) };
    const updated = await database.updateTable("aside").set(gone).where("id", "=", id).executeTakeFirst();
    if (updated.numUpdatedRows === 0n)
      await database
        .insertInto("aside")
        .values({ id, ...gone })
        .execute();
  });
  return id;
}
