import { Button, Modal, Textarea } from "@mantine/core";
import { IconArrowRight } from "@tabler/icons-react";
import { type FormEvent, type ReactNode, useEffect, useState } from "react";
import { type Action, useCannot } from "~/api/me";
import { Denied } from "./FormDialog";
import { Problem } from "./Problem";
import classes from "./ReasonDialog.module.css";

interface Props {
  opened: boolean;
  onClose: () => void;
  /** the question: "Roll back engine-controller 1.4.2?" */
  title: string;
  /** what the action will do, one line each, with the numbers of this case */
  will: readonly ReactNode[];
  /** what can be done about it afterwards: "You can start it again from this page." */
  undo?: ReactNode;
  /** what is chosen before the reason */
  children?: ReactNode;
  /** the verb on the button */
  action: string;
  danger?: boolean;
  /** what one must be allowed to do; who is not reads why instead of writing in vain */
  needs?: Action;
  /** false while the choice cannot be carried out */
  ready?: boolean;
  /** does it; what it throws is shown in place and the reason is kept */
  onConfirm: (reason: string) => Promise<unknown>;
}

const shortest = 3;

/** Says what an action will do and asks why. The reason goes into the journal. */
export function ReasonDialog({
  opened,
  onClose,
  title,
  will,
  undo,
  children,
  action,
  danger = false,
  needs,
  ready = true,
  onConfirm,
}: Props) {
  const [reason, setReason] = useState("");
  const [asked, setAsked] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  useEffect(() => {
    if (opened) setAsked(false);
  }, [opened]);
  const no = useCannot(needs);
  const missing = reason.trim().length < shortest;

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setAsked(true);
    if (missing || busy || !ready) return;
    setBusy(true);
    setError(undefined);
    try {
      await onConfirm(reason.trim());
      setReason("");
      onClose();
    } catch (thrown) {
      setError(thrown);
    } finally {
      setBusy(false);
    }
  };

  if (no) return opened ? <Denied title={title} no={no} onClose={onClose} /> : null;
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={title}
      size="md"
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <form onSubmit={submit} noValidate>
        <div className={classes.label}>{ready ? "This will" : "First"}</div>
        <ul className={classes.will}>
          {will.map((line, i) => (
            <li key={`will ${i.toString()}`}>
              <IconArrowRight size={15} stroke={1.8} aria-hidden />
              <span>{line}</span>
            </li>
          ))}
        </ul>
        {undo && <p className={classes.undo}>{undo}</p>}
        {children}
        <Textarea
          label="Reason"
          description="Written into the journal beside your name."
          required
          data-autofocus
          autosize
          minRows={2}
          maxRows={6}
          value={reason}
          onChange={(e) => setReason(e.currentTarget.value)}
          error={asked && missing ? "Say in a few words why." : undefined}
        />
        {error !== undefined && (
          <div className={classes.problem}>
            <Problem error={error} look="line" />
          </div>
        )}
        <div className={classes.foot}>
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" color={danger ? "red.8" : undefined} loading={busy} disabled={!ready}>
            {action}
          </Button>
        </div>
      </form>
    </Modal>
  );
}
