import { expect, it } from "vitest";
import { bellCount, bellWords } from "./bellWords";

it.each([
  [0, 0, "Alerts and incidents: none"],
  [1, 0, "Alerts and incidents: 1 incident open"],
  [2, 1, "Alerts and incidents: 3 (2 incidents open, 1 alert fires)"],
  [0, 3, "Alerts and incidents: 3 alerts fire"],
  [120, 0, "Alerts and incidents: 99+ (120 incidents open)"],
])("%d open and %d firing", (open, firing, words) => {
  expect(bellWords(open, firing)).toBe(words);
  if (open + firing > 0) expect(words).toContain(bellCount(open, firing));
});
