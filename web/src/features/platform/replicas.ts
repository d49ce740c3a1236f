import type { Schemas } from "~/api/ask";
import type { Workload } from "./components";

export type Replica = Schemas["Replica"];

/** Which processes ran, by number. */
export type Ran = ReadonlyMap<number, string>;

export function ran(w: Pick<Workload, "replicas">): Ran {
  return new Map(w.replicas.map((r) => [r.number, r.since]));
}

/** How far a restart is: how many replicas have another process than before, and are ready. */
export function replaced(w: Pick<Workload, "replicas">, before: Ran): number {
  return w.replicas.filter((r) => r.state === "ready" && before.get(r.number) !== r.since).length;
}

/** What a restart will do, for the dialog. */
export function restartWill(w: Pick<Workload, "replicas" | "release" | "environment" | "worker">): string[] {
  const several = w.replicas.length > 1;
  return [
    several
      ? `replace the ${w.replicas.length} processes of version ${w.release} in ${w.environment}, one after another`
      : `replace the process of version ${w.release} in ${w.environment}`,
    w.worker
      ? "start each new one before the old one is asked to end: for a moment both work"
      : "start each new one first; it takes the requests when it is ready, and the old one answers those it has",
    "leave the old one when a new one does not become ready, and end there",
  ];
}
