import type { Schemas } from "~/api/ask";
import { ask } from "~/api/ask";
import { format, type Unit } from "~/lib/number";
import type { Said } from "~/object/states";
import type { State } from "~/ui/state";

export type Detail = Schemas["InitiativeDetail"];
export type Decision = Schemas["Decision"];
export type Verdict = Decision["verdict"];

export function initiativeQuery(id: string) {
  return ask("/api/v1/initiatives/{id}", {
    path: { id },
    kinds: ["initiative", "key-result", "feature", "item", "effect", "rollout"],
  });
}

/** Vision, objectives and the other initiatives, beside which this one is ranked. */
export const boardQuery = ask("/api/v1/portfolio", {
  kinds: ["vision", "objective", "key-result", "initiative"],
});

export function initiativeState(i: Pick<Detail, "state" | "approved">): Said {
  if (i.state === "implementing") return { state: "running", label: "implementing" };
  if (i.state === "done") return { state: "done", label: "done" };
  return { state: "waiting", label: i.state === "ready" && i.approved ? "ready, approved" : i.state };
}

/** The epic hypothesis statement as one sentence, its parts marked; what nobody has written yet is null. */
export function sentence(h: Schemas["Hypothesis"] | undefined): { lead: string; said: string | null }[] {
  const said = (v: string | undefined) => (v?.trim() ? v.trim() : null);
  return [
    { lead: "For", said: said(h?.for) },
    { lead: "who", said: said(h?.who) },
    { lead: ", the", said: said(h?.the) },
    { lead: "is a", said: said(h?.isA) },
    { lead: "that", said: said(h?.that) },
    { lead: ". Unlike", said: said(h?.unlike) },
    { lead: ", our solution", said: said(h?.ourSolution) },
  ];
}

/** The decisions that can be asked of the board in a state. */
export function verdicts(state: Detail["state"]): Verdict[] {
  switch (state) {
    case "analysing":
      return ["go", "no-go"];
    case "funnel":
    case "reviewing":
    case "ready":
      return ["no-go"];
    case "implementing":
      return ["persevere", "pivot", "stop"];
    case "done":
      return [];
  }
}

/** What is asked of the board now, in a sentence. */
export function asked(i: Pick<Detail, "state" | "result" | "gate">): string {
  const open = i.gate.checks.filter((c) => !c.ok).length;
  const all = i.gate.checks.length;
  const rest =
    open === 0
      ? ""
      : ` ${open} of ${all} ${all === 1 ? "check" : "checks"} of the gate ${open === 1 ? "does" : "do"} not hold yet.`;
  switch (i.state) {
    case "funnel":
      return `Is it worth a review?${rest}`;
    case "reviewing":
      return `Is the hypothesis clear enough to make the business case?${rest}`;
    case "analysing":
      return `Go or no-go: is the smallest test of the hypothesis worth its price?${rest}`;
    case "ready":
      return `Approved. It waits until a product takes it up.${rest}`;
    case "implementing":
      return i.result.measured === undefined
        ? `Nothing has been measured yet. Persevere, pivot or stop once it was.${rest}`
        : `The hypothesis was measured (grade ${i.result.grade}): persevere, pivot or stop?${rest}`;
    case "done":
      return "Nothing: it is done.";
  }
}

/** What a decision will do, with the numbers of this initiative. */
export function will(
  v: Verdict,
  i: Pick<Detail, "state" | "features" | "result" | "cost" | "budget">,
): string[] {
  const freeze = "freeze what is known now (ranking, key results, effects, spend) and seal it with a hash";
  const price = money(i.budget ?? i.cost);
  switch (v) {
    case "go":
      return [
        `approve it${price ? ` with ${price}` : ""}`,
        total(i.features) > 0
          ? "begin implementing, for a product has taken it up"
          : "make it ready for a product to take up",
        freeze,
      ];
    case "no-go":
      return ["end it before anything is spent on building it; it moves to done", freeze];
    case "persevere":
      return [
        `keep on: ${i.features.planned} planned and ${i.features.building} building features go on`,
        freeze,
      ];
    case "pivot":
      return [
        "send it back to reviewing, for a new hypothesis; the go of the board no longer stands",
        freeze,
      ];
    case "stop":
      return ["end it; it moves to done, with what it has measured so far", freeze];
  }
}

function total(f: Schemas["FeatureCounts"]): number {
  return f.planned + f.building + f.released;
}

export const verdictLooks: Record<Verdict, { state: State; label: string }> = {
  go: { state: "done", label: "go" },
  "no-go": { state: "failed", label: "no-go" },
  persevere: { state: "running", label: "persevere" },
  pivot: { state: "rolled-back", label: "pivot" },
  stop: { state: "failed", label: "stop" },
};

export function money(m: Schemas["Money"] | undefined): string | null {
  return m ? format(m.amount, { money: m.currency }) : null;
}

/** The unit of a change: a change of a per cent is in percentage points. */
export function resultUnit(unit: string, comparable: boolean): Unit {
  if (!comparable || unit === "share of units") return "points";
  return { unit: unit === "%" || unit === "percent" ? "pp" : unit };
}

export interface Competitor {
  id: string;
  title: string;
  here: boolean;
  wsjf: Schemas["WSJF"];
}

/** The open initiatives scored side by side with this one, this one included, first rank first. */
export function competitors(
  i: Pick<Detail, "id" | "wsjf">,
  all: readonly Schemas["Initiative"][],
): Competitor[] {
  return all
    .flatMap((x) =>
      x.wsjf && x.wsjf.set === i.wsjf?.set && (x.wsjf.rank > 0 || x.id === i.id)
        ? [{ id: x.id, title: x.title, here: x.id === i.id, wsjf: x.wsjf }]
        : [],
    )
    .sort((a, b) => (a.wsjf.rank || Number.MAX_VALUE) - (b.wsjf.rank || Number.MAX_VALUE));
}
