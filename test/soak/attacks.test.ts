/** The whole of the attack table's long tests. */
import "../flow/attacks.test.ts";
