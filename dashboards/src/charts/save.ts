/** A chart as a file: its drawing with the colours it has on the page written into it, as SVG or as PNG. */

const STYLED = [
  "fill",
  "fill-opacity",
  "stroke",
  "stroke-width",
  "stroke-dasharray",
  "stroke-linecap",
  "font-family",
  "font-size",
  "font-weight",
  "opacity",
] as const;

/** A copy that needs no style sheet, with a line below that says where it is from. */
export function standalone(svg: SVGSVGElement, source: string): string {
  const copy = svg.cloneNode(true) as SVGSVGElement;
  const from = [svg, ...svg.querySelectorAll<SVGElement>("*")];
  const to = [copy, ...copy.querySelectorAll<SVGElement>("*")];
  for (const [at, element] of from.entries()) {
    const style = getComputedStyle(element);
    const target = to[at];
    target?.removeAttribute("class");
    for (const name of STYLED) target?.setAttribute(name, style.getPropertyValue(name));
  }
  for (const style of copy.querySelectorAll("style")) style.remove();
  const { width, height } = svg.getBoundingClientRect();
  const [wide, tall] = [Math.ceil(width), Math.ceil(height) + 28];
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  copy.setAttribute("width", String(wide));
  copy.setAttribute("height", String(tall));
  copy.setAttribute("viewBox", `0 0 ${wide} ${tall}`);
  const colour = getComputedStyle(document.body);
  const back = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  for (const [name, value] of [
    ["width", "100%"],
    ["height", "100%"],
    ["fill", colour.backgroundColor],
  ])
    back.setAttribute(name ?? "", value ?? "");
  copy.prepend(back);
  const text = document.createElementNS("http://www.w3.org/2000/svg", "text");
  for (const [name, value] of [
    ["x", "8"],
    ["y", String(tall - 10)],
    ["fill", colour.color],
    ["font-size", "12"],
    ["font-family", "sans-serif"],
  ])
    text.setAttribute(name ?? "", value ?? "");
  text.textContent = source;
  copy.append(text);
  return new XMLSerializer().serializeToString(copy);
}

export function download(name: string, blob: Blob): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

export function saveSvg(svg: SVGSVGElement, name: string, source: string): void {
  download(`${name}.svg`, new Blob([standalone(svg, source)], { type: "image/svg+xml" }));
}

/** Twice as many pixels as on the page, so that it prints. */
export async function savePng(svg: SVGSVGElement, name: string, source: string): Promise<void> {
  const address = URL.createObjectURL(new Blob([standalone(svg, source)], { type: "image/svg+xml" }));
  try {
    const image = new Image();
    image.src = address;
    await image.decode();
    const canvas = document.createElement("canvas");
    canvas.width = image.naturalWidth * 2;
    canvas.height = image.naturalHeight * 2;
    canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, "image/png"));
    if (blob !== null) download(`${name}.png`, blob);
  } finally {
    URL.revokeObjectURL(address);
  }
}
