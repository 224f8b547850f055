import { HELP_LINE, needsHelpLine } from "../../../publication/help-line.ts";
import { useLanguage } from "../language.ts";

/** Stands above the figures where those of suicide are among them; cannot be put away. */
export function HelpLine({ of }: { readonly of: Parameters<typeof needsHelpLine>[0] }) {
  const language = useLanguage();
  return needsHelpLine(of) ? <p class="notice help">{HELP_LINE[language]}</p> : null;
}
