/** The table of attacks as it is installed here, with the commit on which its tests last passed, if that is on record. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseJson } from "../../protocol/values/json.ts";
import { Attacks, Passed, type ShownAttacks } from "../../publication/attacks.ts";

const ROOT = join(import.meta.dirname, "../..");

/** Beside the program and not in the pages: these are the same bytes wherever and whenever they are built. */
export function attacksHere(root = ROOT): ShownAttacks {
  const passed = join(root, ".ci/passed.json");
  return {
    rows: Attacks.parse(parseJson(readFileSync(join(root, "catalogue/attacks.json")))),
    passed: existsSync(passed) ? Passed.parse(parseJson(readFileSync(passed))) : null,
  };
}
