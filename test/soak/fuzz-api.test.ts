/** The long form of the fuzzed public interface. */
import "../flow/fuzz-api.test.ts";
