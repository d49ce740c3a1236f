import { Button } from "@mantine/core";
import type { Icon } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { Copyable } from "./Copyable";
import classes from "./Empty.module.css";
import { InLink } from "./InLink";

/** The one action that starts it: a page, a dialog, or a command for the terminal. */
export type Start =
  | { label: string; href: string }
  | { label: string; onClick: () => void }
  | { command: string };

interface Props {
  icon: Icon;
  /** what will be here: "No teams yet" */
  title: string;
  /** one or two sentences on what it is for and how it comes to be */
  children: ReactNode;
  start?: Start;
  /** for a part of a page instead of the whole */
  small?: boolean;
}

/** The empty state: what will be here and the one action that starts it. */
export function Empty({ icon: Mark, title, children, start, small = false }: Props) {
  return (
    <div className={classes.empty} data-small={small || undefined}>
      <span className={classes.mark} aria-hidden>
        <Mark size={small ? 18 : 22} stroke={1.6} />
      </span>
      <div className={classes.title}>{title}</div>
      <div className={classes.text}>{children}</div>
      {start && <div className={classes.start}>{action(start)}</div>}
    </div>
  );
}

function action(start: Start): ReactNode {
  if ("command" in start) return <Copyable text={start.command} look="command" />;
  if ("href" in start) {
    return (
      <Button component={InLink} href={start.href} look="bare">
        {start.label}
      </Button>
    );
  }
  return <Button onClick={start.onClick}>{start.label}</Button>;
}
