/** The heads of a plain table's columns, and a table that scrolls sideways in a box of its own. */
import type { ComponentChildren } from "preact";

type Columns = {
  readonly columns: readonly string[];
  /** Those of the columns that are figures, and stand to the right. */
  readonly right?: readonly string[];
};

export function Heads({ columns, right = [] }: Columns) {
  return (
    <thead>
      <tr>
        {columns.map((name) => (
          <th key={name} scope="col" class={right.includes(name) ? "r" : undefined}>
            {name}
          </th>
        ))}
      </tr>
    </thead>
  );
}

export function ScrolledTable({
  children,
  ...columns
}: Columns & {
  /** The rows. */
  readonly children: ComponentChildren;
}) {
  return (
    <div class="scroll" tabIndex={0}>
      <table>
        <Heads {...columns} />
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}
