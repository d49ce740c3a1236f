import { Link } from "@tanstack/react-router";
import classes from "./Views.module.css";

export interface View {
  id: string;
  name: string;
  count?: number | undefined;
}

interface Props {
  label: string;
  views: readonly View[];
  here: string;
  /** the view that an address without one shows */
  first: string;
}

// The router marks the link of the whole address; which view is shown is known better here.
const exactly = { exact: true, includeSearch: true } as const;

/** The views of a page side by side; which one is shown stands in the address. */
export function Views({ label, views, here, first }: Props) {
  return (
    <nav aria-label={label} className={classes.views}>
      {views.map((v) => (
        <Link
          key={v.id}
          to="."
          search={v.id === first ? {} : { view: v.id }}
          className={classes.view}
          activeOptions={exactly}
          aria-current={v.id === here ? "page" : undefined}
          replace
          resetScroll={false}
        >
          {v.name}
          {v.count !== undefined && <span className={`num ${classes.count}`}>{v.count}</span>}
        </Link>
      ))}
    </nav>
  );
}
