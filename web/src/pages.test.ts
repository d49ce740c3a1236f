import { readFileSync } from "node:fs";
import { QueryClient } from "@tanstack/react-query";
import { expect, it, vi } from "vitest";
import { newRouter } from "./router";
import { written } from "./shell/about";

vi.hoisted(() => vi.stubGlobal("navigator", { userAgent: "" })); // asked for the kind of keyboard when it is loaded

const page = readFileSync(new URL("../../docs/reference/pages.md", import.meta.url), "utf8");

it("shows every page that a person can open in the documentation", () => {
  const router = newRouter(new QueryClient());
  const routes = Object.keys(router.routesByPath)
    .map(written)
    .filter((r) => r !== "/$"); // what is nowhere
  expect(routes.length).toBeGreaterThan(40);
  expect(routes.filter((r) => !page.includes(`\`${r}\``))).toEqual([]);
});
