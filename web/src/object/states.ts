import type { Schemas } from "~/api/ask";
import { format } from "~/lib/number";
import type { State } from "~/ui/state";

/** A state in the one vocabulary, with words that say more. */
export interface Said {
  state: State;
  label: string;
}

type Rollout = Pick<Schemas["Rollout"], "phase" | "held" | "share" | "first"> & {
  waiting?: string;
  /** it serves nothing, so no share of units is its */
  worker?: boolean;
  stage?: number;
  /** known on its own page: whom the share is of */
  plan?: { stages: { cohort?: unknown }[] };
};

// The server says what a rollout waits for in words alone.
const approval = /waits for a person to approve/;
const freeze = /(^|it waits for )the freeze "/;

export function rolloutState(r: Rollout): Said {
  const cohort = r.phase === "running" && r.plan?.stages[r.stage ?? 0]?.cohort;
  const share = `${format(r.share, "ratio")} of ${cohort ? "a cohort" : "units"}`;
  switch (r.phase) {
    case "queued":
      if (freeze.test(r.waiting ?? "")) return { state: "waiting", label: "waiting for a freeze to end" };
      return { state: "waiting", label: "waiting for its turn" };
    case "staging":
      return { state: "running", label: "proving itself in staging" };
    case "starting":
      if (approval.test(r.waiting ?? "")) return { state: "waiting", label: "waiting for an approval" };
      return { state: "running", label: "starting in production" };
    case "running":
      if (r.held) return { state: "held", label: r.worker ? "held" : `held at ${share}` };
      if (approval.test(r.waiting ?? ""))
        return {
          state: "waiting",
          label: r.worker ? "waiting for an approval" : `waiting for an approval at ${share}`,
        };
      if (freeze.test(r.waiting ?? ""))
        return {
          state: "waiting",
          label: r.worker ? "waiting for a freeze to end" : `waiting for a freeze to end, at ${share}`,
        };
      if (r.worker) return { state: "running", label: "running, being watched" };
      return { state: "running", label: r.first ? "first version, being proved" : `running at ${share}` };
    case "promoting":
      return { state: "running", label: "being promoted" };
    case "rolling_back":
      return { state: "rolled-back", label: "being rolled back" };
    case "promoted":
      return { state: "done", label: "promoted" };
    case "rolled_back":
      return { state: "rolled-back", label: "rolled back" };
    case "failed":
      return { state: "failed", label: "failed before any traffic" };
    case "superseded":
      return { state: "waiting", label: "superseded by a newer version" };
  }
}

export function releaseState(state: Schemas["Release"]["state"]): Said {
  switch (state) {
    case "waiting":
      return { state: "waiting", label: "waiting" };
    case "rolling_out":
      return { state: "running", label: "rolling out" };
    case "released":
      return { state: "done", label: "released" };
    case "rolled_back":
      return { state: "rolled-back", label: "rolled back" };
    case "failed":
      return { state: "failed", label: "failed before any traffic" };
  }
}

/** True when nothing more happens to a rollout. */
export function ended(phase: Rollout["phase"]): boolean {
  return ["promoted", "rolled_back", "failed", "superseded"].includes(phase);
}

export function runState(state: Schemas["Run"]["state"] | Schemas["RunStep"]["state"]): Said {
  switch (state) {
    case "waiting":
      return { state: "waiting", label: "waiting" };
    case "running":
      return { state: "running", label: "running" };
    case "succeeded":
      return { state: "done", label: "done" };
    case "failed":
      return { state: "failed", label: "failed" };
    case "cancelled":
      return { state: "failed", label: "cancelled" };
    case "skipped":
      return { state: "waiting", label: "skipped" };
  }
}

export function itemState(i: Pick<Schemas["Item"], "state" | "blocked">): Said {
  if (i.blocked) return { state: "held", label: `blocked in ${i.state}` };
  if (i.state === "ready") return { state: "waiting", label: "ready" };
  return i.state === "done" ? { state: "done", label: "done" } : { state: "running", label: i.state };
}

export function componentState(state: Schemas["Component"]["state"]): Said {
  if (state === "ready") return { state: "done", label: "live" };
  if (state === "failed") return { state: "failed", label: "provisioning failed" };
  return { state: "running", label: "being created" };
}

export function workloadState(w: Pick<Schemas["Workload"], "state" | "replicas" | "rolling">): Said {
  const all = w.replicas.length;
  const well = w.replicas.filter((r) => r.healthy).length;
  if (w.rolling && w.state === "ready") return { state: "running", label: "is replaced" };
  if (w.state === "ready" && all > 1 && well < all)
    return { state: "held", label: `${well} of ${all} ready` };
  if (w.state === "ready" && well < all) return { state: "held", label: "unhealthy" };
  if (w.state === "ready" && all > 1) return { state: "done", label: `${all} ready` };
  return processState(w.state);
}

/** How one process does. */
export function replicaState(r: Pick<Schemas["Replica"], "state" | "healthy">): Said {
  return r.state === "ready" && !r.healthy ? { state: "held", label: "unhealthy" } : processState(r.state);
}

function processState(state: Schemas["Replica"]["state"]): Said {
  switch (state) {
    case "starting":
      return { state: "waiting", label: "starting" };
    case "ready":
      return { state: "done", label: "ready" };
    case "crashed":
      return { state: "held", label: "crashed, starts again" };
    case "broken":
      return { state: "failed", label: "broken" };
    case "stopping":
      return { state: "waiting", label: "stopping" };
  }
}

export function incidentState(state: Schemas["Incident"]["state"]): Said {
  return state === "open" ? { state: "failed", label: "open" } : { state: "done", label: "resolved" };
}

export function alertState(state: Schemas["Alert"]["state"]): Said {
  if (state === "firing") return { state: "failed", label: "firing" };
  return state === "pending" ? { state: "waiting", label: "pending" } : { state: "done", label: "resolved" };
}

const nodes: Record<string, State> = {
  building: "running",
  verifying: "running",
  releasing: "running",
  running: "running",
  begun: "running",
  queued: "waiting",
  waiting: "waiting",
  planned: "waiting",
  ready: "waiting",
  held: "held",
  blocked: "held",
  done: "done",
  released: "done",
  succeeded: "done",
  promoted: "done",
  resolved: "done",
  live: "done",
  failed: "failed",
  cancelled: "failed",
  open: "failed",
  on: "done",
  cohort: "running",
  off: "waiting",
  killed: "rolled-back",
  archived: "waiting",
  "marked bad": "rolled-back",
  bad: "rolled-back",
  rolled_back: "rolled-back",
  "rolled back": "rolled-back",
};

/** The state of a node of the thread; undefined for words that are no state of work ("set", "pushed", "grade A"). */
export function nodeState(word: string | undefined): State | undefined {
  return word === undefined ? undefined : nodes[word.toLowerCase()];
}
