import type { Schemas } from "~/api/ask";
import { ask } from "~/api/ask";
import type { Said } from "~/object/states";
import { linesOf, numberOf } from "~/ui/form";

export type Flag = Schemas["Flag"];
export type Setting = Schemas["FlagSetting"];
export type Environment = Setting["environment"];

type Filter = { component?: string; feature?: string; on?: Environment; archived?: boolean };

export function flagsQuery(filter: Filter) {
  return ask("/api/v1/flags", { query: { ...filter, limit: 500 }, kinds: ["flag"] });
}

/** What flags are asked for under, so that a change here is seen at once. */
export const flagsKey = ["/api/v1/flags"] as const;

export function settingOf(f: Flag, environment: Environment): Setting {
  return f.environments.find((e) => e.environment === environment) ?? { environment, state: "off" };
}

/** For whom a flag is on, in words: "off", "on for everybody", "on for 25 % and 2 by name". */
export function forWhom(s: Pick<Setting, "state" | "percent" | "units">): string {
  if (s.state === "off") return "off";
  if (s.state === "on") return "on for everybody";
  const parts = [s.percent ? `${s.percent} %` : "", s.units?.length ? `${s.units.length} by name` : ""];
  return `on for ${parts.filter(Boolean).join(" and ")}`;
}

/** The same where there is little room: "off", "on", "25 % + 2 named". */
export function brief(s: Pick<Setting, "state" | "percent" | "units">): string {
  if (s.state !== "cohort") return s.state;
  return [s.percent ? `${s.percent} %` : "", s.units?.length ? `${s.units.length} named` : ""]
    .filter(Boolean)
    .join(" + ");
}

/** The same as a state; what customers have is what production says. */
export function flagState(s: Setting): Said {
  const label = forWhom(s);
  if (s.state === "off") return { state: "waiting", label };
  return s.state === "on" ? { state: "done", label } : { state: "running", label };
}

/** What is being chosen in the dialog. */
export interface Choice {
  state: Setting["state"];
  percent: string;
  /** one per line */
  units: string;
}

export function choiceOf(s: Setting, state: Setting["state"] = s.state): Choice {
  return { state, percent: s.percent ? String(s.percent) : "", units: (s.units ?? []).join("\n") };
}

/** The setting that a choice makes; the API has the last word on it. */
export function chosen(c: Choice): Pick<Setting, "state" | "percent" | "units"> {
  if (c.state !== "cohort") return { state: c.state };
  return { state: "cohort", percent: numberOf(c.percent) ?? 0, units: linesOf(c.units) };
}

/** What is wrong with a choice before it is sent, or null. */
export function wrongWith(c: Choice, now: Setting): string | null {
  if (forWhom(chosen(c)) === forWhom(now) && sameUnits(chosen(c).units, now.units))
    return `Choose something else: it is ${forWhom(now)} already.`;
  if (c.state !== "cohort") return null;
  const percent = c.percent.trim() === "" ? 0 : numberOf(c.percent);
  if (percent === undefined || percent < 0 || percent > 100) return "Write a number from 0 to 100.";
  if (percent === 0 && linesOf(c.units).length === 0) return "0 % and nobody by name is nobody.";
  return null;
}

function sameUnits(a: Setting["units"], b: Setting["units"]): boolean {
  return [...(a ?? [])].sort().join("\n") === [...(b ?? [])].sort().join("\n");
}

/** What a switch will do, a line each. */
export function will(f: Flag, environment: Environment, c: Choice): string[] {
  const now = settingOf(f, environment);
  const to = chosen(c);
  const lines = [`Switch ${f.key} in ${environment} from ${forWhom(now)} to ${forWhom(to)}`];
  if (now.state === "cohort" && to.state === "cohort") {
    const change = (to.percent ?? 0) - (now.percent ?? 0);
    if (change > 0) lines.push("Keep whom the percentage has already, and add more");
    if (change < 0) lines.push("Take the feature from those who came last");
  }
  lines.push(
    "Reach the running code with its next question, within a second; nothing is deployed or restarted",
  );
  return lines;
}

/** What killing a feature will do. */
export function killWill(f: Flag, environment: Environment): string[] {
  return [
    `Switch ${f.key} of ${f.component} off in ${environment} for everybody; it is ${forWhom(settingOf(f, environment))}`,
    "Reach the running code with its next question, within a second",
    "Deploy and restart nothing; a rollout that is under way goes on",
  ];
}

/** How the code asks for a flag, for copying. */
export function snippet(component: string, key: string): string {
  return `// once, at the start of the service
err := openfeature.SetProviderAndWait(ofrep.NewProvider(os.Getenv("OFREP_ENDPOINT")))
flags := openfeature.NewClient("${component}")

// where the feature is; false is the value without it
who := openfeature.NewEvaluationContext(customer, nil)
if flags.Boolean(ctx, "${key}", false, who) {
	// the feature
}`;
}
