import { expect, it } from "vitest";
import { reasonInWords } from "./reason";

it.each([
  [
    "Roll back: server-errors. 3 of the 3 units with this event were in the canary.",
    "Units that met a server error: 3 of the 3 units with this event were in the canary.",
  ],
  [
    "Promote: every metric is shown to be fine. server-errors: 0 of the canary's 524 units failed (log E 4.55).",
    "Every metric is shown to be fine. Units that met a server error: 0 of the canary's 524 units failed (log E 4.55).",
  ],
  ["Hold: too-slow: 4 units.", "Too-slow: 4 units."],
  ["", ""],
])("says %j in words", (reason, words) => {
  expect(reasonInWords(reason)).toBe(words);
});
