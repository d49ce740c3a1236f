import type { Schemas } from "~/api/ask";
import type { Said } from "~/object/states";

export type Component = Schemas["Component"];
export type Environment = Schemas["Environment"];
export type Workload = Schemas["Workload"];
export type Rollout = Schemas["Rollout"];

/** What is known of a component beside itself. */
export interface Around {
  environments: readonly Environment[];
  workloads: readonly Workload[];
  /** open ones */
  incidents: readonly Schemas["Incident"][];
}

/** How a component does, in one state: the worst of what is known. */
export function health(c: Pick<Component, "name" | "state">, around: Around): Said {
  if (c.state === "provisioning") return { state: "running", label: "being created" };
  const open = around.incidents.filter((i) => i.component === c.name);
  if (open.length > 0) {
    return { state: "failed", label: open.length === 1 ? "incident open" : `${open.length} incidents open` };
  }
  if (c.state === "failed") return { state: "failed", label: "creation failed" };
  const own = around.workloads.filter((w) => w.component === c.name && w.environment === "production");
  const serving = own.filter((w) => w.share > 0);
  if (serving.some((w) => w.state === "broken")) return { state: "failed", label: "broken" };
  const crashed = serving.find((w) => w.state === "crashed");
  if (crashed) return { state: "held", label: `crashes, ${crashed.restarts} restarts` };
  if (serving.some((w) => w.replicas.some((r) => r.state === "ready" && !r.healthy))) {
    return { state: "held", label: "health checks fail" };
  }
  if (serving.some((w) => w.state === "ready")) return { state: "done", label: "healthy" };
  return own.length > 0
    ? { state: "waiting", label: "starting" }
    : { state: "waiting", label: "nothing runs" };
}

export function live(
  name: string,
  environment: string,
  all: readonly Environment[],
): Environment | undefined {
  return all.find((e) => e.component === name && e.environment === environment);
}

/** An environment with what runs in it. */
export interface Lane {
  name: "staging" | "production";
  url: string;
  live: Environment | undefined;
  workloads: Workload[];
  /** a rollout that is on its way in it */
  rollout: Rollout | undefined;
}

const production: readonly Rollout["phase"][] = ["starting", "running", "promoting", "rolling_back"];

/** The environments in the order in which a version walks them. */
export function lanes(
  c: Component,
  environments: readonly Environment[],
  workloads: readonly Workload[],
  rollouts: readonly Rollout[],
): Lane[] {
  return c.environments.map((e) => ({
    name: e.name,
    url: e.url,
    live: live(c.name, e.name, environments),
    workloads: workloads.filter((w) => w.component === c.name && w.environment === e.name),
    rollout: rollouts.find((r) =>
      e.name === "production" ? production.includes(r.phase) : r.phase === "staging",
    ),
  }));
}

/** True when the text stands in what people know the component by. */
export function matches(c: Component, text: string): boolean {
  const wanted = text.trim().toLowerCase();
  return wanted === "" || `${c.name} ${c.team} ${c.description}`.toLowerCase().includes(wanted);
}
