import type { Schemas } from "~/api/ask";

export type Diff = Schemas["Diff"];
export type DiffFile = Schemas["DiffFile"];
export type DiffHunk = Schemas["DiffHunk"];
export type DiffLine = Schemas["DiffLine"];
export type Side = "old" | "new";

/** A line of a file as it was before or after. */
export interface Place {
  path: string;
  side: Side;
  line: number;
}

/** A place as an address says it: "engine.go:42", and with "old" for a line that is gone: "engine.go:old42". */
export function placeText(p: Place): string {
  return `${p.path}:${p.side === "old" ? "old" : ""}${p.line}`;
}

/** The place that an address names; undefined when it names none. */
export function placeOf(text: string | undefined): Place | undefined {
  const [, path, old, line] = /^(.+):(old)?([1-9]\d{0,8})$/.exec(text ?? "") ?? [];
  if (!path || !line) return undefined;
  return { path, side: old ? "old" : "new", line: Number(line) };
}

/** Whose line it is: one that was removed is known by its number before, every other by that after. */
export function sideOf(l: DiffLine): { side: Side; line: number } {
  return l.kind === "removed" ? { side: "old", line: l.old ?? 0 } : { side: "new", line: l.new ?? 0 };
}

/** True when a place is this line; a line that stayed can be named by either number. */
export function isAt(l: DiffLine, side: Side, line: number): boolean {
  return side === "old" ? l.old === line && l.kind !== "added" : l.new === line && l.kind !== "removed";
}

/** A stretch of lines that is drawn as one, so that only those near the window are. */
export interface Block {
  key: string;
  /** the hunk that begins here */
  hunk?: DiffHunk;
  lines: readonly DiffLine[];
}

const tall = 120; // lines in one block

/** The hunks of a file cut into blocks of bounded height. */
export function blocks(f: DiffFile): Block[] {
  return f.hunks.flatMap((hunk, h) => {
    const cut: Block[] = [];
    for (let at = 0; at === 0 || at < hunk.lines.length; at += tall) {
      const lines = hunk.lines.slice(at, at + tall);
      cut.push({ key: `${h}.${at}`, lines, ...(at === 0 ? { hunk } : {}) });
    }
    return cut;
  });
}

/** How many lines a file shows. */
export function shownLines(f: DiffFile): number {
  return f.hunks.reduce((sum, h) => sum + h.lines.length, 0);
}

const many = 1500; // lines of one file that one reads only when one wants to

/** Files that begin folded: those that nobody reads line by line. */
export function folded(f: DiffFile): boolean {
  return (
    shownLines(f) > many || /(^|\/)(go\.sum|package-lock\.json|yarn\.lock|.*\.min\.(js|css))$/.test(f.path)
  );
}

/** Files by their directory, in the order of the diff: the tree beside it. */
export function byDirectory(files: readonly DiffFile[]): { directory: string; files: DiffFile[] }[] {
  const groups = new Map<string, DiffFile[]>();
  for (const f of files) {
    const cut = f.path.lastIndexOf("/");
    const directory = cut < 0 ? "" : f.path.slice(0, cut);
    const group = groups.get(directory);
    if (group) group.push(f);
    else groups.set(directory, [f]);
  }
  return [...groups].map(([directory, files]) => ({ directory, files }));
}

/** The last part of a path. */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

const statuses: Record<DiffFile["status"], string> = {
  added: "new",
  modified: "changed",
  deleted: "deleted",
  renamed: "renamed",
  copied: "copied",
  "type-changed": "another kind of file",
};

/** What happened to a file, in words: "renamed from a.go, now executable". */
export function fileWords(f: DiffFile): string {
  const from = f.oldPath && f.oldPath !== f.path ? ` from ${f.oldPath}` : "";
  const words = [`${statuses[f.status]}${from}`];
  if (f.oldMode && f.newMode && f.oldMode !== f.newMode && f.status !== "type-changed") {
    if (f.newMode === "100755") words.push("now executable");
    else if (f.oldMode === "100755") words.push("not executable any more");
    else words.push(`mode ${f.oldMode} to ${f.newMode}`);
  }
  return words.join(", ");
}

/** Why a file shows no lines, or not all; null when it shows all. */
export function whyNot(f: DiffFile): string | null {
  if (f.binary) return "It is binary: there are no lines to show.";
  if (f.tooLarge)
    return f.hunks.length === 0
      ? "It is too large to show here. Fetch the branch to read it."
      : "The rest of it is too large to show here. Fetch the branch to read it.";
  if (f.hunks.length === 0) {
    if (f.status === "added" || f.status === "deleted") return "The file is empty.";
    return "No line of it differs.";
  }
  return null;
}

/** A row of two sides: what was beside what is. */
export interface Pair {
  left: DiffLine | undefined;
  right: DiffLine | undefined;
}

/** Lines for two columns: removed ones stand beside the added ones that took their place. */
export function pairs(lines: readonly DiffLine[]): Pair[] {
  const out: Pair[] = [];
  for (let i = 0; i < lines.length; ) {
    if (lines[i]?.kind === "context") {
      out.push({ left: lines[i], right: lines[i] });
      i++;
      continue;
    }
    const gone: DiffLine[] = [];
    const come: DiffLine[] = [];
    for (let l = lines[i]; l && l.kind !== "context"; l = lines[++i])
      (l.kind === "removed" ? gone : come).push(l);
    for (let n = 0; n < Math.max(gone.length, come.length); n++) out.push({ left: gone[n], right: come[n] });
  }
  return out;
}
