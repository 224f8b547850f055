/** The whole of what `npm test` runs a part of. */
import "../properties/engines.test.ts";
