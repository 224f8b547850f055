/** With which key one signs: one that lives here, or none yet; how it is made, registered, taken in, and lost. */
import { useEffect, useState } from "preact/hooks";
import type { Federation } from "../../../protocol/federation/directory.ts";
import { instant } from "../../../protocol/values/names.ts";
import { useSay } from "../language.ts";
import { type PersonOf, personOf } from "../proof/federation.ts";
import { forgetKey, type HeldKey, heldKeys, makeKey, takeKey } from "../proof/keys.ts";
import { FileChoice } from "./file-choice.tsx";

const SAY = {
  sv: {
    key: "Nyckel",
    here: "I den här webbläsaren. Kan inte kopieras ut.",
    none: "Ingen nyckel finns i den här webbläsaren ännu.",
    make: "Skapa en nyckel här",
    take: "Ta in en nyckelfil",
    taken: "Filen är ingen nyckel.",
    role: "Du är",
    unknown:
      "Förteckningen känner inte nyckeln ännu. Skicka ansökan nedan till den som ansvarar för förteckningen. När en ny version är publicerad går det att signera.",
    may: (id: string, roles: string) => `${id}${roles === "" ? "" : `, ${roles}`}`,
    mayNot: "Nyckeln får inte användas till detta.",
    request: "Ansökan om registrering",
    requestText: "Öppen nyckel, och kommandot för den som ansvarar för förteckningen:",
    lost: "Om nyckeln går förlorad",
    lostText:
      "En nyckel som inte kan kopieras ut kan inte återställas. Skapa en ny, ansök om att få den registrerad och begär att den gamla återkallas. Frågor som redan är signerade står kvar.",
    forget: "Glöm nyckeln här",
    cannot: "Webbläsaren kan inte signera med Ed25519. Signera i en fil med brus query sign i stället.",
  },
  en: {
    key: "Key",
    here: "In this browser. It cannot be copied out.",
    none: "There is no key in this browser yet.",
    make: "Make a key here",
    take: "Import a key file",
    taken: "This is not a key file.",
    role: "You are",
    unknown:
      "The directory does not know the key yet. Send the request below to whoever keeps the directory. Once a new version is published you can sign.",
    may: (id: string, roles: string) => `${id}${roles === "" ? "" : `, ${roles}`}`,
    mayNot: "The key may not be used for this.",
    request: "Request for registration",
    requestText: "The public key, and the command for whoever keeps the directory:",
    lost: "If the key is lost",
    lostText:
      "A key that cannot be copied out cannot be restored. Make a new one, ask for it to be registered, and for the old one to be revoked. Questions that are signed stay as they are.",
    forget: "Forget the key here",
    cannot: "This browser cannot sign with Ed25519. Sign in a file with brus query sign instead.",
  },
};

export type Signing = { readonly held: HeldKey; readonly known: PersonOf } | null;

type Purpose = "ask" | "approve" | "audit";
type Judged = { readonly held: HeldKey; readonly known: PersonOf | null };

/** Of the keys that live here the one that may be used for this, else the newest. */
function bestOf(keys: readonly HeldKey[], federation: Federation, purpose: Purpose): Judged | undefined {
  const now = instant(new Date());
  const judged = keys.map((held) => ({ held, known: personOf(federation, held.publicKey, now) }));
  return (
    judged.find(({ known }) => known?.purposes.includes(purpose)) ??
    judged.toSorted((a, b) => b.held.made - a.held.made)[0]
  );
}

/** The keys that live here, and how they are made, taken in and lost; with what went wrong in it. */
function useHeldKeys() {
  const say = useSay(SAY);
  const [keys, set] = useState<readonly HeldKey[]>([]);
  const [wrong, setWrong] = useState<string | null>(null);
  const load = () => heldKeys().then(set, () => setWrong(say.cannot));
  useEffect(() => void load(), []);
  const make = () => makeKey(Date.now()).then(load, () => setWrong(say.cannot));
  const take = async (text: string) => {
    setWrong((await takeKey(text, Date.now())) === null ? say.taken : null);
    await load();
  };
  const forget = (publicKey: string) => forgetKey(publicKey).then(load);
  return { keys, wrong, make, take, forget };
}

/** Which key it is, and whose. */
function KeyState({ best, may }: { readonly best: Judged | undefined; readonly may: boolean }) {
  const say = useSay(SAY);
  return (
    <dl class="def">
      <div>
        <dt>{say.key}</dt>
        <dd>
          {best === undefined ? (
            say.none
          ) : (
            <>
              {say.here} <span class="mono">ed25519 {best.held.publicKey.slice(0, 20)}…</span>
            </>
          )}
        </dd>
      </div>
      {best !== undefined && (
        <div>
          <dt>{say.role}</dt>
          <dd>
            {best.known === null
              ? say.unknown
              : say.may(best.known.person.id, best.known.person.roles.join(", "))}{" "}
            {best.known !== null && !may && say.mayNot}
          </dd>
        </div>
      )}
    </dl>
  );
}

/** What whoever keeps the directory needs, to take in a key that it does not know. */
function Registration({ publicKey, purpose }: { readonly publicKey: string; readonly purpose: Purpose }) {
  const say = useSay(SAY);
  const kind = { ask: "researcher", approve: "approver", audit: "auditor" }[purpose];
  return (
    <div class="cite">
      <h3>{say.request}</h3>
      <p class="small">{say.requestText}</p>
      <pre
        class="block"
        tabIndex={0}
        id="request"
      >{`${publicKey}\n\nbrus directory propose next.json --${kind} ${kind}-2=${publicKey} --coordinator ${location.origin}`}</pre>
    </div>
  );
}

export function KeyBox({
  federation,
  purpose,
  onSigning,
}: {
  readonly federation: Federation;
  readonly purpose: Purpose;
  readonly onSigning: (signing: Signing) => void;
}) {
  const say = useSay(SAY);
  const { keys, wrong, make, take, forget } = useHeldKeys();
  const best = bestOf(keys, federation, purpose);
  const may = best?.known?.purposes.includes(purpose) === true;
  useEffect(() => {
    onSigning(
      best !== undefined && best.known !== null && may ? { held: best.held, known: best.known } : null,
    );
  }, [best?.held.publicKey, may, federation.hash]);
  return (
    <div class="keybox">
      <KeyState best={best} may={may} />
      {best !== undefined && best.known === null && (
        <Registration publicKey={best.held.publicKey} purpose={purpose} />
      )}
      <p class="acts">
        <button type="button" class="btn plain" onClick={() => void make()}>
          {say.make}
        </button>
        <FileChoice label={say.take} onText={(text) => void take(text)} />
      </p>
      <p role="status">{wrong}</p>
      {best !== undefined && (
        <details>
          <summary>{say.lost}</summary>
          <p class="small">{say.lostText}</p>
          <button type="button" class="linklike small" onClick={() => void forget(best.held.publicKey)}>
            {say.forget}
          </button>
        </details>
      )}
    </div>
  );
}
