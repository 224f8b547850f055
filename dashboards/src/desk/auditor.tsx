/** An auditor's way from "by digest" to a sum added up here: a signed request for the masked vectors, given to a key made for it. */
import { useState } from "preact/hooks";
import { type Hash, toBase64, toHex } from "../../../protocol/values/bytes.ts";
import type { DeskState, Wanted } from "../../../protocol/wire/desk.ts";
import { useLoaded } from "../data.ts";
import { useSay } from "../language.ts";
import { Loaded } from "../parts/shell.tsx";
import { federation } from "../proof/federation.ts";
import type { SignedRequest } from "../proof/messages.ts";
import { browserPrimitives } from "../proof/primitives.ts";
import { KeyBox, type Signing } from "./key-box.tsx";
import { ReadAndSign } from "./read-and-sign.tsx";

const SAY = {
  sv: { add: "Räkna om summan här" },
  en: { add: "Add the sum up here" },
};

/** What is asked for, and the key, made for it and kept here, with which the answer is read. */
type Asking = { readonly wanted: Wanted; readonly own: Uint8Array };

function askingFor(release: Hash, key: string): Asking {
  const own = crypto.getRandomValues(new Uint8Array(32));
  const nonce = toHex(crypto.getRandomValues(new Uint8Array(16)));
  const to = toBase64(browserPrimitives.publicOf(own));
  return { wanted: { kind: "material", key, release, to, nonce }, own };
}

export function Auditor({
  desk,
  release,
  onRequest,
}: {
  readonly desk: DeskState;
  readonly release: string;
  readonly onRequest: (request: SignedRequest) => void;
}) {
  const say = useSay(SAY);
  const [signing, set] = useState<Signing>(null);
  const [asking, ask] = useState<Asking | null>(null);
  const loaded = useLoaded("federation", () => federation(desk.directory1));
  return (
    <Loaded of={loaded}>
      {(found) => (
        <>
          <KeyBox federation={found} desk={desk} purpose="audit" onSigning={set} />
          {asking !== null && signing !== null ? (
            <ReadAndSign
              wanted={asking.wanted}
              signing={signing}
              onCancel={() => ask(null)}
              onSigned={async (signed) => onRequest({ signed, own: asking.own })}
            />
          ) : (
            <p class="acts">
              <button
                type="button"
                class="btn"
                disabled={signing === null}
                onClick={() => signing !== null && ask(askingFor(release as Hash, signing.publicKey))}
              >
                {say.add}
              </button>
            </p>
          )}
        </>
      )}
    </Loaded>
  );
}
