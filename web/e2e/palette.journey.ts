import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { accessibility } from "./browser";
import { bootAfterStory } from "./factory";
import { enter, everybody, headed, late, signedIn, stage } from "./walk";

const on = stage(bootAfterStory);

const palette = (page: Page) => page.getByRole("dialog", { name: "Go to, do, or find" });
const field = (page: Page) => palette(page).getByRole("combobox", { name: "Go to or do" });
const selected = (page: Page) => palette(page).getByRole("option", { selected: true });

it("finds a component by its first letters, however soon they are typed, and goes there", async () => {
  const { page, wrongs } = await enter(on, "eva", "/insight");
  await headed(page, "Insight");
  await page.keyboard.press("Control+k");
  await page.keyboard.type("engine-c"); // "g i" among other things, which must not be taken for a shortcut
  await selected(page)
    .and(page.getByRole("option", { name: "engine-controller component" }))
    .waitFor();
  expect(await accessibility(page)).toEqual([]);
  await page.keyboard.press("Enter");
  await headed(page, "engine-controller");
  await page.keyboard.press("?");
  const help = page.getByRole("dialog", { name: "Keyboard shortcuts" });
  await help.getByText("Next row of a table").waitFor();
  await help.getByRole("link", { name: "What one does on this page" }).click();
  await headed(page, "Pages");
  await page.waitForFunction(() => {
    const at = [...document.querySelectorAll("h3")].find((h) => h.textContent === "Component");
    const top = at?.getBoundingClientRect().top ?? -1;
    return top >= 0 && top < window.innerHeight;
  });
  expect(wrongs).toEqual([]);
});

it.each([
  ["its code is there", /\/assets\/Palette-.*\.js$/],
  ["the components are told", /\/api\/v1\/components\?/],
  ["the search has answered", /\/api\/v1\/search\?/],
])("goes where Enter meant to go when it was pressed before %s", async (_, asked) => {
  const { page, wrongs } = await signedIn(on, "eva");
  const answer = await late(page, asked);
  await page.goto("/tokens"); // which asks for none of these
  await headed(page, "Your API tokens");
  await page.keyboard.press("Control+k");
  await page.keyboard.type("engine-xc");
  await page.keyboard.press("Backspace");
  await page.keyboard.press("Backspace");
  await page.keyboard.type("c");
  await page.keyboard.press("Enter");
  answer();
  await headed(page, "engine-controller");
  await palette(page).waitFor({ state: "detached" });
  expect(wrongs).toEqual([]);
});

it("goes nowhere by an Enter that was taken back by other letters or by closing", async () => {
  const { page, wrongs } = await signedIn(on, "eva");
  const answer = await late(page, /\/api\/v1\/(components|search)\?/);
  await page.goto("/tokens");
  await headed(page, "Your API tokens");
  await page.keyboard.press("Control+k");
  await field(page).fill("engine-c");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Escape");
  await palette(page).waitFor({ state: "detached" });
  await page.keyboard.press("Control+k");
  expect(await field(page).inputValue()).toBe("");
  await field(page).fill("engine-co");
  await page.keyboard.press("Enter");
  await field(page).fill("engine-c");
  answer();
  await selected(page).filter({ hasText: "component" }).waitFor();
  expect(new URL(page.url()).pathname).toBe("/tokens");
  await page.keyboard.press("Control+k"); // the same keys close it
  await palette(page).waitFor({ state: "detached" });
  expect(wrongs).toEqual([]);
});

it("goes by the arrows to what they chose, and leaves Enter to a method of input that composes", async () => {
  const { page, wrongs } = await enter(on, "eva", "/tokens");
  await headed(page, "Your API tokens");
  await page.keyboard.press("Control+k");
  await selected(page).filter({ hasText: "Floor" }).waitFor();
  await page.keyboard.press("ArrowUp");
  await selected(page).filter({ hasText: "Sign out" }).waitFor();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  await selected(page).filter({ hasText: "Board" }).waitFor();

  const keys = await page.context().newCDPSession(page);
  await keys.send("Input.imeSetComposition", { text: "team", selectionStart: 4, selectionEnd: 4 });
  await selected(page).filter({ hasText: "Teams" }).waitFor();
  await page.keyboard.press("Enter"); // takes the proposal of the method of input
  await keys.send("Input.insertText", { text: "team" });
  expect(await field(page).inputValue()).toBe("team");
  await page.keyboard.press("ArrowDown");
  await selected(page).filter({ hasText: "Found a team" }).waitFor();
  await page.keyboard.press("Enter");
  await page.getByRole("dialog", { name: "New team" }).waitFor();

  // Over a dialog it is the one that Escape closes.
  await page.getByLabel("Name").fill("Night shift");
  await page.keyboard.press("Control+k");
  await field(page).and(page.locator(":focus")).waitFor();
  await page.keyboard.press("Escape");
  await palette(page).waitFor({ state: "detached" });
  await page.getByRole("dialog", { name: "New team" }).waitFor();
  expect(wrongs).toEqual([]);
});

it("finds a place in the documentation, and a failure leads to what its kind means", async () => {
  const { page, wrongs } = await enter(on, "eva", "/tokens");
  await headed(page, "Your API tokens");
  await page.keyboard.press("Control+k");
  await field(page).fill("error budget");
  await page.getByRole("option", { name: "Handle an incident: The error budget documentation" }).click();
  await headed(page, "Handle an incident");
  await page.getByRole("heading", { name: "The error budget" }).waitFor();
  expect(await accessibility(page)).toEqual([]);
  await page.getByRole("navigation", { name: "Levels of the factory" }).getByText("Documentation").click();
  await headed(page, "Documentation");
  expect(await accessibility(page)).toEqual([]);
  await page.getByRole("textbox", { name: "Search the documentation" }).fill("no word such as xyzzy");
  await page.getByText("No section has all of").waitFor();
  await page.keyboard.press("Control+k");
  await field(page).fill("golden path picture upgrade");
  await page.getByRole("option", { name: "Pages: Golden path documentation" }).click();
  await headed(page, "Pages");
  const picture = page.getByRole("img", { name: /^An upgrade that is through/ });
  await picture.scrollIntoViewIfNeeded();
  await page.waitForFunction(() =>
    [...document.images].some((i) => i.alt.startsWith("An upgrade") && i.naturalWidth === 1280),
  );
  await everybody(page, "pictures of pages");
  expect(wrongs).toEqual([]);
  await page.goto("/docs/how-to/nowhere");
  await page.getByText("The documentation has no page").waitFor();
  await page.getByRole("link", { name: "What this means" }).click();
  await headed(page, "Problems");
  await page.getByRole("heading", { name: "not-found" }).waitFor();
});
