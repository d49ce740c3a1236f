import { expect, it } from "vitest";
import { checkEmail, checkNewPassword } from "./checks";

it.each([
  ["a@b", true],
  [" mia@drones.example ", true],
  ["mia", false],
  ["", false],
  ["mia @x", false],
])("takes %j as an address: %s", (value, ok) => expect(checkEmail(value) === null).toBe(ok));

it("counts what a password lacks in characters, not in bytes", () => {
  expect(checkNewPassword("elevenchars")).toContain("1 more character ");
  expect(checkNewPassword("🔒".repeat(12))).toBeNull();
});
