import { queryOptions } from "@tanstack/react-query";
import { call } from "./client";
import { ProblemError } from "./problem";

/** Who is signed in. */
export interface Me {
  id: string;
  name: string;
  login: string;
  roles: string[];
  teams: string[];
  /** what this person may do on no object at all, and why not */
  cannot: readonly { action: string; text: string; next: string }[];
}

/** The state of the door: nobody has an account yet, somebody must sign in, or `me` is in. */
export type Door = { open: true; me: Me } | { open: false; empty: boolean };

const mePath = "/api/v1/me";
const sessionPath = "/api/v1/session";
const setupPath = "/api/v1/setup";

export const doorQuery = queryOptions({
  queryKey: ["session"],
  staleTime: Number.POSITIVE_INFINITY,
  queryFn: async (): Promise<Door> => {
    try {
      return { open: true, me: readMe(await call("GET", mePath)) };
    } catch (error) {
      if (!(error instanceof ProblemError) || error.kind !== "unauthenticated") throw error;
    }
    const setup = await call("GET", setupPath);
    return { open: false, empty: isObject(setup) && setup.needed === true };
  },
});

export async function signIn(form: { login: string; password: string }): Promise<void> {
  await call("POST", sessionPath, form);
}

export async function signOut(): Promise<void> {
  await call("DELETE", sessionPath);
}

/** Makes the first account of an empty factory and signs it in. */
export async function setUp(form: { name: string; login: string; password: string }): Promise<void> {
  await call("POST", setupPath, form);
}

function readMe(answer: unknown): Me {
  const a = isObject(answer) ? answer : {};
  const word = (v: unknown) => (typeof v === "string" ? v : "");
  const words = (v: unknown) => (Array.isArray(v) ? v.filter((r): r is string => typeof r === "string") : []);
  return {
    id: word(a.id),
    name: word(a.name) || word(a.login),
    login: word(a.login),
    roles: words(a.roles),
    teams: words(a.teams),
    cannot: (Array.isArray(a.cannot) ? a.cannot : [])
      .filter(isObject)
      .map((c) => ({ action: word(c.action), text: word(c.text), next: word(c.next) })),
  };
}

function isObject(v: unknown): v is Record<string, unknown> {
  return typeof v === "object" && v !== null;
}
