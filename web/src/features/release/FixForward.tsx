import { Modal } from "@mantine/core";
import { Copyable } from "~/ui/Copyable";
import classes from "./FixForward.module.css";
import type { Rollout } from "./rollout";

/** How a fix reaches customers faster than a normal change, through the same gates. */
export function FixForward({
  rollout: r,
  opened,
  onClose,
}: {
  rollout: Rollout;
  opened: boolean;
  onClose: () => void;
}) {
  const item = r.items[0] ?? "ITEM";
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={`Fix ${r.component} forward`}
      size="lg"
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <p className={classes.lead}>
        A commit with the trailer <code>Lane: hotfix</code> takes the hotfix lane: the ramp begins at 25 %
        instead of 5 %. Build, tests, SBOM, signature, staging and the evidence are the same; there is no lane
        around them.
      </p>
      <ol className={classes.steps}>
        <li>
          <b>Correct it</b> on top of the trunk.
          <Copyable text={`cd ${r.component} && git pull`} look="command" />
        </li>
        <li>
          <b>Say what it is</b>: the item and the lane stand in the commit as trailers.
          <Copyable
            text={`git commit -a -m "Say what was wrong" --trailer "Item: ${item}" --trailer "Lane: hotfix"`}
            look="command"
          />
        </li>
        <li>
          <b>Push it</b>. The rest happens by itself; if an incident is open for this component, the promotion
          resolves it and its recovery time is measured.
          <Copyable text="git push" look="command" />
        </li>
      </ol>
      {r.phase === "running" && (
        <p className={classes.note}>
          Version {r.release} still takes traffic while you work. Hold it or roll it back first if customers
          are hurt.
        </p>
      )}
    </Modal>
  );
}
