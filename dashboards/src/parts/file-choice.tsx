/** A file of JSON that is handed in: its text is given on, and the same file can be chosen again. */
export function FileChoice({
  label,
  onText,
}: {
  readonly label: string;
  readonly onText: (text: string) => void;
}) {
  const take = async (event: Event) => {
    const input = event.currentTarget as HTMLInputElement;
    const text = await input.files?.[0]?.text();
    input.value = "";
    if (text !== undefined) onText(text);
  };
  return (
    <label class="f">
      {label}
      <input type="file" accept="application/json,.json" onChange={(event) => void take(event)} />
    </label>
  );
}
