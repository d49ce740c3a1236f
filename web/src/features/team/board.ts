import type { Schemas } from "~/api/ask";
import { duration } from "~/lib/time";

export type Board = Schemas["Board"];
export type Column = Schemas["BoardColumn"];
export type Item = Schemas["Item"];
export type ItemState = Item["state"];

export const states: readonly ItemState[] = ["ready", "building", "verifying", "releasing", "done"];

export const columnNames: Record<ItemState, string> = {
  ready: "Ready",
  building: "Building",
  verifying: "Verifying",
  releasing: "Releasing",
  done: "Done",
};

/** What brings a card into a column by itself. */
export const columnHints: Record<ItemState, string> = {
  ready: "What the team may pull next, the most important first.",
  building: "Pulled by a person, or a commit names it.",
  verifying: "Its commit is in a pipeline run.",
  releasing: "Its version is on the way to customers.",
  done: "Its version was promoted, in the last 14 days.",
};

export const typeNames: Record<Item["type"], string> = {
  feature: "Feature",
  defect: "Defect",
  risk: "Risk",
  debt: "Debt",
};

const day = 86_400;

/**
 * How old an item looks, from 0 (fresh) to 5 dots, and whether that is more than 85 of 100 finished items took. While
 * ready it does not age: nobody has begun it.
 */
export function age(
  i: Pick<Item, "state" | "ageSeconds">,
  p85: number | undefined,
): { dots: number; late: boolean } {
  if (i.state === "ready" || i.state === "done") return { dots: 0, late: false };
  const late = p85 !== undefined && i.ageSeconds > p85;
  const steps = [0, day / 4, day, 3 * day, 7 * day];
  const dots = steps.filter((s) => i.ageSeconds > s).length;
  return { dots: late ? Math.max(dots, 4) : dots, late };
}

/** The age in words, for those who do not see the dots. */
export function ageWords(i: Item, p85: number | undefined): string {
  if (i.state === "ready") return `ready for ${duration(i.staySeconds)}`;
  if (i.state === "done") return `took ${duration(i.ageSeconds)}`;
  const { late } = age(i, p85);
  const than = late ? `, longer than 85 of 100 finished items (${duration(p85 ?? 0)})` : "";
  return `begun ${duration(i.ageSeconds)} ago, in ${i.state} for ${duration(i.staySeconds)}${than}`;
}

/** Where a card stands. */
export interface Spot {
  column: number;
  row: number;
}

export function spotOf(columns: readonly Column[], id: string): Spot | null {
  for (const [column, c] of columns.entries()) {
    const row = c.items.findIndex((i) => i.id === id);
    if (row >= 0) return { column, row };
  }
  return null;
}

/** The card that an arrow leads to: up and down in the column, left and right to the nearest column with a card. */
export function neighbour(columns: readonly Column[], from: Spot, key: string): Item | undefined {
  const down = key === "ArrowDown" ? 1 : key === "ArrowUp" ? -1 : 0;
  if (down !== 0) return columns[from.column]?.items[from.row + down];
  const aside = key === "ArrowRight" ? 1 : key === "ArrowLeft" ? -1 : 0;
  if (aside === 0) return undefined;
  for (let c = from.column + aside; c >= 0 && c < columns.length; c += aside) {
    const items = columns[c]?.items ?? [];
    if (items.length > 0) return items[Math.min(from.row, items.length - 1)];
  }
  return undefined;
}

/** Where a card is asked to go: a column, and the card that shall stand right after it (none: at the end). */
export interface Target {
  to: ItemState;
  before?: string;
}

/** The target of Shift and an arrow; null where there is no place in that direction. */
export function shifted(columns: readonly Column[], from: Spot, key: string): Target | null {
  const here = columns[from.column];
  if (!here) return null;
  if (key === "ArrowLeft" || key === "ArrowRight") {
    const next = columns[from.column + (key === "ArrowRight" ? 1 : -1)];
    return next ? { to: next.state } : null;
  }
  if (here.state === "done") return null; // ordered by time
  const items = here.items;
  if (key === "ArrowUp" && from.row > 0) return withBefore(here.state, items[from.row - 1]?.id);
  if (key === "ArrowDown" && from.row < items.length - 1)
    return withBefore(here.state, items[from.row + 2]?.id);
  return null;
}

/** The target of a card dropped on another card or on a column. Null when it already stands there. */
export function dropped(columns: readonly Column[], id: string, over: string): Target | null {
  const from = spotOf(columns, id);
  if (!from || id === over) return null;
  const column = columns.find((c) => c.state === over);
  if (column) {
    const last = column.items.at(-1)?.id === id;
    return columns[from.column]?.state === column.state && last ? null : { to: column.state };
  }
  const on = spotOf(columns, over);
  const target = on && columns[on.column];
  if (!on || !target) return null;
  if (target.state === "done") return columns[from.column]?.state === "done" ? null : { to: "done" };
  // Within a column a card dragged downwards takes the place behind the one that it is dropped on.
  const behind = on.column === from.column && on.row > from.row;
  return withBefore(target.state, behind ? target.items[on.row + 1]?.id : over);
}

/** The board as it will be, shown until the answer comes. */
export function moved(board: Board, id: string, target: Target): Board {
  const from = spotOf(board.columns, id);
  const item = from && board.columns[from.column]?.items[from.row];
  if (!from || !item) return board;
  const columns = board.columns.map((c, i) => {
    let items = i === from.column ? c.items.filter((o) => o.id !== id) : c.items;
    let count = i === from.column ? c.count - 1 : c.count;
    if (c.state === target.to) {
      const at = target.before ? items.findIndex((o) => o.id === target.before) : -1;
      const place = c.state === "done" ? 0 : at < 0 ? items.length : at;
      items = [...items.slice(0, place), { ...item, state: target.to }, ...items.slice(place)];
      count++;
    }
    return { ...c, items, count };
  });
  return { ...board, columns };
}

function withBefore(to: ItemState, before: string | undefined): Target {
  return before === undefined ? { to } : { to, before };
}

/** Columns without the cards that do not match what is looked for. */
export function filtered(columns: readonly Column[], mine: string | null): Column[] {
  if (mine === null) return [...columns];
  return columns.map((c) => ({ ...c, items: c.items.filter((i) => i.assignee === mine) }));
}
