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
import type { AuditSearch } from "./features/audit/audit";
import type { InsightSearch } from "./features/insight/dora";
import { styled } from "./sheet";
import { areas } from "./shell/areas";
import { NotFound } from "./shell/NotFound";
import { Shell } from "./shell/Shell";
import { Page } from "./ui/Page";
import { Problem } from "./ui/Problem";
import { PageSkeleton } from "./ui/Skeletons";

// One of the words of an address, or nothing: an address may be typed by anybody.
function pick<K extends string, V extends string>(
  search: Record<string, unknown>,
  name: K,
  words: readonly V[],
): { [k in K]?: V } {
  const word = words.find((w) => w === search[name]);
  return (word === undefined ? {} : { [name]: word }) as { [k in K]?: V };
}

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
  validateSearch: (search: Record<string, unknown>): { needs?: "all" } =>
    search.needs === "all" ? { needs: "all" } : {},
  component: lazyRouteComponent(() => import("./features/floor/Floor.page"), "FloorPage"),
});

interface BoardSearch {
  view?: "board" | "ranked" | undefined;
  new?: "vision" | "objective" | "initiative" | undefined;
  objective?: string;
}

const keyResult = createRoute({
  getParentRoute: () => inside,
  path: "/key-results/$id",
  component: lazyRouteComponent(
    styled(() => import("./features/board/KeyResult.page")),
    "KeyResultPage",
  ),
});

const board = createRoute({
  getParentRoute: () => inside,
  path: "/board",
  validateSearch: (search: Record<string, unknown>): BoardSearch => ({
    ...pick(search, "view", ["board", "ranked"] as const),
    ...pick(search, "new", ["vision", "objective", "initiative"] as const),
    ...(typeof search.objective === "string" ? { objective: search.objective } : {}),
  }),
  component: lazyRouteComponent(
    styled(() => import("./features/board/Board.page")),
    "BoardPage",
  ),
});

const initiative = createRoute({
  getParentRoute: () => inside,
  path: "/initiatives/$id",
  validateSearch: (s: Record<string, unknown>): { decision?: string } => texts(s, ["decision"]),
  component: lazyRouteComponent(
    styled(() => import("./features/initiative/Initiative.page")),
    "InitiativePage",
  ),
});

const products = createRoute({
  getParentRoute: () => inside,
  path: "/products",
  validateSearch: (s: Record<string, unknown>): { new?: string; sort?: string } => texts(s, ["new", "sort"]),
  component: lazyRouteComponent(
    styled(() => import("./features/product/Products.page")),
    "ProductsPage",
  ),
});

const product = createRoute({
  getParentRoute: () => inside,
  path: "/products/$id",
  validateSearch: (s: Record<string, unknown>): ProductSearch => texts(s, ["state", "new", "edit"]),
  component: lazyRouteComponent(
    styled(() => import("./features/product/Product.page")),
    "ProductPage",
  ),
});

const feature = createRoute({
  getParentRoute: () => inside,
  path: "/features/$id",
  validateSearch: (s: Record<string, unknown>): { edit?: string } => texts(s, ["edit"]),
  component: lazyRouteComponent(
    styled(() => import("./features/product/Feature.page")),
    "FeaturePage",
  ),
});

const teams = createRoute({
  getParentRoute: () => inside,
  path: "/teams",
  validateSearch: (s: Record<string, unknown>): { new?: string } => texts(s, ["new"]),
  component: lazyRouteComponent(
    styled(() => import("./features/team/Teams.page")),
    "TeamsPage",
  ),
});

const platform = createRoute({
  getParentRoute: () => inside,
  path: "/platform",
  validateSearch: (s: Record<string, unknown>): { team?: string; q?: string } => texts(s, ["team", "q"]),
  component: lazyRouteComponent(
    styled(() => import("./features/platform/Platform.page")),
    "PlatformPage",
  ),
});

const delivery = createRoute({
  getParentRoute: () => inside,
  path: "/delivery",
  validateSearch: (s: Record<string, unknown>): DeliverySearch =>
    texts(s, ["view", "component", "state", "team"]),
  component: lazyRouteComponent(
    styled(() => import("./features/delivery/Delivery.page")),
    "DeliveryPage",
  ),
});

const insight = createRoute({
  getParentRoute: () => inside,
  path: "/insight",
  validateSearch: (s: Record<string, unknown>): InsightSearch =>
    texts(s, ["team", "component", "days", "from", "to", "metric"]),
  component: lazyRouteComponent(
    styled(() => import("./features/insight/Insight.page")),
    "InsightPage",
  ),
});

const audit = createRoute({
  getParentRoute: () => inside,
  path: "/audit",
  validateSearch: (s: Record<string, unknown>): AuditSearch =>
    texts(s, ["view", "kind", "subject", "actor", "fact", "state", "effect", "verify"]),
  component: lazyRouteComponent(
    styled(() => import("./features/audit/Audit.page")),
    "AuditPage",
  ),
});

const thread = createRoute({
  getParentRoute: () => inside,
  path: "/thread/$kind/$id",
  component: lazyRouteComponent(
    styled(() => import("./features/thread/Thread.page")),
    "ThreadPage",
  ),
});

const textOf = (v: unknown): string | undefined => (typeof v === "string" && v !== "" ? v : undefined);

const team = createRoute({
  getParentRoute: () => inside,
  path: "/teams/$id",
  validateSearch: (s: Record<string, unknown>): TeamSearch => texts(s, ["view", "new", "mine", "state", "q"]),
  component: lazyRouteComponent(
    styled(() => import("./features/team/Team.page")),
    "TeamPage",
  ),
});

const item = createRoute({
  getParentRoute: () => inside,
  path: "/items/$id",
  component: lazyRouteComponent(
    styled(() => import("./features/team/Item.page")),
    "ItemPage",
  ),
});

const newComponent = createRoute({
  getParentRoute: () => inside,
  path: "/platform/new",
  validateSearch: (s: Record<string, unknown>): { team?: string; path?: string } =>
    texts(s, ["team", "path"]),
  component: lazyRouteComponent(
    styled(() => import("./features/platform/NewComponent.page")),
    "NewComponentPage",
  ),
});

const component = createRoute({
  getParentRoute: () => inside,
  path: "/components/$name",
  validateSearch: (s: Record<string, unknown>): ComponentSearch => texts(s, ["view", "env", "range", "log"]),
  component: lazyRouteComponent(
    styled(() => import("./features/platform/Component.page")),
    "ComponentPage",
  ),
});

const flags = createRoute({
  getParentRoute: () => inside,
  path: "/flags",
  validateSearch: (s: Record<string, unknown>): { view?: "all" | "archived"; kill?: string } => ({
    ...pick(s, "view", ["all", "archived"] as const),
    ...texts(s, ["kill"]),
  }),
  component: lazyRouteComponent(
    styled(() => import("./features/flag/Flags.page")),
    "FlagsPage",
  ),
});

const commit = createRoute({
  getParentRoute: () => inside,
  path: "/components/$name/commits/$sha",
  component: lazyRouteComponent(
    styled(() => import("./features/source/Commit.page")),
    "CommitPage",
  ),
});

const run = createRoute({
  getParentRoute: () => inside,
  path: "/runs/$id",
  validateSearch: (s: Record<string, unknown>): { step?: string; q?: string } => texts(s, ["step", "q"]),
  component: lazyRouteComponent(
    styled(() => import("./features/pipeline/Run.page")),
    "RunPage",
  ),
});

const rollout = createRoute({
  getParentRoute: () => inside,
  path: "/rollouts/$id",
  component: lazyRouteComponent(
    styled(() => import("./features/release/Rollout.page")),
    "RolloutPage",
  ),
});

const release = createRoute({
  getParentRoute: () => inside,
  path: "/releases/$id",
  component: lazyRouteComponent(
    styled(() => import("./features/release/Release.page")),
    "ReleasePage",
  ),
});

const incident = createRoute({
  getParentRoute: () => inside,
  path: "/incidents/$id",
  component: lazyRouteComponent(
    styled(() => import("./features/incident/Incident.page")),
    "IncidentPage",
  ),
});

const artifact = createRoute({
  getParentRoute: () => inside,
  path: "/artifacts/$digest",
  validateSearch: (s: Record<string, unknown>): { q?: string } => texts(s, ["q"]),
  component: lazyRouteComponent(
    styled(() => import("./features/artifact/Artifact.page")),
    "ArtifactPage",
  ),
});

const accounts = createRoute({
  getParentRoute: () => inside,
  path: "/accounts",
  validateSearch: (s: Record<string, unknown>): { new?: string; edit?: string } => texts(s, ["new", "edit"]),
  component: lazyRouteComponent(
    styled(() => import("./features/access/Accounts.page")),
    "AccountsPage",
  ),
});

const tokens = createRoute({
  getParentRoute: () => inside,
  path: "/tokens",
  validateSearch: (s: Record<string, unknown>): { new?: string } => texts(s, ["new"]),
  component: lazyRouteComponent(
    styled(() => import("./features/access/Tokens.page")),
    "TokensPage",
  ),
});

const nowhere = createRoute({ getParentRoute: () => inside, path: "/$", component: NotFound });

// A list's own address leads to where it is shown.
const lists = (["runs", "rollouts", "incidents", "alerts"] as const).map((view) =>
  createRoute({
    getParentRoute: () => inside,
    path: `/${view}`,
    beforeLoad: () => {
      throw redirect({ to: "/delivery", search: { view } });
    },
  }),
);

/** What of a team's page is shown. */
export interface TeamSearch {
  view?: string;
  /** the dialog for a new item is open */
  new?: string;
  /** only cards of whoever looks */
  mine?: string;
  /** of the list of items */
  state?: string;
  q?: string;
}

/** Which list of the delivery area is shown, and of what. */
export interface DeliverySearch {
  view?: string;
  component?: string;
  state?: string;
  team?: string;
}

/** What of a product's page is shown, and which of its forms is open. */
export interface ProductSearch {
  /** features of this state alone */
  state?: string;
  /** "feature" while one is being planned */
  new?: string;
  /** the feature that is being changed, or "product" */
  edit?: string;
}

/** What of a component's page is shown. */
export interface ComponentSearch {
  view?: string;
  /** environment of the dashboard */
  env?: string;
  /** seconds that the dashboard looks back */
  range?: string;
  /** workload whose log is open */
  log?: string;
}

/** The named parameters of an address that are texts. */
function texts<K extends string>(
  search: Record<string, unknown>,
  names: readonly K[],
): { [P in K]?: string } {
  const out: { [P in K]?: string } = {};
  for (const name of names) {
    const v = search[name];
    // A value that reads as a number arrives as one.
    const text = textOf(typeof v === "number" ? String(v) : v);
    if (text !== undefined) out[name] = text;
  }
  return out;
}

const tree = root.addChildren([
  signIn,
  setup,
  inside.addChildren([
    floor,
    board,
    initiative,
    keyResult,
    products,
    product,
    feature,
    teams,
    platform,
    delivery,
    insight,
    audit,
    thread,
    team,
    item,
    newComponent,
    component,
    flags,
    commit,
    run,
    rollout,
    release,
    incident,
    artifact,
    ...lists,
    accounts,
    tokens,
    nowhere,
  ]),
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
