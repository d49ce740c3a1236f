import { useNow } from "~/lib/now";
import { ago, exact, type Moment, millis } from "~/lib/time";
import { Hint } from "~/ui/Hint";

/** A moment as time gone by, moving on by itself; the exact one on hover and focus. No moment shows as "never". */
export function Ago({ at, never = "never" }: { at: Moment | null | undefined; never?: string }) {
  const now = useNow();
  if (at === null || at === undefined || at === "" || Number.isNaN(millis(at))) {
    return <span style={{ color: "var(--f-quiet)" }}>{never}</span>;
  }
  return (
    <Hint label={exact(at)}>
      <time className="num" dateTime={new Date(millis(at)).toISOString()} style={{ whiteSpace: "nowrap" }}>
        {ago(at, now)}
      </time>
    </Hint>
  );
}
