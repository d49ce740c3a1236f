import type { Schemas } from "~/api/ask";
import { millis } from "~/lib/time";

export type Run = Schemas["Run"];
export type Release = Schemas["Release"];
export type Rollout = Schemas["Rollout"];
export type Incident = Schemas["Incident"];
export type Alert = Schemas["Alert"];
export type Artifact = Schemas["Artifact"];
export type Commit = Schemas["Commit"];

export const viewIds = ["rollouts", "releases", "runs", "incidents", "alerts"] as const;
export type ViewId = (typeof viewIds)[number];

/** The states by which each list can be narrowed, as the API names them. */
export const filters = {
  rollouts: [
    "queued",
    "staging",
    "starting",
    "running",
    "promoting",
    "rolling_back",
    "promoted",
    "rolled_back",
    "failed",
    "superseded",
  ],
  releases: ["waiting", "rolling_out", "released", "rolled_back", "failed"],
  runs: ["waiting", "running", "succeeded", "failed", "cancelled"],
  incidents: ["open", "resolved"],
  alerts: ["pending", "firing", "resolved"],
} as const;

/** The filter that an address asks for, when the list knows it. */
export function known<V extends ViewId>(
  view: V,
  state: string | undefined,
): (typeof filters)[V][number] | undefined {
  return (filters[view] as readonly string[]).includes(state ?? "")
    ? (state as (typeof filters)[V][number])
    : undefined;
}

export function words(state: string): string {
  return state.replaceAll("_", " ");
}

/** Seconds that a run or a rollout took; null while it has not ended. */
export function took(o: { started?: string; finished?: string }): number | null {
  return o.started && o.finished ? Math.max(0, (millis(o.finished) - millis(o.started)) / 1000) : null;
}
