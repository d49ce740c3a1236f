import { Button } from "@mantine/core";
import { IconUserCheck } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { send } from "~/api/ask";
import { useMe } from "~/api/me";
import { format } from "~/lib/number";
import { useKeys } from "~/shell/keys";
import { ReasonDialog } from "~/ui/ReasonDialog";
import { say } from "~/ui/say";
import classes from "./ApprovalPanel.module.css";
import { approvalWill, awaited, notYours, whom } from "./gates";
import type { Rollout } from "./rollout";

/** What waits for a person's word, on which evidence, and who may give it. */
export function ApprovalPanel({ rollout: r }: { rollout: Rollout }) {
  const me = useMe();
  const queries = useQueryClient();
  const a = awaited(r);
  const [kept, setKept] = useState({ index: -1, will: [] as string[] }); // so that the dialog keeps its words while it closes
  if (a && kept.index !== a.index) setKept({ index: a.index, will: approvalWill(r) });
  const no = notYours(me, r.team);
  const [opened, setOpened] = useState(false);
  useKeys(a && !no ? { a: () => setOpened(true) } : {});
  return (
    <>
      {a && (
        <section className={classes.panel} aria-label="Approval">
          <span className={classes.mark} aria-hidden>
            <IconUserCheck size={22} stroke={1.7} />
          </span>
          <div className={classes.words}>
            <h2 className={classes.title}>
              {a.before ? `It asks to go to production: ` : "It asks for "}
              {whom(a.stage)}
            </h2>
            <p className={classes.text}>{known(r)}</p>
            {no && (
              <p className={classes.text}>
                {no.text} {no.next}
              </p>
            )}
          </div>
          {!no && (
            <Button
              className={classes.act}
              size="md"
              leftSection={<IconUserCheck size={18} stroke={1.8} aria-hidden />}
              onClick={() => setOpened(true)}
              aria-keyshortcuts="a"
            >
              Approve
            </Button>
          )}
        </section>
      )}
      <ReasonDialog
        needs="operate"
        opened={opened}
        onClose={() => setOpened(false)}
        title={`Approve ${r.component} ${r.release}?`}
        will={kept.will}
        undo="It can be held or rolled back at any time afterwards."
        action="Approve"
        onConfirm={async (reason) => {
          await send("post", "/api/v1/rollouts/{id}/approve", { id: r.id }, { reason });
          await queries.invalidateQueries({ queryKey: ["/api/v1/rollouts/{id}", r.id] });
          void say("It is approved.");
        }}
      />
    </>
  );
}

/** What is known when the approval is asked for, in a sentence or two. */
function known(r: Rollout): string {
  if (r.awaits === 0) {
    const cohort = r.plan?.stages[0]?.cohort;
    return `Staging has proved it, and the plan is frozen.${cohort ? ` In the first stage take part: ${cohort.who}.` : ""}`;
  }
  const now = r.stages[r.stage];
  const harm = r.verdict?.harmNotRuledOut;
  const seen = now ? `This stage has served ${format(now.served, "count")} units with it. ` : "";
  const may =
    harm === undefined
      ? ""
      : ` For all that is known, at most ${format(harm, "ratio")} of its units may be failing.`;
  return `${seen}The evidence suffices for the next stage, and shows no harm.${may} Only a person's word is missing.`;
}
