import "./sheet";
import "@fontsource-variable/inter/wght.css";
import "./styles.css";
import { RouterProvider } from "@tanstack/react-router";
import { setNonce } from "get-nonce";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { LiveFeed } from "./api/live";
import { newQueryClient } from "./api/query";
import { App } from "./app";
import { newRouter } from "./router";

const nonce = document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce ?? "";
if (nonce) setNonce(nonce); // for the library under Mantine's dialogs, which locks scrolling by a style element

const queries = newQueryClient(() => {
  // The session has ended: forget it, and the router leads to the door.
  queries.removeQueries({ queryKey: ["session"] });
  void router.invalidate();
});
const router = newRouter(queries);

const place = document.getElementById("root");
if (!place) throw new Error("index.html has no element #root");
createRoot(place).render(
  <StrictMode>
    <App queries={queries} feed={new LiveFeed()} nonce={nonce}>
      <RouterProvider router={router} />
    </App>
  </StrictMode>,
);
