/** Where one is: the address holds the page, its language and its whole state, so that a link shows what was seen. */
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { LANGUAGES, type Language } from "../../protocol/values/language.ts";
import { useLanguage } from "./language.ts";
import { PATHS } from "./paths.ts";

export type Page = keyof typeof PATHS;

export type Address = {
  readonly language: Language;
  readonly page: Page | null;
  readonly id: string;
  readonly query: URLSearchParams;
};

export function addressOf({ pathname, search }: Pick<Location, "pathname" | "search">): Address {
  const [, first = "", name = "", id = ""] = pathname.split("/");
  const language = LANGUAGES.find((each) => each === first) ?? "sv";
  const pages = Object.entries(PATHS) as Array<[Page, Readonly<Record<Language, string>>]>;
  const page = pages.find(([, slugs]) => slugs[language] === name)?.[0] ?? null;
  return { language, page, id: decodeURIComponent(id), query: new URLSearchParams(search) };
}

export type Search = Readonly<Record<string, string | null | undefined>>;

/** The address of a page; what is null or empty is left out of it. */
export function hrefOf(language: Language, page: Page, id = "", query: Search = {}): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value) params.set(name, value);
  const path = [language, PATHS[page][language], id]
    .filter((part) => part !== "")
    .map(encodeURIComponent)
    .join("/");
  const text = params.toString();
  return `/${path}${path === language ? "/" : ""}${text === "" ? "" : `?${text}`}`;
}

/** True from when one goes to a page until its heading is there. */
let arrived = false;

/** A screen reader is told that another page is there: its heading takes the focus, once. */
export function welcome(heading: HTMLElement | null): void {
  if (!arrived || heading === null) return;
  arrived = false;
  heading.focus();
}

/**
 * As this document was loaded: a chart for others' pages, which anyone may frame for as long as it lives. So it never
 * becomes another page: what leads elsewhere is another document, under a policy of its own, in the whole window.
 */
export const EMBEDDED = new URLSearchParams(location.search).has("embed");

const CHANGED = "brus:moved";

export function go(href: string, { replace = false } = {}): void {
  if (EMBEDDED && !replace) {
    open(href, "_top");
    return;
  }
  const stays = addressOf(new URL(href, location.href)).page === addressOf(location).page && replace;
  history[replace ? "replaceState" : "pushState"](null, "", href);
  dispatchEvent(new Event(CHANGED));
  if (stays) return;
  scrollTo(0, 0);
  arrived = true;
}

export function useAddress(): Address {
  const [place, set] = useState(() => addressOf(location));
  useEffect(() => {
    const moved = (event: Event) => {
      arrived ||= event.type === "popstate";
      set(addressOf(location));
    };
    for (const name of [CHANGED, "popstate"]) addEventListener(name, moved);
    return () => {
      for (const name of [CHANGED, "popstate"]) removeEventListener(name, moved);
    };
  }, []);
  return place;
}

/** Changes what stands in the address, and so what is shown, without another page. */
export function change(query: Search): void {
  const params = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(query)) {
    if (value) params.set(name, value);
    else params.delete(name);
  }
  const text = params.toString();
  go(`${location.pathname}${text === "" ? "" : `?${text}`}${location.hash}`, { replace: true });
}

type LinkProps = {
  readonly to: Page;
  readonly id?: string | undefined;
  readonly query?: Search | undefined;
  readonly language?: Language | undefined;
  readonly class?: string | undefined;
  readonly current?: boolean | undefined;
  readonly label?: string | undefined;
  /** Stays where it is on the page, and only what is shown changes. */
  readonly stays?: boolean | undefined;
  readonly children: ComponentChildren;
};

export function Link({ to, id, query, language, class: name, current, label, stays, children }: LinkProps) {
  const here = useLanguage();
  const href = hrefOf(language ?? here, to, id, query);
  const leaves = EMBEDDED && stays !== true;
  const follow = (event: MouseEvent) => {
    if (
      leaves ||
      event.defaultPrevented ||
      event.button !== 0 ||
      event.metaKey ||
      event.ctrlKey ||
      event.shiftKey ||
      event.altKey
    )
      return;
    event.preventDefault();
    go(href, { replace: stays === true });
  };
  const other = language !== undefined && language !== here ? language : undefined;
  return (
    <a
      href={href}
      onClick={follow}
      target={leaves ? "_top" : undefined}
      class={name}
      aria-current={current ? "page" : undefined}
      aria-label={label}
      lang={other}
      hreflang={other}
    >
      {children}
    </a>
  );
}
