/** What a person's year comes to, in the words that every page and every command says it in. */
import type { Meaning } from "../protocol/privacy/meaning.ts";
import type { Language } from "../protocol/values/language.ts";

/** Rounded up, so that no less is said than is so. */
function up(value: number, decimals: number, language: Language): string {
  const scale = 10 ** decimals;
  const text = String(Math.ceil(value * scale - 1e-9) / scale);
  return language === "sv" ? text.replace(".", ",") : text;
}

const SAY = {
  sv: {
    means: (rho: string, epsilon: string, delta: number, right: number) =>
      `ρ = ${rho} (ε = ${epsilon} vid δ = ${delta}). Den som visste allt annat, och av allt detta gissade om en viss människa är med, skulle få rätt högst ${right} gånger av 100. Den som singlar slant får rätt 50.`,
    twice: "Den som har rader i två regioner har det två gånger om, och på fem år fem gånger om.",
  },
  en: {
    means: (rho: string, epsilon: string, delta: number, right: number) =>
      `ρ = ${rho} (ε = ${epsilon} at δ = ${delta}). Whoever knew everything else, and guessed from all of it whether a certain person is in it, would be right at most ${right} times in 100. Whoever tosses a coin is right 50.`,
    twice: "A person with rows in two regions has it twice, and over five years five times.",
  },
} as const;

/** ρ, (ε, δ), and how much better than a coin an all-knowing guesser could do. */
export const meaningText = ({ rho, epsilon, delta, right }: Meaning, language: Language): string =>
  SAY[language].means(up(rho, rho < 0.1 ? 4 : 2, language), up(epsilon, 1, language), delta, right);

/** What is said beside it: it is one region's and one year's. */
export const twiceText = (language: Language): string => SAY[language].twice;
