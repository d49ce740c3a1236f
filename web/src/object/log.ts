/** A line of a log as it is shown, or a stretch of lines that are folded away. */
export type Row =
  | { kind: "line"; n: number; text: string; bad: boolean; hit: boolean; own: boolean }
  | { kind: "fold"; from: number; to: number };

// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what an escape sequence begins with
const escapes = /\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07]*\x07/g;
const bad =
  /\b(FAIL|FAILED|panic:|fatal:|error:|Error:|ERROR|exit status [1-9]|undefined:|cannot )|^\s*\S+\.\w+:\d+:\d+:/;

/** Takes what a terminal would not print out of a line; a carriage return shows only what came after it. */
export function clean(line: string): string {
  const plain = line.replace(escapes, "");
  return plain.slice(plain.lastIndexOf("\r", plain.length - 2) + 1).replace(/\r$/, "");
}

/** True for a line that tells why a step failed. */
export function failing(line: string): boolean {
  return bad.test(line);
}

/** Splits new text into lines behind those that are there; the last line may be unfinished. */
export function append(
  lines: readonly string[],
  open: string,
  text: string,
): { lines: string[]; open: string } {
  const parts = (open + text).split("\n");
  const last = parts.pop() ?? "";
  return { lines: [...lines, ...parts.map(clean)], open: last };
}

/** Line numbers, from 1, whose text holds what is looked for, in any case. */
export function hits(lines: readonly string[], wanted: string): number[] {
  const text = wanted.trim().toLowerCase();
  if (text === "") return [];
  return lines.flatMap((l, i) => (l.toLowerCase().includes(text) ? [i + 1] : []));
}

const around = 3; // lines kept before and after one that matters

/**
 * The rows to show. Without `keep` every line; with it only these lines and a few around each, the rest folded into
 * stretches, of which `open` are unfolded (named by their first line).
 */
export function rows(
  lines: readonly string[],
  found: readonly number[],
  keep: readonly number[] | null,
  open: ReadonlySet<number>,
): Row[] {
  const hit = new Set(found);
  const row = (i: number): Row => {
    const text = lines[i] ?? "";
    return {
      kind: "line",
      n: i + 1,
      text,
      bad: failing(text),
      hit: hit.has(i + 1),
      own: text.startsWith("--- "),
    };
  };
  if (keep === null) return lines.map((_, i) => row(i));
  const shown = new Uint8Array(lines.length);
  for (const n of keep) shown.fill(1, Math.max(0, n - 1 - around), Math.min(lines.length, n + around));
  const out: Row[] = [];
  for (let i = 0; i < lines.length; i++) {
    if (shown[i]) {
      out.push(row(i));
      continue;
    }
    const from = i;
    while (i + 1 < lines.length && !shown[i + 1]) i++;
    if (open.has(from + 1) || i === from) for (let j = from; j <= i; j++) out.push(row(j));
    else out.push({ kind: "fold", from: from + 1, to: i + 1 });
  }
  return out;
}

/** The line that an address names: "#L12" is 12. */
export function lineOf(hash: string): number | null {
  const n = /^#?L(\d+)$/.exec(hash)?.[1];
  return n ? Number(n) : null;
}
