import type { Icon } from "@tabler/icons-react";

/** Something that the palette can do. */
export interface Command {
  id: string;
  title: string;
  about?: string;
  group: string;
  icon: Icon;
  keys?: readonly string[];
  run: () => void;
}

/** The commands whose words all begin with what is typed, in any order; the nearest first. */
export function find<T extends { title: string; about?: string; group: string }>(
  commands: readonly T[],
  typed: string,
): T[] {
  const wanted = typed.toLowerCase().split(/\s+/).filter(Boolean);
  if (wanted.length === 0) return [...commands];
  const ranked = commands.flatMap((command) => {
    const title = command.title.toLowerCase();
    const all = `${title} ${command.group} ${command.about ?? ""}`.toLowerCase();
    if (!wanted.every((w) => all.includes(w))) return [];
    const rank = title.startsWith(wanted[0] ?? "") ? 0 : wanted.every((w) => title.includes(w)) ? 1 : 2;
    return [{ command, rank }];
  });
  return ranked.sort((a, b) => a.rank - b.rank).map((r) => r.command);
}
