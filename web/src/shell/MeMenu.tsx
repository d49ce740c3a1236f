import { Menu } from "@mantine/core";
import {
  IconKey,
  IconKeyboard,
  IconLock,
  IconLogout,
  IconMoon,
  IconSun,
  IconUsers,
} from "@tabler/icons-react";
import { useState } from "react";
import type { Me } from "~/api/session";
import { InLink } from "~/ui/InLink";
import { Kbd } from "~/ui/Kbd";
import { MeButton } from "./MeButton";
import classes from "./MeMenu.module.css";
import { useSignOut } from "./signout";

interface Props {
  me: Me;
  scheme: "light" | "dark";
  onScheme: () => void;
  onHelp: () => void;
}

/** Who one is, and the few settings of one's own. Its code is loaded at the first click, so it opens at once. */
export function MeMenu({ me, scheme, onScheme, onHelp }: Props) {
  const [opened, setOpened] = useState(true);
  const signOut = useSignOut();
  return (
    <Menu
      position="bottom-end"
      width={240}
      opened={opened}
      onChange={setOpened}
      withinPortal={false}
      withInitialFocusPlaceholder={false}
    >
      <Menu.Target>
        <MeButton who={me} />
      </Menu.Target>
      <Menu.Dropdown>
        <div className={classes.who}>
          <b>{me.name}</b>
          {me.login !== me.name && <span>{me.login}</span>}
          {me.roles.length > 0 && <span>{me.roles.join(", ")}</span>}
        </div>
        <Menu.Divider />
        <Menu.Item component={InLink} href="/tokens" look="bare" leftSection={<IconKey size={16} />}>
          Your API tokens
        </Menu.Item>
        <Menu.Item
          component={InLink}
          href="/accounts?password=change"
          look="bare"
          leftSection={<IconLock size={16} />}
        >
          Change password
        </Menu.Item>
        <Menu.Item component={InLink} href="/accounts" look="bare" leftSection={<IconUsers size={16} />}>
          People and roles
        </Menu.Item>
        <Menu.Item
          leftSection={<IconKeyboard size={16} />}
          rightSection={<Kbd keys={["?"]} />}
          onClick={onHelp}
        >
          Keyboard shortcuts
        </Menu.Item>
        <Menu.Item
          leftSection={scheme === "dark" ? <IconSun size={16} /> : <IconMoon size={16} />}
          onClick={onScheme}
        >
          {scheme === "dark" ? "Light scheme" : "Dark scheme"}
        </Menu.Item>
        <Menu.Item leftSection={<IconLogout size={16} />} onClick={() => void signOut()}>
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
