import { IconConfetti, IconExternalLink } from "@tabler/icons-react";
import { duration, millis } from "~/lib/time";
import { useSecond } from "~/object/second";
import { hrefOf } from "~/object/subject";
import { InLink } from "~/ui/InLink";
import { Panel } from "~/ui/Panel";
import { StatusIcon } from "~/ui/Status";
import { type State, stateWord } from "~/ui/state";
import type { Component } from "./components";
import classes from "./Provisioning.module.css";

const fresh = 10 * 60; // seconds for which a new component still says how fast it was

/** From nothing to live in production, step by step, while it happens; for a while afterwards how long it took. */
export function Provisioning({
  component: c,
  worker,
}: {
  component: Component;
  /** it serves nothing, as far as what runs tells */
  worker: boolean;
}) {
  const running = c.state === "provisioning";
  const now = useSecond(running);
  const age = (Date.now() - millis(c.created)) / 1000;
  if (c.state === "ready" && age > fresh) return null;
  const url = c.environments.find((e) => e.name === "production")?.url;
  const person = running && c.provisioning.some((s) => s.state === "waiting" && s.text); // an adopted one's change
  const took = ((c.ready ? millis(c.ready) : now) - millis(c.created)) / 1000;
  return (
    <Panel
      title={
        running ? "On its way to production" : c.state === "ready" ? "Live in production" : "Not live yet"
      }
      note={
        person
          ? "it waits for a person"
          : running
            ? `${duration(Math.max(0, Math.round(took)))} so far, by itself`
            : c.state === "ready"
              ? `${duration(took)} from the first word, no step by hand`
              : undefined
      }
    >
      <ol className={classes.steps} aria-live="polite">
        {c.provisioning.map((s, i) => {
          const before = i === 0 ? c.created : c.provisioning[i - 1]?.at;
          const seconds =
            s.state === "done" && s.at && before ? (millis(s.at) - millis(before)) / 1000 : null;
          return (
            <li key={s.name} className={classes.step} data-state={s.state}>
              <span className={classes.icon}>
                <StatusIcon state={stateOf(s.state)} size={22} />
                <span className="hidden-but-read">{stateWord(stateOf(s.state))}</span>
              </span>
              <div className={classes.name}>
                {s.ref ? (
                  <InLink href={hrefOf(s.ref, c.name)} look="quiet">
                    {s.title}
                  </InLink>
                ) : (
                  s.title
                )}
              </div>
              <div className={`num ${classes.more}`}>
                {s.state === "failed" ? (
                  <span className={classes.why}>{s.text}</span>
                ) : s.state === "done" ? (
                  [s.text, seconds === null ? "" : duration(Math.max(0, seconds))].filter(Boolean).join(" · ")
                ) : s.state === "running" ? (
                  s.text || "now"
                ) : (
                  s.text || "ahead"
                )}
              </div>
            </li>
          );
        })}
      </ol>
      {c.state === "ready" && url && (
        <p className={classes.ready}>
          <IconConfetti size={18} stroke={1.7} aria-hidden />
          <span>
            {worker ? (
              "It is a worker: it serves nothing and has no address; what it does stands in its log"
            ) : (
              <>
                Customers reach it at{" "}
                <a href={url} target="_blank" rel="noreferrer">
                  {url} <IconExternalLink size={13} aria-hidden />
                </a>
              </>
            )}
            . Clone it, change something and push: the same gates bring it there again.
          </span>
        </p>
      )}
      {c.state === "failed" && (
        <p className={classes.ready}>
          <span>
            A step failed. Correct it in the repository and push: the next push goes through the same steps.{" "}
            <InLink href={`/components/${c.name}?view=howto`}>How to clone it</InLink>
          </span>
        </p>
      )}
    </Panel>
  );
}

function stateOf(state: Component["provisioning"][number]["state"]): State {
  return state;
}
