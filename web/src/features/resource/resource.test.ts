import { expect, it } from "vitest";
import { doing, full, fullName } from "./resource";

it("asks for a name that says what would be gone", () => {
  expect(fullName("shop", { environment: "staging", name: "db" })).toBe("shop/staging/db");
});

it("says how a resource does", () => {
  expect(doing({ state: "in use" })).toEqual({ state: "done", label: "in use" });
  expect(doing({ state: "unused" })).toEqual({ state: "waiting", label: "unused" });
  expect(doing({ state: "down", reason: "it was ended by SIGKILL" })).toEqual({
    state: "failed",
    label: "down",
    title: "it was ended by SIGKILL",
  });
});

it("knows how full a volume is, and that a database has no bound", () => {
  expect(full({ bytes: 50, limit: 100 })).toBe(0.5);
  expect(full({ bytes: 50 })).toBeUndefined();
});
