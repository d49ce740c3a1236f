import type { QueryClient } from "@tanstack/react-query";
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
  useRouter,
} from "@tanstack/react-router";
import { doorQuery } from "./api/session";
import { styled } from "./sheet";
import { areas } from "./shell/areas";
import { NotFound } from "./shell/NotFound";
import { Shell } from "./shell/Shell";
import { Page } from "./ui/Page";
import { Problem } from "./ui/Problem";
import { PageSkeleton } from "./ui/Skeletons";

interface Context {
  queries: QueryClient;
}

const root = createRootRouteWithContext<Context>()({
  component: Outlet,
  notFoundComponent: NotFound,
});

const signIn = createRoute({
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
  component: lazyRouteComponent(
    styled(() => import("./features/access/SignIn.page")),
    "SignInPage",
  ),
});

const setup = createRoute({
  getParentRoute: () => root,
  path: "/setup",
  beforeLoad: async ({ context }) => {
    const door = await context.queries.ensureQueryData(doorQuery);
    if (door.open) throw redirect({ to: "/" });
    if (!door.empty) throw redirect({ to: "/sign-in" });
  },
  component: lazyRouteComponent(
    styled(() => import("./features/access/Setup.page")),
    "SetupPage",
  ),
});

const inside = createRoute({
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

const floor = createRoute({
  getParentRoute: () => inside,
  path: "/",
  component: lazyRouteComponent(() => import("./features/floor/Floor.page"), "FloorPage"),
});

const board = createRoute({
  getParentRoute: () => inside,
  path: "/board",
  component: lazyRouteComponent(
    styled(() => import("./features/board/Board.page")),
    "BoardPage",
  ),
});

const products = createRoute({
  getParentRoute: () => inside,
  path: "/products",
  component: lazyRouteComponent(
    styled(() => import("./features/product/Products.page")),
    "ProductsPage",
  ),
});

const teams = createRoute({
  getParentRoute: () => inside,
  path: "/teams",
  component: lazyRouteComponent(
    styled(() => import("./features/team/Teams.page")),
    "TeamsPage",
  ),
});

const platform = createRoute({
  getParentRoute: () => inside,
  path: "/platform",
  component: lazyRouteComponent(
    styled(() => import("./features/platform/Platform.page")),
    "PlatformPage",
  ),
});

const delivery = createRoute({
  getParentRoute: () => inside,
  path: "/delivery",
  component: lazyRouteComponent(
    styled(() => import("./features/delivery/Delivery.page")),
    "DeliveryPage",
  ),
});

const insight = createRoute({
  getParentRoute: () => inside,
  path: "/insight",
  component: lazyRouteComponent(
    styled(() => import("./features/insight/Insight.page")),
    "InsightPage",
  ),
});

const audit = createRoute({
  getParentRoute: () => inside,
  path: "/audit",
  component: lazyRouteComponent(
    styled(() => import("./features/audit/Audit.page")),
    "AuditPage",
  ),
});

const tree = root.addChildren([
  signIn,
  setup,
  inside.addChildren([floor, board, products, teams, platform, delivery, insight, audit]),
]);

/** The tree of pages. A page's code is loaded when it is first gone to. */
export function newRouter(queries: QueryClient) {
  return createRouter({
    routeTree: tree,
    context: { queries },
    defaultPreload: "intent",
    defaultPendingMs: 150,
    scrollRestoration: true,
    defaultPendingComponent: PagePending,
    defaultErrorComponent: PageProblem,
  });
}

function PagePending() {
  return (
    <div
      role="status"
      aria-label="Loading"
      style={{ maxWidth: 1440, margin: "0 auto", padding: "24px 28px" }}
    >
      <PageSkeleton />
    </div>
  );
}

function PageProblem({ error, reset }: { error: unknown; reset: () => void }) {
  const router = useRouter();
  const name = areas.find((a) => a.to === router.state.location.pathname)?.name ?? "Digital Factory";
  return (
    <Page title={name}>
      <Problem
        look="page"
        error={error}
        retry={() => {
          reset();
          void router.invalidate();
        }}
      />
    </Page>
  );
}

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof newRouter>;
  }
}
