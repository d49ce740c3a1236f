import {
  IconBook2,
  IconBox,
  IconBulb,
  IconFlagOff,
  IconGitPullRequest,
  IconKey,
  IconKeyboard,
  IconLogout,
  IconPackages,
  IconShieldCheck,
  IconSnowflake,
  IconStack2,
  IconSunMoon,
  IconTargetArrow,
  IconUserPlus,
  IconUsers,
  IconUsersGroup,
} from "@tabler/icons-react";
import { useNavigate, useRouter } from "@tanstack/react-router";
import { useMemo } from "react";
import { areas } from "./areas";
import type { Command } from "./commands";
import { useSignOut } from "./signout";

// Actions that are a page with its form open.
const forms = [
  { id: "vision", title: "Set the vision", href: "/board?new=vision", icon: IconTargetArrow },
  { id: "objective", title: "Add an objective", href: "/board?new=objective", icon: IconTargetArrow },
  { id: "initiative", title: "Propose an initiative", href: "/board?new=initiative", icon: IconBulb },
  { id: "product", title: "Add a product", href: "/products?new=product", icon: IconBox },
  { id: "team", title: "Found a team", href: "/teams?new=team", icon: IconUsers },
  { id: "component", title: "Create a component", href: "/platform/new", icon: IconStack2 },
  { id: "changes", title: "See changes", href: "/changes", icon: IconGitPullRequest },
  { id: "mine", title: "See my changes", href: "/changes?mine=1", icon: IconGitPullRequest },
  { id: "release", title: "Compose a release", href: "/releases/new", icon: IconPackages },
  { id: "releases", title: "See releases of several components", href: "/releases", icon: IconPackages },
  { id: "agents", title: "See the agents that run pipelines", href: "/agents", icon: IconStack2 },
  { id: "freezes", title: "See freezes of production", href: "/freezes", icon: IconSnowflake },
  { id: "freeze", title: "Declare a freeze", href: "/freezes?new=freeze", icon: IconSnowflake },
  { id: "units", title: "See units and preview a cohort", href: "/units", icon: IconUsersGroup },
  { id: "import", title: "Import units", href: "/units?import=1", icon: IconUsersGroup },
  { id: "kill", title: "Kill a feature", href: "/flags?kill=1", icon: IconFlagOff },
  { id: "docs", title: "Read the documentation", href: "/docs", icon: IconBook2 },
  { id: "account", title: "Invite somebody", href: "/accounts?new=account", icon: IconUserPlus },
  { id: "people", title: "See people and their roles", href: "/accounts", icon: IconUsers },
  { id: "token", title: "Make an API token", href: "/tokens?new=token", icon: IconKey },
  { id: "verify", title: "Verify the journal's chain", href: "/audit?verify=now", icon: IconShieldCheck },
  {
    id: "parked",
    title: "Decide parked effects",
    href: "/audit?view=effects&state=parked",
    icon: IconShieldCheck,
  },
] as const;

/** What can always be gone to and done. */
export function useDoings(onScheme: () => void, onHelp: () => void): readonly Command[] {
  const navigate = useNavigate();
  const router = useRouter();
  const signOut = useSignOut();
  return useMemo(
    () => [
      ...areas.map((a) => ({
        id: a.to,
        title: a.name,
        about: a.about,
        group: "Go to",
        icon: a.icon,
        keys: ["g", a.key],
        run: () => void navigate({ to: a.to }),
      })),
      ...forms.map((f) => ({
        id: `do ${f.id}`,
        title: f.title,
        group: "Do",
        icon: f.icon,
        run: () => router.history.push(f.href),
      })),
      {
        id: "scheme",
        title: "Switch between light and dark",
        group: "Do",
        icon: IconSunMoon,
        keys: ["t", "t"],
        run: onScheme,
      },
      {
        id: "keys",
        title: "Show keyboard shortcuts",
        group: "Do",
        icon: IconKeyboard,
        keys: ["?"],
        run: onHelp,
      },
      { id: "out", title: "Sign out", group: "Do", icon: IconLogout, run: () => void signOut() },
    ],
    [navigate, router, onScheme, onHelp, signOut],
  );
}
