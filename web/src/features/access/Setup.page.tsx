import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { setUp } from "~/api/session";
import { checkGiven, checkLogin, checkNewPassword, shortestPassword } from "./checks";
import { Door, type DoorField } from "./Door";

const fields: readonly DoorField[] = [
  {
    name: "name",
    label: "Your name",
    autoComplete: "name",
    check: checkGiven("Write your name: it stands beside what you do."),
  },
  {
    name: "login",
    label: "Login",
    hint: "Lower-case letters, digits and . _ @ + -",
    autoComplete: "username",
    check: checkLogin,
  },
  {
    name: "password",
    label: "Password",
    hint: `At least ${shortestPassword} characters. A sentence is a good one.`,
    autoComplete: "new-password",
    secret: true,
    check: checkNewPassword,
  },
];

/** Makes the first account of an empty factory. */
export function SetupPage() {
  const queries = useQueryClient();
  const navigate = useNavigate();
  return (
    <Door
      title="Make the first account"
      lead="This factory is empty. The first account may do everything and invites the others; until it exists, only this machine can reach the factory."
      fields={fields}
      action="Make the account"
      send={async ({ name = "", login = "", password = "" }) => {
        await setUp({ name: name.trim(), login: login.trim(), password });
        await queries.resetQueries({ queryKey: ["session"] });
        await navigate({ to: "/" });
      }}
    />
  );
}
