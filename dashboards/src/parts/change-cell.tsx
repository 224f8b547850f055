/** What a change over all periods comes to: its verdict and size; or that no line says it. */
import type { Change, OverviewIndicator } from "../../../publication/overview.ts";
import { toneOf, Verdict } from "../charts/marks.tsx";
import { useLanguage, useSay } from "../language.ts";
import { changeText } from "../sentences.ts";

const SAY = {
  sv: { bent: "Ändringen följer ingen rak linje" },
  en: { bent: "The change does not follow a straight line" },
};

export function ChangeCell({ of, change }: { readonly of: OverviewIndicator; readonly change: Change }) {
  const say = useSay(SAY);
  const language = useLanguage();
  if (!change.line) return <span class="quiet">{say.bent}</span>;
  return (
    <>
      <Verdict tone={toneOf(change.verdict)} />
      <span class="num quiet">{changeText(of, change, language)}</span>
    </>
  );
}
