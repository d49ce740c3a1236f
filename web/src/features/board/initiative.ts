import type { Schemas } from "~/api/ask";
import { format, type Unit } from "~/lib/number";
import type { State } from "~/ui/state";
import type { Initiative } from "./board";

export type VerdictWord = Schemas["Decision"]["verdict"];

/** What is asked of the board now, and what each answer will do. */
export interface Question {
  text: string;
  answers: readonly Answer[];
}

export interface Answer {
  verdict: VerdictWord;
  label: string;
  danger: boolean;
  /** what it will do, one line each */
  will: readonly string[];
  undo: string;
}

const frozen = "freeze what is known at this moment beside the decision, with its hash in the journal";

const answers: Record<VerdictWord, Answer> = {
  go: {
    verdict: "go",
    label: "Go",
    danger: false,
    will: ["approve the business case: products may take it up, teams may build", frozen],
    undo: "Moving it back before it is implemented takes the approval away.",
  },
  "no-go": {
    verdict: "no-go",
    label: "No-go",
    danger: true,
    will: ["end it without funding: it goes to done", frozen],
    undo: "It can begin again in the funnel.",
  },
  persevere: {
    verdict: "persevere",
    label: "Persevere",
    danger: false,
    will: [
      "say that the hypothesis holds: the work goes on",
      "open the gate to done once nothing is being built",
      frozen,
    ],
    undo: "A later decision may say otherwise.",
  },
  pivot: {
    verdict: "pivot",
    label: "Pivot",
    danger: true,
    will: ["take it back to reviewing: the hypothesis is written anew", "end the approval", frozen],
    undo: "Its way leads through the gates again.",
  },
  stop: {
    verdict: "stop",
    label: "Stop",
    danger: true,
    will: ["end it: it goes to done, whatever is being built for it has no reason any more", frozen],
    undo: "It can begin again in the funnel.",
  },
};

/** The decision that an initiative's state asks for, or undefined where none is asked. */
export function questionOf(i: Pick<Initiative, "state" | "approved">): Question | undefined {
  switch (i.state) {
    case "analysing":
      return {
        text: "Is the business case good enough to fund it?",
        answers: [answers.go, answers["no-go"]],
      };
    case "implementing":
      return {
        text: "Does the hypothesis hold, on what was measured?",
        answers: [answers.persevere, answers.pivot, answers.stop],
      };
    case "ready":
      return { text: "It is approved and waits for a product to take it up.", answers: [answers["no-go"]] };
    case "funnel":
    case "reviewing":
      return { text: "Nothing is to be decided before the business case.", answers: [answers["no-go"]] };
    case "done":
      return undefined;
  }
}

/** The state of a verdict: what it led to. */
export function verdictState(v: VerdictWord): State {
  if (v === "go" || v === "persevere") return "done";
  return v === "pivot" ? "held" : "failed";
}

/** The hypothesis as a sentence; a part that is missing is a gap. */
export function hypothesisParts(
  h: Schemas["Hypothesis"] | undefined,
): { before: string; said: string; gap: string }[] {
  return [
    { before: "For", said: h?.for ?? "", gap: "whom" },
    { before: "who", said: h?.who ?? "", gap: "what they do" },
    { before: ", the", said: h?.the ?? "", gap: "solution" },
    { before: "is a", said: h?.isA ?? "", gap: "kind of thing" },
    { before: "that", said: h?.that ?? "", gap: "value it brings" },
    { before: ". Unlike", said: h?.unlike ?? "", gap: "what there is today" },
    { before: ", our solution", said: h?.ourSolution ?? "", gap: "what is different" },
  ];
}

/** The unit of a change of a key result: a difference of percentages is in percentage points. */
export function changeUnit(unit: string): Unit {
  if (unit === "share of units") return "points";
  return { unit: unit === "%" ? "pp" : unit };
}

/** A change with its sign. */
export function change(value: number, unit: string): string {
  const u = changeUnit(unit);
  const words = format(value, u);
  return value > 0 && u !== "points" ? `+${words}` : words;
}

/** The estimates of effects in the unit of their kind, best evidence first. */
export const grades: Record<string, string> = {
  A: "Randomised: chance decided who met which version, so the difference is caused by it.",
  B: "Quasi-experimental: compared with a group that chance did not choose.",
  C: "Before and after: other causes are not ruled out.",
  D: "Stated by a person, not measured.",
};

/** What became of the rollout that measured an effect, in the one vocabulary. */
export function keptState(kept: Schemas["MeasuredEffect"]["kept"]): State {
  return kept === "promoted" ? "done" : kept === "rolled_back" ? "rolled-back" : "running";
}

/** The share of the budget that is spent, as far as both are known in one currency. */
export function spentShare(i: Pick<Initiative, "spend" | "budget" | "cost">): number | undefined {
  const of = i.budget ?? i.cost;
  const spent = i.spend.cost;
  if (!of || !spent || of.currency !== spent.currency || of.amount === 0) return undefined;
  return spent.amount / of.amount;
}
