import type { State } from "./state";

/** The stations of the thread, from why to what it changed. */
export const stations = [
  "vision",
  "objective",
  "initiative",
  "feature",
  "item",
  "commit",
  "run",
  "artifact",
  "rollout",
  "effect",
] as const;

export type Station = (typeof stations)[number];

/** One object of the thread. */
export interface Link {
  station: Station;
  id: string;
  title: string;
  href: string;
  state?: State;
}

/** A station as the strip shows it: its objects (the first is shown, the rest counted), or a gap. */
export interface Place {
  station: Station;
  links: Link[];
  /** no object here although the thread goes on beyond, or begins only later: the link is missing */
  gap: boolean;
  here: boolean;
}

/**
 * Lays the links along the stations. A station without an object is a gap when an object stands on each side of it or
 * the object looked at stands further down (nothing says why it exists); beyond the last object it is merely ahead.
 */
export function places(links: readonly Link[], here: Station | null): Place[] {
  const last = Math.max(
    here === null ? -1 : stations.indexOf(here),
    ...links.map((l) => stations.indexOf(l.station)),
  );
  return stations.map((station, i) => {
    const own = links.filter((l) => l.station === station);
    return { station, links: own, gap: own.length === 0 && i < last, here: station === here };
  });
}
