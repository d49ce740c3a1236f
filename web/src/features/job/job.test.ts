import { describe, expect, it } from "vitest";
import { took, went, when } from "./job";

describe("a job", () => {
  it("says how its last run went", () => {
    expect(went(undefined)).toEqual({ state: "waiting", label: "never ran" });
    expect(went({ state: "failed" }).state).toBe("failed");
    expect(went({ state: "skipped" }).label).toBe("skipped");
  });
  it("says how long a run took once it has ended", () => {
    const started = "2026-01-01T03:00:00Z";
    expect(took({ started, finished: "2026-01-01T03:00:02.5Z" })).toBeCloseTo(2.5);
    expect(took({ started })).toBeNull();
    expect(took({ finished: started })).toBeNull();
  });
  it("has its schedule in production alone", () => {
    expect(when({ schedule: "0 3 * * *", environment: "production" })).toBe("0 3 * * * UTC");
    expect(when({ schedule: "0 3 * * * Europe/Berlin", environment: "production" })).toBe(
      "0 3 * * * Europe/Berlin",
    );
    expect(when({ schedule: "0 3 * * *", environment: "staging" })).toBe("by hand here");
    expect(when({ environment: "production" })).toBe("by hand");
  });
});
