import { Link, useRouterState } from "@tanstack/react-router";
import { InLink } from "~/ui/InLink";
import { Mark } from "~/ui/Mark";
import { areaOf } from "./areas";
import classes from "./Crumbs.module.css";
import type { Crumb } from "./crumbs";

/** The product's name and where one is: area, then the objects above this one, then this one. */
export function Crumbs({ crumbs }: { crumbs: readonly Crumb[] }) {
  const path = useRouterState({ select: (s) => s.location.pathname });
  const area = areaOf(path);
  return (
    <nav aria-label="Where you are" className={classes.crumbs}>
      <Link to="/" className={classes.product} aria-label="Digital Factory">
        <Mark />
        <span className={classes.name}>Digital Factory</span>
      </Link>
      <ol className={classes.list}>
        {area && (
          <li className={classes.step}>
            <Link
              to={area.to}
              className={classes.link}
              aria-current={crumbs.length === 0 ? "page" : undefined}
            >
              {area.name}
            </Link>
          </li>
        )}
        {crumbs.map((c, i) => (
          <li key={c.href} className={classes.step} data-middle={i < crumbs.length - 1 || undefined}>
            <InLink
              href={c.href}
              look="bare"
              className={classes.link}
              aria-current={i === crumbs.length - 1 ? "page" : undefined}
            >
              {c.title}
            </InLink>
          </li>
        ))}
      </ol>
    </nav>
  );
}
