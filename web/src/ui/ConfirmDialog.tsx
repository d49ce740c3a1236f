import { Button, Modal } from "@mantine/core";
import { IconArrowRight } from "@tabler/icons-react";
import { type ReactNode, useState } from "react";
import { type Action, useCannot } from "~/api/me";
import { Denied } from "./FormDialog";
import { Problem } from "./Problem";
import classes from "./ReasonDialog.module.css";

interface Props {
  /** the question: "Merge engine-controller 12?" */
  title: string;
  /** what the action will do, one line each, with the numbers of this case */
  will: readonly ReactNode[];
  /** what can be done about it afterwards */
  undo?: ReactNode;
  /** the verb on the button */
  action: string;
  /** what one must be allowed to do; who is not reads why */
  needs?: Action;
  /** does it; what it throws is shown in place */
  onConfirm: () => Promise<unknown>;
  onClose: () => void;
}

/** Says what an action will do before it is done, where no reason is asked for. */
export function ConfirmDialog({ title, will, undo, action, needs, onConfirm, onClose }: Props) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const no = useCannot(needs);
  if (no) return <Denied title={title} no={no} onClose={onClose} />;
  const confirm = async () => {
    setBusy(true);
    setError(undefined);
    try {
      await onConfirm();
      onClose();
    } catch (thrown) {
      setError(thrown);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Modal opened onClose={onClose} title={title} size="md" closeButtonProps={{ "aria-label": "Close" }}>
      <div className={classes.label}>This will</div>
      <ul className={classes.will}>
        {will.map((line, i) => (
          <li key={`will ${i.toString()}`}>
            <IconArrowRight size={15} stroke={1.8} aria-hidden />
            <span>{line}</span>
          </li>
        ))}
      </ul>
      {undo && <p className={classes.undo}>{undo}</p>}
      {error !== undefined && (
        <div className={classes.problem}>
          <Problem error={error} look="line" />
        </div>
      )}
      <div className={classes.foot}>
        <Button variant="default" onClick={onClose}>
          Cancel
        </Button>
        <Button loading={busy} onClick={() => void confirm()} data-autofocus>
          {action}
        </Button>
      </div>
    </Modal>
  );
}
