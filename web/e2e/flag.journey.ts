import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { accessibility } from "./browser";
import { bootAfterStory } from "./factory";
import { enter, stage } from "./walk";

const on = stage(bootAfterStory);

const component = "engine-controller";

/** What the code gets, asked over OFREP as an SDK asks. */
async function asked(token: string, unit: string): Promise<unknown> {
  const answer = await fetch(
    `${on.factory.url}/ofrep/${component}/production/ofrep/v1/evaluate/flags/gust-hold`,
    {
      method: "POST",
      headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
      body: JSON.stringify({ context: { targetingKey: unit } }),
    },
  );
  const body = (await answer.json()) as { value?: boolean; errorDetails?: string };
  return body.value ?? body.errorDetails;
}

async function confirm(page: Page, reason: string, action: string): Promise<void> {
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Reason").fill(reason);
  expect(await accessibility(page)).toEqual([]);
  await dialog.getByRole("button", { name: action, exact: true }).click();
  await dialog.waitFor({ state: "detached" });
}

it("makes a feature killable, brings it to a cohort, and kills it from where it hurts", async () => {
  const { page, wrongs } = await enter(on, "eva", `/components/${component}`);
  const made = await page.request.post("/api/v1/tokens", {
    data: { name: "simulator", scopes: ["flags"], days: 1 },
    headers: { origin: on.factory.url },
  });
  const token = ((await made.json()) as { secret: string }).secret;
  const views = page.getByRole("navigation", { name: `Views of ${component}` });
  await views.getByRole("link", { name: "Settings" }).click();
  await views.getByRole("link", { name: "Flags" }).click();
  await page.getByText("No flags yet").waitFor();
  expect(await accessibility(page)).toEqual([]);
  await page.getByRole("button", { name: "Create a flag" }).click();
  const form = page.getByRole("dialog");
  await form.getByLabel("What it switches").fill("Hold the thrust in gusts");
  await form.getByLabel("Key").fill("gust-hold");
  await form.getByLabel("Guards the feature").selectOption({ label: "New engine" });
  await form.getByRole("button", { name: "Create the flag" }).click();
  await form.waitFor({ state: "detached" });
  expect(await asked(token, "drone-7")).toBe(false);

  await page.getByRole("switch", { name: "gust-hold in production" }).press("Space");
  const dialog = page.getByRole("dialog");
  await dialog.getByText("For a cohort").click();
  expect(await dialog.getByRole("button", { name: "Switch it" }).isDisabled()).toBe(true); // nobody is named yet
  await dialog.getByLabel("And by name").fill("drone-7");
  await dialog.getByText("from off to on for 1 by name").waitFor();
  await confirm(page, "a drone that we watch", "Switch it");
  await page.getByText("1 named", { exact: true }).waitFor();
  expect([await asked(token, "drone-7"), await asked(token, "drone-8")]).toEqual([true, false]);

  await page.keyboard.press("Control+k");
  await page.getByLabel("Go to or do").fill("kill a feature");
  await page.keyboard.press("Enter");
  await page.getByText(/it is on for 1 by name/).waitFor();
  expect(await accessibility(page)).toEqual([]);
  await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();

  await page.goto(`/components/${component}?view=rollouts`);
  await page.getByRole("table").getByRole("row").nth(1).click();
  await page.getByRole("button", { name: "Kill the feature" }).click();
  await confirm(page, "drones sway in gusts", "Kill the feature");
  expect(await asked(token, "drone-7")).toBe(false);
  await page.getByRole("button", { name: "Kill the feature" }).waitFor({ state: "detached" });

  await page.goto("/flags");
  await page.getByText("No flag is on in production").waitFor();
  await page.goto("/products");
  await page.goto(`/thread/flag/${encodeURIComponent(`${component}:gust-hold`)}`);
  await page.getByText("New engine").first().waitFor();
  await page.getByRole("link", { name: "New engine" }).first().click();
  await page.getByText("drones sway in gusts").first().waitFor();
  expect(wrongs).toEqual([]);
});

it.each(["light", "dark"] as const)("shows flags in %s so that everybody can use them", async (scheme) => {
  const look = { scheme, width: 400 };
  const { page, wrongs } = await enter(on, "eva", `/components/${component}?view=flags`, look);
  await page.getByRole("switch", { name: "gust-hold in production" }).waitFor();
  expect(await accessibility(page)).toEqual([]);
  await page.goto("/flags?view=all");
  await page.getByRole("switch", { name: "gust-hold in production" }).waitFor();
  expect(await accessibility(page)).toEqual([]);
  expect(wrongs).toEqual([]);
});
