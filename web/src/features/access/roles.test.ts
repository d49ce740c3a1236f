import { expect, it } from "vitest";
import { shortestPassword } from "./checks";
import { newPassword } from "./roles";

it("makes a password that is long enough, is read without doubt and is never the same", () => {
  const first = newPassword();
  expect(first).toMatch(/^[a-kmnp-z2-9]{5}(-[a-kmnp-z2-9]{5}){3}$/);
  expect(first.length).toBeGreaterThan(shortestPassword);
  expect(newPassword()).not.toBe(first);
  expect(newPassword((n) => new Uint8Array(n).fill(255))).toBe("99999-99999-99999-99999");
});
