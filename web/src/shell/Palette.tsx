import { createSpotlight, Spotlight } from "@mantine/spotlight";
import "@mantine/spotlight/styles.layer.css";
import { useDebouncedValue } from "@mantine/hooks";
import {
  IconBox,
  IconBulb,
  IconFlagOff,
  IconKey,
  IconKeyboard,
  IconLogout,
  IconSearch,
  IconShieldCheck,
  IconStack2,
  IconSunMoon,
  IconTargetArrow,
  IconUserPlus,
  IconUsers,
} from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useNavigate, useRouter } from "@tanstack/react-router";
import { useEffect, useLayoutEffect, useMemo, useState } from "react";
import { asProblem } from "~/api/problem";
import { Kbd } from "~/ui/Kbd";
import { areas } from "./areas";
import { type Command, find } from "./commands";
import classes from "./Palette.module.css";
import { componentsQuery, foundCommands, lastingNodes, searchable, searchQuery, teamsQuery } from "./search";
import { useSignOut } from "./signout";

const [store, spotlight] = createSpotlight();

// Actions that are a page with its form open.
const doings = [
  { id: "vision", title: "Set the vision", href: "/board?new=vision", icon: IconTargetArrow },
  { id: "objective", title: "Add an objective", href: "/board?new=objective", icon: IconTargetArrow },
  { id: "initiative", title: "Propose an initiative", href: "/board?new=initiative", icon: IconBulb },
  { id: "product", title: "Add a product", href: "/products?new=product", icon: IconBox },
  { id: "team", title: "Found a team", href: "/teams?new=team", icon: IconUsers },
  { id: "component", title: "Create a component", href: "/platform/new", icon: IconStack2 },
  { id: "kill", title: "Kill a feature", href: "/flags?kill=1", icon: IconFlagOff },
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

interface Props {
  opened: boolean;
  typed: string;
  onTyped: (typed: string) => void;
  onClose: () => void;
  onScheme: () => void;
  onHelp: () => void;
}

/** Go to anything, do anything, by typing. */
export function Palette({ opened, typed, onTyped, onClose, onScheme, onHelp }: Props) {
  const navigate = useNavigate();
  const router = useRouter();
  const signOut = useSignOut();
  useEffect(() => {
    if (opened) spotlight.open();
    else spotlight.close();
  }, [opened]);

  const commands = useMemo<Command[]>(
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
      ...doings.map((d) => ({
        id: `do ${d.id}`,
        title: d.title,
        group: "Do",
        icon: d.icon,
        run: () => router.history.push(d.href),
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
  const [settled] = useDebouncedValue(typed.trim(), 120);
  const asked = opened && searchable(settled);
  const objects = useQuery({ ...searchQuery(settled), enabled: asked, placeholderData: keepPreviousData });
  // What lasts is asked for once and found at the first letters; the search tells the newest first.
  const components = useQuery({ ...componentsQuery, enabled: opened });
  const teams = useQuery({ ...teamsQuery, enabled: opened });
  const go = (href: string) => router.history.push(href);
  const searched = asked && searchable(typed.trim());
  // Both tell of components and teams: whichever comes first, they stand in the same place.
  const nodes = searched ? (objects.data?.items ?? []) : [];
  const lasting = searched
    ? find(foundCommands(lastingNodes(components.data?.items, teams.data?.items, nodes), go), typed).slice(
        0,
        6,
      )
    : [];
  // What was found for the text before stays only where it answers this one too.
  const current = settled === typed.trim() && !objects.isPlaceholderData;
  const others = foundCommands(nodes, go).filter((c) => !lasting.some((l) => l.id === c.id));
  const found = [...find(commands, typed), ...lasting, ...(current ? others : find(others, typed))];
  const looking =
    searchable(typed.trim()) && (settled !== typed.trim() || objects.isFetching || components.isLoading);
  const first = found[0]?.id;
  // What comes after the typing has none selected: Enter goes to the first then too.
  useLayoutEffect(() => {
    const { listId } = store.getState();
    const list = opened && first !== undefined ? document.getElementById(listId) : null;
    if (!list) return;
    for (const old of list.querySelectorAll("[data-selected]")) old.removeAttribute("data-selected");
    list.querySelector("[data-action]")?.setAttribute("data-selected", "true");
    store.updateState((state) => ({ ...state, selected: 0 }));
  }, [opened, first]);
  // Enter before anything was found goes to what is found first, unless the text changes meanwhile.
  const [entered, setEntered] = useState<string>();
  const awaited = opened && entered === typed ? found[0] : undefined;
  useEffect(() => {
    if (!awaited) return;
    setEntered(undefined);
    spotlight.close();
    awaited.run();
  }, [awaited]);
  const groups = [...new Set(found.map((c) => c.group))];

  return (
    <Spotlight.Root
      store={store}
      attributes={{ content: { "aria-label": "Go to, do, or find" } }}
      classNames={{ content: classes.content, search: classes.search, actionsGroup: classes.label }}
      query={typed}
      onQueryChange={onTyped}
      onSpotlightClose={onClose}
      shortcut={null}
      scrollable
      maxHeight={420}
      transitionProps={{ duration: 90 }}
      overlayProps={{ backgroundOpacity: 0.3, blur: 0 }}
    >
      <Spotlight.Search
        placeholder="Go to, do, or find anything…"
        aria-label="Go to or do"
        leftSection={<IconSearch size={18} stroke={1.6} />}
        onKeyDown={(event) => {
          if (event.key === "Enter" && found.length === 0 && looking) setEntered(typed);
        }}
      />
      <Spotlight.ActionsList>
        {groups.map((group) => (
          <Spotlight.ActionsGroup key={group} label={group}>
            {found
              .filter((c) => c.group === group)
              .map((c) => (
                <Spotlight.Action
                  key={c.id}
                  label={c.title}
                  description={c.about}
                  leftSection={<c.icon size={18} stroke={1.6} aria-hidden />}
                  rightSection={c.keys && <Kbd keys={c.keys} together />}
                  onClick={c.run}
                />
              ))}
          </Spotlight.ActionsGroup>
        ))}
        {asked && objects.error && (
          <Spotlight.Empty>Objects could not be searched: {asProblem(objects.error).text}</Spotlight.Empty>
        )}
        {found.length === 0 && !objects.error && (
          <Spotlight.Empty>{looking ? "Looking…" : "Nothing is called so."}</Spotlight.Empty>
        )}
      </Spotlight.ActionsList>
    </Spotlight.Root>
  );
}
