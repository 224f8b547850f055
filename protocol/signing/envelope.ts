/**
 * DSSE 1.0.2 envelopes: every state change is one. The payload's own bytes are signed, hashed and stored, and
 * never serialised again. A document is known by the SHA-256 of its PAE. Parse only what has been verified.
 */
import { z } from "zod";
import { concat, fromBase64, type Hash, hashOf, toBase64, utf8 } from "../values/bytes.ts";
import { parseJson } from "../values/json.ts";
import { parseWith, Refusal } from "../values/refusal.ts";
import { type PublicKey, type Verify, verify as verifyPure } from "./ed25519.ts";

/** What a person's key is for: one key, one purpose. */
export const KEY_PURPOSES = ["ask", "approve", "audit"] as const;
export type KeyPurpose = (typeof KEY_PURPOSES)[number];

type Signed =
  /** By the person it names, with a key of this purpose. */
  | { readonly by: "person"; readonly purpose: KeyPurpose }
  /** By the node it names, with its answer key. */
  | { readonly by: "node" }
  /** With the release key. */
  | { readonly by: "coordinator" }
  /** By as many of them as the directory asks for. */
  | { readonly by: "roots" }
  | { readonly by: "root" }
  /** Known by its hash, in what somebody signs. */
  | { readonly by: "nobody" };

/** Every kind of document, and who signs it. The form of each is bound to its kind where it is defined (`ofKind`). */
export const KINDS = {
  directory: { by: "roots" },
  erasure: { by: "root" },
  dataset: { by: "nobody" },
  indicators: { by: "nobody" },
  query: { by: "person", purpose: "ask" },
  calendar: { by: "person", purpose: "ask" },
  approval: { by: "person", purpose: "approve" },
  material: { by: "person", purpose: "audit" },
  answer: { by: "node" },
  refusal: { by: "node" },
  poll: { by: "node" },
  "ledger-head": { by: "node" },
  witness: { by: "node" },
  advert: { by: "node" },
  commitment: { by: "node" },
  masked: { by: "node" },
  agreement: { by: "node" },
  opening: { by: "node" },
  withdrawal: { by: "node" },
  release: { by: "coordinator" },
} as const satisfies Record<string, Signed>;
export type Kind = keyof typeof KINDS;

/** The kinds that this role signs: only they can be opened as its documents. */
export type KindOfRole<Role extends Signed["by"]> = {
  [K in Kind]: (typeof KINDS)[K]["by"] extends Role ? K : never;
}[Kind];

/** The form of a kind's payloads, with its kind: neither is named without the other. */
export type OfKind<K extends Kind = Kind, T = unknown> = z.ZodType<T> & { readonly kind: K };

export const ofKind = <K extends Kind, S extends z.ZodType>(kind: K, schema: S): S & { readonly kind: K } =>
  Object.assign(schema, { kind });

export const payloadType = (kind: Kind): string => `application/vnd.brus.${kind}.v1+json`;

const Base64 = z
  .string()
  .max(4_000_000)
  .regex(/^[A-Za-z0-9+/]*={0,2}$/, "expected base64");

export const Envelope = z.strictObject({
  payload: Base64,
  payloadType: z.string().max(100),
  signatures: z
    .array(z.strictObject({ keyid: z.string().max(128), sig: Base64.max(128) }))
    .min(1)
    .max(64),
});
export type Envelope = z.infer<typeof Envelope>;

/** Signs bytes with one private key; `keyid` is a hint for the reader, never trusted. */
export type Signer = { readonly publicKey: PublicKey; readonly sign: (message: Uint8Array) => Uint8Array };

/** Pre-authentication encoding: `DSSEv1 SP len(type) SP type SP len(body) SP body`, lengths in bytes. */
export function pae(type: string, body: Uint8Array): Uint8Array {
  return concat(utf8(`DSSEv1 ${utf8(type).length} ${type} ${body.length} `), body);
}

/** The id of a document that travels without signatures, such as a dataset. */
export const documentId = (kind: Kind, body: Uint8Array): Hash => hashOf(pae(payloadType(kind), body));

/** The id of the document in an envelope. Says nothing of its signatures. */
export const envelopeId = (envelope: Envelope): Hash =>
  hashOf(pae(envelope.payloadType, fromBase64(envelope.payload)));

/** Looked up for every signature of every round: remembered, being few. */
const keyIds = new Map<PublicKey, string>();

export function keyIdOf(publicKey: PublicKey): string {
  const known = keyIds.get(publicKey);
  if (known !== undefined) return known;
  const id = hashOf(fromBase64(publicKey)).slice(7, 23);
  if (keyIds.size < 100_000) keyIds.set(publicKey, id);
  return id;
}

/** Signs a payload that is already bytes: the bytes given are the bytes signed. */
export function signDocumentBytes(kind: Kind, body: Uint8Array, signers: readonly Signer[]): Envelope {
  const type = payloadType(kind);
  const message = pae(type, body);
  return {
    payload: toBase64(body),
    payloadType: type,
    signatures: signers.map((signer) => ({
      keyid: keyIdOf(signer.publicKey),
      sig: toBase64(signer.sign(message)),
    })),
  };
}

export const signDocument = (kind: Kind, payload: unknown, ...signers: readonly Signer[]): Envelope =>
  signDocumentBytes(kind, utf8(JSON.stringify(payload)), signers);

export const isOf = (envelope: Envelope, { kind }: OfKind): boolean =>
  envelope.payloadType === payloadType(kind);

/** What an envelope says. Nothing is verified: it was before, or is to be shown as what somebody says. */
export const payloadOf = <S extends OfKind>(form: S, envelope: Envelope): z.output<S> =>
  parseWith(form, parseJson(unwrap(envelope, form.kind).body), form.kind);

/** The same; null where it is another kind of document, or none. */
export function payloadOrNull<S extends OfKind>(form: S, envelope: Envelope): z.output<S> | null {
  try {
    return payloadOf(form, envelope);
  } catch (error) {
    if (error instanceof Refusal) return null;
    throw error;
  }
}

export type Opened<T> = { readonly id: Hash; readonly payload: T; readonly key: PublicKey };

/**
 * Opens an envelope of one signature: finds the key among `candidates` (the keyid is a hint, tried first),
 * verifies, and only then parses. Refuses the wrong type, a bad signature, and bytes that do not fit the form.
 */
export function openEnvelope<S extends OfKind>(
  envelope: Envelope,
  form: S,
  candidates: readonly PublicKey[],
  verify: Verify = verifyPure,
): Opened<z.output<S>> {
  const { body, message, key } = signedByOne(envelope, form.kind, candidates, verify);
  return { id: hashOf(message), payload: parseWith(form, parseJson(body), form.kind), key };
}

/** Which of the candidates has signed an envelope of one signature. Refuses as `openEnvelope` does; nothing is parsed. */
export function signedByOne(
  envelope: Envelope,
  kind: Kind,
  candidates: readonly PublicKey[],
  verify: Verify = verifyPure,
): { readonly body: Uint8Array; readonly message: Uint8Array; readonly key: PublicKey } {
  const { body, message } = unwrap(envelope, kind);
  const [signature, ...others] = envelope.signatures;
  if (signature === undefined || others.length > 0) {
    throw new Refusal("envelope-malformed", `expected one signature on a ${kind}`);
  }
  const sig = fromBase64(signature.sig);
  const key = candidates
    .filter((candidate) => keyIdOf(candidate) === signature.keyid)
    .find((candidate) => verify(fromBase64(candidate), message, sig));
  if (key === undefined) {
    const known = candidates.some((candidate) => keyIdOf(candidate) === signature.keyid);
    throw known
      ? new Refusal("signature-invalid", `expected the ${kind}'s signature to verify over its exact bytes`)
      : new Refusal("key-unknown", `expected a ${kind} signed by a key that the directory names for it`);
  }
  return { body, message, key };
}

/**
 * Which of the candidates have signed: for thresholds. Distinct keys; distinct *persons* are the caller's matter. One
 * signature is looked at for each: a stranger who names a known key many times over has them verified once.
 */
export function signedBy(
  envelope: Envelope,
  kind: Kind,
  candidates: readonly PublicKey[],
  verify: Verify = verifyPure,
): PublicKey[] {
  const { message } = unwrap(envelope, kind);
  return [...new Set(candidates)].filter((candidate) => {
    const said = envelope.signatures.find(({ keyid }) => keyid === keyIdOf(candidate));
    return said !== undefined && verify(fromBase64(candidate), message, fromBase64(said.sig));
  });
}

/** The bytes of an envelope's payload, its type checked, nothing verified. */
export function unwrap(envelope: Envelope, kind: Kind): { body: Uint8Array; message: Uint8Array } {
  if (envelope.payloadType !== payloadType(kind)) {
    throw new Refusal("payload-type-unexpected", `expected ${payloadType(kind)}`);
  }
  const body = fromBase64(envelope.payload);
  return { body, message: pae(envelope.payloadType, body) };
}
