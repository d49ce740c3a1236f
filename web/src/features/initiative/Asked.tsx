import { Button } from "@mantine/core";
import { IconCircleCheckFilled, IconCircleDashed } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { send } from "~/api/ask";
import { Panel } from "~/ui/Panel";
import { Problem } from "~/ui/Problem";
import { ReasonDialog } from "~/ui/ReasonDialog";
import { say } from "~/ui/say";
import classes from "./Initiative.module.css";
import { asked, type Detail, initiativeQuery, type Verdict, verdicts, will } from "./initiative";

const words: Record<Verdict, string> = {
  go: "Go",
  "no-go": "No-go",
  persevere: "Persevere",
  pivot: "Pivot",
  stop: "Stop",
};

/** The decision asked of the board now, with the gate's checks. */
export function Asked({ initiative: i }: { initiative: Detail }) {
  const [open, setOpen] = useState(false);
  const [verdict, setVerdict] = useState<Verdict>("go"); // kept while the dialog closes
  const [problem, setProblem] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const queries = useQueryClient();
  const fresh = () => queries.invalidateQueries({ queryKey: initiativeQuery(i.id).queryKey });
  const to = i.gate.to;
  const move = async () => {
    setBusy(true);
    setProblem(undefined);
    try {
      await send(
        "post",
        "/api/v1/initiatives/{id}/move",
        { id: i.id },
        { version: i.version, to: to as Detail["state"] },
      );
    } catch (thrown) {
      setProblem(thrown);
    } finally {
      setBusy(false);
      await fresh();
    }
  };
  return (
    <Panel title="Asked now">
      <p className={classes.asked}>{asked(i)}</p>
      {i.gate.checks.length > 0 && (
        <>
          <h3 className={classes.small}>Gate to {to}</h3>
          <ul className={classes.checks}>
            {i.gate.checks.map((c) => (
              <li key={c.name} data-ok={c.ok || undefined}>
                {c.ok ? (
                  <IconCircleCheckFilled size={16} aria-label="holds" />
                ) : (
                  <IconCircleDashed size={16} stroke={2} aria-label="missing" />
                )}
                <span>{c.text}</span>
              </li>
            ))}
          </ul>
        </>
      )}
      {problem !== undefined && <Problem error={problem} look="line" />}
      <div className={classes.buttons}>
        {verdicts(i.state).map((v, at) => (
          <Button
            key={v}
            size="xs"
            variant={at === 0 && v !== "no-go" ? "filled" : "default"}
            onClick={() => {
              setVerdict(v);
              setOpen(true);
            }}
          >
            {words[v]}
          </Button>
        ))}
        {to && i.gate.open && (
          <Button size="xs" variant="default" loading={busy} onClick={() => void move()}>
            Move to {to}
          </Button>
        )}
      </div>
      <ReasonDialog
        needs="fund"
        opened={open}
        onClose={() => setOpen(false)}
        title={`${words[verdict]}: ${i.title}?`}
        will={will(verdict, i)}
        undo="A decision is kept for ever with what was known. A later one can go another way."
        action={words[verdict]}
        danger={verdict === "stop" || verdict === "no-go"}
        onConfirm={async (reason) => {
          await send(
            "post",
            "/api/v1/initiatives/{id}/decide",
            { id: i.id },
            { version: i.version, verdict, reason },
          );
          await fresh();
          void say(`Decided: ${verdict}.`);
        }}
      />
    </Panel>
  );
}
