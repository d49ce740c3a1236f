import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { bootAfterStory } from "./factory";
import { enter, everybody, settled, stage } from "./walk";

const on = stage(bootAfterStory);

const column = (page: Page, name: string) => page.getByRole("region", { name: new RegExp(`^${name}(,|$)`) });
const card = (page: Page, id: string) => page.getByRole("article", { name: new RegExp(`^${id} `) });

it("plans and pulls by keyboard, and says in words that the limit is reached", async () => {
  const { page, wrongs } = await enter(on, "eva", "/teams/engine");
  await card(page, "ENG-3").waitFor();
  await page.keyboard.press("n");
  const dialog = page.getByRole("dialog", { name: "New item of team Engine" });
  await dialog.getByLabel("What shall be true for the customer").fill("Warn before the load shifts");
  await dialog.getByLabel("Feature").selectOption("New engine");
  await page.keyboard.press("Enter");
  await dialog.waitFor({ state: "hidden" });
  await column(page, "Ready").getByText("Warn before the load shifts").waitFor();

  await card(page, "ENG-3").focus();
  await page.keyboard.press("p");
  await column(page, "Building, 1 of at most 1").getByText("ENG-3").waitFor();
  await page.locator("[data-card='ENG-3']:focus").waitFor(); // the focus goes with the card
  await card(page, "ENG-5").focus();
  await page.keyboard.press("p");
  const no = column(page, "Building").getByRole("alert");
  await no.getByText("building of team engine is full: 1/1").waitFor();
  await column(page, "Ready").getByText("ENG-5").waitFor();
  await everybody(page, "a board that refuses");

  await page.getByRole("button", { name: "1/1 Building: change the limit" }).click();
  await page.getByLabel("Limit of Building").fill("2");
  await page.getByRole("button", { name: "Set the limit" }).click();
  await column(page, "Building, 1 of at most 2").waitFor();
  await card(page, "ENG-5").focus();
  await page.keyboard.press("Shift+ArrowRight");
  await column(page, "Building, 2 of at most 2").getByText("ENG-5").waitFor();
  await no.waitFor({ state: "hidden" });

  await card(page, "ENG-5").focus();
  await page.keyboard.press("b");
  const why = page.getByRole("dialog", { name: "Block ENG-5?" });
  await why.getByLabel("Reason").fill("waits for the load cell");
  await why.getByRole("button", { name: "Block" }).click();
  await page.getByRole("article", { name: /^ENG-5 .*blocked: waits for the load cell$/ }).waitFor();
  await card(page, "ENG-5").focus();
  await page.keyboard.press("b");
  await page.getByRole("article", { name: /^ENG-5 .*blocked/ }).waitFor({ state: "hidden" });
  expect(wrongs).toEqual([]);
});

it("goes by two keys from an item without doing what the second does alone", async () => {
  const { page, wrongs } = await enter(on, "eva", "/items/BAT-1");
  await page.getByRole("button", { name: "Pull" }).waitFor(); // by the key p
  await page.keyboard.type("gp");
  await settled(page, "Products");
  const item = (await (await page.request.get("/api/v1/items/BAT-1")).json()) as { state: string };
  expect(item.state).toBe("ready");
  expect(wrongs).toEqual([]);
});

it("says why a card moved by itself, up to the evidence", async () => {
  const { page, wrongs } = await enter(on, "eva", "/teams/engine");
  await card(page, "ENG-2")
    .getByText("moved by itself: engine-controller 3 was promoted in production")
    .waitFor();
  await card(page, "ENG-2").getByText("Eva Keller").waitFor();
  await card(page, "ENG-3").getByRole("link", { name: "Cool the engine under load" }).click();
  await settled(page, "Cool the engine under load");
  const back = page.getByRole("listitem").filter({ hasText: "releasing to building by itself" });
  await back.getByText("engine-controller 4 was rolled back: server-errors").waitFor();
  await everybody(page, "an item");
  await back.getByRole("link", { name: "see" }).click();
  await page.waitForURL(/\/rollouts\//);
  await page.getByText(/^Units that met a server error: \d+ of the \d+ units/).waitFor();
  expect(wrongs).toEqual([]);
});

it("founds a team that has a board at once, and whose first item is asked for", async () => {
  const { page, wrongs } = await enter(on, "eva", "/teams");
  await settled(page, "Teams");
  await everybody(page, "the teams");
  await page.getByRole("button", { name: "New team" }).click();
  const dialog = page.getByRole("dialog", { name: "New team" });
  await dialog.getByLabel("Name").fill("Ground station");
  await dialog.getByRole("button", { name: "Found the team" }).click();
  await settled(page, "Ground station");
  await page.getByRole("button", { name: "Create the first item" }).click();
  await page.getByRole("dialog").getByLabel("What shall be true for the customer").fill("Land in the rain");
  await page.getByRole("button", { name: "Create the item" }).click();
  await column(page, "Ready").getByText("Land in the rain").waitFor();
  await page.getByRole("link", { name: "Members" }).click();
  await page.getByRole("table", { name: "Members of team Ground station" }).getByText("Eva Keller").waitFor();
  await everybody(page, "the members of a team");
  expect(wrongs).toEqual([]);
});

it("tells who does not belong to it why a card does not move, and puts it back", async () => {
  const { page } = await enter(on, "mara", "/teams/battery");
  await card(page, "BAT-1").focus();
  await page.keyboard.press("p");
  await column(page, "Building").getByText("planning and moving items").waitFor();
  await column(page, "Ready").getByText("BAT-1").waitFor();
  await page.getByRole("button", { name: "New item" }).click();
  const dialog = page.getByRole("dialog", { name: "New item of team Battery" });
  await dialog.getByText("needs one of the roles product or member; you have board").waitFor();
});

it("shows a team's items, figures and components to everybody", async () => {
  const { page, wrongs } = await enter(on, "eva", "/teams/engine");
  await settled(page, "Engine");
  for (const view of ["All items", "Delivery and flow", "Components"]) {
    const link = page
      .getByRole("navigation", { name: "Views of team Engine" })
      .getByRole("link", { name: view });
    await link.click();
    await page.waitForURL(/view=/);
    await settled(page, "Engine");
    await everybody(page, view);
  }
  await page.getByRole("row").getByText("engine-controller").waitFor();
  expect(wrongs).toEqual([]);
});
