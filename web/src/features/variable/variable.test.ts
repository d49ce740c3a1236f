import { describe, expect, it } from "vitest";
import { checkAll } from "~/ui/form";
import { behind, changes, type Environment, fields, rows, type Variable } from "./variable";

const variable = (key: string, more: Partial<Variable> = {}): Variable => ({
  key,
  secret: false,
  value: "1",
  revision: 1,
  changed_by: "Eva",
  changed: "2026-11-23T12:00:00Z",
  ...more,
});
const list: Environment[] = [
  {
    environment: "staging",
    revision: 3,
    variables: [variable("B"), variable("A", { changed: "2026-11-23T13:00:00Z" })],
  },
  {
    environment: "production",
    revision: 5,
    variables: [variable("C", { secret: true, value: "" }), variable("A")],
  },
  { environment: "pipeline", revision: 2, variables: [variable("TOKEN", { secret: true, value: "" })] },
];

it("puts the environments of a key side by side", () => {
  expect(rows(list).map((r) => [r.key, r.staging?.value, r.production?.value])).toEqual([
    ["A", "1", "1"],
    ["B", "1", undefined],
    ["C", undefined, ""],
    ["TOKEN", undefined, undefined],
  ]);
  expect(rows(list)[3]?.pipeline?.secret).toBe(true);
  expect(rows(list)[0]?.latest).toBe(list[0]?.variables[1]);
  expect(rows([])).toEqual([]);
});

describe("what is not in force yet", () => {
  const workload = (
    variables: number,
    share: number,
    environment: "staging" | "production" = "production",
  ) => ({
    environment,
    share,
    variables,
    artifact: "sha256:a",
    release: "7",
  });
  it.each([
    ["nothing runs", [], undefined],
    ["what runs has them", [workload(5, 1), workload(1, 1, "staging")], undefined],
    ["what runs has older ones", [workload(4, 1)], [4, 5, false]],
    ["two versions serve", [workload(4, 0.75), workload(5, 0.25)], [4, 5, true]],
    ["one that serves nobody has them", [workload(5, 0), workload(4, 1)], [4, 5, false]],
  ])("%s", (_, workloads, want) => {
    const got = behind(list, workloads);
    expect(got && [got.running, got.newest, got.underway]).toEqual(want);
  });
});

it("changes each chosen environment from the revision that was seen", () => {
  const written = { "set[0].key": " GUST ", "set[0].value": " 12", secret: "yes", where: "both" };
  const set = [{ key: "GUST", value: " 12", secret: true }];
  expect(changes(list, undefined, written)).toEqual([
    { environment: "staging", revision: 3, set },
    { environment: "production", revision: 5, set },
  ]);
  expect(
    changes(list, "A", { ...written, where: "staging" }).map((c) => [c.environment, c.set?.[0]?.key]),
  ).toEqual([["staging", "A"]]);
  expect(
    changes(list, "TOKEN", { ...written, where: "pipeline" }).map((c) => [c.environment, c.revision]),
  ).toEqual([["pipeline", 2]]);
});

it("says what is wrong before anything is sent", () => {
  expect(Object.keys(checkAll(fields(undefined), { "set[0].key": "gust", secret: "yes" }))).toEqual([
    "set[0].key",
    "set[0].value",
  ]);
  expect(checkAll(fields("A"), { secret: "no" })).toEqual({});
  expect(
    Object.keys(checkAll(fields("A"), { secret: "no", where: "pipeline", "set[0].value": "short" })),
  ).toEqual(["set[0].value", "secret"]);
});
