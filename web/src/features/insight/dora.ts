import type { Schemas } from "~/api/ask";
import { ask } from "~/api/ask";
import { format, span, type Unit } from "~/lib/number";

export type Metric = Schemas["Dora"]["metrics"][number];

/** What of the insight page is shown; it is the address. */
export interface InsightSearch {
  team?: string;
  component?: string;
  /** days back from now */
  days?: string;
  /** first day of the range, as 2026-05-04; goes before days */
  from?: string;
  /** last day of the range, part of it */
  to?: string;
  /** the metric whose events are open */
  metric?: string;
}

export const ranges = ["7", "30", "90", "365"] as const;

const hour = 3_600_000;
const day = 24 * hour;

/**
 * The range as the API takes it: from is part of it, to is not. A range that ends now begins at a full hour, so that the
 * question stays the same for a while; two days that stand the wrong way round are turned.
 */
export function rangeOf(s: InsightSearch, now: number): { from?: string; to?: string } {
  const days = [s.from, s.to].map((d) => (isDay(d) ? Date.parse(`${d}T00:00:00Z`) : undefined));
  const [from, to] = days;
  if (from === undefined && to === undefined) {
    const back = ranges.includes(s.days as (typeof ranges)[number]) ? Number(s.days) : 30;
    return { from: new Date(Math.floor(now / hour) * hour - back * day).toISOString() };
  }
  if (from !== undefined && to !== undefined && from > to) {
    return { from: new Date(to).toISOString(), to: new Date(from + day).toISOString() };
  }
  return {
    ...(from !== undefined ? { from: new Date(from).toISOString() } : {}),
    ...(to !== undefined ? { to: new Date(to + day).toISOString() } : {}),
  };
}

function isDay(text: string | undefined): text is string {
  return text !== undefined && /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text));
}

/** Facts that change what is computed. */
const kinds = ["rollout", "deployment", "incident", "commits", "component", "artifact"];

export function doraQuery(s: InsightSearch, now: number) {
  return ask("/api/v1/insight/dora", {
    query: {
      ...(s.team ? { team: s.team } : {}),
      ...(s.component ? { component: s.component } : {}),
      ...rangeOf(s, now),
    },
    kinds,
  });
}

/** The metric's unit as numbers are written here. */
export function unitOf(m: Pick<Metric, "unit">): Unit {
  return m.unit === "share" ? "ratio" : m.unit;
}

/** The interval in words; an end that is absent is open. Nothing where there is no value to have one. */
export function intervalWords(
  m: Pick<Metric, "state" | "low" | "high" | "level" | "unit">,
): string | undefined {
  if (m.state !== "measured") return undefined;
  const unit = unitOf(m);
  const level = `${format(m.level, "ratio")} interval`;
  if (m.low !== undefined && m.high !== undefined) return `${level} ${span(m.low, m.high, unit)}`;
  if (m.low !== undefined) return `${level} from ${format(m.low, unit)}, open above`;
  if (m.high !== undefined) return `${level} up to ${format(m.high, unit)}`;
  return undefined;
}

/** How much it rests on: "2 of 12", "n = 5, 1 open", "5 of at least 6". */
export function basis(m: Pick<Metric, "state" | "n" | "hits" | "open" | "minimum">): string {
  const open = m.open ? `, ${format(m.open, "count")} still open` : "";
  if (m.state === "too few")
    return `n = ${format(m.n, "count")} of at least ${format(m.minimum, "count")}${open}`;
  if (m.hits !== undefined && m.state === "measured")
    return `${format(m.hits, "count")} of n = ${format(m.n, "count")}${open}`;
  return `n = ${format(m.n, "count")}${open}`;
}

/** One slice of the trend; nothing observed has no value, which is not 0. */
export interface Slice {
  from: string;
  value: number | null;
  n: number;
}

export function slices(m: Pick<Metric, "points">): Slice[] {
  return m.points.map((p) => ({ from: p.from, n: p.n, value: p.n > 0 ? (p.value ?? null) : null }));
}

/** A day of a range as it is written under a trend. */
export function dayOf(at: string): string {
  return new Date(at).toLocaleDateString("en-GB", { day: "numeric", month: "short" });
}
