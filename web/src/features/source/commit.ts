/** The message without its first line, which is the title. */
export function bodyOf(message: string): string {
  const at = message.indexOf("\n");
  return at < 0 ? "" : message.slice(at + 1).trim();
}

const full = 60; // lines that fill the bar

/** How much of a bar a file's added and removed lines take, 0..1 together; the larger a change, the fuller. */
export function parts(f: { additions: number; deletions: number }): { plus: number; minus: number } {
  const lines = f.additions + f.deletions;
  if (lines === 0) return { plus: 0, minus: 0 };
  const scale = Math.min(1, Math.max(lines / full, 0.06)) / lines;
  return { plus: f.additions * scale, minus: f.deletions * scale };
}
