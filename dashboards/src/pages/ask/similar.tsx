/** Questions that were asked before of the same data: what is answered already costs nothing. */
import { Query } from "../../../../protocol/question/query.ts";
import { envelopeId, payloadOrNull } from "../../../../protocol/signing/envelope.ts";
import { useLoaded } from "../../data.ts";
import { useSay } from "../../language.ts";
import { Loaded } from "../../parts/shell.tsx";
import { client } from "../../proof/federation.ts";
import { Link } from "../../router.tsx";
import type { Draft } from "./draft.ts";

const SAY = {
  sv: {
    none: "Ingen liknande fråga har ställts.",
    states: {
      waiting: "väntar på godkännande",
      open: "besvaras",
      released: "besvarad",
      failed: "misslyckades",
      declined: "avslagen",
      expired: "löpte ut",
    },
  },
  en: {
    none: "No similar question has been asked.",
    states: {
      waiting: "waits for approval",
      open: "being answered",
      released: "answered",
      failed: "failed",
      declined: "declined",
      expired: "expired",
    },
  },
};

/** Queries looked at, the latest first. */
const MOST = 30;

export async function askedBefore() {
  const { queries } = await client("listQueries");
  return await Promise.all(
    queries.slice(0, MOST).map(async ({ id, title, state }) => {
      const { query } = await client("getQuery", { params: { id } });
      // Whoever serves it need not be believed: the id is the document's own hash.
      const own = envelopeId(query) === id ? payloadOrNull(Query, query) : null;
      return { id, title: own?.title ?? title, state, query: own };
    }),
  );
}

const nameOf = (ref: string): string => ref.split("@")[0] ?? ref;

/** Alike: of the same dataset, and with a measure in common where any is chosen. */
export function isAlike(query: Query | null, dataset: string, columns: readonly string[]): boolean {
  if (query === null || nameOf(query.dataset) !== nameOf(dataset)) return false;
  if (columns.length === 0) return true;
  return query.measures.some((measure) => {
    const text = JSON.stringify(measure);
    return columns.some((column) => text.includes(`"${column}"`));
  });
}

export function Similar({ draft }: { readonly draft: Draft }) {
  const say = useSay(SAY);
  const loaded = useLoaded("asked", askedBefore);
  const columns = draft.measures.flatMap((choice) => choice.split(" ")[1] ?? []);
  return (
    <Loaded of={loaded}>
      {(all) => {
        const alike = all.filter(({ query }) => isAlike(query, draft.dataset, columns));
        if (alike.length === 0) return <p class="quiet">{say.none}</p>;
        return (
          <ul class="list">
            {alike.slice(0, 6).map(({ id, title, state }) => (
              <li key={id}>
                <Link to="ask" query={{ q: id }}>
                  <span class="given">{title}</span>
                </Link>
                <span class="quiet">{say.states[state]}</span>
              </li>
            ))}
          </ul>
        );
      }}
    </Loaded>
  );
}
