import { Button, Modal, PasswordInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { send } from "~/api/ask";
import { asProblem, fieldErrors } from "~/api/problem";
import { Copyable } from "~/ui/Copyable";
import { Problem } from "~/ui/Problem";
import { say } from "~/ui/say";
import classes from "./Ask.module.css";
import { checkGiven, checkNewPassword, shortestPassword } from "./checks";
import { newPassword } from "./roles";

/** Changes one's own password, which takes the one so far. */
export function PasswordDialog({ login, onClose }: { login: string; onClose: () => void }) {
  const [current, setCurrent] = useState("");
  const [password, setPassword] = useState("");
  const [wrong, setWrong] = useState<Record<string, string>>({});
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const found = Object.entries({
      current: checkGiven("Write the password that you have.")(current),
      password: checkNewPassword(password),
    }).filter((e): e is [string, string] => e[1] !== null);
    setWrong(Object.fromEntries(found));
    if (found.length > 0 || busy) return;
    setBusy(true);
    setError(undefined);
    try {
      await send("post", "/api/v1/me/password", {}, { current, password });
      void say("Your password was changed. You are signed out everywhere else.");
      onClose();
    } catch (thrown) {
      setWrong(fieldErrors(asProblem(thrown)));
      setError(thrown);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Modal opened onClose={onClose} title="Change your password" closeButtonProps={{ "aria-label": "Close" }}>
      <form className={classes.form} noValidate onSubmit={(e) => void submit(e)}>
        <input type="hidden" name="username" autoComplete="username" value={login} />
        <PasswordInput
          label="Password so far"
          name="current"
          autoComplete="current-password"
          value={current}
          onChange={(e) => setCurrent(e.currentTarget.value)}
          error={wrong.current}
          data-autofocus
        />
        <PasswordInput
          label="New password"
          name="password"
          description={`At least ${shortestPassword} characters. A sentence is a good one.`}
          autoComplete="new-password"
          value={password}
          onChange={(e) => setPassword(e.currentTarget.value)}
          error={wrong.password}
        />
        <p>Your other sessions end. API tokens go on: revoke those that you do not know.</p>
        {error !== undefined && <Problem error={error} look="line" />}
        <div className={classes.foot}>
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={busy}>
            Change it
          </Button>
        </div>
      </form>
    </Modal>
  );
}

/** Sets a new password for somebody who has forgotten theirs, and shows it once. */
export function ResetPassword({ account }: { account: { id: string; name: string } }) {
  const [password, setPassword] = useState<string>();
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const reset = async () => {
    if (busy) return;
    setBusy(true);
    setError(undefined);
    const next = newPassword();
    try {
      await send("post", "/api/v1/accounts/{id}/password", { id: account.id }, { password: next });
      setPassword(next);
    } catch (thrown) {
      setError(thrown);
    } finally {
      setBusy(false);
    }
  };
  if (password) {
    return (
      <div className={classes.once} role="status">
        <p>Hand it over in a safe way. It is shown this once; all sessions of {account.name} have ended.</p>
        <Copyable text={password} />
      </div>
    );
  }
  return (
    <>
      <div>
        <Button variant="default" loading={busy} onClick={() => void reset()}>
          Set a new password
        </Button>
      </div>
      {error !== undefined && <Problem error={error} look="line" />}
    </>
  );
}
