import { IconHistory } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { Ago } from "./Ago";
import { Empty } from "./Empty";
import classes from "./History.module.css";
import { Panel } from "./Panel";

/** A fact of the journal as a person reads it. */
export interface Entry {
  seq: number;
  /** RFC 3339 */
  at: string;
  /** who did it: a person's name, or the part of the factory that did */
  who: string;
  /** what happened, in the past tense, without the who: "moved ENG-1 to review" */
  what: ReactNode;
  /** why, as it was given */
  why?: string;
}

/** What happened to an object: who, what, when, why; the newest first. */
export function History({
  entries,
  title = "History",
  more,
}: {
  entries: readonly Entry[];
  title?: string;
  more?: ReactNode;
}) {
  return (
    <Panel title={title} note={entries.length > 0 ? entries.length : undefined} actions={more} flush>
      {entries.length === 0 ? (
        <Empty icon={IconHistory} title="Nothing has happened yet" small>
          Each change is written here with who made it, when and why.
        </Empty>
      ) : (
        <ol className={classes.list}>
          {entries.map((e) => (
            <li key={e.seq} className={classes.entry}>
              <div className={classes.words}>
                <div>
                  <b className={classes.who}>{e.who}</b> {e.what}
                </div>
                {e.why && <div className={classes.why}>{e.why}</div>}
              </div>
              <span className={classes.when}>
                <Ago at={e.at} />
              </span>
            </li>
          ))}
        </ol>
      )}
    </Panel>
  );
}
