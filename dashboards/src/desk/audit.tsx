/** Auditing at a desk: a release by its id, checked from the coordinator's files as this desk's own pages check them. */
import { useLanguage, useSay } from "../language.ts";
import { useCheck } from "../pages/seal/check.ts";
import { SealHead } from "../pages/seal/head.tsx";
import { ledeOf } from "../pages/seal/lede.ts";
import { Steps } from "../pages/seal/steps.tsx";
import { SAY as SEAL } from "../pages/seal/words.ts";
import { Heading, Section } from "../parts/shell.tsx";
import { change } from "../router.tsx";
import { Auditor } from "./auditor.tsx";
import type { DeskPageProps } from "./page.ts";

const SAY = {
  sv: {
    title: "Granska en utgåva",
    lede: "Alla sju steg prövas här, av signeringsplatsens egen kod och ur den förteckning som den startades med. Den som står som granskare kan också räkna om en nationell utgåvas summa ur de maskade svaren.",
    release: "Utgåvans avtryck, som det står i sigillet",
    check: "Pröva",
  },
  en: {
    title: "Audit a release",
    lede: "All seven steps are checked here, by the desk's own code and from the directory that it was started with. Whoever is an auditor can also add a national release's sum up anew, from the masked answers.",
    release: "The release's hash, as the seal says it",
    check: "Check",
  },
};

export function page({ desk, query }: DeskPageProps) {
  const say = useSay(SAY);
  const release = query.get("release") ?? "";
  if (/^sha256:[0-9a-f]{64}$/.test(release))
    return <Checked key={release} release={release} desk={desk} query={query} />;
  const use = (event: Event) => {
    event.preventDefault();
    const given = new FormData(event.currentTarget as HTMLFormElement).get("release");
    change({ release: String(given ?? "").trim() });
  };
  return (
    <>
      <Heading title={say.title}>
        <p>{say.lede}</p>
      </Heading>
      <form class="inline" onSubmit={use}>
        <label class="f grow">
          {say.release}
          <input name="release" type="text" class="mono" pattern="sha256:[0-9a-f]{64}" required />
        </label>
        <button type="submit" class="btn">
          {say.check}
        </button>
      </form>
    </>
  );
}

/** No figure of a page stands beside it: it is of the release alone. */
const NO_TABLE = new URLSearchParams();

function Checked({ release, desk }: DeskPageProps & { readonly release: string }) {
  const say = useSay(SEAL);
  const language = useLanguage();
  const check = useCheck(release, NO_TABLE, desk.directory1);
  const { result, state } = check;
  const lede = ledeOf(check, null, language);
  return (
    <>
      <SealHead release={release} check={check} lede={lede} beside={null} names={(code) => code} />
      <Section title={say.chain} help={<p>{say.chainHelp}</p>}>
        {result?.kind === "seal" ? (
          <Steps seal={result.seal} figure={result.figure} view={null} />
        ) : (
          <p class="quiet">{lede}</p>
        )}
      </Section>
      {state === "digest" && (
        <Section title={say.auditor} help={<p>{say.auditorHelp}</p>}>
          <Auditor desk={desk} release={release} onRequest={check.give} />
        </Section>
      )}
      <Section title={say.not}>
        <p class="notice">{say.notText}</p>
      </Section>
    </>
  );
}
