/** The whole of what `npm test` runs a part of. */
import "../properties/log.test.ts";
