import { describe, expect, test } from "vitest";
import { replicaState, workloadState } from "~/object/states";
import { type Replica, ran, replaced, restartWill } from "./replicas";

const replica = (number: number, more: Partial<Replica> = {}): Replica => ({
  number,
  state: "ready",
  healthy: true,
  restarts: 0,
  inFlight: 0,
  cpu: 1,
  memory: 1,
  peak: 1,
  since: "2026-03-02T12:00:00Z",
  ...more,
});

describe("replicas", () => {
  test("a restart is as far as other processes are ready", () => {
    const before = ran({ replicas: [replica(1), replica(2), replica(3)] });
    expect(replaced({ replicas: [replica(1), replica(2), replica(3)] }, before)).toBe(0);
    const later = "2026-03-02T12:00:09Z";
    const now = [replica(1, { since: later }), replica(2, { since: later, state: "crashed" }), replica(3)];
    expect(replaced({ replicas: now }, before)).toBe(1);
  });

  test.each([
    [[replica(1)], false, "done", "ready"],
    [[replica(1, { healthy: false })], false, "held", "unhealthy"],
    [[replica(1), replica(2)], false, "done", "2 ready"],
    [[replica(1), replica(2, { state: "crashed", healthy: false })], false, "held", "1 of 2 ready"],
    [[replica(1), replica(2)], true, "running", "is replaced"],
  ] as const)("a workload says how its replicas do (%#)", (replicas, rolling, state, label) => {
    expect(workloadState({ state: "ready", replicas: [...replicas], rolling })).toEqual({ state, label });
  });

  test("what does not run is as it is", () => {
    expect(workloadState({ state: "broken", replicas: [], rolling: false }).label).toBe("broken");
    expect(replicaState(replica(1, { healthy: false })).label).toBe("unhealthy");
    expect(replicaState(replica(1, { state: "starting", healthy: false })).label).toBe("starting");
  });

  test("the dialog says how many", () => {
    const w = { release: "7", environment: "production", worker: false };
    expect(restartWill({ ...w, replicas: [replica(1), replica(2)] })[0]).toContain(
      "the 2 processes of version 7",
    );
    expect(restartWill({ ...w, replicas: [replica(1)] })[0]).toContain("the process of version 7");
    expect(restartWill({ ...w, worker: true, replicas: [replica(1)] })[1]).toContain("both work");
  });
});
