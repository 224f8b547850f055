/** What this page says to its desk: the address opens it once, and every request carries the session from then on. */
import { Problem, parseWith, Refusal } from "../../../protocol/values/refusal.ts";
import type { DeskState, Readied, SignedAtDesk, Wanted } from "../../../protocol/wire/desk.ts";
import { authorized, carry } from "../proof/access.ts";

/** In every tab of this desk, so that a link that hands a question over opens where one is let in; gone with the desk. */
const SESSION = "brus-desk";

/** How the desk stands; null where this browser was not let in, or the desk is closed. */
export async function entered(): Promise<DeskState | null> {
  const token = location.hash.slice(1);
  if (/^[0-9a-f]{64}$/.test(token)) {
    history.replaceState(null, "", location.pathname + location.search);
    const answer = await fetch("/session", { method: "POST", headers: { authorization: `Bearer ${token}` } });
    if (answer.ok)
      localStorage.setItem(SESSION, ((await answer.json()) as { session: string | null }).session ?? "");
  }
  carry(localStorage.getItem(SESSION) || null);
  const answer = await authorized("/desk/state").catch(() => null);
  // Told by our own desk.
  return answer?.ok === true ? ((await answer.json()) as DeskState) : null;
}

async function told<T>(path: string, body: unknown): Promise<T> {
  const init = {
    method: "POST",
    body: JSON.stringify(body),
    headers: { "content-type": "application/json" },
  };
  const answer = await authorized(path, init).catch((cause: unknown) => {
    throw new Refusal("unavailable", "expected the desk to answer", { cause });
  });
  const said: unknown = await answer.json();
  if (!answer.ok) throw Refusal.fromProblem(parseWith(Problem, said, "problem"));
  return said as T; // Likewise.
}

/** Has a document made ready, to be read. Throws the desk's refusal. */
export const readied = (wanted: Wanted): Promise<Readied> => told("/desk/ready", wanted);

/** Has the document that was read signed, with the key file that the desk holds. Throws the desk's refusal. */
export const signedHere = (ticket: string): Promise<SignedAtDesk> => told("/desk/sign", { ticket });
