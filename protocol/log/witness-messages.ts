/**
 * What goes between nodes and the coordinator about logs: entries of a region's own log on their way out, checkpoints
 * on their way to witnesses, cosignatures on their way back.
 */
import { z } from "zod";
import { ofKind } from "../signing/envelope.ts";
import { Instant, RegionCode } from "../values/names.ts";
import { HashText, NoteText, Size } from "./public-proof.ts";
import { COORDINATOR } from "./quorum.ts";
import { MAX_ENTRY } from "./tile.ts";

/** A checkpoint as its log signed it, without cosignatures. */
const SignedText = z.string().max(2000);
const LogName = z.union([z.literal(COORDINATOR), RegionCode]);

/** Entries of a region's own log after those that the coordinator has, and the checkpoint they lead to. */
export const Push = z.strictObject({
  node: RegionCode,
  from: Size,
  entries: z.array(z.string().max(Math.ceil(MAX_ENTRY / 3) * 4)).max(1000),
  checkpoint: SignedText,
});
export type Push = z.infer<typeof Push>;

export const Cosigned = z.strictObject({ log: LogName, size: Size, line: z.string().max(500) });
export type Cosigned = z.infer<typeof Cosigned>;

/** Signed with the node's answer key. A witness says what it has seen of each log, hands in what it cosigned, and asks for what is new. */
export const WitnessRequest = ofKind(
  "witness",
  z.strictObject({
    node: RegionCode,
    time: Instant,
    wait: z.int().min(0).max(60),
    /** Entries of the coordinator's log that it has read. */
    read: Size,
    /** The largest trees it has cosigned. */
    sizes: z.array(z.strictObject({ log: LogName, size: Size })).max(1001),
    cosignatures: z.array(Cosigned).max(1001),
    /** The largest checkpoint of its own log that it knows a quorum to have cosigned. */
    own: Size,
  }),
);
export type WitnessRequest = z.infer<typeof WitnessRequest>;

export const Offered = z.strictObject({
  log: LogName,
  checkpoint: NoteText,
  /** From the size that the witness has cosigned; none where that is 0 or the checkpoint's own. */
  proof: z.array(HashText).max(64),
});
export type Offered = z.infer<typeof Offered>;

export const WitnessReply = z.strictObject({
  offered: z.array(Offered).max(1001),
  /** Of the coordinator's log, after those that were read. */
  entries: z.array(z.string().max(Math.ceil(MAX_ENTRY / 3) * 4)).max(10_000),
  /** The checkpoint of the node's own log with its quorum, where it is larger than the one it knows. */
  own: NoteText.nullable(),
  /** How many entries of the node's own log the coordinator has. */
  kept: Size,
});
export type WitnessReply = z.infer<typeof WitnessReply>;
