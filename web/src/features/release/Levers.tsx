import { Button, NativeSelect } from "@mantine/core";
import { IconArrowBackUp, IconHandStop, IconPlayerPlay, IconTool, IconX } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { send } from "~/api/ask";
import { KillFeature } from "~/features/flag/KillFeature";
import { exact } from "~/lib/time";
import { useKeys } from "~/shell/keys";
import { ReasonDialog } from "~/ui/ReasonDialog";
import { say } from "~/ui/say";
import { FixForward } from "./FixForward";
import { goals, type Lever, levers, type Rollout, will } from "./rollout";

const words: Record<Lever, { action: string; title: (r: Rollout) => string; undo: string; done: string }> = {
  hold: {
    action: "Hold",
    title: (r) => `Hold ${r.component} ${r.release}?`,
    undo: "Anybody who may operate it can let it go on from this page.",
    done: "It is held.",
  },
  resume: {
    action: "Resume",
    title: (r) => `Let ${r.component} ${r.release} go on?`,
    undo: "You can hold it again at any time.",
    done: "It goes on.",
  },
  "roll-back": {
    action: "Roll back",
    title: (r) => `Roll back ${r.component} ${r.release}?`,
    undo: "This cannot be taken back. To bring the version to customers again, clear its artifact and start a new rollout of it.",
    done: "It is being rolled back.",
  },
  refuse: {
    action: "Refuse it",
    title: (r) => `Refuse ${r.component} ${r.release}?`,
    undo: "This rollout cannot be taken up again; the version can.",
    done: "It is refused.",
  },
  "take-back": {
    action: "Roll back",
    title: (r) => `Take ${r.component} ${r.release} back?`,
    undo: "To bring the version to customers again, clear its artifact and start a new rollout of it.",
    done: "It is being taken back.",
  },
};

const paths = {
  hold: "/api/v1/rollouts/{id}/hold",
  resume: "/api/v1/rollouts/{id}/resume",
  "roll-back": "/api/v1/rollouts/{id}/roll-back",
  refuse: "/api/v1/rollouts/{id}/roll-back",
  "take-back": "/api/v1/rollouts/{id}/roll-back",
} as const;

/** What a person can do to a rollout; each lever asks for a reason and says what it will do. */
export function Levers({ rollout: r }: { rollout: Rollout }) {
  const [open, setOpen] = useState<Lever | "fix" | null>(null);
  const [last, setLast] = useState<Lever>("hold"); // so that a dialog keeps its words while it closes
  const queries = useQueryClient();
  const can = levers(r);
  const pause: Lever = r.held ? "resume" : "hold";
  const pull = (lever: Lever) => {
    setLast(lever);
    setOpen(lever);
  };
  const [to, setTo] = useState("");
  const live = can.includes("roll-back");
  const back = can.includes("take-back");
  const refuse = can.includes("refuse");
  const all = goals(r);
  const goal = (all.find((b) => b.release === to) ?? all[0])?.release;
  useKeys({
    ...(live ? { h: () => pull(pause), r: () => pull("roll-back") } : {}),
    ...(back ? { r: () => pull("take-back") } : {}),
    ...(refuse ? { r: () => pull("refuse") } : {}),
    x: () => setOpen("fix"),
  });
  return (
    <>
      <Button
        variant="default"
        leftSection={<IconTool size={16} stroke={1.8} aria-hidden />}
        onClick={() => setOpen("fix")}
        aria-keyshortcuts="x"
      >
        Fix forward
      </Button>
      <KillFeature component={r.component} />
      {live && (
        <>
          <Button
            variant="default"
            leftSection={
              r.held ? (
                <IconPlayerPlay size={16} stroke={1.8} aria-hidden />
              ) : (
                <IconHandStop size={16} stroke={1.8} aria-hidden />
              )
            }
            onClick={() => pull(pause)}
            aria-keyshortcuts="h"
          >
            {words[pause].action}
          </Button>
          <Button
            color="red.8"
            leftSection={<IconArrowBackUp size={16} stroke={1.8} aria-hidden />}
            onClick={() => pull("roll-back")}
            aria-keyshortcuts="r"
          >
            Roll back
          </Button>
        </>
      )}
      {refuse && (
        <Button
          variant="default"
          leftSection={<IconX size={16} stroke={1.8} aria-hidden />}
          onClick={() => pull("refuse")}
          aria-keyshortcuts="r"
        >
          Refuse
        </Button>
      )}
      {back && (
        <Button
          variant="default"
          leftSection={<IconArrowBackUp size={16} stroke={1.8} aria-hidden />}
          onClick={() => pull("take-back")}
          aria-keyshortcuts="r"
        >
          Roll back
        </Button>
      )}
      <ReasonDialog
        needs="operate"
        opened={open !== null && open !== "fix"}
        onClose={() => setOpen(null)}
        title={words[last].title(r)}
        will={will(last, r, goal)}
        undo={words[last].undo}
        action={words[last].action}
        danger={last === "roll-back" || last === "refuse" || last === "take-back"}
        onConfirm={async (reason) => {
          await send(
            "post",
            paths[last],
            { id: r.id },
            { reason, ...(last === "take-back" && goal ? { to: goal } : {}) },
          );
          await queries.invalidateQueries({ queryKey: ["/api/v1/rollouts/{id}", r.id] });
          void say(words[last].done);
        }}
      >
        {last === "take-back" && goal && (
          <NativeSelect
            label="Go back to"
            value={goal}
            onChange={(e) => setTo(e.currentTarget.value)}
            mb="md"
          >
            {all.map((b) => (
              <option key={b.artifact} value={b.release}>
                version {b.release}, promoted {exact(b.promoted)}
              </option>
            ))}
          </NativeSelect>
        )}
      </ReasonDialog>
      <FixForward rollout={r} opened={open === "fix"} onClose={() => setOpen(null)} />
    </>
  );
}
