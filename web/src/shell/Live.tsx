import { type LiveState, useLiveState } from "~/api/live";
import { Hint } from "~/ui/Hint";
import classes from "./Live.module.css";

const words: Record<LiveState, { word: string; why: string }> = {
  connecting: { word: "Connecting", why: "Connecting to the stream of facts." },
  live: { word: "Live", why: "Facts arrive as they happen; what you see is the present." },
  lost: {
    word: "Not live",
    why: "The stream of facts is broken off. What you see may be old; the page tries again by itself.",
  },
};

/** Whether what is on screen is the present. */
export function Live() {
  const state = useLiveState();
  const { word, why } = words[state];
  return (
    <Hint label={why}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: the explanation must be reachable by keyboard */}
      <span className={classes.live} data-state={state} role="status" tabIndex={0}>
        <i aria-hidden />
        <span className={classes.word}>{word}</span>
      </span>
    </Hint>
  );
}
