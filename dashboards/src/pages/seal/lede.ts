/** What a seal's check says in a sentence or two. */
import type { Language } from "../../../../protocol/values/language.ts";
import { figure } from "../../language.ts";
import type { ShownSeal } from "../../proof/messages.ts";
import { pinned } from "../../proof/run.ts";
import type { Check } from "./check.ts";
import type { Beside } from "./head.tsx";
import { SAY } from "./words.ts";

/** The steps that fail. */
export const failedIn = ({ result }: Check): ShownSeal["steps"] =>
  result?.kind === "seal" ? result.seal.steps.filter(({ state }) => state === "fails") : [];

/** What the check says in a sentence or two. */
export function ledeOf(check: Check, beside: Beside | null, language: Language): string {
  const say = SAY[language];
  const { result, state, progress } = check;
  switch (state) {
    case "checked":
      return say.holdsText;
    case "digest":
      return say.digestText;
    case "broken": {
      const value = beside?.shown.value ?? null;
      const text = beside === null || value === null ? "" : figure(beside.view.indicator, value, language);
      return say.brokenText(failedIn(check).length, text);
    }
    case "checking":
      return say.checkingText(progress[0], progress[1]);
    case "unchecked":
      return say.unreadText;
    case "unread":
      if (result?.kind !== "failed" || result.code === "unavailable") return say.unreadText;
      if (result.code === "release-unknown") return say.unknownText;
      return pinned() === null ? say.unreadText : say.otherText;
  }
}
