/** Signing: the exact bytes, by a key that lives here, or as a file for the command line; or a file that was signed there. */
import { useState } from "preact/hooks";
import { writeAside } from "../../../../protocol/federation/aside.ts";
import type { Federation } from "../../../../protocol/federation/directory.ts";
import { rulesFor, ruleWords } from "../../../../protocol/question/approval.ts";
import { Envelope, envelopeId } from "../../../../protocol/signing/envelope.ts";
import { toHex, utf8 } from "../../../../protocol/values/bytes.ts";
import { parseJson } from "../../../../protocol/values/json.ts";
import { parseWith, Refusal } from "../../../../protocol/values/refusal.ts";
import { download } from "../../charts/save.ts";
import { useLanguage, useSay } from "../../language.ts";
import { Definitions } from "../../parts/definitions.tsx";
import { FileChoice } from "../../parts/file-choice.tsx";
import { KeyBox, type Signing } from "../../parts/key-box.tsx";
import { client, failureText } from "../../proof/federation.ts";
import { signDocumentWith } from "../../proof/keys.ts";
import { go, hrefOf } from "../../router.tsx";
import { type Draft, type Priced, queryOf } from "./draft.ts";

const SAY = {
  sv: {
    approvals: "Godkänns av",
    more: "Den som frågar räknas inte. Varje region kan kräva mer.",
    answer: "Svarstid",
    hours: (n: number) => `${n} timmar`,
    sign: "Signera och skicka",
    need: "Skriv en rubrik och ett syfte först.",
    file: "Ladda ned för att signera i en fil",
    signed: "Lämna in en fil som brus query sign har skrivit",
    wrong: "Filen är ingen signerad fråga.",
    sending: "Skickar …",
  },
  en: {
    approvals: "Approved by",
    more: "Whoever asks is not counted. Each region may ask for more.",
    answer: "Time to answer",
    hours: (n: number) => `${n} hours`,
    sign: "Sign and send",
    need: "Write a title and a purpose first.",
    file: "Download, to sign in a file",
    signed: "Hand in a file that brus query sign wrote",
    wrong: "The file is no signed question.",
    sending: "Sending …",
  },
};

/** How long approvers and regions have. */
const HOURS = 24;

const random = (bytes: number): string => toHex(crypto.getRandomValues(new Uint8Array(bytes)));

async function handIn(query: Envelope, aside: string | null): Promise<string> {
  await client("submitQuery", { body: query });
  if (aside !== null) await client("submitAside", { body: { text: aside } });
  return envelopeId(query);
}

/** What `brus query sign` has written: the signed question, and its purpose beside it. Null where it is no such file. */
function readSigned(text: string): { readonly query?: unknown; readonly aside?: unknown } | null {
  try {
    return parseJson(utf8(text)) as { query?: unknown; aside?: unknown };
  } catch {
    return null;
  }
}

/** The question as a file to sign: without what is bound when it is signed. */
function saveDraft({ title, purpose }: Draft, { query }: Priced): void {
  const { directory, requester, notBefore, expires, answerBy, nonce, ...rest } = query;
  download(
    "question.json",
    new Blob([JSON.stringify({ ...rest, title, purpose }, null, 2)], { type: "application/json" }),
  );
}

/** Signs a question with its purpose beside it, and hands both in. */
async function signIn(draft: Draft, federation: Federation, { known, held }: NonNullable<Signing>) {
  const aside = writeAside({ of: "purpose", salt: random(32), text: draft.purpose.trim() });
  const query = queryOf(draft, federation, {
    requester: known.person.id,
    purpose: aside.id,
    nonce: random(16),
    now: new Date(),
    hours: HOURS,
  });
  return await handIn(await signDocumentWith("query", query, held), aside.text);
}

/** Hands in, says how it goes, and goes to the question once it is there. */
function useHandingIn() {
  const say = useSay(SAY);
  const language = useLanguage();
  const [status, set] = useState("");
  const run = async (work: () => Promise<string>) => {
    set(say.sending);
    try {
      const id = await work();
      set("");
      go(hrefOf(language, "ask", "", { q: id }));
    } catch (error) {
      set(failureText(error, language));
    }
  };
  return { status, set, run };
}

export function Sign({
  federation,
  draft,
  found,
}: {
  readonly federation: Federation;
  readonly draft: Draft;
  readonly found: Priced | Refusal;
}) {
  const say = useSay(SAY);
  const [signing, setSigning] = useState<Signing>(null);
  const { status, set, run } = useHandingIn();
  const written = draft.title.trim() !== "" && draft.purpose.trim() !== "";
  const ready = signing !== null && written && !(found instanceof Refusal);
  const sign = () =>
    run(async () => {
      if (signing === null) throw new RangeError("expected a key");
      return await signIn(draft, federation, signing);
    });
  const take = async (text: string) => {
    const file = readSigned(text);
    if (file === null) return set(say.wrong);
    const aside = typeof file.aside === "string" ? file.aside : null;
    await run(async () => await handIn(parseWith(Envelope, file.query, "query"), aside));
  };
  const save = () => {
    if (!(found instanceof Refusal)) saveDraft(draft, found);
  };
  const language = useLanguage();
  const rules = rulesFor(draft, federation.directory.approvalRules);
  return (
    <>
      <KeyBox federation={federation} purpose="ask" onSigning={setSigning} />
      <Definitions
        rows={[
          [say.approvals, [...rules.map((rule) => `${ruleWords(rule, language)}.`), say.more].join(" ")],
          [say.answer, say.hours(HOURS)],
        ]}
      />
      <div class="acts">
        <button type="button" class="btn" disabled={!ready} onClick={() => void sign()}>
          {say.sign}
        </button>
        <button type="button" class="linklike" onClick={save}>
          {say.file}
        </button>
        <FileChoice label={say.signed} onText={(text) => void take(text)} />
      </div>
      <p role="status">{status !== "" ? status : written ? "" : say.need}</p>
    </>
  );
}
