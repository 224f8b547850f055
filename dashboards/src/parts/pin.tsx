/** Which directory this browser believes: the page's, or one that its user gave. */
import type { Overview } from "../../../publication/overview.ts";
import { useSay } from "../language.ts";
import { SAY } from "../pages/seal/words.ts";
import { pin, pinned } from "../proof/run.ts";

/** The one thing that is believed can be given by whoever believes it. */
export function Pin({ overview, onChange }: { readonly overview: Overview; readonly onChange: () => void }) {
  const say = useSay(SAY);
  const use = (event: Event) => {
    event.preventDefault();
    const hash = String(new FormData(event.currentTarget as HTMLFormElement).get("hash") ?? "").trim();
    if (!/^sha256:[0-9a-f]{64}$/.test(hash)) return;
    pin(hash === overview.directory1 ? null : hash);
    onChange();
  };
  return (
    <details>
      <summary>{say.pin}</summary>
      <form class="inline" onSubmit={use}>
        <label class="f grow">
          {say.pin}
          <input
            name="hash"
            type="text"
            class="mono"
            placeholder={say.pinned}
            pattern="sha256:[0-9a-f]{64}"
            required
            defaultValue={pinned() ?? ""}
          />
        </label>
        <button type="submit" class="btn plain">
          {say.use}
        </button>
        {pinned() !== null && (
          <button
            type="button"
            class="linklike"
            onClick={() => {
              pin(null);
              onChange();
            }}
          >
            {say.forget}
          </button>
        )}
      </form>
    </details>
  );
}
