import type { Schemas } from "~/api/ask";
import { format } from "~/lib/number";

/** A test by its whole name. */
export function nameOf(c: { suite?: string; name: string }): string {
  return [c.suite, c.name].filter(Boolean).join(" ");
}

/** What tests said in a few words; of a step that was tried again, the last attempt counts. */
export function inSum(t: Pick<Schemas["RunTests"], "reports">): string {
  const last = t.reports.filter((r) => !t.reports.some((o) => o.step === r.step && o.attempt > r.attempt));
  const sum = (of: "passed" | "failed" | "skipped") => last.reduce((n, r) => n + r[of], 0);
  const words = (["failed", "passed", "skipped"] as const)
    .filter((of) => sum(of) > 0)
    .map((of) => `${format(sum(of), "count")} ${of}`);
  return words.join(", ") || "none";
}
