import type { Schemas } from "~/api/ask";
import { format, type Unit } from "~/lib/number";
import type { MetricVerdict } from "./rollout";

export type PlannedMetric = Schemas["PlannedMetric"];

/** What is counted for a metric, and what it decides, in a sentence. */
export function counted(p: PlannedMetric): string {
  const event = p.event ?? "";
  const of = p.where ? ` where ${conditions(p.where)}` : "";
  const what = {
    "server-errors": "Each unit that met a server error, or got no answer, once.",
    latency: "How long the first request of each unit took.",
    count: `Units to which ${event}${of} happened; ${p.better} is better.`,
    proportion: `Of the units with ${event}${of}, those whose first was a success; ${p.better} is better.`,
    mean: `${p.value} of each unit's first ${event}${of}; ${p.better} is better.`,
  }[p.kind];
  const decides =
    p.role === "guardrail"
      ? "A guardrail: it rolls back when harmed and must have been watched."
      : "It must be shown not to be worse, and rolls back when harmed.";
  return `${what} ${decides}`;
}

function conditions(where: Record<string, string>): string {
  return Object.entries(where)
    .map(([k, v]) => `${k} is ${v}`)
    .join(" and ");
}

/** One comparison of the two versions: units with it, of how many. */
export interface Pair {
  label: string;
  /** one side is null while it has no units */
  old: Part | null;
  fresh: Part | null;
  /** the end of the scale, 0..1 */
  top: number;
}

interface Part {
  units: number;
  of: number;
  share: number;
}

/** The shares that a metric compares: one pair for each edge of a latency, one for a proportion, none for others. */
export function pairs(m: MetricVerdict, p: PlannedMetric): Pair[] {
  const of = m.watched ?? { canary: 0, baseline: 0 };
  const part = (units: number, all: number) => (all > 0 ? { units, of: all, share: units / all } : null);
  const pair = (label: string, canary: number, baseline: number): Pair => {
    const old = part(baseline, of.baseline);
    const fresh = part(canary, of.canary);
    return { label, old, fresh, top: Math.max(0.02, old?.share ?? 0, fresh?.share ?? 0) };
  };
  if (p.kind === "latency")
    return (m.edges ?? []).map((e) => pair(`Slower than ${format(e.at, "seconds")}`, e.canary, e.baseline));
  return p.kind === "proportion" ? [pair("Success", m.canary, m.baseline)] : [];
}

/** The difference that a proportion or a mean shows, against the one that would be too much. */
export function difference(m: MetricVerdict, p: PlannedMetric) {
  const usual = p.kind === "proportion" ? rateOfBaseline(m, p) : Math.abs(p.usual ?? 0);
  const margin = (p.better === "more" ? -1 : 1) * p.margin * usual;
  const unit: Unit = p.kind === "proportion" ? "points" : { unit: p.unit ?? "" };
  return {
    unit,
    better: p.better === "more" ? ("higher" as const) : ("lower" as const),
    estimate: m.effect?.estimate ?? null,
    low: m.effect?.low ?? null,
    high: m.effect?.high ?? null,
    margin: p.role === "primary" ? margin : null,
    n: (m.watched?.canary ?? 0) + (m.watched?.baseline ?? 0),
  };
}

function rateOfBaseline(m: MetricVerdict, p: PlannedMetric): number {
  const all = m.watched?.baseline ?? 0;
  return all > 0 ? m.baseline / all : (p.usual ?? 0);
}
