import type { Schemas } from "~/api/ask";
import { ask } from "~/api/ask";
import { format } from "~/lib/number";
import type { Said } from "~/object/states";

export type Initiative = Schemas["Initiative"];
export type Stage = Initiative["state"];

/** The whole board; what facts change it. */
export function boardQuery() {
  return ask("/api/v1/portfolio", {
    kinds: ["vision", "objective", "key-result", "initiative", "feature", "effect", "item", "rollout"],
  });
}

/** The columns of the portfolio board, each with what it is for. */
export const stages: readonly { id: Stage; name: string; about: string }[] = [
  { id: "funnel", name: "Funnel", about: "Every idea" },
  { id: "reviewing", name: "Reviewing", about: "Owned; the hypothesis is written" },
  { id: "analysing", name: "Analysing", about: "The business case is made" },
  { id: "ready", name: "Ready", about: "Approved; waits for a team" },
  { id: "implementing", name: "Implementing", about: "Teams test the hypothesis" },
  { id: "done", name: "Done", about: "Proven, disproved or not wanted" },
];

/** The initiatives of each column; the board's order is the API's: ranked. */
export function columns(initiatives: readonly Initiative[]): Map<Stage, Initiative[]> {
  return new Map(stages.map((s) => [s.id, initiatives.filter((i) => i.state === s.id)]));
}

/** The column beside one, or undefined at the end of the board. */
export function beside(stage: Stage, step: -1 | 1): Stage | undefined {
  return stages[stages.findIndex((s) => s.id === stage) + step]?.id;
}

/** The state of an initiative in the one vocabulary. */
export function initiativeState(i: Pick<Initiative, "state" | "approved">): Said {
  switch (i.state) {
    case "implementing":
      return { state: "running", label: "implementing" };
    case "done":
      return { state: "done", label: "done" };
    case "ready":
      return { state: "waiting", label: i.approved ? "approved, waits for a team" : "ready" };
    default:
      return { state: "waiting", label: i.state };
  }
}

/** What the gate to the next column still misses. */
export function missing(i: Pick<Initiative, "gate">): Schemas["Check"][] {
  return i.gate.checks.filter((c) => !c.ok);
}

/** WSJF in words: its place and what it is made of. */
export function rankWords(w: Schemas["WSJF"]): string {
  return w.rank > 0 ? `${w.rank} of ${w.of} in ${w.set}` : `done, was of ${w.set}`;
}

/** The sets of scores that were given side by side, each ranked; what has no score comes last. */
export function sets(initiatives: readonly Initiative[]): { set: string; list: Initiative[] }[] {
  const scored = new Map<string, Initiative[]>();
  const rest: Initiative[] = [];
  for (const i of initiatives) {
    if (!i.wsjf) rest.push(i);
    else scored.set(i.wsjf.set, [...(scored.get(i.wsjf.set) ?? []), i]);
  }
  const out = [...scored].map(([set, list]) => ({
    set,
    list: list.sort((a, b) => (b.wsjf?.wsjf ?? 0) - (a.wsjf?.wsjf ?? 0)),
  }));
  return rest.length > 0 ? [...out, { set: "", list: rest }] : out;
}

/** Money in words; no estimate is no zero. */
export function moneyWords(m: Schemas["Money"] | undefined, none = "not estimated"): string {
  return m ? format(m.amount, { money: m.currency }) : none;
}

/** Every key result of the board by its identifier. */
export function keyResults(p: Schemas["Portfolio"]): Map<string, Schemas["KeyResult"]> {
  return new Map(p.objectives.flatMap((o) => o.keyResults).map((k) => [k.id, k]));
}

/** Why a key result has no fresh value; the last one stays shown. */
export function troubleOf(k: Pick<Schemas["KeyResult"], "problem" | "value">): string {
  const words = k.problem ?? "";
  return k.value === undefined ? words : `no newer value: ${words.replace(/ yet$/, "")}`;
}

/** The way of a key result to its target, 0..1; null while nothing is measured. */
export function scoreOf(k: Pick<Schemas["KeyResult"], "score" | "value">): number | null {
  return k.value === undefined || k.score === undefined ? null : Math.min(Math.max(k.score, 0), 1);
}

/** A score in the colour and the word of its state: near the target it is done. */
export function scoreWord(score: number | null): Said {
  if (score === null) return { state: "waiting", label: "not measured" };
  const way = `${Math.floor(score * 100)} % of the way`;
  return score >= 1 ? { state: "done", label: "reached" } : { state: "running", label: way };
}
