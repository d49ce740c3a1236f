import type { Schemas } from "~/api/ask";
import { ask } from "~/api/ask";
import { format } from "~/lib/number";
import type { FormField, Values } from "~/ui/form";

export type Cost = Schemas["Cost"];
export type CostSum = Schemas["CostSum"];
export type Rates = Schemas["CostRates"];

export interface CostSearch {
  team?: string;
  component?: string;
  days?: string;
  /** "set" while the rates are being written */
  rates?: string;
}

export const ranges = ["7", "30", "90"] as const;

export function costQuery(search: CostSearch) {
  return ask("/api/v1/cost", {
    query: {
      ...(search.team ? { team: search.team } : {}),
      ...(search.component ? { component: search.component } : {}),
      days: Number(ranges.find((r) => r === search.days) ?? "30"),
    },
    kinds: ["rates"],
  });
}

export const costKey = ["/api/v1/cost"] as const;

/** What is priced, in the order in which it is piled up. */
export const kinds = [
  { id: "cpu", name: "Processor", series: 1 },
  { id: "memory", name: "Memory", series: 3 },
  { id: "storage", name: "Storage", series: 2 },
  { id: "build", name: "Builds", series: 4 },
] as const;

/** An amount of money; small ones with the figures that they have. */
export function amount(x: number, currency: string): string {
  if (x > 0 && x < 0.0001) return `under ${amount(0.0001, currency)}`;
  const small = x !== 0 && Math.abs(x) < 0.1;
  const figures = small
    ? { maximumSignificantDigits: 2 }
    : { minimumFractionDigits: 2, maximumFractionDigits: 2 };
  try {
    return new Intl.NumberFormat("en-GB", { style: "currency", currency, ...figures }).format(x);
  } catch {
    return `${x.toFixed(2)} ${currency}`; // letters that are no currency
  }
}

/** How much of a whole, with what is too little for a figure said as such. */
export function part(of: number, whole: number): string {
  if (whole <= 0) return "0 %";
  const share = (100 * of) / whole;
  return share > 0 && share < 0.1 ? "under 0.1 %" : `${share.toFixed(1)} %`;
}

/** The golden path that was tried, where a component is the repository of one. */
export function pathOf(c: Pick<Cost["components"][number], "component" | "team">): string | undefined {
  return c.team === "" && c.component.startsWith("path-") ? c.component.slice("path-".length) : undefined;
}

export interface Bar {
  day: string;
  total: number;
  /** from the ground up: where each kind begins and ends, of the dearest day */
  parts: readonly { id: string; series: number; from: number; to: number }[];
}

/** The days as piles, each part between 0 and 1 of the dearest day. */
export function bars(days: Cost["days"]): Bar[] {
  const most = Math.max(...days.map((d) => d.total), 0);
  return days.map((d) => {
    let at = 0;
    return {
      day: d.day,
      total: d.total,
      parts: kinds.flatMap((k) => {
        const value = d[k.id];
        if (value <= 0 || most <= 0) return [];
        const from = at / most;
        at += value;
        return [{ id: k.id, series: k.series, from, to: at / most }];
      }),
    };
  });
}

const rateFields = [
  ["cpuHour", "An hour of a processor", "Of what runs, and of git. That of builds is in their minutes."],
  ["memoryGbHour", "A GB of memory for an hour", ""],
  ["storageGbMonth", "A GB stored for a month", "Of 730 hours: repositories, images, metrics."],
  ["buildMinute", "A minute of a build", "Of a pipeline step, with all that it uses."],
] as const;

export const fields: readonly FormField[] = [
  ...rateFields.map(
    ([name, label, hint]): FormField => ({ name, label, kind: "number", ...(hint ? { hint } : {}) }),
  ),
  {
    name: "currency",
    label: "Currency",
    hint: "Three letters, such as EUR. It is a label: nothing is converted.",
    check: (v) => (/^[A-Z]{3}$/.test(v) ? null : "Write three capital letters, such as EUR."),
  },
];

export function written(r: Rates): Values {
  return {
    ...Object.fromEntries(rateFields.map(([name]) => [name, String(r[name])])),
    currency: r.currency,
  };
}

export function toRates(v: Values, version: number): Schemas["SetCostRates"] {
  const n = (name: string) => Number(v[name]);
  return {
    version,
    cpuHour: n("cpuHour"),
    memoryGbHour: n("memoryGbHour"),
    storageGbMonth: n("storageGbMonth"),
    buildMinute: n("buildMinute"),
    currency: v.currency ?? "",
  };
}

/** Memory or storage over time; what is next to nothing is said so. */
export function gbHours(n: number): string {
  return n > 0 && n < 0.001 ? "< 0.001 GB h" : format(n, { unit: "GB h" });
}
