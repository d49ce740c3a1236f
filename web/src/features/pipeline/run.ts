import type { Schemas } from "~/api/ask";
import { millis } from "~/lib/time";

export type Run = Schemas["RunDetail"];
export type RunStep = Schemas["RunStep"];

/** Where a step stands in the graph: its column (how many steps must end before it at least) and its row. */
export interface Place {
  step: RunStep;
  column: number;
  row: number;
}

/** Lays the steps out from left to right, each behind everything that it needs. */
export function layout(steps: readonly RunStep[]): Place[] {
  const column = new Map<string, number>();
  const columnOf = (name: string, seen: readonly string[]): number => {
    const known = column.get(name);
    if (known !== undefined) return known;
    const step = steps.find((s) => s.name === name);
    // A name that is not there, or a circle, cannot come from the API; it must not hang the page either.
    if (!step || seen.includes(name)) return -1;
    const at = 1 + Math.max(-1, ...step.needs.map((n) => columnOf(n, [...seen, name])));
    column.set(name, at);
    return at;
  };
  const rows = new Map<number, number>();
  return steps.map((step) => {
    const at = columnOf(step.name, []);
    const row = rows.get(at) ?? 0;
    rows.set(at, row + 1);
    return { step, column: at, row };
  });
}

/** What a step needs, without what another of its needs waits for already: the lines worth drawing. */
export function direct(step: RunStep, steps: readonly RunStep[]): string[] {
  const behind = (name: string, seen: readonly string[]): string[] => {
    if (seen.includes(name)) return [];
    const needs = steps.find((s) => s.name === name)?.needs ?? [];
    return needs.flatMap((n) => [n, ...behind(n, [...seen, name])]);
  };
  const implied = new Set(step.needs.flatMap((n) => behind(n, [step.name])));
  return step.needs.filter((n) => !implied.has(n));
}

/** Seconds that a step took, until now while it runs; null before it starts. */
export function took(s: { started?: string; finished?: string }, now: number): number | null {
  if (!s.started) return null;
  return Math.max(0, ((s.finished ? millis(s.finished) : now) - millis(s.started)) / 1000);
}

/** The step that is looked at first: one that failed, else the one that runs, else the last that printed something. */
export function firstStep(steps: readonly RunStep[]): string | undefined {
  const by = (state: RunStep["state"]) => steps.find((s) => s.state === state)?.name;
  return (
    by("failed") ??
    by("running") ??
    by("cancelled") ??
    steps.findLast((s) => s.state === "succeeded")?.name ??
    steps[0]?.name
  );
}

export function over(state: Run["state"]): boolean {
  return state === "succeeded" || state === "failed" || state === "cancelled";
}

/** What ending a run does. */
export function cancelWill(r: Run): string[] {
  const running = r.steps.filter((s) => s.state === "running").map((s) => s.name);
  const left = r.steps.filter((s) => s.state === "waiting").map((s) => s.name);
  return [
    running.length > 0 ? `stop ${running.join(" and ")} where it stands` : "take the run out of the queue",
    ...(left.length > 0 ? [`leave out ${left.join(", ")}`] : []),
    ...(r.check
      ? [
          r.event === "check"
            ? `leave ${r.branch} without a verdict, until the next push to it or another try`
            : "leave what it was started for undone; nothing of it would have been published",
        ]
      : ["publish no artifact, so nothing of this commit reaches customers"]),
    ...(r.items.length > 0 && !r.check ? [`send ${r.items.join(", ")} back to building`] : []),
  ];
}

/** The steps that somebody wrote, one in a line. */
export function asked(lines: string | undefined): string[] {
  return (lines ?? "")
    .split("\n")
    .map((l) => l.trim())
    .filter((l) => l !== "");
}

/** What trying again does. */
export function retryWill(r: Run): string[] {
  return [
    `queue a new run of the same commit ${r.commit.slice(0, 8)}, with a number of its own`,
    ...(r.inputs ? ["give its steps the same inputs"] : []),
    r.steps.some((s) => s.outputs)
      ? "walk all steps again; those whose key is known are restored, a step that failed is not"
      : "walk all steps again, with the caches as they are now",
    r.check
      ? r.event === "check"
        ? "publish nothing, whatever comes of it: it checks a branch"
        : "publish nothing, whatever comes of it"
      : "publish an artifact when it succeeds, which then goes to staging and production",
  ];
}
