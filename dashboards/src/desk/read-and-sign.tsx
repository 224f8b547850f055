/**
 * One reads, confirms, and signs: in that order, and what was shown is what is signed. The mark that it was read and the
 * button stand apart, so that no other page's click can fall on both.
 */
import { useEffect, useState } from "preact/hooks";
import type { Envelope } from "../../../protocol/signing/envelope.ts";
import type { Readied, Wanted } from "../../../protocol/wire/desk.ts";
import { useLanguage, useSay } from "../language.ts";
import { failureText } from "../proof/refusal-words.ts";
import type { Signing } from "./key-box.tsx";
import { signWith } from "./keys.ts";
import { readied, signedHere } from "./session.ts";
import { ShownDocument } from "./shown.tsx";

const SAY = {
  sv: {
    title: "Det du signerar",
    reading: "Signeringsplatsen läser …",
    read: "Jag har läst det här, och vill att det signeras",
    sign: "Signera",
    cancel: "Avbryt",
    sending: "Signerar och skickar …",
  },
  en: {
    title: "What you sign",
    reading: "The desk reads …",
    read: "I have read this, and want it signed",
    sign: "Sign",
    cancel: "Cancel",
    sending: "Signing and sending …",
  },
};

export type OnSigned = (envelope: Envelope, aside: string | null) => Promise<void>;

type Props = {
  readonly wanted: Wanted;
  readonly signing: NonNullable<Signing>;
  readonly onSigned: OnSigned;
  readonly onCancel: () => void;
};

type At =
  | { readonly state: "reading" | "sending" }
  | { readonly state: "shown"; readonly ready: Readied }
  | { readonly state: "failed"; readonly why: string };

async function sign(
  { document }: Readied,
  { held }: NonNullable<Signing>,
): Promise<[Envelope, string | null]> {
  if (document === null) throw new RangeError("expected a document");
  if (document.here) return [(await signedHere(document.ticket)).envelope, document.aside];
  if (held === null) throw new RangeError("expected a key of this browser");
  return [await signWith(held, document), document.aside];
}

export function ReadAndSign({ wanted, signing, onSigned, onCancel }: Props) {
  const say = useSay(SAY);
  const language = useLanguage();
  const [at, set] = useState<At>({ state: "reading" });
  const [read, mark] = useState(false);
  const failed = (error: unknown) => set({ state: "failed", why: failureText(error, language) });
  useEffect(() => {
    readied(wanted).then((ready) => set({ state: "shown", ready }), failed);
  }, []);
  const go = async (ready: Readied) => {
    set({ state: "sending" });
    try {
      await onSigned(...(await sign(ready, signing)));
    } catch (error) {
      failed(error);
    }
  };
  return (
    <div class="notice" data-signing={at.state}>
      {at.state === "shown" && (
        <>
          <h3>{say.title}</h3>
          <ShownDocument shown={at.ready.shown} />
          <label>
            <input type="checkbox" checked={read} onChange={(event) => mark(event.currentTarget.checked)} />{" "}
            {say.read}
          </label>
          <p class="acts">
            <button type="button" class="btn" disabled={!read} onClick={() => void go(at.ready)}>
              {say.sign}
            </button>
          </p>
        </>
      )}
      <p role="status">
        {at.state === "reading"
          ? say.reading
          : at.state === "sending"
            ? say.sending
            : at.state === "failed"
              ? at.why
              : ""}
      </p>
      {at.state !== "sending" && (
        <button type="button" class="linklike" onClick={onCancel}>
          {say.cancel}
        </button>
      )}
    </div>
  );
}
