/**
 * What a desk and its page say to each other. The page says what somebody wants to sign; the desk makes the document,
 * says it back in words and figures by its own directory, and waits until the person has confirmed that very one.
 */
import { z } from "zod";
import { Approval } from "../question/approval.ts";
import type { ReleaseKind } from "../question/query.ts";
import { PublicKey } from "../signing/ed25519.ts";
import type { Envelope, KeyPurpose } from "../signing/envelope.ts";
import { Hash } from "../values/bytes.ts";
import type { Language } from "../values/language.ts";
import { Nonce } from "../values/names.ts";
import { X25519Key } from "../values/x25519.ts";

/** What somebody wants to sign, with which key; of a question null shows it without a signature to come. */
export const Wanted = z.discriminatedUnion("kind", [
  /** The draft is whoever's: it is read as strictly as a query, and what binds it is the desk's alone. */
  z.strictObject({ kind: z.literal("query"), key: PublicKey.nullable(), draft: z.unknown() }),
  z.strictObject({
    kind: z.literal("approval"),
    key: PublicKey,
    ...Approval.pick({ query: true, decision: true, role: true, conditions: true, reason: true }).shape,
  }),
  /** What is given is encrypted to the key that the page made for this request, and is read there. */
  z.strictObject({ kind: z.literal("material"), key: PublicKey, release: Hash, to: X25519Key, nonce: Nonce }),
]);
export type Wanted = z.infer<typeof Wanted>;

export const Confirmed = z.strictObject({ ticket: z.string().regex(/^[0-9a-f]{64}$/, "expected a ticket") });

/** A question as the desk reads it: all that its signature would bind, in words. */
export type ReadQuestion = {
  /** Null while it is not signed. */
  readonly id: Hash | null;
  readonly title: string;
  readonly words: Readonly<Record<Language, string>>;
  /** Null where it was erased, or never handed in. */
  readonly purpose: string | null;
  /** Null while nobody is to sign it. */
  readonly requester: string | null;
  readonly release: ReleaseKind;
  readonly rho: string;
  /** Of a period's budget, what it takes. */
  readonly part: number;
  readonly epsilon: number;
  readonly delta: string;
  readonly roster: ReadonlyArray<{ readonly code: string; readonly name: string }>;
  readonly minRegions: number;
  readonly notBefore: string;
  readonly answerBy: string;
  /** No region begins to answer after this. */
  readonly expires: string;
};

/** What the person reads before they sign. */
export type Shown = {
  readonly question: ReadQuestion | null;
  readonly decision: Pick<Approval, "decision" | "role" | "conditions" | "reason" | "expires"> | null;
  /** The release of which an auditor asks for what stands behind it. */
  readonly material: Hash | null;
  readonly signer: string | null;
  readonly directory: { readonly version: number; readonly hash: Hash };
};

/** A document that was made ready: its bytes, and what they say. Without a signer there is nothing to sign. */
export type Readied = {
  readonly shown: Shown;
  readonly document: {
    readonly ticket: string;
    readonly payloadType: string;
    /** Base64. */
    readonly payload: string;
    /** The purpose that a question names by its digest, to be handed in beside it. */
    readonly aside: string | null;
    /** True where the desk itself holds the key: it signs what is confirmed. Else the page's own browser does. */
    readonly here: boolean;
  } | null;
};

export type SignedAtDesk = { readonly envelope: Envelope };

/** What a page is told of its desk. */
export type DeskState = {
  readonly coordinator: string;
  readonly directory1: Hash;
  readonly version: number;
  /** Key files that the desk has opened. */
  readonly keys: ReadonlyArray<{ readonly publicKey: PublicKey; readonly purpose: KeyPurpose }>;
  /** The digest of this desk's pages; and whether the directory names it, another, or none. */
  readonly pages: { readonly digest: Hash; readonly named: "this" | "other" | "none" };
};
