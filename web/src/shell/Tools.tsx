import { ActionIcon, UnstyledButton } from "@mantine/core";
import { IconMoon, IconSearch, IconSun } from "@tabler/icons-react";
import { lazy, Suspense, useState } from "react";
import type { Me } from "~/api/session";
import { commandKey } from "~/lib/key";
import { styled } from "~/sheet";
import { Hint } from "~/ui/Hint";
import { Kbd } from "~/ui/Kbd";
import { Bell } from "./Bell";
import { Live } from "./Live";
import { MeButton } from "./MeButton";
import classes from "./Tools.module.css";

const MeMenu = lazy(styled(() => import("./MeMenu").then((m) => ({ default: m.MeMenu }))));

interface Props {
  me: Me;
  scheme: "light" | "dark";
  onScheme: () => void;
  onPalette: () => void;
  onHelp: () => void;
}

/** The right end of the top bar. */
export function Tools({ me, scheme, onScheme, onPalette, onHelp }: Props) {
  const [wanted, setWanted] = useState(false);
  return (
    <div className={classes.tools}>
      <UnstyledButton className={classes.find} onClick={onPalette}>
        <IconSearch size={16} stroke={1.8} aria-hidden />
        <span className={classes.words}>Go to or do…</span>
        <span className={classes.keys}>
          <Kbd keys={[commandKey, "K"]} together />
        </span>
      </UnstyledButton>
      <Live />
      <Bell />
      <Hint label={scheme === "dark" ? "Light" : "Dark"}>
        <ActionIcon
          className={classes.scheme}
          size="lg"
          onClick={onScheme}
          aria-label={scheme === "dark" ? "Use the light scheme" : "Use the dark scheme"}
        >
          {scheme === "dark" ? <IconSun size={18} stroke={1.7} /> : <IconMoon size={18} stroke={1.7} />}
        </ActionIcon>
      </Hint>
      {wanted ? (
        <Suspense fallback={<MeButton who={me} />}>
          <MeMenu me={me} scheme={scheme} onScheme={onScheme} onHelp={onHelp} />
        </Suspense>
      ) : (
        <MeButton who={me} aria-haspopup="menu" onClick={() => setWanted(true)} />
      )}
    </div>
  );
}
