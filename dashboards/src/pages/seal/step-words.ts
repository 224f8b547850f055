/** The words of a seal's steps. */
export const SAY = {
  sv: {
    holds: "Stämmer",
    digest: "Mot avtryck",
    fails: "Stämmer inte",
    unread: "Inte prövat",
    asked: (who: string) => `Signerad av ${who} med en nyckel som förteckningen hör till den som får fråga.`,
    words: "Frågan i klartext",
    document: (bytes: number) => `Handlingen, ${bytes} byte`,
    approvals: (n: number, roles: string) =>
      `${n} har godkänt (${roles}). Ingen av dem ställde frågan. Alla godkännanden stod i loggen innan regionerna svarade.`,
    conditions: "Villkor",
    documents: (n: number) => `${n} handlingar`,
    cost: (rho: string, epsilon: string) =>
      `ρ = ${rho} per period i varje region (ε = ${epsilon}), räknat här ur frågan och katalogen. Samma belopp står i varje regions egen logg.`,
    plan: (cells: string) => `Planen, ${cells} celler`,
    cells: "celler",
    integers: "heltal per svar",
    budget: "budget per period",
    charges: "Regionernas debiteringar",
    region: "Region",
    charge: "Debiterat",
    spent: "Förbrukat av perioden",
    time: "När",
    answers: (n: number, of: number) =>
      n === of
        ? `Alla ${of} regioner svarade, var och en med sin egen signatur.`
        : `${n} av ${of} regioner svarade, var och en med sin egen signatur.`,
    missing: (text: string) => `Saknas: ${text}. Deras egna loggar visar inget svar före tidsgränsen.`,
    digests: (n: number) => `${n} svar och deras avtryck`,
    digestOf: "Avtryck",
    sum: "Webbläsaren lade ihop svaren och fick samma tabell som publicerats, tal för tal.",
    sumDigest:
      "Summan är av maskerade vektorer. Den stämmer med sitt avtryck och med det som regionerna enades om; bara granskare med vektorerna kan lägga ihop dem på nytt.",
    sumFails: "Den publicerade siffran eller tabellen är inte vad svaren ger.",
    here: "Räknat här",
    published: "Publicerat i utgåvan",
    onPage: "Siffran ur den tabellen",
    table: "Tabellens avtryck",
    log: (place: string, size: string) =>
      `Utgåvan står som rad ${place} av ${size}, på en plats som inte kan ändras utan att roten ändras.`,
    proof: (n: number) => `Inneslutningsbeviset, ${n} nivåer`,
    root: "rot",
    cosigned: (n: number, least: number) =>
      `${n} regioner har var för sig intygat att de ser samma logg. Minst ${least} krävs.`,
    cosignatures: (n: number) => `${n} medsignaturer`,
    line: (n: number, of: number, least: number) =>
      `${n} av ${of} medsignerade. Strecket visar kravet, ${least}.`,
    checkpoint: "Kontrollpunkten",
    id: "id",
    row: "rad",
    where: (log: string, leaf: number | null) =>
      `${log === "coordinator" ? "den gemensamma loggen" : `logg ${log}`}${leaf === null ? "" : `, rad ${leaf}`}`,
    found: "Vad som hittades",
  },
  en: {
    holds: "Holds",
    digest: "By digest",
    fails: "Does not hold",
    unread: "Not checked",
    asked: (who: string) => `Signed by ${who} with a key that the directory names for asking.`,
    words: "The question in plain words",
    document: (bytes: number) => `The document, ${bytes} bytes`,
    approvals: (n: number, roles: string) =>
      `${n} have approved (${roles}). None of them asked the question. All approvals stood in the log before the regions answered.`,
    conditions: "Conditions",
    documents: (n: number) => `${n} documents`,
    cost: (rho: string, epsilon: string) =>
      `ρ = ${rho} a period in each region (ε = ${epsilon}), computed here from the question and the catalogue. The same amount stands in each region's own log.`,
    plan: (cells: string) => `The plan, ${cells} cells`,
    cells: "cells",
    integers: "integers an answer",
    budget: "budget a period",
    charges: "The regions' charges",
    region: "Region",
    charge: "Charged",
    spent: "Spent of the period",
    time: "When",
    answers: (n: number, of: number) =>
      n === of
        ? `All ${of} regions answered, each with its own signature.`
        : `${n} of ${of} regions answered, each with its own signature.`,
    missing: (text: string) => `Missing: ${text}. Their own logs show no answer before the time was up.`,
    digests: (n: number) => `${n} answers and their digests`,
    digestOf: "Digest",
    sum: "The browser added the answers up and got the same table as was published, number by number.",
    sumDigest:
      "The sum is of masked vectors. It fits its digest and what the regions agreed on; only auditors with the vectors can add them up anew.",
    sumFails: "The published figure or table is not what the answers give.",
    here: "Computed here",
    published: "Published in the release",
    onPage: "The figure of that table",
    table: "The table's digest",
    log: (place: string, size: string) =>
      `The release stands as entry ${place} of ${size}, at a place that cannot be changed without changing the root.`,
    proof: (n: number) => `The inclusion proof, ${n} levels`,
    root: "root",
    cosigned: (n: number, least: number) =>
      `${n} regions have each vouched that they see the same log. At least ${least} are required.`,
    cosignatures: (n: number) => `${n} cosignatures`,
    line: (n: number, of: number, least: number) =>
      `${n} of ${of} cosigned. The bar shows what is required, ${least}.`,
    checkpoint: "The checkpoint",
    id: "id",
    row: "entry",
    where: (log: string, leaf: number | null) =>
      `${log === "coordinator" ? "the common log" : `log ${log}`}${leaf === null ? "" : `, entry ${leaf}`}`,
    found: "What was found",
  },
};
