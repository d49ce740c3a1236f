import type { Schemas } from "~/api/ask";
import type { Unit } from "~/lib/number";

export type Metric = Schemas["Metric"];

const units: Record<Metric["unit"], Unit> = { "per day": "per day", seconds: "seconds", share: "ratio" };

export function unitOf(m: Metric): Unit {
  return units[m.unit];
}

/** The latest slices of a metric, with a gap where nothing was observed; those before anything was are left out. */
export function slices(m: Metric, most = 30): (number | null)[] {
  const values = m.points.map((p) => (p.n > 0 || p.value !== undefined ? (p.value ?? null) : null));
  const begun = m.points.findIndex((p) => p.n > 0);
  return begun < 0 ? [] : values.slice(Math.max(begun, values.length - most));
}

/** True when there are two values at least: one makes no line. */
export function hasLine(m: Metric): boolean {
  return slices(m).filter((v) => v !== null).length > 1;
}

/** Heights of bars from 0 to 1, against the greatest. */
export function bars(counts: readonly number[]): number[] {
  const top = Math.max(1, ...counts);
  return counts.map((c) => c / top);
}
