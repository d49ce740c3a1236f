import { Button } from "@mantine/core";
import { IconPlayerPlay } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { ask, send } from "~/api/ask";
import { useCannot } from "~/api/me";
import { exact, zoned } from "~/lib/time";
import { FormDialog } from "~/ui/FormDialog";
import { Panel } from "~/ui/Panel";
import { Problem } from "~/ui/Problem";
import { say } from "~/ui/say";
import classes from "./FlakyTests.module.css";
import { type RunInput, runDefaults, runField, runInputs } from "./inputs";
import { asked } from "./run";

/** When a component's trunk is run again, and a way to run it now. */
export function StartRun({ component }: { component: string }) {
  const schedules = useQuery(
    ask("/api/v1/components/{name}/schedules", { path: { name: component }, kinds: ["run", "check"] }),
  );
  const inputs = useQuery(
    ask("/api/v1/components/{name}/inputs", { path: { name: component }, kinds: ["run", "check"] }),
  );
  const [open, setOpen] = useState<readonly RunInput[] | null>(null);
  const no = useCannot("build");
  const navigate = useNavigate();
  const list = schedules.data?.items;
  if (schedules.error && !list) {
    return <Problem error={schedules.error} retry={() => void schedules.refetch()} look="line" />;
  }
  if (!list || (no && list.length === 0)) return null;
  return (
    <Panel
      title="Runs beside pushes"
      note={list.length || undefined}
      actions={
        no ? undefined : (
          <Button
            size="xs"
            variant="default"
            leftSection={<IconPlayerPlay size={15} stroke={1.8} aria-hidden />}
            loading={inputs.isPending}
            // Where they cannot be read, the start says why.
            onClick={() => setOpen(inputs.data?.items ?? [])}
          >
            Run the trunk
          </Button>
        )
      }
    >
      <p className={classes.lead}>
        {list.length > 0
          ? "The pipeline file has the head of the trunk run again at these times. Nothing is published."
          : "The pipeline file names no schedules. By hand the head of the trunk can be run again at any time; nothing is published."}
      </p>
      {list.length > 0 && (
        <ul className={classes.list}>
          {list.map((c) => (
            <li key={`${c.cron} ${c.steps.join()}`}>
              <span className={classes.name}>
                <code>{zoned(c.cron)}</code>{" "}
                <span className={classes.quiet}>{c.steps.length > 0 ? c.steps.join(", ") : "all steps"}</span>
              </span>
              <span className={`num ${classes.quiet}`}>next {exact(c.next)}</span>
            </li>
          ))}
        </ul>
      )}
      {open && (
        <FormDialog
          needs="build"
          title={`Run the trunk of ${component}?`}
          lead="The steps of its newest commit are run once more. Nothing is published."
          fields={[
            ...open.map(runField),
            {
              name: "steps",
              label: "Only these steps, and what they need",
              kind: "lines",
              hint: "One in each line; none means all",
            },
          ]}
          initial={{ ...runDefaults(open), steps: "" }}
          action="Run it"
          onClose={() => setOpen(null)}
          onSend={async (v) => {
            const made = await send(
              "post",
              "/api/v1/components/{name}/runs",
              { name: component },
              { steps: asked(v.steps), inputs: runInputs(open, v) },
            );
            void say(`Run ${made.number} is queued.`);
            void navigate({ to: "/runs/$id", params: { id: made.id } });
          }}
        />
      )}
    </Panel>
  );
}
