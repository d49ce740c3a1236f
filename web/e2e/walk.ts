import type { Browser, Locator, Page } from "playwright-core";
import { type Look, openPage } from "./browser";
import type { Factory, Person } from "./factory";

type Told = Factory & { passwords: Record<Person, string> };

/** A page of somebody who is signed in already: how one comes in is the door's journey. */
export async function openAs(
  browser: Browser,
  factory: Told,
  person: Person,
  look: Look = {},
): Promise<{ page: Page; wrongs: string[] }> {
  const opened = await openPage(browser, factory.url, look);
  const answer = await opened.page.context().request.post("/api/v1/session", {
    data: { login: person, password: factory.passwords[person] },
  });
  if (!answer.ok()) throw new Error(`${person} could not sign in: ${await answer.text()}`);
  return opened;
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

/** By how many pixels the page is wider than what it is looked at through; 0 when it fits. */
export function tooWide(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}
