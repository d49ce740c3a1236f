import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Page } from "~/ui/Page";
import { Problem } from "~/ui/Problem";
import classes from "./Loaded.module.css";

interface Props<T> {
  query: UseQueryResult<T>;
  kind: string;
  /** the object's name as far as the address tells it */
  title: string;
  /** the outline of this page while it loads */
  outline: ReactNode;
  children: (data: T) => ReactNode;
}

/** An object's page in its states: the outline while it loads, the problem in its place, else the page. */
export function Loaded<T>({ query, kind, title, outline, children }: Props<T>) {
  if (query.data !== undefined) {
    return (
      <>
        {query.error && (
          <div className={classes.stale}>
            <Problem error={query.error} retry={() => void query.refetch()} look="line" />
          </div>
        )}
        {children(query.data)}
      </>
    );
  }
  return (
    <Page kind={kind} title={title}>
      {query.error ? (
        <Problem error={query.error} retry={() => void query.refetch()} look="page" />
      ) : (
        <div role="status" aria-label="Loading" className={classes.outline}>
          {outline}
        </div>
      )}
    </Page>
  );
}
