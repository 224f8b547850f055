/** What of the coordinator's log is public: what a quorum of regions has cosigned. */
import type { Context } from "../context.ts";

/** A release is published once a quorum has cosigned a checkpoint that holds it. */
export const isPublic = (place: number | null, { logs }: Context): boolean =>
  logs === null || place === null || place < logs.publicSize;
