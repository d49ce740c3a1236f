import { ask, type Schemas } from "~/api/ask";
import { millis, zoned } from "~/lib/time";
import type { State } from "~/ui/state";

export type Job = Schemas["Job"];
export type JobRun = Schemas["JobRun"];

export const jobsQuery = (component: string) =>
  ask("/api/v1/components/{name}/jobs", {
    path: { name: component },
    kinds: ["job-run", "deployment", "rollout"],
  });

export const runsQuery = (component: string, job: Pick<Job, "name" | "environment">) =>
  ask("/api/v1/job-runs", {
    query: { component, job: job.name, environment: job.environment, limit: 50 },
    kinds: ["job-run"],
  });

/** How a run went, in the one vocabulary of states. */
export function went(r: Pick<JobRun, "state"> | undefined): { state: State; label: string } {
  switch (r?.state) {
    case "running":
      return { state: "running", label: "running" };
    case "succeeded":
      return { state: "done", label: "succeeded" };
    case "failed":
      return { state: "failed", label: "failed" };
    case "skipped":
      return { state: "held", label: "skipped" };
    default:
      return { state: "waiting", label: "never ran" };
  }
}

/** Seconds that a run took; null of one that has not ended, or never began. */
export function took(r: Pick<JobRun, "started" | "finished">): number | null {
  return r.started && r.finished ? Math.max(0, (millis(r.finished) - millis(r.started)) / 1000) : null;
}

/** When it runs, in words. */
export function when(j: Pick<Job, "schedule" | "environment">): string {
  if (!j.schedule) return "by hand";
  return j.environment === "production" ? zoned(j.schedule) : "by hand here";
}
