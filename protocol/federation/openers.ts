/**
 * Opens what people, nodes, the coordinator and roots have signed: by the role that signs its kind, with a key that the
 * directory gives that role. What is not opened here, or by `open` itself, is not believed.
 */
import type { z } from "zod";
import { Approval, type Judged } from "../question/approval.ts";
import { Query } from "../question/query.ts";
import {
  type Envelope,
  KINDS,
  type KindOfRole,
  type OfKind,
  type Opened,
  openEnvelope,
  signedByOne,
} from "../signing/envelope.ts";
import type { Hash } from "../values/bytes.ts";
import { instant } from "../values/names.ts";
import { Refusal } from "../values/refusal.ts";
import {
  answerKeysOf,
  type Federation,
  holderOf,
  keysOf,
  nodeOf,
  type Person,
  rosterIn,
  versionOf,
} from "./directory.ts";

export type Asked = { readonly id: Hash; readonly query: Query; readonly requester: string };

/** Opens a query: signed by one key of purpose `ask`, in force now, of a person with the role `researcher`. */
export function openQuery(federation: Federation, envelope: Envelope, now: Date): Asked {
  const { id, payload, person } = openByPerson(federation, envelope, Query, now);
  if (!person.roles.includes("researcher")) throw new Refusal("role-missing", "expected the role researcher");
  const bound = versionOf(federation, payload.directory);
  if (bound === null) {
    throw new Refusal("directory-unknown", "expected a query bound to a version of the directory");
  }
  // It fixes regions and their number; every key is judged by the version in force.
  const [then, today] = [bound, federation].map((each) => rosterIn(each, payload).join());
  if (then !== today)
    throw new Refusal("directory-unknown", "expected the regions of the directory that is in force");
  if (!federation.datasets.has(payload.dataset))
    throw new Refusal("dataset-unknown", `expected a dataset of the directory, not ${payload.dataset}`);
  if (instant(now) >= federation.directory.expires || instant(now) < federation.directory.validFrom) {
    throw new Refusal("directory-expired", "expected a directory that is valid now");
  }
  return { id, query: payload, requester: person.id };
}

/** Refuses what no key of any version has signed, as `openEnvelope` does: before anything is made of its bytes. */
export function checkKnown(federation: Federation, envelope: Envelope, { kind }: OfKind): void {
  const keys = [federation, ...federation.earlier].flatMap(({ directory }) => keysOf(directory));
  signedByOne(envelope, kind, keys, federation.verify);
}

/** Opens an approval or a decline: signed by a key of purpose `approve`, of a person who has the role it names. */
export function openApproval(
  federation: Federation,
  envelope: Envelope,
  now: Date,
): Judged & { readonly id: Hash } {
  const { id, payload, person } = openByPerson(federation, envelope, Approval, now);
  if (!person.roles.includes(payload.role))
    throw new Refusal("role-missing", `expected the role ${payload.role}`);
  if (payload.expires <= instant(now))
    throw new Refusal("approval-expired", "expected an approval still in force");
  return { id, person: person.id, personRegion: person.region, approval: payload };
}

type BySigner = { readonly requester?: string; readonly approver?: string; readonly auditor?: string };
type OfPerson = OfKind<KindOfRole<"person">, BySigner>;

/** A person's document: signed by a key of its kind's purpose of the very person it names, whenever that key is in force. */
export function openSigned<S extends OfPerson>(
  { directory, verify }: Federation,
  envelope: Envelope,
  form: S,
) {
  const { kind } = form;
  const { purpose } = KINDS[kind];
  const opened = openEnvelope(envelope, form, keysOf(directory), verify);
  const found = holderOf(directory, opened.key);
  if (found === null || found.entry.purpose !== purpose) {
    throw new Refusal("key-wrong-purpose", `expected a key of purpose ${purpose}`);
  }
  const { requester, approver, auditor }: BySigner = opened.payload;
  if ((requester ?? approver ?? auditor) !== found.person.id)
    throw new Refusal("key-wrong-purpose", `expected a ${kind} signed by the person it names`);
  return { ...opened, ...found };
}

/** Opens a document that names its person: signed by a key of theirs, of its kind's purpose, in force and not revoked. */
export function openByPerson<S extends OfPerson>(
  federation: Federation,
  envelope: Envelope,
  form: S,
  now: Date,
) {
  const opened = openSigned(federation, envelope, form);
  checkInForce(federation, opened.entry, now);
  return opened;
}

/** Refuses (`key-revoked`, `key-not-in-force`) a person's key that does not count now. */
export function checkInForce(
  federation: Pick<Federation, "revoked">,
  { key, revoked, notBefore, notAfter }: Person["keys"][number],
  now: Date,
): void {
  if ((revoked !== null && revoked <= instant(now)) || federation.revoked.has(key)) {
    throw new Refusal("key-revoked", "expected a key that is not revoked");
  }
  if (notBefore > instant(now) || notAfter <= instant(now)) {
    throw new Refusal("key-not-in-force", "expected a key whose notBefore and notAfter include now");
  }
}

/** Opens a document that names its node: signed by the answer key of that very node, which must be active. */
export function openByNode<S extends OfKind<KindOfRole<"node">, { node: string }>>(
  federation: Federation,
  envelope: Envelope,
  form: S,
): Opened<z.output<S>> {
  const keys = answerKeysOf(federation);
  const opened = openEnvelope(envelope, form, [...keys.keys()], federation.verify);
  if (keys.get(opened.key) !== opened.payload.node) {
    nodeOf(federation, opened.payload.node);
    throw new Refusal("key-unknown", "expected the node's own answer key");
  }
  return opened;
}

/** Opens what the coordinator says: signed by the release key of this version. */
export const openByCoordinator = <S extends OfKind<KindOfRole<"coordinator">>>(
  { directory, verify }: Federation,
  envelope: Envelope,
  form: S,
): Opened<z.output<S>> => openEnvelope(envelope, form, [directory.coordinator.release], verify);

/** Opens the word of one root, any of them. */
export const openByRoot = <S extends OfKind<KindOfRole<"root">>>(
  { directory, verify }: Federation,
  envelope: Envelope,
  form: S,
): Opened<z.output<S>> => openEnvelope(envelope, form, directory.roots.keys, verify);
