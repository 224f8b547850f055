/**
 * Keys that were made on this site before it stopped signing. Whatever this site sends could use them: their owner is told,
 * and forgets them here when the new one is registered. Nothing is deleted unasked.
 */
import { useEffect, useState } from "preact/hooks";
import { useSay } from "../language.ts";
import { forgetKey, type HeldKey, heldKeys } from "../proof/key-store.ts";

const SAY = {
  sv: {
    title: "Du har en nyckel kvar på den här webbplatsen",
    text: "Här signeras inget längre: sidorna kommer från samordnaren, och en sida som ändrats skulle kunna använda nyckeln. Den kan inte kopieras ut. Skapa en ny på din signeringsplats (brus desk), ansök om att få den registrerad, och begär att den här återkallas. Glöm den sedan här.",
    sure: "Jag har en ny nyckel, och har begärt att den här återkallas",
    forget: "Glöm nyckeln",
  },
  en: {
    title: "You have a key left on this site",
    text: "Nothing is signed here any more: the pages come from the coordinator, and a page that was changed could use the key. It cannot be copied out. Make a new one at your desk (brus desk), ask for it to be registered, and for this one to be revoked. Then forget it here.",
    sure: "I have a new key, and have asked for this one to be revoked",
    forget: "Forget the key",
  },
};

function OldKey({
  publicKey,
  onForgotten,
}: {
  readonly publicKey: string;
  readonly onForgotten: () => void;
}) {
  const say = useSay(SAY);
  const [sure, set] = useState(false);
  return (
    <div>
      <p class="mono small">ed25519 {publicKey}</p>
      <label>
        <input type="checkbox" checked={sure} onChange={(event) => set(event.currentTarget.checked)} />{" "}
        {say.sure}
      </label>
      <p class="acts">
        <button
          type="button"
          class="btn plain"
          disabled={!sure}
          onClick={() => void forgetKey(publicKey).then(onForgotten)}
        >
          {say.forget}
        </button>
      </p>
    </div>
  );
}

export function OldKeys() {
  const say = useSay(SAY);
  const [keys, set] = useState<readonly HeldKey[]>([]);
  const load = () => heldKeys().then(set, () => undefined); // A browser that keeps nothing has none.
  useEffect(() => void load(), []);
  if (keys.length === 0) return null;
  return (
    <section class="notice" id="old-keys">
      <h2>{say.title}</h2>
      <p>{say.text}</p>
      {keys.map(({ publicKey }) => (
        <OldKey key={publicKey} publicKey={publicKey} onForgotten={() => void load()} />
      ))}
    </section>
  );
}
