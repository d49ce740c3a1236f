/** The state of a rollout's evidence at a moment. */
export interface EvidencePoint {
  /** seconds since 1970 */
  at: number;
  /** natural logarithm of the evidence that the new version harms; rolls back at ln(1/alpha) */
  harm: number;
  /** natural logarithm of the evidence that it is within the margin; promotes at ln(1/beta); null where not tested */
  safe: number | null;
  /** share of units on the new version, 0..1 */
  share: number;
}

/** One stretch of the ramp with the same share. */
export interface Stage {
  from: number;
  to: number;
  share: number;
}

/** The ramp as stretches of equal share, oldest first. */
export function ramp(points: readonly EvidencePoint[]): Stage[] {
  const stages: Stage[] = [];
  for (const p of points) {
    const last = stages.at(-1);
    if (last) last.to = p.at;
    if (!last || last.share !== p.share) stages.push({ from: p.at, to: p.at, share: p.share });
  }
  return stages;
}

/** How far evidence has come to a threshold, 0..1; evidence against counts as none. */
export function progress(log: number | null | undefined, threshold: number): number {
  if (log == null || threshold <= 0) return 0;
  return Math.min(Math.max(log / threshold, 0), 1);
}

/** The odds that a logarithm of evidence stands for: "120 to 1", "1 to 4" when it speaks against. */
export function odds(log: number): string {
  const round = (x: number) => Number(x.toPrecision(2)).toLocaleString("en-GB").replaceAll(",", "\u2009");
  if (log > 27) return "over 10¹¹ to 1";
  if (log < -27) return "1 to over 10¹¹";
  return log >= 0 ? `${round(Math.exp(log))} to 1` : `1 to ${round(Math.exp(-log))}`;
}
