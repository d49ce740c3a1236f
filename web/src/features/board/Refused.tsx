import { Button, Modal } from "@mantine/core";
import { InLink } from "~/ui/InLink";
import { Problem } from "~/ui/Problem";
import { Checks } from "./Checks";
import classes from "./Refused.module.css";
import type { Refusal } from "./useMove";

/** Why a gate did not open: each of its checks, and the way to supply what is missing. */
export function Refused({ refusal, onClose }: { refusal: Refusal; onClose: () => void }) {
  const { initiative, to, problem } = refusal;
  const own =
    problem.kind !== "denied" && initiative.gate.to === to && initiative.gate.checks.some((c) => !c.ok);
  return (
    <Modal
      opened
      onClose={onClose}
      title={`${initiative.title} cannot go to ${to} yet`}
      size="md"
      closeButtonProps={{ "aria-label": "Close" }}
    >
      {own ? <Checks checks={initiative.gate.checks} /> : <Problem error={problem} look="line" />}
      <div className={classes.foot}>
        <Button variant="default" onClick={onClose}>
          Close
        </Button>
        <Button component={InLink} href={`/initiatives/${initiative.id}`} look="bare">
          Open the business case
        </Button>
      </div>
    </Modal>
  );
}
