import { describe, expect, it } from "vitest";
import { type Around, type Component, health, lanes, type Rollout, type Workload } from "./components";
import { type Dashboard, lines, markers, rangeOf, versions } from "./dashboard";
import { checkName } from "./newComponent";

const component: Component = {
  name: "engine",
  team: "engine",
  description: "",
  path: "go-service",
  pathVersion: "1.0.0",
  state: "ready",
  cloneUrl: "",
  created: "",
  version: 1,
  provisioning: [],
  environments: [
    { name: "staging", url: "http://engine.staging.localhost/" },
    { name: "production", url: "http://engine.localhost/" },
  ],
};
const workload = (state: Workload["state"], more: Partial<Workload> = {}): Workload => ({
  id: "w",
  worker: false,
  variables: 0,
  component: "engine",
  team: "engine",
  environment: "production",
  release: "1",
  artifact: "",
  state,
  rolling: false,
  replicas: [],
  restarts: 0,
  share: 1,
  inFlight: 0,
  cpu: 0,
  memory: 0,
  peak: 0,
  created: "",
  ...more,
});
const around = (workloads: Workload[], incidents: number = 0): Around => ({
  workloads,
  environments: [],
  incidents: Array.from(
    { length: incidents },
    () => ({ component: "engine" }) as Around["incidents"][number],
  ),
});

describe("health is the worst of what is known", () => {
  it.each([
    ["provisioning", around([]), "running", "being created"],
    ["ready", around([workload("ready")]), "done", "healthy"],
    ["ready", around([workload("ready")], 2), "failed", "2 incidents open"],
    ["ready", around([workload("crashed", { restarts: 3 })]), "held", "crashes, 3 restarts"],
    ["ready", around([workload("broken", { share: 0 }), workload("ready")]), "done", "healthy"],
    ["ready", around([workload("ready", { environment: "staging" })]), "waiting", "nothing runs"],
  ] as const)("%s", (state, known, want, label) => {
    expect(health({ name: "engine", state }, known)).toEqual({ state: want, label });
  });
});

it("shows a rollout in the lane that it is in", () => {
  const rollout = (phase: Rollout["phase"]) => [{ id: "r", phase } as Rollout];
  const where = (phase: Rollout["phase"]) =>
    lanes(component, [], [], rollout(phase)).map((l) => l.rollout?.id);
  expect(where("staging")).toEqual(["r", undefined]);
  expect(where("running")).toEqual([undefined, "r"]);
  expect(where("promoted")).toEqual([undefined, undefined]);
});

describe("dashboard", () => {
  const chart = (
    name: "rate" | "errors",
    values: Record<string, (number | null)[]>,
  ): Dashboard["charts"][number] => ({
    name,
    title: name,
    unit: "share",
    query: "",
    series: Object.entries(values).map(([release, v]) => ({ release, values: v })),
  });
  const rates = chart("rate", { "9": [0, 0], "10": [3, 4], "11": [null, 1] });
  const errors = chart("errors", { "10": [0, 0], "11": [null, null] });
  const d = { charts: [rates, errors], markers: [] as Dashboard["markers"] } as Dashboard;

  it("leaves out versions without traffic, keeps versions without failures, and colours by version", () => {
    expect(versions(d)).toEqual(["10", "11"]);
    expect(lines(rates, versions(d)).map((s) => [s.label, s.color])).toEqual([
      ["version 10", "series-2"],
      ["version 11", "series-1"],
    ]);
    expect(lines(errors, versions(d)).map((s) => s.label)).toEqual(["version 10"]);
  });

  it("marks what arrived and what hurt", () => {
    const mark = (kind: Dashboard["markers"][number]["kind"], outcome = "") => ({
      at: "2026-01-01T00:00:00Z",
      kind,
      subject: "rollout/r",
      text: kind,
      outcome,
    });
    const got = markers({
      ...d,
      markers: [
        mark("rollout.started"),
        mark("rollout.widened"),
        mark("rollout.finished", "promoted"),
        mark("rollout.finished", "rolled_back"),
        mark("incident.opened"),
      ],
    });
    expect(got.map((m) => [m.kind, m.label])).toEqual([
      ["deploy", "rollout.started"],
      ["deploy", "rollout.finished"],
      ["incident", "incident.opened"],
    ]);
  });

  it("knows its ranges", () =>
    expect([rangeOf("3600"), rangeOf("7"), rangeOf(undefined)]).toEqual([3600, 900, 900]));
});

it.each([
  ["engine-controller", true],
  ["ab", false],
  ["1engine", false],
  ["engine-", false],
  ["Engine", false],
  ["a".repeat(41), false],
])("the name %s is good: %s", (name, good) => expect(checkName(name) === null).toBe(good));
