import { duration } from "./time";

/**
 * What a number counts. "ratio" is 0..1 shown as per cent, "points" a difference of two ratios in percentage
 * points (as {unit: "pp"}, already multiplied: both carry their sign); "seconds" is shown in the unit that fits; {money} is an amount in the currency's whole units; {unit} is
 * any other word, written behind the number.
 */
export type Unit =
  | "count"
  | "ratio"
  | "points"
  | "seconds"
  | "bytes"
  | "per day"
  | "per second"
  | { money: string }
  | { unit: string };

/** The number in at most three significant figures above whole numbers, with its unit; a thin space groups thousands. */
export function format(value: number, unit: Unit): string {
  if (!Number.isFinite(value)) return value > 0 ? "∞" : value < 0 ? "−∞" : "not a number";
  if (unit === "seconds") return duration(value);
  if (unit === "ratio") return `${figures(value * 100)} %`;
  if (unit === "points") return `${value > 0 ? "+" : ""}${figures(value * 100)} pp`;
  if (unit === "bytes") return bytes(value);
  if (unit === "count") return figures(value);
  if (unit === "per day") return `${figures(value)} / day`;
  if (unit === "per second") return `${figures(value)} / s`;
  if ("money" in unit) return money(value, unit.money);
  if (unit.unit === "pp") return `${value > 0 ? "+" : ""}${figures(value)} pp`;
  return unit.unit === "" ? figures(value) : `${figures(value)} ${unit.unit}`;
}

/** The bounds of an interval with the unit once: "12 to 19 %". */
export function span(low: number, high: number, unit: Unit): string {
  const a = format(low, unit);
  const b = format(high, unit);
  const tail = /\s(%|pp|\/ day|\/ s)$/.exec(b)?.[0];
  if (tail && a.endsWith(tail)) return `${a.slice(0, -tail.length)} to ${b}`;
  return `${a} to ${b}`;
}

function figures(x: number): string {
  const size = Math.abs(x);
  const rounded = size >= 100 || Number.isInteger(x) ? Math.round(x) : Number(x.toPrecision(3));
  if (rounded !== 0 && Math.abs(rounded) < 0.001) return minus(rounded.toExponential(1));
  return minus(rounded.toLocaleString("en-GB", { maximumFractionDigits: 6 }).replaceAll(",", "\u2009"));
}

function bytes(x: number): string {
  const units = ["B", "kB", "MB", "GB", "TB", "PB"];
  let i = 0;
  let size = x;
  while (Math.abs(size) >= 1000 && i < units.length - 1) {
    size /= 1000;
    i++;
  }
  return `${figures(size)} ${units[i]}`;
}

function money(x: number, currency: string): string {
  const big = Math.abs(x) >= 100_000;
  return minus(
    new Intl.NumberFormat("en-GB", {
      style: "currency",
      currency,
      notation: big ? "compact" : "standard",
      maximumSignificantDigits: big ? 3 : undefined,
      maximumFractionDigits: big ? undefined : Number.isInteger(x) ? 0 : 2,
    }).format(x),
  );
}

function minus(text: string): string {
  return text.replace(/^-/, "−");
}
