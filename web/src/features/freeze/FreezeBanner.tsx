import { IconSnowflake } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useNow } from "~/lib/now";
import { ago, exact } from "~/lib/time";
import { InLink } from "~/ui/InLink";
import classes from "./FreezeBanner.module.css";
import { type Freeze, forWhat, freezesQuery, type Scope, warnings, when } from "./freeze";

const most = 3;

/** Says which freeze is in force for what a page shows, or begins within a day; nothing when none does. */
export function FreezeBanner(of: Scope) {
  const now = useNow();
  const { data } = useQuery(freezesQuery());
  const { active, soon } = warnings(data?.items ?? [], of, now);
  if (active.length + soon.length === 0) return null;
  const shown = [...active, ...soon].slice(0, most);
  const rest = active.length + soon.length - shown.length;
  const whole = !of.team && !of.component;
  return (
    <section className={classes.banner} aria-label="Freezes" data-active={active.length > 0 || undefined}>
      <ul className={classes.list}>
        {shown.map((f) => (
          <li key={f.id} className={classes.line}>
            <IconSnowflake className={classes.mark} size={18} stroke={1.8} aria-hidden />
            <Words freeze={f} now={now} planned={soon.includes(f)} whole={whole} />
          </li>
        ))}
      </ul>
      <InLink href="/freezes" look="quiet" className={classes.all}>
        {rest > 0 ? `and ${rest.toString()} more` : "Freezes"}
      </InLink>
    </section>
  );
}

function Words({
  freeze: f,
  now,
  planned,
  whole,
}: {
  freeze: Freeze;
  now: number;
  planned: boolean;
  whole: boolean;
}) {
  const target = !f.team && !f.component ? "everything" : forWhat(f);
  const edge = planned ? f.begins : f.ends;
  return (
    <div className={classes.words}>
      <b>
        {planned ? "Will be frozen" : "Frozen"}
        {whole ? `: ${target}` : ""}
      </b>{" "}
      {planned ? "from" : "until"}{" "}
      <time dateTime={edge} title={exact(edge)}>
        {when(edge, now)}
      </time>{" "}
      <span className={classes.quiet}>({ago(edge, now)})</span>, “{f.name}”: {f.reason.replace(/[.\s]*$/, "")}
      .
      {!planned && (
        <span className={classes.quiet}>
          {" "}
          Nothing widens or is promoted; hotfixes go, and harm is still taken back.
        </span>
      )}
    </div>
  );
}
