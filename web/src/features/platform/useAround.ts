import { useQuery } from "@tanstack/react-query";
import { ask } from "~/api/ask";
import type { Around } from "./components";

/** What runs where and what is wrong with it, for every component; empty lists while it is not known. */
export function useAround(): Around & { error: unknown } {
  const environments = useQuery(
    ask("/api/v1/environments", { kinds: ["deployment", "rollout", "component"] }),
  );
  const workloads = useQuery(ask("/api/v1/workloads", { kinds: ["workload", "rollout"] }));
  const incidents = useQuery(
    ask("/api/v1/incidents", { query: { state: "open", limit: 200 }, kinds: ["incident"] }),
  );
  return {
    environments: environments.data?.items ?? [],
    workloads: workloads.data?.items ?? [],
    incidents: incidents.data?.items ?? [],
    error: environments.error ?? workloads.error ?? incidents.error,
  };
}
