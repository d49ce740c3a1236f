import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { asProblem } from "~/api/problem";
import { InLink } from "~/ui/InLink";
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

// Where the objects of a kind are listed, for whoever stands before one that is not there.
const lists: Record<string, readonly [name: string, href: string]> = {
  Run: ["See all runs", "/delivery?view=runs"],
  Rollout: ["See all rollouts", "/delivery"],
  Change: ["See all changes", "/changes"],
  Release: ["See all releases", "/delivery?view=releases"],
  Incident: ["See all incidents", "/delivery?view=incidents"],
  Artifact: ["See all components", "/platform"],
  Commit: ["See all components", "/platform"],
  Component: ["See all components", "/platform"],
  "Golden path": ["See all golden paths", "/platform"],
  Team: ["See all teams", "/teams"],
  Item: ["See all teams", "/teams"],
  Product: ["See all products", "/products"],
  Feature: ["See all products", "/products"],
  Initiative: ["See the board", "/board"],
  "Key result": ["See the board", "/board"],
  Thread: ["See all facts", "/audit"],
};

/** An object's page in its states: the outline while it loads, the problem in its place, else the page. */
export function Loaded<T>({ query, kind, title, outline, children }: Props<T>) {
  const list = lists[kind];
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
        <Problem error={query.error} retry={() => void query.refetch()} look="page">
          {list && asProblem(query.error).kind === "not-found" && <InLink href={list[1]}>{list[0]}</InLink>}
        </Problem>
      ) : (
        <div role="status" aria-label="Loading" className={classes.outline}>
          {outline}
        </div>
      )}
    </Page>
  );
}
