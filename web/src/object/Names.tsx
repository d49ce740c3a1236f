import { InLink } from "~/ui/InLink";
import classes from "./Names.module.css";
import { commitHref, hrefOf, short } from "./subject";

/** A commit by its first digits. */
export function CommitName({ component, commit }: { component: string; commit: string }) {
  return (
    <InLink href={commitHref(component, commit)} look="quiet" className={classes.code}>
      {short(commit)}
    </InLink>
  );
}

/** An artifact by the first digits of its digest. */
export function ArtifactName({ digest }: { digest: string }) {
  return (
    <InLink href={hrefOf(`artifact/${digest}`)} look="quiet" className={classes.code}>
      {short(digest)}
    </InLink>
  );
}

/** Items by their identifiers; "no item" says that the thread is broken here. */
export function ItemNames({ items }: { items: readonly string[] | null | undefined }) {
  if (!items || items.length === 0) return <span className={classes.none}>no item</span>;
  return (
    <span className={classes.names}>
      {items.map((id) => (
        <InLink key={id} href={hrefOf(`item/${id}`)} look="quiet">
          {id}
        </InLink>
      ))}
    </span>
  );
}

export function TeamName({ team }: { team: string }) {
  return (
    <InLink href={`/teams/${team}`} look="quiet">
      {team}
    </InLink>
  );
}

export function ComponentName({ component }: { component: string }) {
  return (
    <InLink href={`/components/${component}`} look="quiet">
      {component}
    </InLink>
  );
}
