import { millis } from "~/lib/time";
import { type Item, type ItemState, states } from "./board";

/** How long an item was in a state. */
export interface Stay {
  state: ItemState;
  /** seconds in it, over all of its visits, until now for the one it is in */
  seconds: number;
  visits: number;
}

/** The time that an item spent in each state but done, in the board's order; states never visited are left out. */
export function stays(item: Pick<Item, "moves">, now: number): Stay[] {
  const moves = item.moves ?? [];
  const sums = new Map<string, { seconds: number; visits: number }>();
  moves.forEach((m, i) => {
    if (m.to === "done") return;
    const next = moves[i + 1];
    const seconds = Math.max(0, ((next ? millis(next.at) : now) - millis(m.at)) / 1000);
    const sum = sums.get(m.to) ?? { seconds: 0, visits: 0 };
    sums.set(m.to, { seconds: sum.seconds + seconds, visits: sum.visits + 1 });
  });
  return states.flatMap((state) => {
    const sum = sums.get(state);
    return sum ? [{ state, ...sum }] : [];
  });
}

/** A reason without the paragraph of evidence behind it, which stands on the page that the reason leads to. */
export function shortly(because: string): string {
  return because.replace(/: (Roll back|Promote|Hold): /, ": ").replace(/\. .*$/s, "");
}
