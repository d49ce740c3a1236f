/** What an interval says about its margin. */
export type Verdict = "unknown" | "safe" | "harm" | "open" | "better" | "worse" | "unclear";

/**
 * Reads an interval: with a margin it is safe when it lies wholly on the accepted side, harm when wholly beyond the
 * margin, else open; without a margin it is better or worse when it leaves "no effect" out, else unclear.
 */
export function judge(e: {
  low: number | null;
  high: number | null;
  margin: number | null;
  better: "lower" | "higher";
  none: number;
}): Verdict {
  if (e.low === null || e.high === null) return "unknown";
  const [worst, best] = e.better === "lower" ? [e.high, e.low] : [-e.low, -e.high];
  const sign = e.better === "lower" ? 1 : -1;
  if (e.margin !== null) {
    const margin = sign * e.margin;
    if (worst < margin) return "safe";
    return best > margin ? "harm" : "open";
  }
  const none = sign * e.none;
  if (worst < none) return "better";
  return best > none ? "worse" : "unclear";
}

/** The verdict as a sentence. */
export const judgement: Record<Verdict, string> = {
  unknown: "Nothing has been measured yet.",
  safe: "The whole interval is within the margin.",
  harm: "The whole interval is beyond the margin.",
  open: "The interval still crosses the margin: neither safety nor harm is shown.",
  better: "The whole interval is on the good side of no effect.",
  worse: "The whole interval is on the bad side of no effect.",
  unclear: "The interval holds no effect: neither a gain nor a loss is shown.",
};
