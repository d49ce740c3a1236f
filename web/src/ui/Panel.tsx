import type { ReactNode } from "react";
import classes from "./Panel.module.css";

interface Props {
  title?: ReactNode;
  /** a few words behind the title: a count, a time range */
  note?: ReactNode;
  actions?: ReactNode;
  /** no inner space, for tables and lists that bring their own */
  flush?: boolean;
  children: ReactNode;
}

/** A titled part of a page. */
export function Panel({ title, note, actions, flush = false, children }: Props) {
  return (
    <section className={classes.panel}>
      {(title || actions) && (
        <header className={classes.head}>
          <h2 className={classes.title}>{title}</h2>
          {note && <span className={`num ${classes.note}`}>{note}</span>}
          {actions && <div className={classes.actions}>{actions}</div>}
        </header>
      )}
      <div className={flush ? undefined : classes.body}>{children}</div>
    </section>
  );
}
