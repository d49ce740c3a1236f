import {
  type Icon,
  IconBox,
  IconBuildingFactory2,
  IconChartDots3,
  IconRocket,
  IconShieldCheck,
  IconStack2,
  IconTargetArrow,
  IconUsers,
} from "@tabler/icons-react";

/** A level of the factory: an entry of the left rail. */
export interface Area {
  to: "/" | "/board" | "/products" | "/teams" | "/platform" | "/delivery" | "/insight" | "/audit";
  name: string;
  /** what one finds there, for the palette */
  about: string;
  icon: Icon;
  /** the letter after g */
  key: string;
  /** roles that work here every day; for the others it is quieter */
  roles: readonly string[];
}

export const areas: readonly Area[] = [
  {
    to: "/",
    name: "Floor",
    about: "The whole value stream as one picture",
    icon: IconBuildingFactory2,
    key: "f",
    roles: ["board", "product", "member", "platform", "auditor"],
  },
  {
    to: "/board",
    name: "Board",
    about: "Vision, objectives with key results, initiatives",
    icon: IconTargetArrow,
    key: "b",
    roles: ["board", "product", "auditor"],
  },
  {
    to: "/products",
    name: "Products",
    about: "Products and their features with what they changed",
    icon: IconBox,
    key: "p",
    roles: ["board", "product", "member"],
  },
  {
    to: "/teams",
    name: "Teams",
    about: "Boards, members and components of each team",
    icon: IconUsers,
    key: "t",
    roles: ["product", "member", "platform"],
  },
  {
    to: "/platform",
    name: "Platform",
    about: "Components, templates and environments",
    icon: IconStack2,
    key: "l",
    roles: ["member", "platform"],
  },
  {
    to: "/delivery",
    name: "Delivery",
    about: "Runs, releases, rollouts and incidents",
    icon: IconRocket,
    key: "d",
    roles: ["member", "platform"],
  },
  {
    to: "/insight",
    name: "Insight",
    about: "What the facts add up to: DORA, flow, outcomes",
    icon: IconChartDots3,
    key: "i",
    roles: ["board", "product", "member", "platform"],
  },
  {
    to: "/audit",
    name: "Audit",
    about: "Every fact, who, when and why, and its proof",
    icon: IconShieldCheck,
    key: "a",
    roles: ["auditor", "board"],
  },
];

/** The area that a path lies in. Object pages belong to the area of their kind. */
export function areaOf(path: string): Area | undefined {
  const first = `/${path.split("/")[1] ?? ""}`;
  const home = homes[first] ?? first;
  return areas.find((a) => a.to === home);
}

const homes: Record<string, Area["to"]> = {
  "/objectives": "/board",
  "/initiatives": "/board",
  "/key-results": "/board",
  "/features": "/products",
  "/items": "/teams",
  "/accounts": "/teams",
  "/components": "/platform",
  "/paths": "/platform",
  "/agents": "/platform",
  "/changes": "/delivery",
  "/runs": "/delivery",
  "/releases": "/delivery",
  "/rollouts": "/delivery",
  "/incidents": "/delivery",
  "/artifacts": "/delivery",
  "/flags": "/delivery",
  "/freezes": "/delivery",
  "/units": "/delivery",
  "/cost": "/insight",
  "/thread": "/audit",
};

/** True when somebody of these roles works in the area every day. Whoever has no role sees all alike. */
export function daily(area: Area, roles: readonly string[]): boolean {
  return roles.length === 0 || area.roles.some((r) => roles.includes(r));
}
