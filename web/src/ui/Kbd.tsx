import classes from "./Kbd.module.css";

/** Keys to press, one after the other: <Kbd keys={["g", "b"]} />. */
export function Kbd({ keys, together = false }: { keys: readonly string[]; together?: boolean }) {
  return (
    <span className={classes.keys}>
      {keys.map((key, i) => (
        <span key={`${key}${i.toString()}`} className={classes.pair}>
          {i > 0 && !together && <span className={classes.then}>then</span>}
          <kbd className={classes.key}>{key}</kbd>
        </span>
      ))}
    </span>
  );
}
