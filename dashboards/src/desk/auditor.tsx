/** An auditor's way from "by digest" to a sum added up here: a signed request for the masked vectors. */
import { useState } from "preact/hooks";
import type { Envelope } from "../../../protocol/signing/envelope.ts";
import type { Hash } from "../../../protocol/values/bytes.ts";
import type { DeskState } from "../../../protocol/wire/desk.ts";
import { useLoaded } from "../data.ts";
import { useSay } from "../language.ts";
import { Loaded } from "../parts/shell.tsx";
import { federation } from "../proof/federation.ts";
import { KeyBox, type Signing } from "./key-box.tsx";
import { ReadAndSign } from "./read-and-sign.tsx";

const SAY = {
  sv: { add: "Räkna om summan här" },
  en: { add: "Add the sum up here" },
};

export function Auditor({
  desk,
  release,
  onRequest,
}: {
  readonly desk: DeskState;
  readonly release: string;
  readonly onRequest: (request: Envelope) => void;
}) {
  const say = useSay(SAY);
  const [signing, set] = useState<Signing>(null);
  const [asking, ask] = useState(false);
  const loaded = useLoaded("federation", () => federation(desk.directory1));
  return (
    <Loaded of={loaded}>
      {(found) => (
        <>
          <KeyBox federation={found} desk={desk} purpose="audit" onSigning={set} />
          {asking && signing !== null ? (
            <ReadAndSign
              wanted={{ kind: "material", key: signing.publicKey, release: release as Hash }}
              signing={signing}
              onCancel={() => ask(false)}
              onSigned={async (request) => onRequest(request)}
            />
          ) : (
            <p class="acts">
              <button type="button" class="btn" disabled={signing === null} onClick={() => ask(true)}>
                {say.add}
              </button>
            </p>
          )}
        </>
      )}
    </Loaded>
  );
}
