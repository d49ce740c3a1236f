import { Button } from "@mantine/core";
import { IconExternalLink } from "@tabler/icons-react";
import { CommitName } from "~/object/Names";
import { Ago } from "~/ui/Ago";
import { Copyable } from "~/ui/Copyable";
import { InLink } from "~/ui/InLink";
import { Panel } from "~/ui/Panel";
import { Status } from "~/ui/Status";
import classes from "./Change.module.css";
import { type ChangeDetail, previewState } from "./change";

/** Where the change can be tried before it is merged, or why it cannot. */
export function Preview({ change: c }: { change: ChangeDetail }) {
  const p = c.preview;
  const said = previewState(c);
  return (
    <Panel title="Preview" note={p.url ? p.environment : undefined}>
      <div className={classes.preview}>
        {said.state === "waiting" ? <p className={classes.none}>{said.label}</p> : <Status {...said} />}
        {p.url && (
          <>
            <span className={classes.quiet}>
              {p.commit && <CommitName component={c.component} commit={p.commit} />}
              {p.head ? ", the head," : ", an older head,"} since <Ago at={p.since} />
            </span>
            <Copyable text={p.url} />
            <Button
              component="a"
              href={p.url}
              target="_blank"
              rel="noreferrer"
              variant="default"
              size="xs"
              leftSection={<IconExternalLink size={16} stroke={1.8} aria-hidden />}
            >
              Try it
            </Button>
          </>
        )}
        {p.url && p.note && <span className={classes.quiet}>{p.note}</span>}
      </div>
    </Panel>
  );
}

/** Why a head could not be started, with what it printed last. It keeps nothing from being merged. */
export function PreviewFailure({ change: c }: { change: ChangeDetail }) {
  const f = c.preview.failure;
  if (!f) return null;
  const check = c.checks.find((k) => k.commit === f.commit);
  return (
    <Panel title="The preview could not be started">
      <div className={classes.failure}>
        <p>
          <CommitName component={c.component} commit={f.commit} /> is green, and cannot be tried: {f.reason}
        </p>
        {f.log && <pre className={classes.printed}>{f.log}</pre>}
        <p className={classes.quiet}>
          This does not keep the change from being merged. {c.preview.url ? "What ran before goes on. " : ""}
          {check && (
            <InLink href={`/runs/${check.run}`} look="quiet">
              See its check
            </InLink>
          )}
        </p>
      </div>
    </Panel>
  );
}
