/** Building elements without ever writing HTML as text. */

type Child = Node | string | undefined | false;
type Props = Record<string, string | number | boolean | undefined | ((event: never) => void)>;

/** An element with attributes (`onclick` and the like are listeners) and children. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  props: Props = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value as EventListener);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== undefined && value !== false) element.setAttribute(name, String(value));
  }
  element.append(...children.filter((child): child is Node | string => child !== undefined && child !== false));
  return element;
}

/** A 20 px icon from our own path data; decoration, so screen readers skip it. */
export function icon(name: keyof typeof PATHS): SVGSVGElement {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", "0 0 20 20");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", "icon");
  const path = document.createElementNS(space, "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}

const PATHS = {
  channel: "M3 5.500h14v8H9l-3.500 3v-3H3zM6 8.300h8M6 10.800h5",
  controls: "M4 6h7m4 0h1M4 14h1m4 0h7M11 4v4h3V4zM5 12v4h3v-4z",
  sun: "M10 6.500a3.500 3.500 0 1 0 0 7 3.500 3.500 0 0 0 0-7zM10 2v1.500M10 16.500V18M2 10h1.500M16.500 10H18M4.300 4.300l1.100 1.100M14.600 14.600l1.100 1.100M4.300 15.700l1.100-1.100M14.600 5.400l1.100-1.100",
  moon: "M16.500 11.800A7 7 0 0 1 8.200 3.500a7 7 0 1 0 8.300 8.300z",
  send: "M3 3.500 17.500 10 3 16.500 5 10zM5 10h6",
  chevron: "M5.500 8 10 12.500 14.500 8",
  close: "M5 5l10 10M15 5 5 15",
  lock: "M5 9h10v8H5zM7 9V6.500a3 3 0 0 1 6 0V9",
  warning: "M10 3 18 16.500H2zM10 8v4M10 14.200v.3",
  bolt: "M11 2.500 4.500 11.500H10l-1 6 6.500-9H10z",
  check: "M4 10.500 8 14.500 16 6",
  shield: "M10 2.500 16 5v4.500c0 4-2.700 6.600-6 8-3.300-1.400-6-4-6-8V5z",
} as const;

/** The hour and minute of a moment, or what was given when it is no moment. */
export function clock(at: string, seconds = false): string {
  const date = new Date(at);
  if (Number.isNaN(date.valueOf())) return at;
  return date.toLocaleTimeString([], {
    hour: "2-digit",
    minute: "2-digit",
    ...(seconds && { second: "2-digit" }),
    hour12: false,
  });
}

/** Two letters that stand for a name. */
export function initials(name: string): string {
  const words = name.split(/\s+/).filter((word) => word !== "");
  const letters = [words[0], words.length > 1 ? words[words.length - 1] : undefined]
    .map((word) => [...(word ?? "")][0] ?? "")
    .join("");
  return letters.toUpperCase() || "?";
}

/** One of the avatar colours, the same for the same person each time. */
export function hue(id: string): number {
  let sum = 0;
  for (const letter of id) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) % 997;
  return sum % 6;
}
