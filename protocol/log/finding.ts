/** What an audit finds wrong: a rule of one closed list, where it is broken, and what that means in plain words. */

export const RULES = {
  file: "A file that the log must have is not there, so nothing in it can be checked.",
  checkpoint: "The checkpoint is not what this log's key signed under this log's name.",
  quorum: "Too few regions have cosigned the checkpoint: another history may have been shown to others.",
  stale: "The cosignatures are old: what has happened since may be kept from you.",
  root: "The entries do not give the root that was signed: one was changed, removed, moved or put in.",
  leaf: "The entry is none of those that this log holds.",
  document: "A document that the log names is not beside it, or is another one.",
  signature: "The document is not signed by whom the directory names for it.",
  directory: "The version of the directory does not rightly follow the one before: it is not in force.",
  order: "It stands before what it must follow, or stands twice.",
  "query-missing": "It belongs to no query of the log: nobody was seen to ask.",
  approvals: "Fewer persons had approved than the rules in force ask for, or one had declined.",
  plan: "Cost, noise or regions are not those that follow from the query.",
  sum: "The published figures are not what the regions' answers add up to.",
  "answer-missing":
    "An answer that is counted does not stand in the log of the region it is said to be from.",
  "left-out": "The region is left out as missing, but its own log shows that it had answered in time.",
  "charge-missing": "The region answered without charging its ledger for it.",
  charge: "The region charged another cost, other periods or other accounts than follow from the query.",
  ledger: "A balance in the region's log is not the sum of its charges, or passes what it may come to.",
  "not-public": "The region answered before query and approvals stood in the coordinator's log.",
  "log-behind":
    "The region's log is not the one that the coordinator's log has seen: it was set back or rewritten.",
  set: "The regions did not agree on the set of vectors that was added up.",
} as const;
export type Rule = keyof typeof RULES;

export type Finding = {
  /** `coordinator`, or a region's code. */
  readonly log: string;
  /** The entry's place in that log, from 0; null where it is about the log as a whole. */
  readonly leaf: number | null;
  readonly rule: Rule;
  /** What was expected here. */
  readonly says: string;
};

/** Says that something is wrong: where findings go, one by one. */
export type Raise = (finding: Finding) => void;
