import { expect, it } from "vitest";
import { accessibility, openPage } from "./browser";
import { boot } from "./factory";
import { stage } from "./walk";

const on = stage(boot);

const password = "a sentence to sign in with";
/** The Floor is headed by the vision, or without one by what it shows; every other area by its name. */
const heading = (area: string) =>
  area === "Floor" ? "From the vision to what customers do, and back" : area;
const areas = ["Floor", "Board", "Products", "Teams", "Platform", "Delivery", "Insight", "Audit"];

it("leads from an empty factory to the floor, out of the door and back to the page that was asked for", async () => {
  const { page, wrongs } = await openPage(on.browser, on.factory.url);
  await page.goto("/board");
  await page.getByRole("heading", { name: "Make the first account" }).waitFor();
  expect(await accessibility(page)).toEqual([]);

  await page.getByLabel("Your name").fill("Ada Lovelace");
  await page.getByLabel("Login").fill("ada");
  await page.getByLabel("Password", { exact: true }).fill("short");
  await page.getByRole("button", { name: "Make the account" }).click();
  await page.getByText("5 more characters needed").waitFor();
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Make the account" }).click();
  await page.getByRole("heading", { name: heading("Floor"), level: 1 }).waitFor();
  await page.getByRole("status").getByText("Live", { exact: true }).waitFor();

  await page.getByRole("button", { name: "AL: Ada Lovelace" }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  await page.goto("/teams");
  await page.getByLabel("Login").fill("ada");
  await page.getByLabel("Password", { exact: true }).fill("not the password");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("alert").waitFor();
  expect(await accessibility(page)).toEqual([]);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: "Teams", level: 1 }).waitFor();

  await page.keyboard.press("g");
  await page.keyboard.press("a");
  await page.getByRole("heading", { name: "Audit", level: 1 }).waitFor();
  await page.keyboard.press("Control+k");
  await page.getByLabel("Go to or do").fill("dora");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Insight", level: 1 }).waitFor();
  expect(wrongs).toEqual([]);
});

it.each(["light", "dark"] as const)("shows each area in %s so that everybody can use it", async (scheme) => {
  const { page, wrongs } = await openPage(on.browser, on.factory.url, { scheme });
  await page.goto("/sign-in");
  await page.getByLabel("Login").fill("ada");
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  for (const name of areas) {
    await page.getByRole("link", { name, exact: true }).first().click();
    await page.getByRole("heading", { name: heading(name), level: 1 }).waitFor();
    expect(await accessibility(page), name).toEqual([]);
  }
  expect(wrongs).toEqual([]);
});

it("changes a password, and signs out everywhere else", async () => {
  const { page, wrongs } = await openPage(on.browser, on.factory.url);
  const elsewhere = await openPage(on.browser, on.factory.url);
  for (const p of [page, elsewhere.page]) {
    await p.goto("/sign-in");
    await p.getByLabel("Login").fill("ada");
    await p.getByLabel("Password", { exact: true }).fill(password);
    await p.getByRole("button", { name: "Sign in" }).click();
    await p.getByRole("heading", { name: heading("Floor"), level: 1 }).waitFor();
  }
  await page.getByRole("button", { name: "AL: Ada Lovelace" }).click();
  await page.getByRole("menuitem", { name: "Change password" }).click();
  const dialog = page.getByRole("dialog", { name: "Change your password" });
  await dialog.getByLabel("Password so far").waitFor(); // the page comes with it
  expect(await accessibility(page)).toEqual([]);
  await dialog.getByLabel("Password so far").fill("not the password");
  await dialog.getByLabel("New password").fill(`${password}, again`);
  await dialog.getByRole("button", { name: "Change it" }).click();
  await dialog.getByText("is not your password").first().waitFor();
  await dialog.getByLabel("Password so far").fill(password);
  await dialog.getByRole("button", { name: "Change it" }).click();
  await page.getByText("You are signed out everywhere else").waitFor();
  await elsewhere.page.goto("/teams");
  await elsewhere.page.getByRole("heading", { name: "Sign in" }).waitFor();
  await elsewhere.page.getByLabel("Login").fill("ada");
  await elsewhere.page.getByLabel("Password", { exact: true }).fill(`${password}, again`);
  await elsewhere.page.getByRole("button", { name: "Sign in" }).click();
  await elsewhere.page.getByRole("heading", { name: "Teams", level: 1 }).waitFor();
  expect(wrongs).toEqual([]);
});
