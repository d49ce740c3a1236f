import { describe, expect, it } from "vitest";
import {
  brief,
  type Choice,
  choiceOf,
  chosen,
  type Flag,
  flagState,
  forWhom,
  killWill,
  will,
  wrongWith,
} from "./flag";

const flag: Flag = {
  id: "engine:gust-hold",
  key: "gust-hold",
  component: "engine",
  team: "engine",
  title: "Hold the thrust in gusts",
  description: "",
  created: "",
  version: 3,
  environments: [
    { environment: "staging", state: "on" },
    { environment: "production", state: "cohort", percent: 25, units: ["drone-7"] },
  ],
};
const cohort = (percent: string, units = ""): Choice => ({ state: "cohort", percent, units });

describe("a flag", () => {
  it("says for whom it is on", () => {
    expect(flag.environments.map(forWhom)).toEqual(["on for everybody", "on for 25 % and 1 by name"]);
    expect(forWhom({ state: "cohort", units: ["a", "b"] })).toBe("on for 2 by name");
    expect(flag.environments.map(brief)).toEqual(["on", "25 % + 1 named"]);
    expect(flagState({ environment: "staging", state: "off" })).toEqual({ state: "waiting", label: "off" });
  });

  it("says what a switch will do before it is done", () => {
    expect(will(flag, "production", { state: "off", percent: "", units: "" })[0]).toBe(
      "Switch gust-hold in production from on for 25 % and 1 by name to off",
    );
    expect(will(flag, "production", cohort("50"))[1]).toContain("Keep whom");
    expect(will(flag, "production", cohort("10"))[1]).toContain("came last");
    expect(killWill(flag, "production")[0]).toContain("off in production for everybody; it is on for 25 %");
  });

  it("keeps what the cohort was, and sends only what belongs to the state", () => {
    const [, production] = flag.environments;
    const kept = production && choiceOf(production, "cohort");
    expect(kept).toEqual(cohort("25", "drone-7"));
    expect(kept && chosen(kept)).toEqual({ state: "cohort", percent: 25, units: ["drone-7"] });
    expect(kept && chosen({ ...kept, state: "on" })).toEqual({ state: "on" });
  });

  it.each([
    [cohort(""), "nobody"],
    [cohort("101"), "0 to 100"],
    [cohort("many"), "0 to 100"],
    [cohort("", "drone-7"), null],
    [cohort("0,5"), null],
    [{ ...cohort(""), state: "off" as const }, null],
    [{ ...cohort(""), state: "on" as const }, "already"],
  ])("%o is %s", (choice, wrong) => {
    const said = wrongWith(choice, { environment: "production", state: "on" });
    if (wrong === null) expect(said).toBeNull();
    else expect(said).toContain(wrong);
  });
});
