import { UnstyledButton } from "@mantine/core";
import { IconBook2, IconLayoutSidebarLeftCollapse, IconLayoutSidebarLeftExpand } from "@tabler/icons-react";
import { Link, useRouterState } from "@tanstack/react-router";
import { Hint } from "~/ui/Hint";
import { Kbd } from "~/ui/Kbd";
import { areaOf, areas, daily } from "./areas";
import classes from "./Rail.module.css";

interface Props {
  roles: readonly string[];
  narrow: boolean;
  onNarrow: () => void;
}

/** The levels of the factory, from why to proof. */
export function Rail({ roles, narrow, onNarrow }: Props) {
  const here = useRouterState({ select: (s) => areaOf(s.location.pathname)?.to });
  const docs = useRouterState({ select: (s) => s.location.pathname.startsWith("/docs") });
  const Fold = narrow ? IconLayoutSidebarLeftExpand : IconLayoutSidebarLeftCollapse;
  return (
    <nav aria-label="Levels of the factory" className={classes.rail} data-narrow={narrow || undefined}>
      <ul className={classes.list}>
        {areas.map((a) => (
          <li key={a.to}>
            <Hint label={a.name} disabled={!narrow}>
              <Link
                to={a.to}
                className={classes.link}
                aria-label={narrow ? a.name : undefined}
                data-here={a.to === here || undefined}
                data-quiet={!daily(a, roles) || undefined}
                aria-current={a.to === here ? "true" : undefined}
              >
                <a.icon size={18} stroke={1.7} aria-hidden />
                <span className={classes.name}>{a.name}</span>
                <span className={classes.keys} aria-hidden>
                  <Kbd keys={["g", a.key]} together />
                </span>
              </Link>
            </Hint>
          </li>
        ))}
      </ul>
      <Hint label="Documentation" disabled={!narrow}>
        <Link
          to="/docs"
          className={`${classes.link} ${classes.low}`}
          aria-label={narrow ? "Documentation" : undefined}
          data-here={docs || undefined}
          data-quiet
          aria-current={docs ? "true" : undefined}
        >
          <IconBook2 size={18} stroke={1.7} aria-hidden />
          <span className={classes.name}>Documentation</span>
        </Link>
      </Hint>
      <Hint label={narrow ? "Widen the rail" : "Narrow the rail"} disabled={!narrow}>
        <UnstyledButton
          className={classes.fold}
          onClick={onNarrow}
          aria-label={narrow ? "Widen the rail" : undefined}
        >
          <Fold size={18} stroke={1.7} aria-hidden />
          <span className={classes.name}>Narrow the rail</span>
        </UnstyledButton>
      </Hint>
    </nav>
  );
}
