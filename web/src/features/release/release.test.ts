import { expect, it } from "vitest";
import { headline, partNote, type Release } from "./release";

const standing = (phase: string, more: object = {}) =>
  ({ phase, ...more }) as unknown as NonNullable<Release["parts"][number]["standing"]>;

const release = (state: Release["state"], phases: string[], more: Partial<Release> = {}): Release => ({
  id: "r",
  name: "flight-software 18 and engine-controller 43",
  state,
  why: "engine-controller 43 requires control-protocol ^3, which flight-software 18 provides",
  links: [],
  created: "2026-03-01T09:00:00Z",
  parts: phases.map((phase, i) => ({
    component: `c${i}`,
    team: "t",
    release: "2",
    artifact: "a",
    rollout: `r${i}`,
    standing: standing(phase),
  })),
  ...more,
});

it.each([
  ["waiting", ["queued", "queued"], "2 parts wait to go together"],
  ["rolling_out", ["staging", "staging"], "No traffic until both parts are ready"],
  ["rolling_out", ["running", "running"], "Both parts take traffic, for the same customers"],
  ["rolling_out", ["rolled_back", "rolling_back"], "Both parts go back"],
  ["rolling_out", ["promoted", "promoting"], "Both parts take over"],
  ["released", ["promoted", "promoted"], "Both parts are with the customers"],
  ["rolled_back", ["rolled_back", "rolled_back"], "Both parts went back"],
  ["failed", ["failed", "failed"], "No part ever took traffic"],
] as const)("says of a release that is %s with %s: %s", (state, phases, says) => {
  expect(headline(release(state, [...phases]))).toBe(says);
});

it("says which part took the others back, and that the others are without fault", () => {
  const r = release("rolled_back", ["rolled_back", "rolled_back"], { cause: "r1" });
  const [first, second] = r.parts;
  if (!first || !second) throw new Error("two parts");
  expect(partNote(r, second)).toMatch(/took the others back/);
  expect(partNote(r, { ...first, standing: standing("rolled_back", { cause: "r1" }) })).toMatch(
    /Nothing was found against it/,
  );
  expect(
    partNote(release("rolling_out", []), {
      ...first,
      standing: standing("running", { waiting: "more units" }),
    }),
  ).toBe("Waits for more units");
});
