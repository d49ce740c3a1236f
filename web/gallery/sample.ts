import type { EvidencePoint } from "~/ui/evidence";
import type { Entry } from "~/ui/History";
import { states } from "~/ui/state";
import type { Marker } from "~/ui/TimeChart";
import type { Link } from "~/ui/thread";

const end = Math.floor(Date.now() / 1000);

export const links: Link[] = [
  { station: "vision", id: "v", title: "Grow our share of the drone market", href: "/board" },
  { station: "objective", id: "o", title: "Carry heavy loads", href: "/board", state: "running" },
  { station: "feature", id: "f", title: "Bigger battery", href: "/features/f", state: "running" },
  { station: "item", id: "i", title: "ENG-1 Keep the motors in step", href: "/items/i", state: "done" },
  { station: "commit", id: "c", title: "9f3c2e1", href: "/changes/c" },
  { station: "commit", id: "d", title: "0a1b2c3", href: "/changes/d" },
  { station: "run", id: "r", title: "run 41", href: "/runs/r", state: "done" },
  { station: "artifact", id: "a", title: "1.4.2", href: "/releases/a" },
  { station: "rollout", id: "ro", title: "production", href: "/rollouts/ro", state: "held" },
];

export const entries: Entry[] = [
  {
    seq: 3,
    at: new Date((end - 40) * 1000).toISOString(),
    who: "Rollout",
    what: "moved from 5 % to 25 %",
    why: "No harm shown after 400 units.",
  },
  {
    seq: 2,
    at: new Date((end - 700) * 1000).toISOString(),
    who: "Mia",
    what: "started the rollout of 1.4.2",
  },
  {
    seq: 1,
    at: new Date((end - 90_000) * 1000).toISOString(),
    who: "Pipeline",
    what: "built and signed 1.4.2",
  },
];

export const items = Array.from({ length: 5000 }, (_, i) => ({
  key: `ENG-${i + 1}`,
  title: `Keep motor ${i + 1} in step while the load shifts and the wind turns`,
  state: states[i % states.length] ?? "waiting",
  owner: i % 3 === 0 ? "Mia" : "Jon",
  age: 1800 * ((i * 7919) % 997),
}));

export const times = Array.from({ length: 240 }, (_, i) => end - 7200 + i * 30);

export const rates = [0, 1].map((k) =>
  times.map((_, i) =>
    k === 1 && i < 120 ? null : (k === 1 ? 20 : 60) + 14 * Math.sin(i / 19) + ((i * 37) % 11),
  ),
);

export const deploys: Marker[] = [
  { at: end - 3600, kind: "deploy", label: "1.4.2", href: "/rollouts/ro" },
  { at: end - 1400, kind: "incident", label: "Errors on heavy missions", href: "/incidents/x" },
];

export const evidence: EvidencePoint[] = Array.from({ length: 160 }, (_, i) => ({
  at: end - 3200 + i * 20,
  share: i < 50 ? 0.05 : i < 120 ? 0.25 : 1,
  safe: i * 0.015 + Math.sin(i / 6) * 0.15 - 0.2,
  harm: -i * 0.006 + Math.cos(i / 5) * 0.3,
}));
