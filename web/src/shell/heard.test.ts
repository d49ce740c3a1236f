import { expect, it } from "vitest";
import { close, type Heard, nothing, open, press, write } from "./heard";

const pressed = (keys: readonly string[], from: Heard = open(nothing)) =>
  keys.reduce((heard, key) => press(heard, key) ?? heard, from);

it("keeps what is pressed before its field is there, Enter too", () => {
  expect(pressed([..."eng"])).toMatchObject({ opened: true, typed: "eng", entered: false });
  expect(pressed(["e", "m", "Backspace", "n", "Shift", "Enter"])).toMatchObject({
    typed: "en",
    entered: true,
  });
  expect(pressed(["Backspace"])).toMatchObject({ opened: true, typed: "" });
});

it.each(["Tab", "ArrowLeft", "Process", "Dead", "F5"])("leaves %s to the page", (key) =>
  expect(press(open(nothing), key)).toBeUndefined(),
);

it.each<[string, (h: Heard) => Heard]>([
  ["another text", (h) => write(h, "engi")],
  ["another key", (h) => pressed(["i"], h)],
  ["closing", close],
  ["Escape", (h) => pressed(["Escape"], h)],
])("forgets an Enter that waits at %s", (_, change) => {
  const waits = pressed([..."eng", "Enter"]);
  expect(waits.entered).toBe(true);
  expect(change(waits).entered).toBe(false);
});

it("begins each opening with nothing typed or chosen, and does not begin again while it is open", () => {
  const used = { ...pressed([..."eng"]), chosen: "item/ENG-1" };
  expect(open(used)).toBe(used);
  expect(open(close(used))).toEqual({ opened: true, wanted: true, typed: "", entered: false });
  expect(write(used, "en").chosen).toBeUndefined();
});
