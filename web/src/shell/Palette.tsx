import { createSpotlight, Spotlight } from "@mantine/spotlight";
import "@mantine/spotlight/styles.layer.css";
import { IconKeyboard, IconLogout, IconSearch, IconSunMoon } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { useEffect, useMemo, useState } from "react";
import { Kbd } from "~/ui/Kbd";
import { areas } from "./areas";
import { type Command, find } from "./commands";
import classes from "./Palette.module.css";
import { useSignOut } from "./signout";

const [store, spotlight] = createSpotlight();

interface Props {
  opened: boolean;
  onClose: () => void;
  onScheme: () => void;
  onHelp: () => void;
}

/** Go to anything, do anything, by typing. */
export function Palette({ opened, onClose, onScheme, onHelp }: Props) {
  const [typed, setTyped] = useState("");
  const navigate = useNavigate();
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
    [navigate, onScheme, onHelp, signOut],
  );
  const found = find(commands, typed);
  const groups = [...new Set(found.map((c) => c.group))];

  return (
    <Spotlight.Root
      store={store}
      classNames={{ content: classes.content, search: classes.search, actionsGroup: classes.label }}
      query={typed}
      onQueryChange={setTyped}
      onSpotlightClose={onClose}
      shortcut={null}
      scrollable
      maxHeight={420}
      transitionProps={{ duration: 90 }}
      overlayProps={{ backgroundOpacity: 0.3, blur: 0 }}
    >
      <Spotlight.Search
        placeholder="Go to or do…"
        aria-label="Go to or do"
        leftSection={<IconSearch size={18} stroke={1.6} />}
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
        {found.length === 0 && <Spotlight.Empty>Nothing is called so.</Spotlight.Empty>}
      </Spotlight.ActionsList>
    </Spotlight.Root>
  );
}
