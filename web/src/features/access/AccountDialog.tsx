import { Button, Modal, Switch, TextInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { type Schemas, send } from "~/api/ask";
import { asProblem, fieldErrors } from "~/api/problem";
import { Copyable } from "~/ui/Copyable";
import { Problem } from "~/ui/Problem";
import { say } from "~/ui/say";
import classes from "./Ask.module.css";
import { Choices } from "./Choices";
import { checkGiven, checkLogin, checkNewPassword } from "./checks";
import { ResetPassword } from "./PasswordDialog";
import { newPassword, roles } from "./roles";

type Account = Schemas["Account"];

interface Props {
  /** the account to change; a new one without */
  account?: Account | undefined;
  /** it is one's own: its password is changed with the one so far */
  own?: boolean;
  onClose: () => void;
}

/** Makes an account with a password to hand over, or changes name, roles and whether somebody may sign in. */
export function AccountDialog({ account, own = false, onClose }: Props) {
  const queries = useQueryClient();
  const [name, setName] = useState(account?.name ?? "");
  const [login, setLogin] = useState(account?.login ?? "");
  const [password, setPassword] = useState(newPassword);
  const [chosen, setChosen] = useState<Schemas["CreateAccount"]["roles"]>(account?.roles ?? ["member"]);
  const [active, setActive] = useState(account?.active ?? true);
  const [wrong, setWrong] = useState<Record<string, string>>({});
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const [made, setMade] = useState<Account>();

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const found = Object.entries({
      name: checkGiven("Write a name: it stands beside what they do.")(name),
      ...(account ? {} : { login: checkLogin(login), password: checkNewPassword(password) }),
      roles: chosen.length === 0 ? "Choose at least one." : null,
    }).filter((e): e is [string, string] => e[1] !== null);
    setWrong(Object.fromEntries(found));
    if (found.length > 0 || busy) return;
    setBusy(true);
    setError(undefined);
    try {
      if (account) {
        await send(
          "put",
          "/api/v1/accounts/{id}",
          { id: account.id },
          { name: name.trim(), roles: chosen, active, version: account.version },
        );
      } else {
        setMade(
          await send(
            "post",
            "/api/v1/accounts",
            {},
            { name: name.trim(), login: login.trim(), password, roles: chosen },
          ),
        );
      }
      await queries.invalidateQueries({ predicate: (q) => q.queryKey.includes("/api/v1/accounts") });
      if (account) {
        void say(`${name.trim()} was changed.`);
        onClose();
      }
    } catch (thrown) {
      const said = asProblem(thrown);
      setWrong(fieldErrors(said));
      setError(thrown);
    } finally {
      setBusy(false);
    }
  };

  return (
    <Modal
      opened
      onClose={onClose}
      title={made ? `${made.name} can sign in` : account ? `Change ${account.name}` : "Invite somebody"}
      closeButtonProps={{ "aria-label": "Close" }}
    >
      {made ? (
        <div className={classes.form}>
          <div className={classes.once} role="status">
            <p>
              Hand over login and password in a safe way. The password is shown this once; nobody can read it
              again.
            </p>
            <span>
              Login <Copyable text={made.login} />
            </span>
            <span>
              Password <Copyable text={password} />
            </span>
          </div>
          <div className={classes.foot}>
            <Button onClick={onClose} data-autofocus>
              Done
            </Button>
          </div>
        </div>
      ) : (
        <form className={classes.form} noValidate onSubmit={(e) => void submit(e)}>
          <TextInput
            label="Name"
            name="name"
            value={name}
            onChange={(e) => setName(e.currentTarget.value)}
            error={wrong.name}
            data-autofocus
          />
          {!account && (
            <>
              <TextInput
                label="Login"
                name="login"
                description="Lower-case letters, digits and . _ @ + -"
                value={login}
                onChange={(e) => setLogin(e.currentTarget.value)}
                error={wrong.login}
                autoComplete="off"
              />
              <TextInput
                label="Password"
                name="password"
                description="Chosen by chance; write another if you like, at least 10 characters."
                value={password}
                onChange={(e) => setPassword(e.currentTarget.value)}
                error={wrong.password}
                autoComplete="off"
              />
            </>
          )}
          <Choices label="Roles" all={roles} value={chosen} onChange={setChosen} error={wrong.roles} />
          {account && (
            <Switch
              label="May sign in"
              description="Switched off, sessions and tokens end at once; what was done stays."
              checked={active}
              onChange={(e) => setActive(e.currentTarget.checked)}
            />
          )}
          {account && !own && <ResetPassword account={account} />}
          {error !== undefined && <Problem error={error} look="line" />}
          <div className={classes.foot}>
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={busy}>
              {account ? "Change it" : "Make the account"}
            </Button>
          </div>
        </form>
      )}
    </Modal>
  );
}
