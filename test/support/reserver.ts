/** A process that reserves 50 charges in parallel on a PostgreSQL database and kills itself after a few: for races. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ledgerOf } from "../../node/answer/ledger.ts";
import { type NodeDatabase, prepareNode } from "../../node/store/database.ts";
import { hashOf, utf8 } from "../../protocol/values/bytes.ts";
import { Refusal } from "../../protocol/values/refusal.ts";
import { openStore } from "../../server/database.ts";
import { chargeOfTwo } from "./charges.ts";

const [databaseUrl = "", from = "0", dieAfter = "0"] = process.argv.slice(2);
const store = await openStore<NodeDatabase>("node", {
  data: mkdtempSync(join(tmpdir(), "brus-reserver-")),
  databaseUrl,
  threads: 1,
  memory: "500MB",
});
await prepareNode(store, []);
const ledger = ledgerOf(store, () => new Date(), null);
let charged = 0;
await Promise.all(
  Array.from({ length: 50 }, async (_, index) => {
    const query = hashOf(utf8(`query ${Number(from) + index}`));
    const charge = chargeOfTwo(query);
    try {
      if (!(await ledger.reserve(charge))) return;
      process.stdout.write("charged\n");
      charged++;
      if (charged === Number(dieAfter)) process.kill(process.pid, "SIGKILL");
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
    }
  }),
);
await store.close();
