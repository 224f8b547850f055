/** An auditor's way from "by digest" to a sum added up here: a signed request for the masked vectors, given to a key made for it. */
import { useState } from "preact/hooks";
import { materialRequest } from "../../../protocol/wire/fetch-material.ts";
import type { Overview } from "../../../publication/overview.ts";
import { useLoaded } from "../data.ts";
import { useSay } from "../language.ts";
import { federation } from "../proof/federation.ts";
import { signDocumentWith } from "../proof/keys.ts";
import type { SignedRequest } from "../proof/messages.ts";
import { browserPrimitives } from "../proof/primitives.ts";
import { KeyBox, type Signing } from "./key-box.tsx";
import { Loaded } from "./shell.tsx";

const SAY = {
  sv: { add: "Räkna om summan här" },
  en: { add: "Add the sum up here" },
};

export function Auditor({
  overview,
  release,
  onRequest,
}: {
  readonly overview: Overview;
  readonly release: string;
  readonly onRequest: (request: SignedRequest) => void;
}) {
  const say = useSay(SAY);
  const [signing, set] = useState<Signing>(null);
  const loaded = useLoaded("federation", () => federation(overview.directory1));
  const ask = async () => {
    if (signing === null) return;
    const { held, known } = signing;
    const fresh = crypto.getRandomValues(new Uint8Array(48));
    const asked = { release, auditor: known.person.id, now: new Date() };
    const { request, own } = materialRequest(asked, fresh, browserPrimitives);
    onRequest({ signed: await signDocumentWith("material", request, held), own });
  };
  return (
    <Loaded of={loaded}>
      {(found) => (
        <>
          <KeyBox federation={found} purpose="audit" onSigning={set} />
          <p class="acts">
            <button type="button" class="btn" disabled={signing === null} onClick={() => void ask()}>
              {say.add}
            </button>
          </p>
        </>
      )}
    </Loaded>
  );
}
