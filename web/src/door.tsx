import type { QueryClient } from "@tanstack/react-query";
import {
  createRootRouteWithContext,
  createRoute,
  lazyRouteComponent,
  Outlet,
  redirect,
} from "@tanstack/react-router";
import { doorQuery } from "./api/session";
import { styled } from "./sheet";
import { NotFound } from "./shell/NotFound";
import { Shell } from "./shell/Shell";

// A page with the rest of the rules of style, which all pages but the floor wait for.
export function page<M extends Record<string, () => React.ReactNode>, K extends keyof M & string>(
  load: () => Promise<M>,
  name: K,
) {
  return lazyRouteComponent(styled(load), name);
}

interface Context {
  queries: QueryClient;
}

export const root = createRootRouteWithContext<Context>()({
  component: Outlet,
  notFoundComponent: NotFound,
});

export const signIn = createRoute({
  getParentRoute: () => root,
  path: "/sign-in",
  validateSearch: (search: Record<string, unknown>): { next?: string } => {
    // Only a path of ours: "//elsewhere" would lead away.
    const { next } = search;
    return typeof next === "string" && /^\/(?![/\\])/.test(next) ? { next } : {};
  },
  beforeLoad: async ({ context }) => {
    const door = await context.queries.ensureQueryData(doorQuery);
    if (door.open) throw redirect({ to: "/" });
    if (door.empty) throw redirect({ to: "/setup" });
  },
  component: page(() => import("./features/access/SignIn.page"), "SignInPage"),
});

export const setup = createRoute({
  getParentRoute: () => root,
  path: "/setup",
  beforeLoad: async ({ context }) => {
    const door = await context.queries.ensureQueryData(doorQuery);
    if (door.open) throw redirect({ to: "/" });
    if (!door.empty) throw redirect({ to: "/sign-in" });
  },
  component: page(() => import("./features/access/Setup.page"), "SetupPage"),
});

export const inside = createRoute({
  getParentRoute: () => root,
  id: "inside",
  beforeLoad: async ({ context, location }) => {
    const door = await context.queries.ensureQueryData(doorQuery);
    if (door.open) return { me: door.me };
    if (door.empty) throw redirect({ to: "/setup" });
    throw redirect({ to: "/sign-in", search: location.href === "/" ? {} : { next: location.href } });
  },
  component: Inside,
  notFoundComponent: NotFound,
});

function Inside() {
  const { me } = inside.useRouteContext();
  return <Shell me={me} />;
}
