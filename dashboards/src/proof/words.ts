/** What each step of a seal says, in both languages; and what a broken rule means, in plain words. */
import type { SealStepName } from "../../../protocol/audit/seal.ts";
import type { Rule } from "../../../protocol/log/finding.ts";
import type { Language } from "../../../protocol/values/language.ts";

export const STEP_NAMES: Readonly<Record<Language, Readonly<Record<SealStepName, string>>>> = {
  sv: {
    question: "Frågan",
    approvals: "Godkännandena",
    cost: "Kostnaden",
    answers: "Svaren",
    sum: "Summan",
    log: "Loggen",
    cosignatures: "Medsignaturerna",
  },
  en: {
    question: "The question",
    approvals: "The approvals",
    cost: "The cost",
    answers: "The answers",
    sum: "The sum",
    log: "The log",
    cosignatures: "The cosignatures",
  },
};

/** As `protocol/log/finding.ts` says it in English. */
export const RULE_WORDS: Readonly<Record<Language, Readonly<Record<Rule, string>>>> = {
  sv: {
    file: "En fil som loggen måste ha finns inte där, så inget i den kan prövas.",
    checkpoint: "Kontrollpunkten är inte den som loggens nyckel signerade under loggens namn.",
    quorum: "För få regioner har medsignerat. Det kan finnas en annan version av loggen.",
    stale: "Medsignaturerna är gamla: det som hänt sedan dess kan undanhållas dig.",
    root: "En bit av loggen har andra byte än de som medsignerats.",
    leaf: "En rad är ingen som loggen får innehålla.",
    document: "En handling som loggen nämner finns inte bredvid den, eller är en annan.",
    signature:
      "Signaturen passar inte handlingen. Texten har ändrats efter att den signerades, eller signerades av någon annan.",
    directory: "Förteckningens version följer inte rätt på den förra: den gäller inte.",
    order: "Något står före det som det måste följa, eller står två gånger.",
    "query-missing": "Det hör inte till någon fråga i loggen: ingen har setts fråga.",
    approvals: "Färre har godkänt än reglerna kräver, eller någon avslog.",
    plan: "Kostnad, brus eller regioner är inte de som följer av frågan.",
    sum: "Den publicerade summan är inte summan av svaren. Siffran har ändrats efter att regionerna svarade.",
    "answer-missing": "Ett svar som räknas med står inte i loggen för den region som det sägs komma från.",
    "left-out": "Regionen är utelämnad som saknad, men dess egen logg visar att den svarade i tid.",
    "charge-missing": "Regionen svarade utan att debitera sin budget.",
    charge:
      "Regionen debiterade en annan kostnad, andra perioder eller andra konton än som följer av frågan.",
    ledger:
      "Ett saldo i regionens logg är inte summan av dess debiteringar, eller går över det som får lämnas ut.",
    "not-public": "Regionen svarade innan fråga och godkännanden stod i den gemensamma loggen.",
    "log-behind":
      "Regionens logg är inte den som den gemensamma loggen har sett: den har backats eller skrivits om.",
    set: "Regionerna var inte överens om vilka vektorer som lades ihop.",
  },
  en: {
    file: "A file that the log must have is not there, so nothing in it can be checked.",
    checkpoint: "The checkpoint is not what this log's key signed under this log's name.",
    quorum: "Too few regions have cosigned. There may be another version of the log.",
    stale: "The cosignatures are old: what has happened since may be kept from you.",
    root: "A piece of the log has other bytes than those that were cosigned.",
    leaf: "An entry is none of those that the log may hold.",
    document: "A document that the log names is not beside it, or is another one.",
    signature:
      "The signature does not fit the document. Its text was changed after it was signed, or somebody else signed it.",
    directory: "The version of the directory does not rightly follow the one before: it is not in force.",
    order: "Something stands before what it must follow, or stands twice.",
    "query-missing": "It belongs to no question of the log: nobody was seen to ask.",
    approvals: "Fewer have approved than the rules ask for, or somebody declined.",
    plan: "Cost, noise or regions are not those that follow from the question.",
    sum: "The published sum is not the sum of the answers. The figure was changed after the regions answered.",
    "answer-missing":
      "An answer that is counted does not stand in the log of the region it is said to be from.",
    "left-out": "The region is left out as missing, but its own log shows that it answered in time.",
    "charge-missing": "The region answered without charging its budget.",
    charge: "The region charged another cost, other periods or other accounts than follow from the query.",
    ledger: "A balance in the region's log is not the sum of its charges, or passes what it may come to.",
    "not-public": "The region answered before question and approvals stood in the common log.",
    "log-behind":
      "The region's log is not the one that the common log has seen: it was set back or rewritten.",
    set: "The regions did not agree on which vectors were added up.",
  },
};
