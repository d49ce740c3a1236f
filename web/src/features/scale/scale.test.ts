import { describe, expect, it } from "vitest";
import { checkAll, merged } from "~/ui/form";
import { fields, held, isSet, type Scaled, toSet, written } from "./scale";

const says = { release: "12", worker: false, replicas: 2, cpu: "2", memory: "512Mi" };
const free: Scaled = {
  environment: "staging",
  set: {},
  says,
  holds: { replicas: 2, cpu: "2", memory: "512Mi" },
  version: 0,
};
const some: Scaled = {
  environment: "production",
  set: { replicas: 3, cpu: "500m" },
  says,
  holds: { replicas: 3, cpu: "500m", memory: "512Mi" },
  version: 4,
  changed_by: "Mara",
  changed: "2026-11-23T12:00:00Z",
};

describe("what holds", () => {
  it.each([
    ["as the version says", free, ["2 version 12", "2 version 12", "512 MiB version 12"], false],
    ["some of it is set", some, ["3 set", "0.5 set", "512 MiB version 12"], true],
    [
      "nothing runs",
      { ...some, says: undefined, holds: some.set } as unknown as Scaled,
      ["3 set", "0.5 set", "as the version will say "],
      true,
    ],
  ])("%s", (_, e, want, set) => {
    expect(held(e).map((h) => `${h.value} ${h.by}`)).toEqual(want);
    expect(isSet(e)).toBe(set);
  });
});

it("sends what is written, and leaves to the version what is empty", () => {
  expect(toSet(written(some), 4)).toEqual({ version: 4, replicas: 3, cpu: "500m" });
  expect(toSet(written(free), 0)).toEqual({ version: 0 });
  expect(toSet({ replicas: " 5 ", cpu: "", memory: " 64Mi" }, 7)).toEqual({
    version: 7,
    replicas: 5,
    memory: "64Mi",
  });
});

it("keeps what the other set where one did not write oneself", () => {
  const mine = { ...written(some), replicas: "5" };
  const theirs = written({ ...some, version: 5, set: { replicas: 1, memory: "64Mi" } });
  expect(toSet(merged(theirs, mine, written(some)), 5)).toEqual({
    version: 5,
    replicas: 5,
    memory: "64Mi",
  });
});

it("steps by one, from what the version says, and not beyond the bounds", () => {
  const quick = (replicas: string) =>
    fields(some)[0]
      ?.quick?.({ replicas })
      .map((q) => q.value);
  expect(quick("")).toEqual(["1", "3"]);
  expect(quick("1")).toEqual(["2"]);
  expect(quick("10")).toEqual(["9"]);
  expect(quick("many")).toEqual([]);
  for (const wrong of ["0", "11", "1.5", "many"])
    expect(Object.keys(checkAll(fields(some), { replicas: wrong }))).toEqual(["replicas"]);
  for (const right of ["", "1", "10"]) expect(checkAll(fields(some), { replicas: right })).toEqual({});
});
