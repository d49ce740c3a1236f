import { Button } from "@mantine/core";
import { IconAlertTriangle, IconCloudOff, IconGhost2, IconLock } from "@tabler/icons-react";
import { asProblem, type ProblemKind } from "~/api/problem";
import { Copyable } from "./Copyable";
import classes from "./Problem.module.css";

interface Props {
  /** whatever was thrown */
  error: unknown;
  /** asks again; shown as a button where it may help */
  retry?: (() => void) | undefined;
  /** "page" in place of the content, "part" in place of a part of it, "line" in a form */
  look?: "page" | "part" | "line";
}

/** A no, in the API's own words: what, why, what next, and the identifier that finds it in the log. */
export function Problem({ error, retry, look = "part" }: Props) {
  const p = asProblem(error);
  const Mark = mark(p.kind);
  // A plain no is whole as it is; only what went wrong inside is looked up in the log.
  const id = look === "line" && !["internal", "unavailable", "offline"].includes(p.kind) ? "" : p.id;
  const again = retry && p.kind !== "denied" && p.kind !== "not-found";
  return (
    <div className={classes.problem} data-look={look} role="alert">
      <Mark className={classes.mark} size={look === "page" ? 24 : 18} stroke={1.7} aria-hidden />
      <div className={classes.body}>
        <div className={classes.title}>{p.title}</div>
        <div className={classes.text}>{p.text}</div>
        {p.fields.length > 0 && (
          <ul className={classes.fields}>
            {p.fields.map((f) => (
              <li key={`${f.at} ${f.text}`}>
                {f.at && <code>{f.at}</code>} {f.text}
              </li>
            ))}
          </ul>
        )}
        {p.next && (
          <div className={classes.next}>
            <b>Next:</b> {p.next}
          </div>
        )}
        {(again || id) && (
          <div className={classes.foot}>
            {again && (
              <Button size="xs" variant="default" onClick={retry}>
                Try again
              </Button>
            )}
            {id && <Copyable text={id} />}
          </div>
        )}
      </div>
    </div>
  );
}

function mark(kind: ProblemKind) {
  if (kind === "denied" || kind === "unauthenticated") return IconLock;
  if (kind === "not-found") return IconGhost2;
  if (kind === "offline" || kind === "unavailable") return IconCloudOff;
  return IconAlertTriangle;
}
