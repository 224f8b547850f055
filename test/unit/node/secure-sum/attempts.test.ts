/** What a node keeps of secure sums, on both engines: the rules that must hold however often it restarts. */
import { describe, expect, test } from "vitest";
import { attemptDiskOf } from "../../../../node/secure-sum/attempts.ts";
import { prepareNode } from "../../../../node/store/database.ts";
import { hashOf, utf8 } from "../../../../protocol/values/bytes.ts";
import { ENGINES, missing, openNodeStore, temporaryFolder } from "../../../support/engines.ts";

const hash = (text: string) => hashOf(utf8(text));
const query = hash("query");
const set = { attempt: 1, session: hash("session"), survivors: hash("survivors") };

describe.each(ENGINES)("%s", (engine) => {
  test.skipIf(missing(engine))("one set, one vector an attempt, attempts in order, once each", async () => {
    const folder = temporaryFolder();
    const store = await openNodeStore(engine, folder.path);
    await prepareNode(store, []);
    const disk = attemptDiskOf(store, () => new Date(), null);
    await disk.begin(query, 1);
    await expect(disk.begin(query, 1)).rejects.toMatchObject({ code: "round-unfit" });
    await disk.keepMasked(query, 1, hash("vector"));
    await expect(disk.keepMasked(query, 1, hash("vector"))).rejects.toMatchObject({ code: "round-unfit" });
    await expect(disk.keepMasked(query, 9, hash("vector"))).rejects.toMatchObject({ code: "round-unfit" });
    await disk.begin(query, 3);
    await expect(disk.begin(query, 2)).rejects.toMatchObject({ code: "round-unfit" });
    // Another one over the same database: a restart.
    const again = attemptDiskOf(store, () => new Date(), null);
    await again.agree(query, set);
    await disk.agree(query, set);
    for (const other of [
      { ...set, survivors: hash("others") },
      { ...set, session: hash("another") },
      { ...set, attempt: 2 },
    ])
      await expect(disk.agree(query, other)).rejects.toMatchObject({ code: "round-unfit" });
    await expect(again.begin(query, 4)).rejects.toMatchObject({ code: "round-burnt" });
    // Another query is another matter.
    await disk.begin(hash("other"), 1);
    await store.close();
    folder.remove();
  });

  test.skipIf(missing(engine))("fifty who would store fifty sets at once: one is stored", async () => {
    const folder = temporaryFolder();
    const store = await openNodeStore(engine, folder.path);
    await prepareNode(store, []);
    const outcomes = await Promise.allSettled(
      Array.from({ length: 50 }, (_, index) =>
        attemptDiskOf(store, () => new Date(), null).agree(query, { ...set, survivors: hash(String(index)) }),
      ),
    );
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    await store.close();
    folder.remove();
  });
});
