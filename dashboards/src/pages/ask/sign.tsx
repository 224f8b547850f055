/** Signing: the exact bytes, by a key that lives here, or as a file for the command line; or a file that was signed there. */
import { useState } from "preact/hooks";
import { rulesFor } from "../../../../protocol/federation/approvals.ts";
import { writeAside } from "../../../../protocol/federation/aside.ts";
import type { Federation } from "../../../../protocol/federation/directory.ts";
import { Envelope, envelopeId } from "../../../../protocol/signing/envelope.ts";
import { toHex, utf8 } from "../../../../protocol/values/bytes.ts";
import { parseJson } from "../../../../protocol/values/json.ts";
import { parseWith, Refusal } from "../../../../protocol/values/refusal.ts";
import { download } from "../../charts/save.ts";
import { useLanguage, useSay } from "../../language.ts";
import { KeyBox, type Signing } from "../../parts/key-box.tsx";
import { client, failureText } from "../../proof/federation.ts";
import { sealWith } from "../../proof/keys.ts";
import { go, hrefOf } from "../../router.tsx";
import { type Draft, type Priced, queryOf } from "./draft.ts";

const SAY = {
  sv: {
    approvals: "Godkänns av",
    rule: (n: number, role: string) =>
      `${n} ${n === 1 ? "person" : "personer"} (${role}) som inte ställde frågan. Varje region kan kräva mer.`,
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
    rule: (n: number, role: string) =>
      `${n} ${n === 1 ? "person" : "persons"} (${role}) who did not ask. Each region may ask for more.`,
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
  const language = useLanguage();
  const [signing, setSigning] = useState<Signing>(null);
  const [status, set] = useState("");
  const written = draft.title.trim() !== "" && draft.purpose.trim() !== "";
  const ready = signing !== null && written && !(found instanceof Refusal);
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
  const sign = () =>
    run(async () => {
      if (signing === null) throw new RangeError("expected a key");
      const aside = writeAside({ of: "purpose", salt: random(32), text: draft.purpose.trim() });
      const bound = {
        requester: signing.known.person.id,
        purpose: aside.id,
        nonce: random(16),
        now: new Date(),
        hours: HOURS,
      };
      return await handIn(
        await sealWith("query", queryOf(draft, federation, bound), signing.held),
        aside.text,
      );
    });
  const take = async (event: Event) => {
    const input = event.currentTarget as HTMLInputElement;
    const text = await input.files?.[0]?.text();
    input.value = "";
    if (text === undefined) return;
    let file: { query?: unknown; aside?: unknown };
    try {
      file = parseJson(utf8(text)) as { query?: unknown; aside?: unknown };
    } catch {
      set(say.wrong);
      return;
    }
    await run(
      async () =>
        await handIn(
          parseWith(Envelope, file.query, "query"),
          typeof file.aside === "string" ? file.aside : null,
        ),
    );
  };
  const save = () => {
    if (found instanceof Refusal) return;
    const {
      directory: _,
      requester: __,
      notBefore: ___,
      expires: ____,
      answerBy: _____,
      nonce: ______,
      ...rest
    } = found.query;
    download(
      "question.json",
      new Blob([JSON.stringify({ ...rest, title: draft.title, purpose: draft.purpose }, null, 2)], {
        type: "application/json",
      }),
    );
  };
  const rules = rulesFor(draft, federation.directory.approvalRules);
  return (
    <>
      <KeyBox federation={federation} purpose="ask" onSigning={setSigning} />
      <dl class="def">
        <div>
          <dt>{say.approvals}</dt>
          <dd>{rules.map(({ persons, role }) => say.rule(persons, role)).join(" ")}</dd>
        </div>
        <div>
          <dt>{say.answer}</dt>
          <dd>{say.hours(HOURS)}</dd>
        </div>
      </dl>
      <div class="acts">
        <button type="button" class="btn" disabled={!ready} onClick={() => void sign()}>
          {say.sign}
        </button>
        <button type="button" class="linklike" onClick={save}>
          {say.file}
        </button>
        <label class="f">
          {say.signed}
          <input type="file" accept="application/json,.json" onChange={(event) => void take(event)} />
        </label>
      </div>
      <p role="status">{status !== "" ? status : written ? "" : say.need}</p>
    </>
  );
}
