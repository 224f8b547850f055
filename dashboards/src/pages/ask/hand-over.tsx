/** A question that is composed is handed over: to a desk or the command line, to be signed there; or one comes back signed. */
import { useState } from "preact/hooks";
import { Envelope, envelopeId } from "../../../../protocol/signing/envelope.ts";
import { parseWith, Refusal } from "../../../../protocol/values/refusal.ts";
import { download } from "../../charts/save.ts";
import { useLanguage, useSay } from "../../language.ts";
import { FileChoice } from "../../parts/file-choice.tsx";
import { OldKeys } from "../../parts/old-keys.tsx";
import { DeskLink } from "../../parts/your-desk.tsx";
import { client } from "../../proof/federation.ts";
import { failureText } from "../../proof/refusal-words.ts";
import { go, hrefOf } from "../../router.tsx";
import type { Composed } from "./draft.ts";
import { handedOver, markOf, questionFrom } from "./handed-over.ts";
import { Rules } from "./rules.tsx";

const SAY = {
  sv: {
    open: "Öppna på din signeringsplats",
    need: "Skriv en rubrik och ett syfte först.",
    long: "Frågan är för lång för en länk. Ladda ned den och öppna filen på din signeringsplats.",
    file: "Ladda ned frågan",
    signed: "Lämna in en fil som brus query sign har skrivit",
    wrong: "Filen är ingen signerad fråga.",
    sending: "Skickar …",
  },
  en: {
    open: "Open at your desk",
    need: "Write a title and a purpose first.",
    long: "The question is too long for a link. Download it and open the file at your desk.",
    file: "Download the question",
    signed: "Hand in a file that brus query sign wrote",
    wrong: "The file is no signed question.",
    sending: "Sending …",
  },
};

async function handIn(query: Envelope, aside: string | null): Promise<string> {
  await client("submitQuery", { body: query });
  if (aside !== null) await client("submitAside", { body: { text: aside } });
  return envelopeId(query);
}

/** A file that was signed elsewhere: handed in as it is, and then one is where the question is. */
function HandIn() {
  const say = useSay(SAY);
  const language = useLanguage();
  const [status, set] = useState("");
  const take = async (text: string) => {
    const file = questionFrom(text) as { query?: unknown; aside?: unknown } | null;
    if (file === null) return set(say.wrong);
    set(say.sending);
    try {
      const aside = typeof file.aside === "string" ? file.aside : null;
      const id = await handIn(parseWith(Envelope, file.query, "query"), aside);
      set("");
      go(hrefOf(language, "ask", "", { q: id }));
    } catch (error) {
      set(failureText(error, language));
    }
  };
  return (
    <>
      <FileChoice label={say.signed} onText={(text) => void take(text)} />
      <p role="status">{status}</p>
    </>
  );
}

export function HandOver({ federation, draft, found }: Composed) {
  const say = useSay(SAY);
  const written = draft.title.trim() !== "" && draft.purpose.trim() !== "";
  const question = found instanceof Refusal || !written ? null : handedOver(draft, found);
  const mark = question === null ? null : markOf(question);
  const save = () =>
    download("question.json", new Blob([JSON.stringify(question, null, 2)], { type: "application/json" }));
  return (
    <>
      <Rules federation={federation} draft={draft} />
      <div class="acts">
        {mark === null ? (
          <button type="button" class="btn" disabled>
            {say.open}
          </button>
        ) : (
          <DeskLink to="ask" mark={mark} class="btn">
            {say.open}
          </DeskLink>
        )}
        <button type="button" class="linklike" disabled={question === null} onClick={save}>
          {say.file}
        </button>
      </div>
      <p role="status">{question === null ? say.need : mark === null ? say.long : ""}</p>
      <HandIn />
      <OldKeys />
    </>
  );
}
