/** The whole of what `npm test` runs a part of. */
import "../flow/five-rows.test.ts";
