/** The Markdown that Teams draws in cards and messages, and nothing that loads or leads away. */

import MarkdownIt from "markdown-it";

/**
 * The page's Markdown.
 *
 * HTML is off, images are off, and a link is drawn as its words followed by its host, not as
 * something to press: here, only a card's buttons open pages. A viewer therefore sees where a
 * text that came through an alert wants to lead, and cannot be led there.
 */
function makeMarkdown(): MarkdownIt {
  const markdown = new MarkdownIt({ html: false, linkify: false, breaks: true, typographer: false });
  markdown.disable(["image", "html_block", "html_inline", "table", "heading", "lheading", "hr"]);
  markdown.validateLink = (url) => url.startsWith("https://");
  markdown.renderer.rules["link_open"] = () => '<span class="md-link">';
  markdown.renderer.rules["link_close"] = (tokens, index) => {
    let open = index;
    while (open > 0 && tokens[open]?.type !== "link_open") open -= 1;
    const host = hostOf(tokens[open]?.attrGet("href") ?? "");
    return `</span> <span class="md-host">(${markdown.utils.escapeHtml(host)})</span>`;
  };
  return markdown;
}

function hostOf(url: string): string {
  try {
    return new URL(url).host;
  } catch {
    return "broken link";
  }
}

const MARKDOWN = makeMarkdown();

/** Markdown to HTML that holds text, emphasis, lists and code only. */
export function renderMarkdown(text: string): string {
  return MARKDOWN.render(text);
}

/**
 * A message's text with its mentions as parts of their own: `<at>name</at>` as on the wire, or a
 * leading `@name` as people type it.
 */
export function splitMentions(text: string): { mention: boolean; text: string }[] {
  const parts: { mention: boolean; text: string }[] = [];
  let rest = 0;
  for (const match of text.matchAll(/<at(?:\s[^>]*)?>([^<]*)<\/at>|^@([\p{L}\d_-]+)/gu)) {
    if (match.index > rest) parts.push({ mention: false, text: text.slice(rest, match.index) });
    parts.push({ mention: true, text: match[1] ?? match[2] ?? "" });
    rest = match.index + match[0].length;
  }
  if (rest < text.length) parts.push({ mention: false, text: text.slice(rest) });
  return parts;
}
