import { useSay } from "../language.ts";

/** Stands above the figure on views of suicide; cannot be put away. */
export function HelpLine() {
  const text = useSay({
    sv: "Har du tankar på att ta ditt liv? Ring eller chatta med Självmordslinjen, 90101, dygnet runt. Är det akut, ring 112.",
    en: "Are you thinking of taking your life? Call Självmordslinjen, 90101, day or night. In an emergency, call 112.",
  });
  return <p class="notice help">{text}</p>;
}
