/** What the address of a desk is made of: all that the coordinator's site knows of one. */

/** Where a desk listens unless said: the coordinator's site links there, and can know no more of it. */
export const DESK_PORT = 8710;

/** In an address of a desk, after the #, which no browser sends to a server: a question that was composed elsewhere. */
export const DRAFT_MARK = "draft=";
/** The longest question that an address carries; a longer one goes as a file. */
export const LONGEST_DRAFT = 30_000;
