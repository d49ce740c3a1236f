/** A moment as the API writes it (RFC 3339) or as milliseconds since 1970. */
export type Moment = string | number | Date;

/** Milliseconds since 1970, or NaN when the text is no moment. */
export function millis(at: Moment): number {
  if (typeof at === "number") return at;
  return typeof at === "string" ? Date.parse(at) : at.getTime();
}

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

/** How long ago, in the words of a person: "now", "40 s ago", "in 3 min", "12 Mar 2026". */
export function ago(at: Moment, now: number): string {
  const then = millis(at);
  if (Number.isNaN(then)) return "unknown time";
  const gap = now - then;
  if (Math.abs(gap) < 5_000) return "now";
  if (Math.abs(gap) >= 30 * day) {
    return new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" }).format(then);
  }
  const words = coarse(Math.abs(gap));
  return gap > 0 ? `${words} ago` : `in ${words}`;
}

function coarse(ms: number): string {
  if (ms < minute) return `${Math.floor(ms / 1000)} s`;
  if (ms < hour) return `${Math.floor(ms / minute)} min`;
  if (ms < day) return `${Math.floor(ms / hour)} h`;
  return `${Math.floor(ms / day)} d`;
}

/** The moment in the reader's zone, to the second, with the zone's name. */
export function exact(at: Moment): string {
  const then = millis(at);
  if (Number.isNaN(then)) return String(at);
  return new Intl.DateTimeFormat("en-GB", {
    weekday: "short",
    day: "numeric",
    month: "short",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    timeZoneName: "short",
  }).format(then);
}

/** A schedule with the time zone by whose clock it comes: "0 3 * * * UTC", "0 3 * * * Europe/Berlin". */
export function zoned(schedule: string): string {
  return schedule.trim().split(/\s+/).length === 5 ? `${schedule} UTC` : schedule;
}

/** A length of time with its two greatest units: "850 ms", "4.2 s", "3 min 20 s", "2 d 4 h". */
export function duration(seconds: number): string {
  const s = Math.abs(seconds);
  const sign = seconds < 0 ? "−" : "";
  if (s === 0) return "0 s";
  if (s < 0.001) return `${sign}${significant(s * 1e6)} µs`;
  if (s < 1) return `${sign}${significant(s * 1000)} ms`;
  if (s < 10) return `${sign}${significant(s)} s`;
  const whole = Math.round(s);
  if (whole < 60) return `${sign}${whole} s`;
  if (whole < 3600) return sign + pair(whole, 60, "min", 1, "s");
  if (whole < 86_400) return sign + pair(Math.round(whole / 60) * 60, 3600, "h", 60, "min");
  return sign + pair(Math.round(whole / 3600) * 3600, 86_400, "d", 3600, "h");
}

function pair(s: number, big: number, bigUnit: string, small: number, smallUnit: string): string {
  const high = Math.floor(s / big);
  const low = Math.floor((s - high * big) / small);
  return low === 0 ? `${high} ${bigUnit}` : `${high} ${bigUnit} ${low} ${smallUnit}`;
}

function significant(x: number): string {
  return String(Number(x.toPrecision(x >= 100 ? 3 : 2)));
}
