/** When a node finds that the coordinator does not know it: its keys, or itself, may be named by a later version. */
import { Refusal } from "../../protocol/values/refusal.ts";

/** The coordinator does not know who this is: by its newest directory, which this node may not have. */
export const isStranger = (error: unknown): boolean => error instanceof Refusal && STRANGE.has(error.code);
const STRANGE: ReadonlySet<string> = new Set(["key-unknown", "node-unknown", "signature-invalid"]);
