/** What went wrong, in words for people: what was expected, and how to go on. */
import type { Language } from "../../../protocol/values/language.ts";
import { Refusal, type RefusalCode } from "../../../protocol/values/refusal.ts";

/** How to go on, in Swedish, after what a person who asks, approves or audits can meet. In English: `protocol/values/refusal.ts`. */
const REFUSED_SV: Readonly<Partial<Record<RefusalCode, string>>> = {
  "schema-mismatch": "Det har inte den form som väntades. Gör om det, eller ta in rätt fil.",
  "too-large": "Det är för stort. Skicka mindre åt gången.",
  "signature-invalid": "Signaturen stämmer inte. Signera igen med en nyckel som förteckningen nämner.",
  "key-unknown": "Förteckningen känner inte nyckeln. Använd en annan, eller begär att den registreras.",
  "key-wrong-purpose": "Nyckeln är till för något annat. En nyckel har ett ändamål: använd den rätta.",
  "key-revoked": "Nyckeln är återkallad. Signera med en som gäller.",
  "key-not-in-force": "Nyckeln gäller inte nu. Be den som håller förteckningen att förnya den.",
  "signing-failed":
    "Kommandot som signerar gav ingen signatur. Se över det och försök igen; inget har skickats.",
  "role-missing": "Du har inte den rollen. Be om den, eller be någon som har den.",
  "directory-unknown":
    "Frågan är bunden till en annan förteckning. Jämför avtrycket med det du fått på papper; ta det aldrig från samordnaren. Gäller en nyare version signeras frågan på nytt.",
  "directory-expired": "Förteckningen har upphört att gälla. En ny version måste publiceras.",
  "dataset-unknown": "Datamängden eller dess version finns inte. Välj en av dem som förteckningen nämner.",
  "column-unknown": "Kolumnen finns inte. Välj en som datamängden har.",
  "column-unfit": "Kolumnen kan inte användas så. Välj en annan.",
  "value-unknown": "Värdet är inte ett av kolumnens. Välj bland dem som finns.",
  "period-unfit": "Perioden går inte att fråga om. Välj avslutade perioder, var och en en gång.",
  "region-unknown":
    "Regionerna räcker inte eller finns inte. Välj aktiva regioner, minst så många som måste svara.",
  "roster-unfit": "Regionerna passar inte en utgåva för riket. Välj fler, eller kräv färre svar.",
  "answer-too-long": "Svaret skulle bli för långt. Fråga om färre celler eller perioder.",
  "rho-out-of-range": "Priset går inte att betala. Välj ett ρ över 0 inom datamängdens budget.",
  "query-expired": "Frågan har löpt ut. Signera en ny.",
  "query-unknown": "Det finns ingen sådan fråga.",
  "approval-unfit": "Beslutet räknas inte. Någon annan än den som frågar måste besluta.",
  "query-declined": "Frågan är avslagen. Tala med den som avslog, och signera en annan.",
  "budget-exceeded": "Budgeten räcker inte. Fråga med ett mindre ρ eller om andra perioder.",
  "answered-before": "Begäran är redan besvarad, och besvaras en gång. Signera en ny.",
  "release-unknown": "Det finns ingen sådan utgåva.",
  "clock-skew": "Den angivna tiden är för långt från nu. Ställ klockan och försök igen.",
  "daily-limit": "Du har lämnat in för mycket på ett dygn. Vänta till nästa dygn (UTC).",
  "rate-limited": "För många anrop på kort tid. Vänta en stund.",
};

const FAILED = {
  sv: {
    unavailable: "Inget svar just nu. Vänta en stund, och se efter om något kom fram innan du försöker igen.",
    unexpected:
      "Något gick fel i sidan. Ladda om den, och se efter om något kom fram innan du försöker igen.",
    unproved:
      "Det är inlämnat, men det är inte visat att det står i loggen. Se efter om en stund. Blir det inte så: säg till regionerna och granskarna, för det som inte står i loggen binder ingen.",
    refused: "Det gick inte",
  },
  en: {
    unavailable: "No answer just now. Wait a while, and look whether anything arrived before you try again.",
    unexpected: "The page went wrong. Load it again, and look whether anything arrived before you try again.",
    unproved:
      "It is handed in, but not shown to stand in the log. Look again in a while. If it stays so, tell the regions and the auditors: what is not in the log binds nobody.",
    refused: "It did not work",
  },
};

/** What went wrong, for people, and how to go on; never more than is known of what arrived. A refusal says what was expected. */
export function failureText(error: unknown, language: Language): string {
  const say = FAILED[language];
  if (!(error instanceof Refusal)) return say.unexpected;
  const { code, message, advice } = error;
  if (code === "unavailable") return say.unavailable;
  if (code === "not-recorded") return say.unproved;
  const sentence = language === "sv" ? REFUSED_SV[code] : advice;
  return `${say.refused} (${code}): ${message}.${sentence === undefined ? "" : ` ${sentence}`}`;
}
