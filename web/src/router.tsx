import type { QueryClient } from "@tanstack/react-query";
import { createRouter, useRouter } from "@tanstack/react-router";
import { tree } from "./routes";
import { areas } from "./shell/areas";
import { Page } from "./ui/Page";
import { Problem } from "./ui/Problem";
import { PageSkeleton } from "./ui/Skeletons";

/** Goes from page to page; says so while a page is on its way, and why when it does not come. */
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
