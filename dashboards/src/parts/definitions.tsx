/** Names, each with what is said of it. */
import type { ComponentChildren } from "preact";

export function Definitions({
  rows,
  class: kind = "def",
}: {
  readonly rows: ReadonlyArray<readonly [name: string, said: ComponentChildren]>;
  readonly class?: "def" | "facts";
}) {
  return (
    <dl class={kind}>
      {rows.map(([name, said]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{said}</dd>
        </div>
      ))}
    </dl>
  );
}
