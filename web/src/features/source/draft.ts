import type { DiffFile, DiffLine } from "./diff";

/** A file as it shall be, beside what it was where one began; null is no file. */
export interface Edited {
  content: string | null;
  was: string | null;
}

/** Edits of one branch that are not committed yet. */
export interface Draft {
  /** the head of the branch that they were made on */
  commit: string;
  files: Readonly<Record<string, Edited>>;
}

/** A file is as it shall be; one that is as it was is no edit. */
export function edited(draft: Draft, path: string, content: string | null, was: string | null): Draft {
  const began = draft.files[path] ? draft.files[path].was : was;
  const rest = Object.fromEntries(Object.entries(draft.files).filter(([p]) => p !== path));
  return { ...draft, files: content === began ? rest : { ...rest, [path]: { content, was: began } } };
}

export type Kind = "new" | "changed" | "deleted";

export function kindOf(e: Edited): Kind {
  if (e.content === null) return "deleted";
  return e.was === null ? "new" : "changed";
}

/** The edits by path. */
export function editsOf(draft: Draft): { path: string; edit: Edited }[] {
  return Object.entries(draft.files)
    .map(([path, edit]) => ({ path, edit }))
    .sort((a, b) => a.path.localeCompare(b.path));
}

/**
 * The edits on another head: what each edited file is there decides whether somebody changed it meanwhile. Those stand
 * in `clashes` with what is there; the others are made on it as they are.
 */
export function rebased(
  draft: Draft,
  head: string,
  now: Readonly<Record<string, string | null>>,
): { draft: Draft; clashes: { path: string; theirs: string | null; mine: string | null }[] } {
  const clashes = editsOf(draft).flatMap(({ path, edit }) => {
    const theirs = now[path] ?? null;
    return theirs === edit.was || theirs === edit.content ? [] : [{ path, theirs, mine: edit.content }];
  });
  let next: Draft = { commit: head, files: {} };
  for (const { path, edit } of editsOf(draft)) next = edited(next, path, edit.content, now[path] ?? null);
  return { draft: next, clashes };
}

const place = (component: string, branch: string) => `factory-edit ${component} ${branch}`;

/** The edits that are kept for a branch, if any. */
export function readEdits(component: string, branch: string): Draft | undefined {
  try {
    const raw: unknown = JSON.parse(sessionStorage.getItem(place(component, branch)) ?? "null");
    if (typeof raw !== "object" || raw === null) return undefined;
    const { commit, files } = raw as Partial<Draft>;
    return typeof commit === "string" && files && Object.keys(files).length > 0
      ? { commit, files }
      : undefined;
  } catch {
    return undefined;
  }
}

/** Keeps them, unless the browser has no room for so much: then leaving the page loses them, which it warns of. */
export function keepEdits(component: string, branch: string, draft: Draft | undefined): void {
  try {
    if (draft && Object.keys(draft.files).length > 0)
      sessionStorage.setItem(place(component, branch), JSON.stringify(draft));
    else sessionStorage.removeItem(place(component, branch));
  } catch {
    sessionStorage.removeItem(place(component, branch));
  }
}

/** What is wrong with the path of a new file, or null. */
export function wrongPath(path: string, there: (path: string) => boolean): string | null {
  const p = path.trim();
  if (p === "") return "Say what the file is called, with its directories.";
  if (p.startsWith("/") || p.endsWith("/") || p.split("/").some((s) => s === "" || s === "." || s === ".."))
    return "Write it from the top of the repository: internal/engine.go.";
  return there(p) ? "There is such a file already. Open it to edit it." : null;
}

/** A commit's message: what, why, and the items as trailers. */
export function messageOf(title: string, body: string, items: readonly string[]): string {
  const trailers = items.map((i) => `Item: ${i}`).join("\n");
  return `${[title.trim(), body.trim(), trailers].filter(Boolean).join("\n\n")}\n`;
}

/** A branch's name made of a title: "Retry the motor start" is retry-the-motor-start. */
export function branchFor(title: string): string {
  return title
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 50)
    .replace(/-+$/, "");
}

const around = 3; // lines shown before and after what differs

/** Where two texts differ, as one stretch: what one has there, and what the other has. */
export function between(path: string, old: string | null, now: string | null): DiffFile {
  const a = linesOf(old);
  const b = linesOf(now);
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a.at(-1 - tail) === b.at(-1 - tail)) tail++;
  const lines: DiffLine[] = [];
  const from = Math.max(0, head - around);
  for (let i = from; i < head; i++) lines.push({ kind: "context", old: i + 1, new: i + 1, text: a[i] ?? "" });
  for (let i = head; i < a.length - tail; i++) lines.push({ kind: "removed", old: i + 1, text: a[i] ?? "" });
  for (let i = head; i < b.length - tail; i++) lines.push({ kind: "added", new: i + 1, text: b[i] ?? "" });
  for (let i = 0; i < Math.min(around, tail); i++) {
    const [o, n] = [a.length - tail + i, b.length - tail + i];
    lines.push({ kind: "context", old: o + 1, new: n + 1, text: a[o] ?? "" });
  }
  const count = (kind: DiffLine["kind"]) => lines.filter((l) => l.kind === kind).length;
  const [added, removed, context] = [count("added"), count("removed"), count("context")];
  const hunk = {
    oldStart: from + 1,
    oldLines: removed + context,
    newStart: from + 1,
    newLines: added + context,
    lines,
  };
  return {
    path,
    status: old === null ? "added" : now === null ? "deleted" : "modified",
    added,
    removed,
    binary: false,
    tooLarge: false,
    hunks: added + removed === 0 ? [] : [hunk],
  };
}

function linesOf(text: string | null): string[] {
  if (!text) return [];
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines;
}
