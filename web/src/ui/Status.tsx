import {
  type Icon,
  IconArrowBackUp,
  IconCircleCheckFilled,
  IconCircleDashed,
  IconCircleXFilled,
  IconHandStop,
} from "@tabler/icons-react";
import classes from "./Status.module.css";
import { type State, stateColor, stateWord } from "./state";

const icons: Record<Exclude<State, "running">, Icon> = {
  waiting: IconCircleDashed,
  held: IconHandStop,
  done: IconCircleCheckFilled,
  failed: IconCircleXFilled,
  "rolled-back": IconArrowBackUp,
};

/** The icon of a state alone; the word must stand beside it or in the accessible name of what holds it. */
export function StatusIcon({ state, size = 16 }: { state: State; size?: number }) {
  const style = { color: stateColor(state), width: size, height: size };
  if (state === "running") {
    return (
      <span className={classes.icon} style={style} aria-hidden>
        <svg viewBox="0 0 16 16" width={size} height={size} fill="none" aria-hidden="true">
          <circle cx="8" cy="8" r="6" stroke="currentColor" strokeOpacity="0.28" strokeWidth="2" />
          <path
            className={classes.turning}
            d="M8 2a6 6 0 0 1 6 6"
            stroke="currentColor"
            strokeWidth="2"
            strokeLinecap="round"
          />
        </svg>
      </span>
    );
  }
  const Mark = icons[state];
  return (
    <span className={classes.icon} style={style} aria-hidden>
      <Mark size={size} stroke={1.9} />
    </span>
  );
}

interface Props {
  state: State;
  /** more exact words than the state's own: "held: waits for 400 more units" */
  label?: string;
  /** "pill" on a soft ground for titles; "plain" in rows and text */
  look?: "pill" | "plain";
}

/** A state as icon, word and colour; the only way a state is shown. */
export function Status({ state, label, look = "plain" }: Props) {
  const style =
    look === "pill" ? { background: stateColor(state, true), color: stateColor(state) } : undefined;
  return (
    <span className={classes.status} data-look={look} style={style}>
      <StatusIcon state={state} size={look === "pill" ? 15 : 16} />
      <span>{label ?? stateWord(state)}</span>
    </span>
  );
}
