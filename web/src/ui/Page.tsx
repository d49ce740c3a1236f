import type { ReactNode } from "react";
import { useEffect } from "react";
import classes from "./Page.module.css";

interface Props {
  title: string;
  /** what kind of object it is: "Initiative"; nothing for an area's own page */
  kind?: string;
  /** a <Status look="pill"> */
  status?: ReactNode;
  /** name or link of who owns it */
  owner?: ReactNode;
  /** one sentence under the title */
  lead?: ReactNode;
  /** a <ThreadStrip> */
  thread?: ReactNode;
  actions?: ReactNode;
  /** the second, narrower column */
  aside?: ReactNode;
  /** what takes the whole width, under the columns */
  below?: ReactNode;
  /** a <History>, under everything */
  history?: ReactNode;
  children: ReactNode;
}

/** The skeleton of every page: title, status, owner, thread, content in at most two columns, history. */
export function Page({
  title,
  kind,
  status,
  owner,
  lead,
  thread,
  actions,
  aside,
  below,
  history,
  children,
}: Props) {
  useEffect(() => {
    document.title = `${title} · Digital Factory`;
  }, [title]);
  return (
    <article className={classes.page}>
      <header className={classes.head}>
        <div className={classes.words}>
          {kind && <div className={classes.kind}>{kind}</div>}
          <div className={classes.line}>
            <h1 className={classes.title}>{title}</h1>
            {status}
          </div>
          {(lead || owner) && (
            <div className={classes.lead}>
              {lead}
              {owner && (
                <span className={classes.owner}>
                  <span className={classes.quiet}>Owner</span> {owner}
                </span>
              )}
            </div>
          )}
        </div>
        {actions && <div className={classes.actions}>{actions}</div>}
      </header>
      {thread}
      {aside ? (
        <div className={classes.columns}>
          <div className={classes.column}>{children}</div>
          <aside className={classes.column}>{aside}</aside>
        </div>
      ) : (
        <div className={classes.column}>{children}</div>
      )}
      {below}
      {history}
    </article>
  );
}
