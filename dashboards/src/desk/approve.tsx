/** Approving at a desk: what waits, and two equal answers, each read as the desk reads it before it is signed. */
import { useState } from "preact/hooks";
import { isMet } from "../../../protocol/federation/approvals.ts";
import type { Approval } from "../../../protocol/question/approval.ts";
import { Refusal } from "../../../protocol/values/refusal.ts";
import type { Wanted } from "../../../protocol/wire/desk.ts";
import { useLoaded } from "../data.ts";
import type { Decisions } from "../decisions.ts";
import { moment, useLanguage, useSay } from "../language.ts";
import { Waiting, type Waits } from "../pages/approve.tsx";
import { Heading, Loaded, Section } from "../parts/shell.tsx";
import { federation as loadFederation } from "../proof/federation.ts";
import { handInDecision } from "./hand-in.ts";
import { KeyBox, type Signing } from "./key-box.tsx";
import type { DeskPageProps } from "./page.ts";
import { ReadAndSign } from "./read-and-sign.tsx";

const SAY = {
  sv: {
    title: "Godkänn frågor",
    lede: "Du läser frågan, syftet och priset, och svarar med din signatur. Det du beslutar står i loggen för alltid, med dina skäl.",
    key: "Din nyckel",
    conditions: "Villkor, om du har några. Ett per rad; de står i loggen.",
    reason: "Skäl. Krävs för att avslå; står i loggen för alla och för alltid.",
    approve: "Godkänn",
    decline: "Avslå",
    needReason: "Skriv varför du avslår.",
    needKey: "Det går inte att besluta utan en nyckel som förteckningen känner.",
    own: "Du ställde frågan själv, och ditt beslut räknas inte.",
    done: (until: string) => `Ditt beslut är inlämnat och står i loggen. Det gäller till ${until}.`,
  },
  en: {
    title: "Approve questions",
    lede: "You read the question, its purpose and its price, and answer with your signature. What you decide stands in the log for ever, with your reasons.",
    key: "Your key",
    conditions: "Conditions, if you have any. One a line; they stand in the log.",
    reason: "Reason. Needed to decline; it stands in the log for everyone and for ever.",
    approve: "Approve",
    decline: "Decline",
    needReason: "Write why you decline.",
    needKey: "You cannot decide without a key that the directory knows.",
    own: "You asked the question yourself, and your decision does not count.",
    done: (until: string) => `Your decision is handed in and stands in the log. It counts until ${until}.`,
  },
};

export function page({ desk }: DeskPageProps) {
  const say = useSay(SAY);
  const [signing, setSigning] = useState<Signing>(null);
  const loaded = useLoaded("federation of keys", () => loadFederation(desk.directory1));
  return (
    <>
      <Heading title={say.title}>
        <p>{say.lede}</p>
      </Heading>
      <Section title={say.key}>
        <Loaded of={loaded}>
          {(federation) => (
            <KeyBox federation={federation} desk={desk} purpose="approve" onSigning={setSigning} />
          )}
        </Loaded>
      </Section>
      <Waiting directory1={desk.directory1}>{(waits) => <Decide {...waits} signing={signing} />}</Waiting>
    </>
  );
}

/** In which of a person's roles to decide: one that is still asked for, else any that a rule asks for. */
function roleFor({ roles }: { readonly roles: readonly string[] }, decisions: Decisions | Refusal): string {
  const rules = decisions instanceof Refusal ? [] : decisions.floor.rules;
  const lacking = rules.filter((count) => !isMet(count));
  const wanted = [...lacking, ...rules].map(({ rule }) => rule.role);
  return wanted.find((role) => roles.includes(role)) ?? "approver";
}

/** What was written beside a decision. */
type Remarks = { readonly conditions: string; readonly reason: string };

const wantedOf = (
  { id, decisions }: Waits,
  { publicKey, known }: NonNullable<Signing>,
  decision: Approval["decision"],
  { conditions, reason }: Remarks,
): Wanted => ({
  kind: "approval",
  key: publicKey,
  query: id,
  decision,
  role: roleFor(known.person, decisions),
  conditions: conditions
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== ""),
  ...(reason.trim() === "" ? {} : { reason: reason.trim() }),
});

function Decide({ signing, ...waits }: Waits & { readonly signing: Signing }) {
  const say = useSay(SAY);
  const language = useLanguage();
  const [status, set] = useState("");
  const [remarks, write] = useState<Remarks>({ conditions: "", reason: "" });
  const [wanted, want] = useState<Wanted | null>(null);
  const own = signing?.known.person.id === waits.query.requester;
  const decide = (decision: Approval["decision"]) => {
    if (signing === null) return;
    if (decision === "decline" && remarks.reason.trim() === "") return set(say.needReason);
    set("");
    want(wantedOf(waits, signing, decision, remarks));
  };
  if (wanted !== null && signing !== null)
    return (
      <ReadAndSign
        wanted={wanted}
        signing={signing}
        onCancel={() => want(null)}
        onSigned={async (envelope) => {
          const until = await handInDecision(waits.federation, envelope);
          want(null);
          set(say.done(moment(until, language)));
          waits.look();
        }}
      />
    );
  return (
    <div>
      {(["conditions", "reason"] as const).map((name) => (
        <label key={name} class="f">
          {say[name]}
          <textarea
            rows={2}
            value={remarks[name]}
            onInput={(event) => write({ ...remarks, [name]: event.currentTarget.value })}
          />
        </label>
      ))}
      <p class="acts">
        {(["approve", "decline"] as const).map((decision) => (
          <button
            key={decision}
            type="button"
            class="btn plain"
            disabled={signing === null || own}
            onClick={() => decide(decision)}
          >
            {say[decision]}
          </button>
        ))}
      </p>
      <p role="status">{status !== "" ? status : own ? say.own : signing === null ? say.needKey : ""}</p>
    </div>
  );
}
