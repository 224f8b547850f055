/** Where signing is done: not here. A link to the same page of the reader's own desk, where it listens unless told otherwise. */
import type { ComponentChildren } from "preact";
import { DESK_PORT } from "../../../protocol/wire/desk-address.ts";
import { useLanguage } from "../language.ts";
import { hrefOf, type Page, type Search } from "../router.tsx";

const DESK = `http://127.0.0.1:${DESK_PORT}`;

export function DeskLink({
  to,
  query,
  mark,
  class: kind,
  children,
}: {
  readonly to: Page;
  readonly query?: Search;
  /** What follows the #: no browser sends it to a server. */
  readonly mark?: string;
  readonly class?: string;
  readonly children: ComponentChildren;
}) {
  const href = `${DESK}${hrefOf(useLanguage(), to, "", query)}${mark === undefined ? "" : `#${mark}`}`;
  return (
    <a href={href} class={kind} target="_blank" rel="noopener noreferrer">
      {children}
    </a>
  );
}
