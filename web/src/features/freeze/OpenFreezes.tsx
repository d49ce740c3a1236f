import { Button } from "@mantine/core";
import { useCannot } from "~/api/me";
import { ago, exact } from "~/lib/time";
import { InLink } from "~/ui/InLink";
import { Status } from "~/ui/Status";
import { type Freeze, forWhat, freezeState, length, stateAt, when } from "./freeze";
import classes from "./OpenFreezes.module.css";

interface Props {
  freezes: readonly Freeze[];
  now: number;
  onLift: (id: string) => void;
}

/** The freezes that are in force or planned, each with why, for what and until when. */
export function OpenFreezes({ freezes, now, onLift }: Props) {
  const no = useCannot("freeze");
  return (
    <>
      <ul className={classes.list} aria-label="Freezes in force and planned">
        {freezes.map((f) => {
          const state = stateAt(f, now);
          return (
            <li key={f.id} className={classes.freeze} data-state={state}>
              <div className={classes.words}>
                <div className={classes.line}>
                  <b className={classes.name}>{f.name}</b>
                  <Status look="pill" {...freezeState(state)} />
                  <span>
                    <span className={classes.quiet}>for</span> <Target freeze={f} />
                  </span>
                </div>
                <p className={classes.reason}>{f.reason}</p>
                <div className={classes.quiet}>
                  declared by {f.declaredBy}, {ago(f.declared, now)}
                </div>
              </div>
              <div className={classes.times}>
                <span title={exact(f.begins)}>{when(f.begins, now)}</span>
                <span title={exact(f.ends)}>to {when(f.ends, now)}</span>
                <span className={classes.quiet}>
                  {length(f)},{" "}
                  {state === "active" ? `ends ${ago(f.ends, now)}` : `begins ${ago(f.begins, now)}`}
                </span>
              </div>
              {!no && (
                <Button
                  variant="default"
                  size="xs"
                  className={classes.lift}
                  aria-label={`${state === "planned" ? "Call it off" : "Lift it"}: ${f.name}`}
                  onClick={() => onLift(f.id)}
                >
                  {state === "planned" ? "Call it off" : "Lift it"}
                </Button>
              )}
            </li>
          );
        })}
      </ul>
      {no && (
        <p className={classes.no}>
          {no.text.charAt(0).toUpperCase()}
          {no.text.slice(1)}.
        </p>
      )}
    </>
  );
}

function Target({ freeze: f }: { freeze: Freeze }) {
  if (f.component)
    return (
      <InLink href={`/components/${f.component}`} look="quiet">
        {f.component}
      </InLink>
    );
  if (f.team)
    return (
      <InLink href={`/teams/${f.team}`} look="quiet">
        team {f.team}
      </InLink>
    );
  return forWhat(f);
}
