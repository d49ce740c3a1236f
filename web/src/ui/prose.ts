/** A part of a line of text. */
export type Piece =
  | { kind: "text"; text: string }
  | { kind: "code"; text: string }
  | { kind: "strong"; text: string }
  | { kind: "link"; text: string; href: string };

/** A part of a text that stands on its own lines. */
export type Passage =
  | { kind: "paragraph"; text: string }
  | { kind: "heading"; text: string }
  | { kind: "quote"; text: string }
  | { kind: "list"; ordered: boolean; items: string[] }
  | { kind: "code"; text: string };

const entry = /^\s{0,3}(?:[-*]|(\d+)[.)])\s+/;

/** The passages of a text in Markdown: paragraphs, headings, quotes, lists and fenced code. What is none of it stays as written. */
export function passages(text: string): Passage[] {
  const out: Passage[] = [];
  const lines = text.replaceAll("\r\n", "\n").split("\n");
  for (let i = 0; i < lines.length; ) {
    const line = lines[i] ?? "";
    const [fence] = /^\s{0,3}(```|~~~)/.exec(line)?.slice(1) ?? [];
    if (fence) {
      const code: string[] = [];
      for (i++; i < lines.length && !(lines[i] ?? "").trimStart().startsWith(fence); i++)
        code.push(lines[i] ?? "");
      i++; // the fence that ends it
      out.push({ kind: "code", text: code.join("\n") });
    } else if (line.trim() === "") {
      i++;
    } else if (/^#{1,6}\s/.test(line)) {
      out.push({ kind: "heading", text: line.replace(/^#+\s+/, "") });
      i++;
    } else if (line.startsWith(">")) {
      const said: string[] = [];
      for (; lines[i]?.startsWith(">"); i++) said.push((lines[i] ?? "").replace(/^>\s?/, ""));
      out.push({ kind: "quote", text: said.join("\n") });
    } else if (entry.test(line)) {
      const ordered = entry.exec(line)?.[1] !== undefined;
      const items: string[] = [];
      for (; i < lines.length && (lines[i] ?? "").trim() !== ""; i++) {
        const l = lines[i] ?? "";
        if (entry.test(l)) items.push(l.replace(entry, ""));
        else items.push(`${items.pop() ?? ""}\n${l.trim()}`);
      }
      out.push({ kind: "list", ordered, items });
    } else {
      const said: string[] = [];
      for (
        ;
        i < lines.length && (lines[i] ?? "").trim() !== "" && !/^\s{0,3}(```|~~~)/.test(lines[i] ?? "");
        i++
      )
        said.push(lines[i] ?? "");
      out.push({ kind: "paragraph", text: said.join("\n") });
    }
  }
  return out;
}

const inline =
  /`([^`\n]+)`|\*\*([^*\n]+)\*\*|\[([^\]\n]+)\]\(((?:https?:\/\/|\/(?!\/))[^\s)]+)\)|(https?:\/\/[^\s<>()]*[^\s<>().,;:!?'"])/g;

/** The pieces of a line: code, strong words, links. A link leads to a page of ours or to http alone. */
export function pieces(text: string): Piece[] {
  const out: Piece[] = [];
  let at = 0;
  for (const m of text.matchAll(inline)) {
    if (m.index > at) out.push({ kind: "text", text: text.slice(at, m.index) });
    const [whole, code, strong, name, href, bare] = m;
    if (code !== undefined) out.push({ kind: "code", text: code });
    else if (strong !== undefined) out.push({ kind: "strong", text: strong });
    else if (name !== undefined && href !== undefined) out.push({ kind: "link", text: name, href });
    else if (bare !== undefined) out.push({ kind: "link", text: bare, href: bare });
    at = m.index + whole.length;
  }
  if (at < text.length) out.push({ kind: "text", text: text.slice(at) });
  return out;
}
