/** Words of the command line that several commands take. */
import { expect, test } from "vitest";
import { portNumber } from "../../../../cli/commands/options.ts";

test("a port is one that an address can name: of 0 the printed address would open nothing", () => {
  expect(["1", "8710", "65535"].map(portNumber)).toEqual([1, 8710, 65535]);
  for (const text of ["0", "65536", "99999", "-1", "a", ""]) expect(() => portNumber(text)).toThrow();
});
