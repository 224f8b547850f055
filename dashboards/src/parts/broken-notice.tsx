/** Stands above figures whose seal was found broken here: the number stays in the table, and is not to be used. */
import { SealMark } from "../charts/marks.tsx";
import { useSay } from "../language.ts";
import { Link } from "../router.tsx";
import { useChecked } from "./seal.tsx";

const SAY = {
  sv: {
    title: "Sigillet är brutet",
    text: "Använd inte siffran förrän felet är utrett.",
    see: "Se vad som inte stämmer",
  },
  en: {
    title: "The seal is broken",
    text: "Do not use this figure until the fault is explained.",
    see: "See what does not hold",
  },
};

export function Broken({ release, table }: { readonly release: string; readonly table: string }) {
  const say = useSay(SAY);
  const { state } = useChecked(`${release} ${table}`);
  if (state !== "broken") return null;
  return (
    <div class="banner" role="alert">
      <SealMark state="broken" size={48} />
      <div>
        <h2>{say.title}</h2>
        <p>
          {say.text}{" "}
          <Link to="seal" query={{ release, table }}>
            {say.see}
          </Link>
        </p>
      </div>
    </div>
  );
}
