/** The words of the seal's page. */
export const SAY = {
  sv: {
    holds: "Sigillet håller",
    digest: "Sigillet håller mot avtryck",
    broken: "Sigillet är brutet",
    unread: "Sigillet är inte prövat",
    checking: "Sigillet prövas",
    holdsText:
      "Din webbläsare har själv prövat alla sju steg, från frågan till de regioner som vittnar om loggen. Det vilar på två ting: förteckningens avtryck, som du jämför med det tryckta, och den här sidans kod.",
    digestText:
      "Din webbläsare har prövat allt utom att summan är summan av regionernas delar. De är maskerade, och bara förteckningens granskare har dem. Summan är prövad mot sitt avtryck.",
    brokenText: (n: number, text: string) =>
      `${n === 1 ? "Ett steg" : `${n} steg`} av sju stämmer inte. Använd inte siffran ${text} förrän felet är utrett.`,
    figureText: "Siffran på sidan är inte den som står i den signerade utgåvan.",
    unreadText:
      "Delar av loggen kunde inte hämtas just nu. Det säger inget om siffran. Försök igen om en stund.",
    otherText:
      "Den förteckning som du har angett är inte den här loggens. Inget av loggen kan tros på förrän de stämmer.",
    unknownText: "Utgåvan finns inte i den här loggen.",
    checkingText: (done: number, of: number) =>
      of === 0 ? "Läser loggen …" : `Läser loggen: rad ${done} av ${of} …`,
    release: "Utgåva",
    checked: "Prövat",
    asOf: "Gäller per",
    time: "Tid",
    seconds: "sekunder",
    chain: "Beviskedjan",
    chainHelp: "Varje steg kan öppnas ned till de byte som prövats.",
    root: (hash: string) =>
      `Utgångspunkten är förteckningen över deltagare, version 1, ${hash}. Den följer med sidan: jämför den med den tryckta, eller ange den själv nedan.`,
    code: "Koden som prövar kommer från samma server som siffrorna. Vilken den ska vara står i förteckningen, som ett avtryck av alla skript och stilmallar. Det kan en sida inte pröva om sig själv: brus pages check gör det, och på en signeringsplats (brus desk) körs din egen kod.",
    yours: "Den du själv har angett gäller i stället.",
    pin: "Ange förteckningens avtryck själv",
    pinned: "sha256:…",
    use: "Använd",
    forget: "Glöm",
    again: "Pröva igen",
    receipt: "Ladda ned bevisen",
    auditor: "För granskare",
    auditorHelp:
      "Den som står som granskare i förteckningen kan räkna om summan ur de maskade svaren, på sin signeringsplats (brus desk) eller med brus query recompute. Begäran signeras där, och står i loggen.",
    atDesk: "Räkna om på din signeringsplats",
    before: "Pröva en annan utgåva:",
    not: "Vad sigillet inte visar",
    notText:
      "Sigillet visar att siffran är summan av vad regionerna svarade, att frågan var godkänd och att alla ser samma logg. Det kan inte visa att en region räknade rätt rader eller drog sitt brus som den skulle. Det granskas på plats. Namn, definitioner, vad som är bättre och folkmängden kommer ur katalogen, inte ur utgåvan.",
    modes: "Sigillets fyra lägen",
    modeName: "Inte prövat",
    modeChecked: "Din webbläsare har själv gjort alla sju steg.",
    modeDigest:
      "Allt utom summan är prövat. För nationella utgåvor kan bara granskare med de maskade svaren räkna om den.",
    modeUnchecked:
      "Du har inte öppnat sigillet, eller så saknas delar av loggen just nu. Det säger inget om siffran.",
    modeBroken: "Minst ett steg stämmer inte.",
    seal: "Sigill",
    elsewhere: (n: number) =>
      `En granskning av hela loggen hittar ${n} fel på annat håll, som inte rör den här utgåvan.`,
  },
  en: {
    holds: "The seal holds",
    digest: "The seal holds by digest",
    broken: "The seal is broken",
    unread: "The seal is not checked",
    checking: "The seal is being checked",
    holdsText:
      "Your browser itself checked all seven steps, from the question to the regions that vouch for the log. It rests on two things: the directory's hash, which you compare with the printed one, and this page's code.",
    digestText:
      "Your browser checked everything but that the sum is that of the regions' parts. Those are masked, and only the directory's auditors have them. The sum was checked by its digest.",
    brokenText: (n: number, text: string) =>
      `${n === 1 ? "One step" : `${n} steps`} of seven ${n === 1 ? "does" : "do"} not hold. Do not use the figure ${text} until the fault is explained.`,
    figureText: "The figure on the page is not the one in the signed release.",
    unreadText:
      "Parts of the log could not be fetched just now. That says nothing of the figure. Try again in a while.",
    otherText:
      "The directory that you gave is not this log's. Nothing of the log can be believed until they agree.",
    unknownText: "The release is not in this log.",
    checkingText: (done: number, of: number) =>
      of === 0 ? "Reading the log …" : `Reading the log: entry ${done} of ${of} …`,
    release: "Release",
    checked: "Checked",
    asOf: "As of",
    time: "Time",
    seconds: "seconds",
    chain: "The chain of proof",
    chainHelp: "Each step can be opened down to the bytes that were checked.",
    root: (hash: string) =>
      `It starts from the directory of participants, version 1, ${hash}. It comes with the page: compare it with the printed one, or give it yourself below.`,
    code: "The code that checks comes from the same server as the figures. Which code it should be the directory says, by a digest of all scripts and styles. A page cannot check that of itself: brus pages check does, and at a desk (brus desk) the code that runs is your own.",
    yours: "The one you gave yourself is used instead.",
    pin: "Give the directory's hash yourself",
    pinned: "sha256:…",
    use: "Use",
    forget: "Forget",
    again: "Check again",
    receipt: "Download the proofs",
    auditor: "For auditors",
    auditorHelp:
      "An auditor of the directory can add the sum up anew from the masked answers, at their desk (brus desk) or by brus query recompute. The request is signed there, and stands in the log.",
    atDesk: "Add it up at your desk",
    before: "Check another release:",
    not: "What the seal does not show",
    notText:
      "The seal shows that the figure is the sum of what the regions answered, that the question was approved and that everyone sees the same log. It cannot show that a region counted the right rows, or drew its noise as it should. That is inspected on the spot. Names, definitions, what counts as better, and the population are of the catalogue, not of the release.",
    modes: "The seal's four states",
    modeName: "Not checked",
    modeChecked: "Your browser itself did all seven steps.",
    modeDigest:
      "All but the sum was checked. For national releases only auditors with the masked answers can add it up anew.",
    modeUnchecked:
      "You have not opened the seal, or parts of the log are missing just now. That says nothing of the figure.",
    modeBroken: "At least one step does not hold.",
    seal: "Seal",
    elsewhere: (n: number) =>
      `An audit of the whole log finds ${n} faults elsewhere, which do not touch this release.`,
  },
};
