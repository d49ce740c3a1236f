import type { ReactNode } from "react";
import { Ago } from "~/ui/Ago";
import { InLink } from "~/ui/InLink";
import classes from "./Incident.module.css";

interface Props {
  /** what stands before it: how long after the start, or what it is to the incident */
  lead: ReactNode;
  tone: "bad" | "good" | "note" | "plain";
  what: string;
  /** who or what it comes from */
  from: string;
  /** page of what it is about */
  see?: string | undefined;
  at: string;
}

/** Something that happened, as a line of a list in the order of time. */
export function Line({ lead, tone, what, from, see, at }: Props) {
  return (
    <li className={classes.entry} data-tone={tone}>
      {lead}
      <div className={classes.said}>
        <div className={classes.what}>{what}</div>
        <div className={classes.quiet}>
          {from}
          {see && (
            <>
              {" · "}
              <InLink href={see} look="quiet" className={classes.see}>
                see
              </InLink>
            </>
          )}
        </div>
      </div>
      <span className={classes.quiet}>
        <Ago at={at} />
      </span>
    </li>
  );
}
