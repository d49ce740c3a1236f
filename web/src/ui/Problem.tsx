import { Button } from "@mantine/core";
import { IconAlertTriangle, IconCloudOff, IconGhost2, IconLock } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { asProblem, type ProblemKind } from "~/api/problem";
import { Copyable } from "./Copyable";
import { InLink } from "./InLink";
import classes from "./Problem.module.css";

interface Props {
  /** whatever was thrown */
  error: unknown;
  /** asks again; shown as a button where it may help */
  retry?: (() => void) | undefined;
  /** "page" in place of the content, "part" in place of a part of it, "line" in a form */
  look?: "page" | "part" | "line";
  /** the way on from here, where a page knows one */
  children?: ReactNode;
}

/** A no, in the API's own words: what, why, what next, and the identifier that finds it in the log. */
export function Problem({ error, retry, look = "part", children }: Props) {
  const p = asProblem(error);
  const Mark = mark(p.kind);
  // A plain no is whole as it is; only what went wrong inside is looked up in the log.
  const id = look === "line" && !["internal", "unavailable", "offline"].includes(p.kind) ? "" : p.id;
  const again = retry && p.kind !== "denied" && p.kind !== "not-found";
  return (
    <div className={classes.problem} data-look={look} role="alert">
      <Mark className={classes.mark} size={look === "page" ? 24 : 18} stroke={1.7} aria-hidden />
      <div className={classes.body}>
        <div className={classes.title}>
          {p.title}
          <InLink
            href={`/docs/reference/problems#${p.kind === "unauthenticated" ? "denied" : p.kind === "offline" ? "unavailable" : p.kind}`}
            look="quiet"
            className={classes.about ?? ""}
          >
            What this means
          </InLink>
        </div>
        <div className={classes.text}>{sentence(p.text)}</div>
        {p.fields.length > 0 && (
          <ul className={classes.fields}>
            {p.fields.map((f) => (
              <li key={`${f.at} ${f.text}`}>
                {f.at && <code>{f.at}</code>} {f.text}
              </li>
            ))}
          </ul>
        )}
        {(p.next || children) && (
          <div className={classes.next}>
            <b>Next:</b> {children ?? sentence(p.kind === "not-found" ? withoutCommand(p.next) : p.next)}
          </div>
        )}
        {(again || id) && (
          <div className={classes.foot}>
            {again && (
              <Button size="xs" variant="default" onClick={retry}>
                Try again
              </Button>
            )}
            {id && (
              <span className={classes.id}>
                In the server's log as <Copyable text={id} />
              </span>
            )}
          </div>
        )}
      </div>
    </div>
  );
}

// What is not there is looked for on a page, not on the command line that the server's words end with.
function withoutCommand(next: string): string {
  return next.replace(/:\s*factory .*$/, "");
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${text === "" || /[.!?]$/.test(text) ? "" : "."}`;
}

function mark(kind: ProblemKind) {
  if (kind === "denied" || kind === "unauthenticated") return IconLock;
  if (kind === "not-found") return IconGhost2;
  if (kind === "offline" || kind === "unavailable") return IconCloudOff;
  return IconAlertTriangle;
}
