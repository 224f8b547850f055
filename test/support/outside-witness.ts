/** A witness from outside the federation, after C2SP's tlog-witness: what it has cosigned of each log that it knows. */
import { cosign, openCheckpoint } from "../../protocol/log/checkpoint.ts";
import { type TreeHash, verifyConsistency } from "../../protocol/log/merkle.ts";
import {
  formatSignature,
  formatVerifierKey,
  NOTE_TYPES,
  type VerifierKey,
  verifierKey,
} from "../../protocol/log/note.ts";
import type { Signer } from "../../protocol/signing/envelope.ts";
import { fromBase64, utf8 } from "../../protocol/values/bytes.ts";
import { Refusal } from "../../protocol/values/refusal.ts";
import type { Fetch } from "../../protocol/wire/client.ts";
import { nativeVerify, newKey, signerOf } from "../../server/signing.ts";

export type AddCheckpoint = {
  readonly old: number;
  readonly size: number;
  readonly body: string;
  /** What it was answered with. */
  status?: number;
};

export type OutsideWitness = {
  readonly signer: Signer;
  readonly key: VerifierKey;
  /** As a directory names it. */
  readonly entry: { readonly name: string; readonly key: string; readonly url: string };
  /** The network that leads to it. */
  readonly fetch: Fetch;
  /** From now on it knows this log; one that it does not know it answers with 404. */
  readonly trust: (log: VerifierKey) => void;
  readonly asked: AddCheckpoint[];
  /** By how many seconds its clock is ahead. */
  readonly clock: { ahead: number };
  /** What it answers instead, once each. */
  readonly lies: Array<(asked: AddCheckpoint) => Response | Promise<Response>>;
  /** What it has cosigned of a log. */
  readonly size: (log: VerifierKey) => number;
};

export function outsideWitness(name = "outside.example/w"): OutsideWitness {
  const signer = signerOf(newKey("witness"));
  const key = verifierKey(name, NOTE_TYPES.cosignature, fromBase64(signer.publicKey));
  const url = `https://${name}`;
  const logs = new Map<string, { readonly log: VerifierKey; size: number; root: TreeHash }>();
  const asked: AddCheckpoint[] = [];
  const clock = { ahead: 0 };
  const lies: OutsideWitness["lies"] = [];
  const answer = (body: string): Response => {
    const blank = body.indexOf("\n\n");
    const [first = "", ...proof] = body.slice(0, blank).split("\n");
    const note = body.slice(blank + 2);
    const old = Number(/^old (0|[1-9]\d*)$/.exec(first)?.[1] ?? Number.NaN);
    const known = logs.get(note.split("\n")[0] ?? "");
    if (Number.isNaN(old)) return new Response("", { status: 400 });
    if (known === undefined) return new Response("", { status: 404 });
    let opened: ReturnType<typeof openCheckpoint>;
    try {
      opened = openCheckpoint(utf8(note), known.log, nativeVerify);
    } catch {
      return new Response("", { status: 403 });
    }
    const { size, root } = opened.checkpoint;
    if (old > size) return new Response("", { status: 400 });
    if (old !== known.size)
      return new Response(`${known.size}\n`, {
        status: 409,
        headers: { "content-type": "text/x.tlog.size" },
      });
    try {
      if (old > 0) verifyConsistency(old, size, known.root, root, proof.map(fromBase64));
      else if (proof.length > 0) throw new Refusal("proof-invalid", "expected no proof");
    } catch {
      return new Response("", { status: 422 });
    }
    [known.size, known.root] = [size, root];
    return new Response(
      formatSignature(
        cosign(opened.note.text, Math.floor(Date.now() / 1000) + clock.ahead, key, signer.sign),
      ),
    );
  };
  return {
    signer,
    key,
    entry: { name: `Outside ${name}`, key: formatVerifierKey(key), url },
    fetch: async (to, init) => {
      if (to !== `${url}/add-checkpoint` || init?.method !== "POST") throw new Error(`nobody at ${to}`);
      const body = String(init.body);
      const note = body.slice(body.indexOf("\n\n") + 2);
      const told: AddCheckpoint = {
        old: Number(/^old (\d+)/.exec(body)?.[1]),
        size: Number(note.split("\n")[1]),
        body,
      };
      asked.push(told);
      const lie = lies.shift();
      const response = lie === undefined ? answer(body) : await lie(told);
      told.status = response.status;
      return response;
    },
    trust: (log) => logs.set(log.name, { log, size: 0, root: new Uint8Array() }),
    asked,
    clock,
    lies,
    size: (log) => logs.get(log.name)?.size ?? 0,
  };
}
