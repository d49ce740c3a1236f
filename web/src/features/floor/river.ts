/** What the picture is drawn from: widths in pixels of the flow between neighbouring stations. */
export interface Flow {
  /** half the ribbon's width where it leaves its station, in its middle and where it arrives */
  halves: readonly [number, number, number];
  /** nothing passed: drawn as a dashed line */
  dry: boolean;
}

const thinnest = 3;
const widest = 34;

/**
 * The width of a ribbon that `count` passed through, beside the widest of the picture. By the square root, so that one
 * hundred runs do not make three features invisible.
 */
export function width(count: number, most: number): number {
  if (count <= 0) return 0;
  return thinnest + (widest - thinnest) * Math.sqrt(count / Math.max(most, 1));
}

/** The ribbons as one river: each has its own width in its middle and meets its neighbours halfway at the stations. */
export function flows(counts: readonly number[]): Flow[] {
  const most = Math.max(1, ...counts);
  const middle = counts.map((c) => width(c, most) / 2);
  return counts.map((count, i) => {
    const own = middle[i] ?? 0;
    const before = i === 0 ? own : ((middle[i - 1] ?? 0) + own) / 2;
    const after = i === counts.length - 1 ? own : (own + (middle[i + 1] ?? 0)) / 2;
    return { halves: [before, own, after], dry: count <= 0 };
  });
}

/** The outline of a ribbon along the flow from `from` to `to`, around the line at `centre`; "down" swaps the axes. */
export function ribbon(
  flow: Flow,
  from: number,
  to: number,
  centre: number,
  way: "across" | "down" = "across",
): string {
  const at = (along: number, off: number) =>
    way === "across" ? `${round(along)} ${round(centre + off)}` : `${round(centre + off)} ${round(along)}`;
  const mid = (from + to) / 2;
  const [a, b, c] = flow.halves;
  const bend = (x: number, y: number) => (x + y) / 2;
  return [
    `M${at(from, -a)}`,
    `C${at(bend(from, mid), -a)} ${at(bend(from, mid), -b)} ${at(mid, -b)}`,
    `C${at(bend(mid, to), -b)} ${at(bend(mid, to), -c)} ${at(to, -c)}`,
    `L${at(to, c)}`,
    `C${at(bend(mid, to), c)} ${at(bend(mid, to), b)} ${at(mid, b)}`,
    `C${at(bend(from, mid), b)} ${at(bend(from, mid), a)} ${at(from, a)}`,
    "Z",
  ].join("");
}

export interface Loop {
  /** x of the first and of the last station */
  first: number;
  last: number;
  /** y of the river and of the way back */
  top: number;
  bottom: number;
  /** x of the turns outside the stations */
  left: number;
  right: number;
  /** radius of the turns */
  radius: number;
}

/** The way back from the last station under all others to the first, as a line to be stroked. */
export function wayBack({ first, last, top, bottom, left, right, radius: r }: Loop): string {
  return [
    `M${round(last)} ${round(top)}`,
    `H${round(right - r)}`,
    `Q${round(right)} ${round(top)} ${round(right)} ${round(top + r)}`,
    `V${round(bottom - r)}`,
    `Q${round(right)} ${round(bottom)} ${round(right - r)} ${round(bottom)}`,
    `H${round(left + r)}`,
    `Q${round(left)} ${round(bottom)} ${round(left)} ${round(bottom - r)}`,
    `V${round(top + r)}`,
    `Q${round(left)} ${round(top)} ${round(left + r)} ${round(top)}`,
    `H${round(first)}`,
  ].join("");
}

function round(v: number): number {
  return Math.round(v * 10) / 10;
}
