/** With which key one signs: a file that the desk has opened, one that lives in this browser, or none yet; how it is made, registered, and lost. */
import { useEffect, useState } from "preact/hooks";
import type { Federation } from "../../../protocol/federation/directory.ts";
import type { KeyPurpose } from "../../../protocol/signing/envelope.ts";
import { instant } from "../../../protocol/values/names.ts";
import type { DeskState } from "../../../protocol/wire/desk.ts";
import { useSay } from "../language.ts";
import { FileChoice } from "../parts/file-choice.tsx";
import { type PersonOf, personOf } from "../proof/federation.ts";
import { forgetKey, type HeldKey, heldKeys } from "../proof/key-store.ts";
import { makeKey, takeKey } from "./keys.ts";

const SAY = {
  sv: {
    key: "Nyckel",
    here: "I den här webbläsaren, på signeringsplatsens egen adress. Kan inte kopieras ut.",
    file: "I en fil som signeringsplatsen har öppnat. Den signerar bara det du har läst.",
    none: "Ingen nyckel finns här ännu.",
    shared:
      "Använder flera personer den här datorn? Starta då brus desk med --key: en nyckel i webbläsaren hör till adressen, och den adressen kan någon annan ta när signeringsplatsen är stängd.",
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
    here: "In this browser, at the desk's own address. It cannot be copied out.",
    file: "In a file that the desk has opened. It signs only what you have read.",
    none: "There is no key here yet.",
    shared:
      "Do several people use this computer? Then start brus desk with --key: a key in the browser belongs to the address, which somebody else can take while the desk is closed.",
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

/** A key, and whose it is; `held` is null where the desk itself holds it, in a file. */
export type Signing = {
  readonly publicKey: string;
  readonly held: HeldKey | null;
  readonly known: PersonOf;
} | null;

type Judged = { readonly publicKey: string; readonly held: HeldKey | null; readonly known: PersonOf | null };

/** The one that may be used for this, a file's first; else the newest. */
function bestOf(
  files: DeskState["keys"],
  keys: readonly HeldKey[],
  federation: Federation,
  purpose: KeyPurpose,
): Judged | undefined {
  const now = instant(new Date());
  const newest = keys.toSorted((a, b) => b.made - a.made);
  const all = [
    ...files.filter((each) => each.purpose === purpose).map(({ publicKey }) => ({ publicKey, held: null })),
    ...newest.map((held) => ({ publicKey: held.publicKey, held })),
  ];
  const judged = all.map((each) => ({ ...each, known: personOf(federation, each.publicKey, now) }));
  return judged.find(({ known }) => known?.purposes.includes(purpose)) ?? judged[0];
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
              {best.held === null ? say.file : say.here}{" "}
              <span class="mono">ed25519 {best.publicKey.slice(0, 20)}…</span>
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
function Registration({
  publicKey,
  purpose,
  coordinator,
}: {
  readonly publicKey: string;
  readonly purpose: KeyPurpose;
  readonly coordinator: string;
}) {
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
      >{`${publicKey}\n\nbrus directory propose next.json --${kind} ${kind}-2=${publicKey} --coordinator ${coordinator}`}</pre>
    </div>
  );
}

/** How a key of this browser is made, taken in from a file, and forgotten. */
function BrowserKeys({
  best,
  of: { wrong, make, take, forget },
}: {
  readonly best: Judged | undefined;
  readonly of: ReturnType<typeof useHeldKeys>;
}) {
  const say = useSay(SAY);
  const held = best?.held ?? null;
  return (
    <>
      <p class="acts">
        <button type="button" class="btn plain" onClick={() => void make()}>
          {say.make}
        </button>
        <FileChoice label={say.take} onText={(text) => void take(text)} />
      </p>
      <p class="small">{say.shared}</p>
      <p role="status">{wrong}</p>
      {held !== null && (
        <details>
          <summary>{say.lost}</summary>
          <p class="small">{say.lostText}</p>
          <button type="button" class="linklike small" onClick={() => void forget(held.publicKey)}>
            {say.forget}
          </button>
        </details>
      )}
    </>
  );
}

export function KeyBox({
  federation,
  desk,
  purpose,
  onSigning,
}: {
  readonly federation: Federation;
  readonly desk: DeskState;
  readonly purpose: KeyPurpose;
  readonly onSigning: (signing: Signing) => void;
}) {
  const here = useHeldKeys();
  const best = bestOf(desk.keys, here.keys, federation, purpose);
  const may = best?.known?.purposes.includes(purpose) === true;
  useEffect(() => {
    onSigning(best !== undefined && best.known !== null && may ? { ...best, known: best.known } : null);
  }, [best?.publicKey, may, federation.hash]);
  return (
    <div class="keybox">
      <KeyState best={best} may={may} />
      {best !== undefined && best.known === null && (
        <Registration publicKey={best.publicKey} purpose={purpose} coordinator={desk.coordinator} />
      )}
      {best?.held !== null && <BrowserKeys best={best} of={here} />}
    </div>
  );
}
