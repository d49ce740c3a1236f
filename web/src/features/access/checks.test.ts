import { expect, it } from "vitest";
import { checkLogin, checkNewPassword } from "./checks";

it.each([
  ["ada", true],
  [" ada.l@drones+1 ", true],
  ["Ada", false],
  ["", false],
  ["ada lovelace", false],
  ["a".repeat(64), false],
])("takes %j as a login: %s", (value, ok) => expect(checkLogin(value) === null).toBe(ok));

it("counts what a password lacks in characters, not in bytes", () => {
  expect(checkNewPassword("ninechars")).toContain("1 more character ");
  expect(checkNewPassword("🔒".repeat(10))).toBeNull();
});
