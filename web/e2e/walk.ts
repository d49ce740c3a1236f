import type { Browser, Locator, Page } from "playwright-core";
import { afterAll, beforeAll, expect } from "vitest";
import { accessibility, type Look, openBrowser, openPage } from "./browser";
import type { Factory, Person, Story } from "./factory";

/** What a file of journeys plays on; both are there while its tests run. */
export interface Stage<F extends Factory> {
  factory: F;
  browser: Browser;
}

/** Starts a factory and a browser before the tests of this file, and ends both after them. */
export function stage<F extends Factory>(start: () => Promise<F>): Stage<F> {
  const set: Partial<Stage<F>> = {};
  beforeAll(async () => {
    await Promise.all([
      start().then((factory) => Object.assign(set, { factory })),
      openBrowser().then((browser) => Object.assign(set, { browser })),
    ]);
  });
  afterAll(async () => {
    await set.browser?.close();
    await set.factory?.stop();
  });
  return set as Stage<F>;
}

/** A page of somebody of the story who is signed in already, at a path: how one comes in is the door's journey. */
export async function enter(
  on: Stage<Story>,
  who: Person,
  path: string,
  look: Look = {},
): Promise<{ page: Page; wrongs: string[] }> {
  const opened = await signedIn(on, who, look);
  await opened.page.goto(path);
  return opened;
}

/** The same before anything is asked for, to arrange what it will meet. */
export async function signedIn(
  { browser, factory }: Stage<Story>,
  who: Person,
  look: Look = {},
): Promise<{ page: Page; wrongs: string[] }> {
  const opened = await openPage(browser, factory.url, look);
  const answer = await opened.page.request.post("/api/v1/session", {
    data: { login: who, password: factory.passwords[who] },
    headers: { origin: factory.url },
  });
  if (!answer.ok()) throw new Error(`${who} could not sign in: ${await answer.text()}`);
  return opened;
}

/** Leaves without an answer what is asked for by such an address, until the function that it gives is called. */
export async function late(page: Page, asked: RegExp): Promise<() => void> {
  let answer = () => {};
  const answered = new Promise<void>((resolve) => {
    answer = resolve;
  });
  await page.route(asked, async (route) => {
    await answered;
    await route.continue();
  });
  return () => answer();
}

/** The titled part of a page. */
export function part(page: Page, title: string): Locator {
  return page.locator("section", { has: page.getByRole("heading", { name: title, exact: true }) }).last();
}

/** The row of a table that says this. */
export function row(page: Page, table: string, text: string | RegExp): Locator {
  return page.getByRole("table", { name: table }).getByRole("row").filter({ hasText: text });
}

/** Waits for the page that is headed so. */
export function headed(page: Page, name: string | RegExp): Promise<void> {
  return page.getByRole("heading", { name, level: 1, exact: typeof name === "string" }).waitFor();
}

/** Waits until a page shows its object and nothing of it is still on its way. */
export async function settled(page: Page, heading: string | RegExp = /./): Promise<void> {
  await headed(page, heading);
  await page.waitForFunction(
    () => document.querySelector('[aria-label="Loading"], .mantine-Skeleton-root, [aria-busy=true]') === null,
  );
}

/** That everybody can use the page as it stands, in light and in dark, and that a phone shows all of its width. */
export async function everybody(page: Page, where: string): Promise<void> {
  const size = page.viewportSize() ?? { width: 1280, height: 800 };
  for (const scheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme: scheme });
    await page.locator(`html[data-mantine-color-scheme=${scheme}]`).waitFor();
    expect(await accessibility(page), `${where} in ${scheme}`).toEqual([]);
  }
  await page.setViewportSize({ width: 390, height: 844 });
  await settled(page);
  await fits(page, where);
  await page.setViewportSize(size);
  await page.emulateMedia({ colorScheme: "light" });
}

// Charts and graphs take their new width a frame after the window has its own.
async function fits(page: Page, where: string): Promise<void> {
  try {
    await page.waitForFunction(
      () => document.documentElement.scrollWidth <= document.documentElement.clientWidth,
    );
  } catch (cause) {
    throw new Error(`${where} is wider than a phone`, { cause });
  }
}
