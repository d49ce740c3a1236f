import { expect, it } from "vitest";
import { doing, nameOf } from "./names";

it("calls a subject by its name, else by its identifier", () => {
  const named = new Map([["rollout/1", "engine 4"]]);
  expect(nameOf("rollout/1", named)).toBe("engine 4");
  expect(nameOf("item/ENG-1", named)).toBe("item ENG-1");
  expect(nameOf("key-result/01a2062b-cae7-7445-9a3c-6b2558c49770", named)).toBe("key result 01a2062b");
});

it("says what an effect does, and a kind that it does not know as it is", () => {
  expect(doing("release.route")).toBe("route traffic");
  expect(doing("fleet.update")).toBe("fleet.update");
});
