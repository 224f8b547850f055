/** What has become public is put to the nodes, though it fails at first: the log may not grow again for an hour. */
import { expect, test } from "vitest";
import { bellOf } from "../../../../coordinator/bell.ts";
import type { Logs } from "../../../../coordinator/log/logs.ts";
import { Announcer } from "../../../../coordinator/query/announcer.ts";
import { type CoordinatorDatabase, prepareCoordinator } from "../../../../coordinator/store/database.ts";
import { openStore } from "../../../../server/database.ts";
import { loggerOf } from "../../../../server/logger.ts";
import { temporaryFolder } from "../../../support/engines.ts";

test("what could not be put to them is put to them without another checkpoint", async () => {
  const folder = temporaryFolder();
  const config = { data: folder.path, threads: 1, memory: "500MB" };
  const store = await openStore<CoordinatorDatabase>("coordinator", config);
  await prepareCoordinator(store);
  const { kysely } = store;
  await kysely.insertInto("announcement").values({ query: "a", size: 1 }).execute();
  let failures = 2;
  const failing = {
    ...store,
    get kysely() {
      if (failures-- > 0) throw new Error("no room");
      return kysely;
    },
  };
  const announcer = new Announcer(loggerOf("test", "silent"));
  announcer.onPublic(); // Before there is somebody to do it: the start makes up for it.
  announcer.begin({
    store: failing,
    bell: bellOf(),
    logs: { publicSize: 1 } as unknown as Logs,
    federation: () => expect.fail(),
    directoryPlace: () => 0,
    now: () => new Date(),
  });
  announcer.onPublic();
  const work = () => kysely.selectFrom("work").select("query").execute();
  await expect.poll(work).toEqual([{ query: "a" }]);
  expect(await kysely.selectFrom("announcement").selectAll().execute()).toEqual([]);
  announcer.stop();
  await store.close();
  folder.remove();
});
