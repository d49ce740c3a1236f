import { Button, Textarea } from "@mantine/core";
import { useEffect, useState } from "react";
import { Problem } from "~/ui/Problem";
import classes from "./Change.module.css";

interface Props {
  label: string;
  placeholder?: string;
  /** what is written is kept under this name until it is sent */
  draft: string;
  action: string;
  autoFocus?: boolean;
  onSend: (body: string) => Promise<unknown>;
  /** closes it; without it the composer is always there */
  onCancel?: () => void;
}

const place = (name: string) => `factory-draft ${name}`;

/** Where one writes a comment. What is written outlasts a reload. */
export function Composer({ label, placeholder, draft, action, autoFocus = false, onSend, onCancel }: Props) {
  const [body, setBody] = useState(() => sessionStorage.getItem(place(draft)) ?? "");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  useEffect(() => {
    if (body.trim()) sessionStorage.setItem(place(draft), body);
    else sessionStorage.removeItem(place(draft));
  }, [body, draft]);
  const submit = async () => {
    if (busy || !body.trim()) return;
    setBusy(true);
    setError(undefined);
    try {
      await onSend(body.trim());
      sessionStorage.removeItem(place(draft));
      setBody("");
      onCancel?.();
    } catch (thrown) {
      setError(thrown);
    } finally {
      setBusy(false);
    }
  };
  return (
    <form
      className={classes.composer}
      onSubmit={(e) => {
        e.preventDefault();
        void submit();
      }}
    >
      <Textarea
        aria-label={label}
        placeholder={placeholder ?? label}
        autosize
        minRows={2}
        maxRows={12}
        value={body}
        onChange={(e) => setBody(e.currentTarget.value)}
        autoFocus={autoFocus}
        onKeyDown={(e) => {
          if (e.key === "Enter" && (e.ctrlKey || e.metaKey)) void submit();
          if (e.key === "Escape" && !body.trim()) onCancel?.();
        }}
      />
      {error !== undefined && <Problem error={error} look="line" />}
      <div className={classes.composerFoot}>
        {onCancel && (
          <Button size="xs" variant="default" onClick={onCancel}>
            Cancel
          </Button>
        )}
        <Button size="xs" type="submit" loading={busy} disabled={!body.trim()}>
          {action}
        </Button>
      </div>
    </form>
  );
}
