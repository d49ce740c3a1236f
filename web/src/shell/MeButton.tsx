import { UnstyledButton } from "@mantine/core";
import type { ComponentProps } from "react";
import type { Me } from "~/api/session";
import classes from "./MeButton.module.css";

type Props = ComponentProps<typeof UnstyledButton<"button">> & { who: Me };

/** The initials at the right end of the bar. */
export function MeButton({ who, ...rest }: Props) {
  return (
    <UnstyledButton {...rest} className={classes.me} aria-label={`${initials(who.name)}: ${who.name}`}>
      {initials(who.name)}
    </UnstyledButton>
  );
}

function initials(name: string): string {
  const words = name.split(/[\s@._-]+/).filter(Boolean);
  return ((words[0]?.[0] ?? "?") + (words[1]?.[0] ?? "")).toUpperCase();
}
