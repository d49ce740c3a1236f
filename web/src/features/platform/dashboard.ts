import type { Schemas } from "~/api/ask";
import type { Unit } from "~/lib/number";
import { millis } from "~/lib/time";
import { hrefOf } from "~/object/subject";
import type { Marker, Series } from "~/ui/TimeChart";

export type Dashboard = Schemas["Dashboard"];
export type Chart = Schemas["Chart"];

const units: Record<Chart["unit"], Unit> = {
  "requests/s": "per second",
  share: "ratio",
  s: "seconds",
  cores: { unit: "cores" },
  bytes: "bytes",
  "events/s": "per second",
};

export function unitOf(chart: Chart): Unit {
  return units[chart.unit];
}

export function timesOf(d: Dashboard): number[] {
  return d.times.map((t) => millis(t) / 1000);
}

/** All versions that any chart shows, the oldest first; a version has the same colour in each chart. */
export function versions(d: Dashboard): string[] {
  const all = new Set(d.charts.flatMap((c) => c.series.filter((s) => seen(s, c)).map((s) => s.release)));
  return [...all].sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
}

/** A chart's lines, one per version; versions that took no part in the time shown are left out. */
export function lines(chart: Chart, known: readonly string[]): Series[] {
  const newest = known.length - 1;
  return chart.series
    .filter((s) => seen(s, chart))
    .map((s) => {
      const back = newest - known.indexOf(s.release);
      return {
        label: `version ${s.release}`,
        values: s.values,
        color: `series-${(back % 6) + 1}`,
      };
    });
}

/** What happened meanwhile, for the top of the charts: versions arriving and incidents. */
export function markers(d: Dashboard): Marker[] {
  return d.markers
    .filter((m) => m.kind !== "rollout.widened" && m.kind !== "incident.resolved")
    .filter((m) => !(m.kind === "rollout.finished" && m.outcome === "promoted"))
    .map((m) => ({
      at: millis(m.at) / 1000,
      kind: m.kind === "incident.opened" ? "incident" : "deploy",
      label: m.text,
      href: hrefOf(m.subject),
    }));
}

// A version without traffic has a rate of 0 for ever; no failures, however, are worth a line.
function seen(s: Chart["series"][number], chart: Chart): boolean {
  return s.values.some((v) => v !== null && (v !== 0 || !["rate", "events"].includes(chart.name)));
}

/** The ranges that can be chosen, in seconds. */
export const ranges: readonly { seconds: number; name: string }[] = [
  { seconds: 900, name: "15 min" },
  { seconds: 3600, name: "1 h" },
  { seconds: 21_600, name: "6 h" },
  { seconds: 86_400, name: "24 h" },
];

export function rangeOf(text: string | undefined): number {
  const seconds = Number(text);
  return ranges.some((r) => r.seconds === seconds) ? seconds : 900;
}
