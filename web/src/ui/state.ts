/** The one vocabulary of states, the same on every page. */
export type State = "waiting" | "running" | "held" | "done" | "failed" | "rolled-back";

export const states: readonly State[] = ["waiting", "running", "held", "done", "failed", "rolled-back"];

const words: Record<State, string> = {
  waiting: "waiting",
  running: "running",
  held: "held",
  done: "done",
  failed: "failed",
  "rolled-back": "rolled back",
};

export function stateWord(state: State): string {
  return words[state];
}

const synonyms: Record<string, State> = {
  "rolled back": "rolled-back",
  rolled_back: "rolled-back",
  rolledback: "rolled-back",
  queued: "waiting",
  pending: "waiting",
  planned: "waiting",
  ready: "waiting",
  funnel: "waiting",
  active: "running",
  started: "running",
  implementing: "running",
  rolling: "running",
  open: "running",
  blocked: "held",
  hold: "held",
  paused: "held",
  promoted: "done",
  succeeded: "done",
  success: "done",
  passed: "done",
  resolved: "done",
  closed: "done",
  live: "done",
  error: "failed",
  cancelled: "failed",
  canceled: "failed",
  rejected: "failed",
};

/** The state that a word of the API stands for; waiting for a word that nobody has taught this page. */
export function stateOf(word: string): State {
  const w = word.toLowerCase();
  return states.find((s) => s === w) ?? synonyms[w] ?? "waiting";
}

/** The CSS variable of a state's colour, and with "soft" of its background. */
export function stateColor(state: State, soft = false): string {
  return `var(--f-${state}${soft ? "-soft" : ""})`;
}
