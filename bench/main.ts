/** `npm run bench -- NAME…`: measures what is named, or all; one JSON line a figure. */
import { accuracy } from "./accuracy.ts";
import { answering } from "./answer.ts";
import { api } from "./api.ts";
import { auditing } from "./audit.ts";
import { costly } from "./costly.ts";
import { demonstration } from "./demo.ts";
import { importing } from "./import.ts";
import { logAppend } from "./log.ts";
import { marginals } from "./marginals.ts";
import { queryOverhead } from "./query-overhead.ts";
import { readable } from "./readable.ts";
import { sampler } from "./sampler.ts";
import { secureRound } from "./secure-round.ts";
import { standingRelease } from "./standing-release.ts";

const WEB: string = "../test/web/measure.ts";

const BENCHES: Readonly<Record<string, () => Promise<void>>> = {
  "query-overhead": queryOverhead,
  sampler,
  import: importing,
  demo: demonstration,
  answer: answering,
  accuracy,
  "secure-round": secureRound,
  "log-append": logAppend,
  audit: auditing,
  marginals,
  "standing-release": standingRelease,
  readable,
  api,
  costly,
  // It speaks of the DOM, and so is checked with the pages' tests.
  web: async () => ((await import(WEB)) as { web: () => Promise<void> }).web(),
};

const named = process.argv.slice(2);
const unknown = named.find((name) => !Object.hasOwn(BENCHES, name));
if (unknown !== undefined) {
  console.error(`There is no benchmark "${unknown}". There are: ${Object.keys(BENCHES).join(", ")}`);
  process.exit(1);
}
for (const [name, run] of Object.entries(BENCHES)) {
  if (named.length === 0 || named.includes(name)) await run();
}
process.exit(0);
