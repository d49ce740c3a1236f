import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { setUp } from "~/api/session";
import { checkEmail, checkGiven, checkNewPassword, shortestPassword } from "./checks";
import { Door, type DoorField } from "./Door";

const fields: readonly DoorField[] = [
  {
    name: "name",
    label: "Your name",
    autoComplete: "name",
    check: checkGiven("Write your name: it stands beside what you do."),
  },
  { name: "email", label: "E-mail", autoComplete: "username", check: checkEmail },
  {
    name: "password",
    label: "Password",
    hint: `At least ${shortestPassword} characters. There is no default one.`,
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
      send={async ({ name = "", email = "", password = "" }) => {
        await setUp({ name: name.trim(), email: email.trim(), password });
        await queries.resetQueries({ queryKey: ["session"] });
        await navigate({ to: "/" });
      }}
    />
  );
}
