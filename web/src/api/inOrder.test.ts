import { expect, it } from "vitest";
import { InOrder } from "./inOrder";

it("sends changes one after the other, each to the version that the one before left", async () => {
  const order = new InOrder();
  const sent: string[] = [];
  let answer = () => {};
  const slow = order.change("ENG-1", 3, async (version) => {
    sent.push(`ENG-1 at ${version}`);
    await new Promise<void>((resolve) => {
      answer = resolve;
    });
    return { version: version + 1 };
  });
  const rest = [
    ["ENG-1", 3], // seen before the first was answered
    ["ENG-2", 7],
    ["ENG-1", 9], // seen after somebody else changed it
  ] as const;
  const others = rest.map(([id, seen]) =>
    order.change(id, seen, async (version) => {
      sent.push(`${id} at ${version}`);
      return { version: version + 1 };
    }),
  );
  await Promise.resolve();
  expect(sent).toEqual(["ENG-1 at 3"]);
  expect(order.idle).toBe(false);
  answer();
  await Promise.all([slow, ...others]);
  expect(sent).toEqual(["ENG-1 at 3", "ENG-1 at 4", "ENG-2 at 7", "ENG-1 at 9"]);
  expect(order.idle).toBe(true);
});

it("goes on behind a change that was refused", async () => {
  const order = new InOrder();
  const no = order.change("ENG-1", 1, () => Promise.reject(new Error("full")));
  const yes = order.change("ENG-2", 1, async () => ({ version: 2 }));
  await expect(no).rejects.toThrow("full");
  await yes;
  expect(order.idle).toBe(true);
});
