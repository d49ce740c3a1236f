import { useQueryClient } from "@tanstack/react-query";
import { useNavigate, useRouter, useSearch } from "@tanstack/react-router";
import { signIn } from "~/api/session";
import { checkGiven } from "./checks";
import { Door, type DoorField } from "./Door";

const fields: readonly DoorField[] = [
  { name: "login", label: "Login", autoComplete: "username", check: checkGiven("Write your login.") },
  {
    name: "password",
    label: "Password",
    autoComplete: "current-password",
    secret: true,
    check: checkGiven("Write your password."),
  },
];

/** Lets somebody in and returns to the page that was asked for. */
export function SignInPage() {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const router = useRouter();
  const { next } = useSearch({ from: "/sign-in" });
  return (
    <Door
      title="Sign in"
      lead="From the vision to what customers do, and back."
      fields={fields}
      action="Sign in"
      send={async ({ login = "", password = "" }) => {
        await signIn({ login: login.trim(), password });
        await queries.resetQueries({ queryKey: ["session"] });
        if (next) router.history.push(next);
        else await navigate({ to: "/" });
      }}
    />
  );
}
