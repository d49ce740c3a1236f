import { ask, type Schemas } from "~/api/ask";
import type { State } from "~/ui/state";

export type Resource = Schemas["Resource"];

export const resourcesQuery = (component: string) =>
  ask("/api/v1/components/{component}/resources", {
    path: { component },
    kinds: ["component", "resource", "deployment", "rollout", "workload"],
  });

/** What must be written to delete it. */
export const fullName = (component: string, r: Pick<Resource, "environment" | "name">) =>
  `${component}/${r.environment}/${r.name}`;

/** How it does, in the one vocabulary of states and in words. */
export function doing(r: Pick<Resource, "state" | "reason">): {
  state: State;
  label: string;
  title?: string;
} {
  if (r.state === "down")
    return { state: "failed", label: "down", ...(r.reason ? { title: r.reason } : undefined) };
  if (r.state === "unused") return { state: "waiting", label: "unused" };
  return { state: "done", label: "in use" };
}

/** How full a volume is, 0 to 1 or more; undefined of what has no bound. */
export function full(r: Pick<Resource, "bytes" | "limit">): number | undefined {
  return r.limit ? r.bytes / r.limit : undefined;
}
