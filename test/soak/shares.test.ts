/** The whole of what `npm test` runs a part of. */
import "../statistics/shares.test.ts";
