/** A linear map from [a, b] to [from, to]; a range without extent maps to the middle. */
export function scale(a: number, b: number, from: number, to: number): (v: number) => number {
  if (a === b) return () => (from + to) / 2;
  return (v) => from + ((v - a) / (b - a)) * (to - from);
}

/** The path of a line that breaks where a value is missing; a lone point is drawn as a short stroke. */
export function line(
  values: readonly (number | null)[],
  x: (i: number) => number,
  y: (v: number) => number,
): string {
  const parts: string[] = [];
  let open = false;
  values.forEach((v, i) => {
    if (v === null || !Number.isFinite(v)) {
      open = false;
      return;
    }
    parts.push(
      `${open ? "L" : "M"}${round(x(i))} ${round(y(v))}${open || values[i + 1] != null ? "" : "h0.01"}`,
    );
    open = true;
  });
  return parts.join("");
}

/** About `count` round values that cover [low, high]. */
export function ticks(low: number, high: number, count: number): number[] {
  if (!(high > low)) return [low];
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 2.5, 5, 10].find((m) => m * power >= rough) ?? 10) * power;
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

/** Places that are nearer than `gap` to the one before, together; each group by the indices of its members. */
export function clusters(places: readonly (number | null)[], gap: number): number[][] {
  const seen = places.flatMap((x, i) => (x === null ? [] : [{ x, i }])).sort((a, b) => a.x - b.x);
  const groups: { from: number; members: number[] }[] = [];
  for (const { x, i } of seen) {
    const last = groups.at(-1);
    if (last && x - last.from < gap) last.members.push(i);
    else groups.push({ from: x, members: [i] });
  }
  return groups.map((g) => g.members);
}

function round(v: number): number {
  return Math.round(v * 100) / 100;
}
