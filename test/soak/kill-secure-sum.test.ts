/** The whole of what `npm test` runs a part of. */
import "../flow/kill-secure-sum.test.ts";
