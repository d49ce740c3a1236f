import { createRoute, lazyRouteComponent, redirect } from "@tanstack/react-router";
import {
  type BoardSearch,
  type ChangeSearch,
  type ChangesSearch,
  type ComponentSearch,
  type DeliverySearch,
  type FilesSearch,
  type ProductSearch,
  pick,
  type TeamSearch,
  texts,
  type UnitSearch,
} from "./address";
import { inside, page, root, setup, signIn } from "./door";
import type { AuditSearch } from "./features/audit/audit";
import type { CostSearch } from "./features/cost/cost";
import type { InsightSearch } from "./features/insight/dora";
import { NotFound } from "./shell/NotFound";

const floor = createRoute({
  getParentRoute: () => inside,
  path: "/",
  validateSearch: (search: Record<string, unknown>): { needs?: "all" } =>
    search.needs === "all" ? { needs: "all" } : {},
  component: lazyRouteComponent(() => import("./features/floor/Floor.page"), "FloorPage"),
});

const keyResult = createRoute({
  getParentRoute: () => inside,
  path: "/key-results/$id",
  component: page(() => import("./features/board/KeyResult.page"), "KeyResultPage"),
});

const board = createRoute({
  getParentRoute: () => inside,
  path: "/board",
  validateSearch: (search: Record<string, unknown>): BoardSearch => ({
    ...pick(search, "view", ["board", "ranked"] as const),
    ...pick(search, "new", ["vision", "objective", "initiative"] as const),
    ...(typeof search.objective === "string" ? { objective: search.objective } : {}),
  }),
  component: page(() => import("./features/board/Board.page"), "BoardPage"),
});

const initiative = createRoute({
  getParentRoute: () => inside,
  path: "/initiatives/$id",
  validateSearch: (s: Record<string, unknown>): { decision?: string } => texts(s, ["decision"]),
  component: page(() => import("./features/initiative/Initiative.page"), "InitiativePage"),
});

const products = createRoute({
  getParentRoute: () => inside,
  path: "/products",
  validateSearch: (s: Record<string, unknown>): { new?: string; sort?: string } => texts(s, ["new", "sort"]),
  component: page(() => import("./features/product/Products.page"), "ProductsPage"),
});

const product = createRoute({
  getParentRoute: () => inside,
  path: "/products/$id",
  validateSearch: (s: Record<string, unknown>): ProductSearch => texts(s, ["state", "new", "edit"]),
  component: page(() => import("./features/product/Product.page"), "ProductPage"),
});

const feature = createRoute({
  getParentRoute: () => inside,
  path: "/features/$id",
  validateSearch: (s: Record<string, unknown>): { edit?: string } => texts(s, ["edit"]),
  component: page(() => import("./features/product/Feature.page"), "FeaturePage"),
});

const teams = createRoute({
  getParentRoute: () => inside,
  path: "/teams",
  validateSearch: (s: Record<string, unknown>): { new?: string } => texts(s, ["new"]),
  component: page(() => import("./features/team/Teams.page"), "TeamsPage"),
});

const platform = createRoute({
  getParentRoute: () => inside,
  path: "/platform",
  validateSearch: (s: Record<string, unknown>): { team?: string; q?: string } => texts(s, ["team", "q"]),
  component: page(() => import("./features/platform/Platform.page"), "PlatformPage"),
});

const delivery = createRoute({
  getParentRoute: () => inside,
  path: "/delivery",
  validateSearch: (s: Record<string, unknown>): DeliverySearch =>
    texts(s, ["view", "component", "state", "team"]),
  component: page(() => import("./features/delivery/Delivery.page"), "DeliveryPage"),
});

const insight = createRoute({
  getParentRoute: () => inside,
  path: "/insight",
  validateSearch: (s: Record<string, unknown>): InsightSearch =>
    texts(s, ["team", "component", "days", "from", "to", "metric"]),
  component: page(() => import("./features/insight/Insight.page"), "InsightPage"),
});

const audit = createRoute({
  getParentRoute: () => inside,
  path: "/audit",
  validateSearch: (s: Record<string, unknown>): AuditSearch =>
    texts(s, ["view", "kind", "subject", "actor", "fact", "state", "effect", "verify"]),
  component: page(() => import("./features/audit/Audit.page"), "AuditPage"),
});

const thread = createRoute({
  getParentRoute: () => inside,
  path: "/thread/$kind/$id",
  component: page(() => import("./features/thread/Thread.page"), "ThreadPage"),
});

const team = createRoute({
  getParentRoute: () => inside,
  path: "/teams/$id",
  validateSearch: (s: Record<string, unknown>): TeamSearch => texts(s, ["view", "new", "mine", "state", "q"]),
  component: page(() => import("./features/team/Team.page"), "TeamPage"),
});

const item = createRoute({
  getParentRoute: () => inside,
  path: "/items/$id",
  component: page(() => import("./features/team/Item.page"), "ItemPage"),
});

const newComponent = createRoute({
  getParentRoute: () => inside,
  path: "/platform/new",
  validateSearch: (s: Record<string, unknown>): { team?: string; path?: string } =>
    texts(s, ["team", "path"]),
  component: page(() => import("./features/platform/NewComponent.page"), "NewComponentPage"),
});

const path = createRoute({
  getParentRoute: () => inside,
  path: "/paths/$name",
  validateSearch: (s: Record<string, unknown>): { view?: string } => texts(s, ["view"]),
  component: page(() => import("./features/path/Path.page"), "PathPage"),
});

const component = createRoute({
  getParentRoute: () => inside,
  path: "/components/$name",
  validateSearch: (s: Record<string, unknown>): ComponentSearch => texts(s, ["view", "env", "range", "log"]),
  component: page(() => import("./features/platform/Component.page"), "ComponentPage"),
});

const flags = createRoute({
  getParentRoute: () => inside,
  path: "/flags",
  validateSearch: (s: Record<string, unknown>): { view?: "all" | "archived"; kill?: string } => ({
    ...pick(s, "view", ["all", "archived"] as const),
    ...texts(s, ["kill"]),
  }),
  component: page(() => import("./features/flag/Flags.page"), "FlagsPage"),
});

const agents = createRoute({
  getParentRoute: () => inside,
  path: "/agents",
  validateSearch: (s: Record<string, unknown>): { new?: string } => texts(s, ["new"]),
  component: page(() => import("./features/agent/Agents.page"), "AgentsPage"),
});

const freezes = createRoute({
  getParentRoute: () => inside,
  path: "/freezes",
  validateSearch: (s: Record<string, unknown>): { new?: string; lift?: string } => texts(s, ["new", "lift"]),
  component: page(() => import("./features/freeze/Freezes.page"), "FreezesPage"),
});

const cost = createRoute({
  getParentRoute: () => inside,
  path: "/cost",
  validateSearch: (s: Record<string, unknown>): CostSearch =>
    texts(s, ["team", "component", "days", "rates"]),
  component: page(() => import("./features/cost/Cost.page"), "CostPage"),
});

const units = createRoute({
  getParentRoute: () => inside,
  path: "/units",
  validateSearch: (s: Record<string, unknown>): UnitSearch => texts(s, ["where", "rank", "take", "import"]),
  component: page(() => import("./features/unit/Units.page"), "UnitsPage"),
});

const commit = createRoute({
  getParentRoute: () => inside,
  path: "/components/$name/commits/$sha",
  validateSearch: (s: Record<string, unknown>): { at?: string } => texts(s, ["at"]),
  component: page(() => import("./features/source/Commit.page"), "CommitPage"),
});

const files = createRoute({
  getParentRoute: () => inside,
  path: "/components/$name/files",
  validateSearch: (s: Record<string, unknown>): FilesSearch => texts(s, ["at", "path", "edit"]),
  component: page(() => import("./features/source/Files.page"), "FilesPage"),
});

const changes = createRoute({
  getParentRoute: () => inside,
  path: "/changes",
  validateSearch: (s: Record<string, unknown>): ChangesSearch => texts(s, ["state", "team", "mine"]),
  component: page(() => import("./features/change/Changes.page"), "ChangesPage"),
});

const change = createRoute({
  getParentRoute: () => inside,
  path: "/changes/$id",
  validateSearch: (s: Record<string, unknown>): ChangeSearch => texts(s, ["view", "at"]),
  component: page(() => import("./features/change/Change.page"), "ChangePage"),
});

const run = createRoute({
  getParentRoute: () => inside,
  path: "/runs/$id",
  validateSearch: (s: Record<string, unknown>): { step?: string; q?: string } => texts(s, ["step", "q"]),
  component: page(() => import("./features/pipeline/Run.page"), "RunPage"),
});

const rollout = createRoute({
  getParentRoute: () => inside,
  path: "/rollouts/$id",
  component: page(() => import("./features/release/Rollout.page"), "RolloutPage"),
});

const release = createRoute({
  getParentRoute: () => inside,
  path: "/releases/$id",
  component: page(() => import("./features/release/Release.page"), "ReleasePage"),
});

const newRelease = createRoute({
  getParentRoute: () => inside,
  path: "/releases/new",
  validateSearch: (s: Record<string, unknown>): { parts?: string } => texts(s, ["parts"]),
  component: page(() => import("./features/release/Compose.page"), "ComposePage"),
});

const incident = createRoute({
  getParentRoute: () => inside,
  path: "/incidents/$id",
  component: page(() => import("./features/incident/Incident.page"), "IncidentPage"),
});

const artifact = createRoute({
  getParentRoute: () => inside,
  path: "/artifacts/$digest",
  validateSearch: (s: Record<string, unknown>): { q?: string } => texts(s, ["q"]),
  component: page(() => import("./features/artifact/Artifact.page"), "ArtifactPage"),
});

const accounts = createRoute({
  getParentRoute: () => inside,
  path: "/accounts",
  validateSearch: (s: Record<string, unknown>): { new?: string; edit?: string; password?: string } =>
    texts(s, ["new", "edit", "password"]),
  component: page(() => import("./features/access/Accounts.page"), "AccountsPage"),
});

const tokens = createRoute({
  getParentRoute: () => inside,
  path: "/tokens",
  validateSearch: (s: Record<string, unknown>): { new?: string } => texts(s, ["new"]),
  component: page(() => import("./features/access/Tokens.page"), "TokensPage"),
});

const nowhere = createRoute({ getParentRoute: () => inside, path: "/$", component: NotFound });

// A list's own address leads to where it is shown, narrowed to the same.
const lists = (["rollouts", "releases", "runs", "incidents", "alerts"] as const).map((view) =>
  createRoute({
    getParentRoute: () => inside,
    path: `/${view}`,
    validateSearch: (s: Record<string, unknown>): DeliverySearch => texts(s, ["component", "state"]),
    beforeLoad: ({ search }) => {
      throw redirect({ to: "/delivery", search: { ...search, view } });
    },
  }),
);

/** The tree of pages: which page stands at which address. A page's code is loaded when it is first gone to. */

const docs = createRoute({ getParentRoute: () => inside, path: "/docs" });

const manual = createRoute({
  getParentRoute: () => docs,
  path: "/",
  validateSearch: (s: Record<string, unknown>): { find?: string } => texts(s, ["find"]),
  component: page(() => import("./features/manual/Manual.page"), "ManualPage"),
});

const manualPart = createRoute({
  getParentRoute: () => docs,
  path: "$",
  component: page(() => import("./features/manual/ManualPart.page"), "ManualPartPage"),
});

export const tree = root.addChildren([
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
    path,
    component,
    flags,
    agents,
    freezes,
    cost,
    units,
    docs.addChildren([manual, manualPart]),
    commit,
    files,
    changes,
    change,
    run,
    rollout,
    release,
    newRelease,
    incident,
    artifact,
    ...lists,
    accounts,
    tokens,
    nowhere,
  ]),
]);
