/** Asking at a desk: composed here, or handed over from elsewhere, which is read in full before it is anybody's. */
import { useEffect, useState } from "preact/hooks";
import type { Federation } from "../../../protocol/federation/directory.ts";
import { Refusal } from "../../../protocol/values/refusal.ts";
import type { DeskState, Readied } from "../../../protocol/wire/desk.ts";
import { useLoaded } from "../data.ts";
import { useLanguage, useSay } from "../language.ts";
import { Asking } from "../pages/ask/ask.tsx";
import type { Composed } from "../pages/ask/draft.ts";
import { handedOver, questionFrom, questionIn } from "../pages/ask/handed-over.ts";
import { Rules } from "../pages/ask/rules.tsx";
import { FileChoice } from "../parts/file-choice.tsx";
import { Heading, Loaded, Section } from "../parts/shell.tsx";
import { federation as loadFederation } from "../proof/federation.ts";
import { failureText } from "../proof/refusal-words.ts";
import { go, hrefOf } from "../router.tsx";
import { handInQuestion } from "./hand-in.ts";
import { KeyBox, type Signing } from "./key-box.tsx";
import type { DeskPageProps } from "./page.ts";
import { ReadAndSign } from "./read-and-sign.tsx";
import { readied } from "./session.ts";
import { ShownDocument } from "./shown.tsx";

const SAY = {
  sv: {
    sign: "Signera",
    signHelp:
      "När du har signerat kan frågan inte ändras. Godkänns den inte i tid svaras den inte, och inget debiteras.",
    read: "Läs det du signerar",
    need: "Skriv en rubrik och ett syfte först.",
    title: "En fråga att signera",
    crumb: "Överlämnad",
    lede: "Frågan kommer någon annanstans ifrån, och den som gjorde länken eller filen har valt allt i den. Nedan står vad den är, ur din signeringsplats egen förteckning. Läs allt: är något inte vad du ville fråga, signera inte.",
    asked: "Frågan",
    unread: "Det som lämnades över är ingen fråga som kan ställas.",
    file: "Ta in en fråga som fil",
    own: "Ställ en egen fråga i stället",
  },
  en: {
    sign: "Sign",
    signHelp:
      "Once you have signed, the question cannot be changed. If it is not approved in time it is not answered, and nothing is charged.",
    read: "Read what you sign",
    need: "Write a title and a purpose first.",
    title: "A question to sign",
    crumb: "Handed over",
    lede: "The question comes from elsewhere, and whoever made the link or the file chose all of it. Below stands what it is, by your desk's own directory. Read it all: if anything is not what you meant to ask, do not sign.",
    asked: "The question",
    unread: "What was handed over is no question that can be asked.",
    file: "Take in a question as a file",
    own: "Ask a question of your own instead",
  },
};

/** The key, then what is signed with it, once it is asked for. */
function SignQuestion({
  federation,
  desk,
  question,
}: {
  readonly federation: Federation;
  readonly desk: DeskState;
  readonly question: unknown;
}) {
  const say = useSay(SAY);
  const language = useLanguage();
  const [signing, setSigning] = useState<Signing>(null);
  const [draft, open] = useState<unknown>(null);
  return (
    <Section title={say.sign} help={<p>{say.signHelp}</p>}>
      <KeyBox federation={federation} desk={desk} purpose="ask" onSigning={setSigning} />
      {draft === null || signing === null ? (
        <>
          <p class="acts">
            <button
              type="button"
              class="btn"
              disabled={question === null || signing === null}
              onClick={() => open(question)}
            >
              {say.read}
            </button>
          </p>
          <p role="status">{question === null ? say.need : ""}</p>
        </>
      ) : (
        <ReadAndSign
          wanted={{ kind: "query", key: signing.publicKey, draft }}
          signing={signing}
          onCancel={() => open(null)}
          onSigned={async (envelope, aside) => {
            const id = await handInQuestion(federation, envelope, aside);
            go(hrefOf(language, "ask", "", { q: id }));
          }}
        />
      )}
    </Section>
  );
}

/** What was handed over, read by the desk before anyone signs: or why it is none. */
function Read({ question }: { readonly question: unknown }) {
  const say = useSay(SAY);
  const language = useLanguage();
  const loaded = useLoaded("handed", async (): Promise<Readied | Refusal> => {
    try {
      return await readied({ kind: "query", key: null, draft: question });
    } catch (error) {
      if (error instanceof Refusal) return error;
      throw error;
    }
  });
  return (
    <Loaded of={loaded}>
      {(found) =>
        found instanceof Refusal ? (
          <p role="alert">
            {say.unread} {failureText(found, language)}
          </p>
        ) : (
          <ShownDocument shown={found.shown} />
        )
      }
    </Loaded>
  );
}

function HandedOver({
  desk,
  question,
  onOwn,
}: DeskPageProps & { readonly question: unknown; readonly onOwn: () => void }) {
  const say = useSay(SAY);
  const loaded = useLoaded("federation", () => loadFederation(desk.directory1));
  return (
    <>
      <Heading title={say.title} crumb={say.crumb}>
        <p>{say.lede}</p>
        <p class="small">
          <button type="button" class="linklike" onClick={onOwn}>
            {say.own}
          </button>
        </p>
      </Heading>
      <Section title={say.asked}>
        <Read question={question} />
      </Section>
      <Loaded of={loaded}>
        {(federation) => <SignQuestion federation={federation} desk={desk} question={question} />}
      </Loaded>
    </>
  );
}

export function page({ desk, query }: DeskPageProps) {
  const say = useSay(SAY);
  const [given, give] = useState<unknown>(() => questionIn(location.hash));
  useEffect(() => {
    const led = () => give(questionIn(location.hash));
    addEventListener("hashchange", led);
    return () => removeEventListener("hashchange", led);
  }, []);
  if (given !== null && query.get("q") === null)
    return (
      <HandedOver
        key={JSON.stringify(given)}
        desk={desk}
        query={query}
        question={given}
        onOwn={() => give(null)}
      />
    );
  const finish = ({ federation, draft, found }: Composed) => {
    const written = draft.title.trim() !== "" && draft.purpose.trim() !== "";
    const question = found instanceof Refusal || !written ? null : handedOver(draft, found);
    return (
      <>
        <SignQuestion federation={federation} desk={desk} question={question} />
        <Rules federation={federation} draft={draft} />
        <FileChoice label={say.file} onText={(text) => give(questionFrom(text) ?? {})} />
      </>
    );
  };
  return (
    <Asking directory1={desk.directory1} query={query}>
      {finish}
    </Asking>
  );
}
