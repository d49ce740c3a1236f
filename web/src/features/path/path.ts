import type { Schemas } from "~/api/ask";
import type { Said } from "~/object/states";
import { type FormField, given } from "~/ui/form";

export type Path = Schemas["Path"];
export type Version = Schemas["PathVersion"];
export type Upgrade = Schemas["Upgrade"];
export type Upgraded = Schemas["UpgradeComponent"];
export type Drift = Schemas["Drift"];
export type DriftFile = Schemas["DriftFile"];
export type PathInput = Schemas["PathInput"];

export function pathHref(name: string, view?: string): string {
  return `/paths/${encodeURIComponent(name)}${view ? `?view=${view}` : ""}`;
}

/** A version's state in one word of ours. */
export function versionState(v: Pick<Version, "state">): Said {
  switch (v.state) {
    case "testing":
      return { state: "running", label: "being tried" };
    case "refused":
      return { state: "failed", label: "refused" };
    case "withdrawn":
      return { state: "rolled-back", label: "withdrawn" };
    default:
      return { state: "done", label: "offered" };
  }
}

/** An upgrade's state in one word of ours. */
export function upgradeState(u: Pick<Upgrade, "state">): Said {
  switch (u.state) {
    case "running":
      return { state: "running", label: "on the way" };
    case "paused":
      return { state: "held", label: "paused" };
    case "stopped":
      return { state: "rolled-back", label: "stopped" };
    default:
      return { state: "done", label: "through" };
  }
}

const stages: Record<Upgraded["state"], Said> = {
  waiting: { state: "waiting", label: "its turn comes" },
  preparing: { state: "running", label: "being merged" },
  open: { state: "running", label: "being checked" },
  approval: { state: "held", label: "needs people" },
  conflict: { state: "held", label: "conflict" },
  failed: { state: "failed", label: "failed" },
  declined: { state: "rolled-back", label: "declined" },
  merged: { state: "done", label: "merged" },
  current: { state: "done", label: "has it" },
  left: { state: "rolled-back", label: "left out" },
};

/** How far an upgrade is with a component. */
export function stageOf(c: Pick<Upgraded, "state">): Said {
  return stages[c.state];
}

/** Whether an upgrade of a component waits for its team. */
export function parked(c: Pick<Upgraded, "state">): boolean {
  return c.state === "conflict" || c.state === "approval" || c.state === "failed";
}

/** One part of a cohort's bar. */
export interface Part {
  id: "merged" | "way" | "parked" | "left" | "waiting";
  label: string;
  count: number;
}

export interface Cohort {
  number: number;
  size: number;
  /** its turn has come */
  begun: boolean;
  parts: Part[];
}

/** The cohorts of an upgrade, each with how many of its components are how far. */
export function cohorts(u: Upgrade): Cohort[] {
  return u.cohorts.map((size, i) => {
    const own = (u.components ?? []).filter((c) => c.cohort === i + 1);
    const of = (...states: Upgraded["state"][]) => own.filter((c) => states.includes(c.state)).length;
    const parts: Part[] = [
      { id: "merged", label: "merged", count: of("merged", "current") },
      { id: "way", label: "on the way", count: of("preparing", "open") },
      { id: "parked", label: "parked", count: own.filter(parked).length },
      { id: "left", label: "left out", count: of("left", "declined") },
      { id: "waiting", label: "to come", count: of("waiting") },
    ];
    return { number: i + 1, size, begun: u.cohort > i, parts: parts.filter((p) => p.count > 0) };
  });
}

/** What an upgrade brought, in a line: "96 merged, 4 in conflict". */
export function progress(c: Upgrade["counts"]): string {
  const parts: [number, string][] = [
    [c.merged, "merged"],
    [c.waiting, "on the way"],
    [c.conflict, "in conflict"],
    [c.approval, "need people"],
    [c.failed, "failed"],
    [c.left, "left out"],
  ];
  return parts
    .filter(([n]) => n > 0)
    .map(([n, word]) => `${n} ${word}`)
    .join(", ");
}

/** How many components of a path are behind what it offers. */
export function behind(p: Pick<Path, "components" | "version">): number {
  return p.components.filter((c) => c.version !== p.version).reduce((sum, c) => sum + c.components, 0);
}

const drifted: Record<DriftFile["state"], string> = {
  same: "as the path has it",
  changed: "changed by the team",
  missing: "deleted by the team",
  own: "the team's own",
};

/** What became of a file of the path, in words. */
export function driftWord(f: DriftFile): string {
  if (f.state === "missing" && f.next === "added") return "not there yet";
  return drifted[f.state];
}

/** The files worth looking at: what the team did to the path's, and what the newer version does. */
export function worth(files: readonly DriftFile[]): DriftFile[] {
  return files.filter((f) => f.next || f.state === "changed" || f.state === "missing");
}

/** What a path asks for beside what every path does. */
export function ownInputs(p: Pick<Path, "inputs"> | undefined): PathInput[] {
  return (p?.inputs ?? []).filter((i) => !["name", "team", "description"].includes(i.name));
}

/** An input's name as one reads it. */
export function inputLabel(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1).replaceAll("_", " ");
}

/** What was answered to an input, or what the path takes without an answer. */
export function answered(i: PathInput, answers: Record<string, string> | undefined): string {
  return answers?.[i.name] ?? i.default ?? (i.type === "boolean" ? "false" : "");
}

/** An answer in words. */
export function answerWord(i: PathInput, answer: string): string {
  if (i.type === "boolean") return answer === "true" ? "yes" : "no";
  return answer || "nothing";
}

/** An input as a field of a form, named as the API names its problems. */
export function inputField(i: PathInput): FormField {
  const options =
    i.type === "boolean"
      ? [
          { value: "false", label: "no" },
          { value: "true", label: "yes" },
        ]
      : i.choices?.map((value) => ({ value, label: value }));
  return {
    name: `answers.${i.name}`,
    label: inputLabel(i.name),
    hint: i.text,
    ...(options ? { kind: "pick" as const, options } : {}),
    ...(i.required ? { check: given("Answer this.") } : {}),
  };
}
