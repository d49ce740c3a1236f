import type { Schemas } from "~/api/ask";
import { format } from "~/lib/number";
import type { Rollout } from "./rollout";

export type Stage = Schemas["PlannedStage"];

/** Who gets the new version in a stage: "25 % of the units", "50 % of a cohort of 1 000", "all units". */
export function whom(s: Pick<Stage, "share" | "cohort">): string {
  const share = format(s.share, "ratio");
  if (s.cohort) return `${share} of a cohort of ${format(s.cohort.units, "count")}`;
  return s.share === 1 ? "all units" : `${share} of the units`;
}

/** What the share of the stage that it is in is of. */
export function ofWhom(r: Pick<Rollout, "plan" | "stage" | "phase">): string {
  return r.phase === "running" && r.plan?.stages[r.stage]?.cohort ? "of the cohort" : "of units";
}

/** Seconds of a length of time as the plan writes it: "24h0m0s", "1m30s", "500ms". */
export function secondsIn(text: string | undefined): number {
  const each: Record<string, number> = { h: 3600, m: 60, s: 1, ms: 0.001, us: 1e-6, µs: 1e-6, ns: 1e-9 };
  let sum = 0;
  for (const [, n, unit] of (text ?? "").matchAll(/([\d.]+)(h|ms|us|µs|ns|m|s)/g))
    sum += Number(n) * (each[unit ?? ""] ?? 0);
  return sum;
}

/** Where a stage stands with the approval that it needs. */
export type Gate = "none" | "needed" | "waits" | "approved" | "void";

/** Ahead of a rollout that has ended, nothing is needed any more. */
export function gateOf(r: Pick<Rollout, "awaits" | "plan" | "phase">, stage: number): Gate {
  const s = r.plan?.stages[stage];
  if (!s) return "none";
  if (s.approved) return "approved";
  if (!s.approval) return "none";
  if (r.awaits === stage) return "waits";
  return r.phase === "starting" || r.phase === "running" ? "needed" : "void";
}

/** The stage for which only a person's approval is missing, and whether anything of the version runs in production yet. */
export function awaited(
  r: Pick<Rollout, "awaits" | "plan">,
): { index: number; stage: Stage; before: boolean } | undefined {
  if (r.awaits === undefined) return undefined;
  const stage = r.plan?.stages[r.awaits];
  return stage && { index: r.awaits, stage, before: r.awaits === 0 };
}

/** The freeze that a rollout waits for, from the server's words. */
export function freezeIn(
  waiting: string | undefined,
): { name: string; until: string; by: string; ready: boolean } | undefined {
  const found = /the freeze "((?:[^"\\]|\\.)*)" to end at (.+?) \((.+)\)\. Hotfixes may go\.$/.exec(
    waiting ?? "",
  );
  if (!found) return undefined;
  const [whole, name = "", until = "", by = ""] = found;
  return {
    name: name.replace(/\\(.)/g, "$1"),
    until,
    by,
    ready: (waiting ?? "").length > whole.length,
  };
}

/** Why somebody may not operate what a team owns, in words; undefined for who may. */
export function notYours(
  me: { roles: readonly string[]; teams: readonly string[] },
  team: string,
): { text: string; next: string } | undefined {
  if (me.roles.includes("platform")) return undefined;
  if (me.roles.includes("member") && me.teams.includes(team)) return undefined;
  return {
    text: `Whoever is a member of team ${team} or has the role platform may approve it.`,
    next: `Send one of them this page, or ask a member of team ${team} to add you.`,
  };
}

/** What an approval does, with the numbers of this rollout. */
export function approvalWill(r: Rollout): string[] {
  const a = awaited(r);
  if (!a) return [];
  const who = whom(a.stage);
  const rest = [
    "roll it back by itself when the evidence shows harm, as before",
    "write your name and your reason into the journal and beside the stage",
  ];
  if (a.before)
    return [
      `start version ${r.release} in production and, once it answers, give it to ${r.first ? "everybody" : who}`,
      ...rest,
    ];
  return a.index === r.shares.length - 1
    ? [`promote version ${r.release}: ${who} get it, and version ${r.baseline ?? ""} is stopped`, ...rest]
    : [`widen version ${r.release} to ${who} at once, unless a freeze is in force`, ...rest];
}
