import "~/sheet";
import "~/sheet-all";
import "@fontsource-variable/inter/wght.css";
import "~/styles.css";
import { createRootRoute, createRouter, RouterProvider } from "@tanstack/react-router";
import { createRoot } from "react-dom/client";
import { LiveFeed } from "~/api/live";
import { newQueryClient } from "~/api/query";
import { App } from "~/app";
import { Gallery } from "./Gallery";

const router = createRouter({
  routeTree: createRootRoute({ component: Gallery, notFoundComponent: Gallery }),
});

const place = document.getElementById("root");
if (!place) throw new Error("index.html has no element #root");
createRoot(place).render(
  <App queries={newQueryClient(() => undefined)} feed={new LiveFeed()} nonce="">
    {/* the gallery's router is not the product's, whose type is registered */}
    <main>
      <RouterProvider router={router as never} />
    </main>
  </App>,
);
