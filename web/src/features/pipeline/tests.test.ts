import { expect, it } from "vitest";
import { inSum, nameOf } from "./tests";

const report = (step: string, attempt: number, passed: number, failed = 0, skipped = 0) => ({
  step,
  attempt,
  passed,
  failed,
  skipped,
  took: 1,
});

it("counts the last attempt of each step", () => {
  expect(inSum({ reports: [report("test", 1, 3, 2), report("test", 2, 5), report("js", 1, 1, 0, 4)] })).toBe(
    "6 passed, 4 skipped",
  );
  expect(inSum({ reports: [report("test", 1, 3, 2)] })).toBe("2 failed, 3 passed");
  expect(inSum({ reports: [report("test", 1, 0)] })).toBe("none");
});

it("names a test with what it is in", () => {
  expect(nameOf({ suite: "shop", name: "TestPay" })).toBe("shop TestPay");
  expect(nameOf({ name: "adds" })).toBe("adds");
});
