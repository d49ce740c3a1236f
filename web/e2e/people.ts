import type { Browser, Page } from "playwright-core";
import { expect } from "vitest";
import { accessibility, type Look, openPage } from "./browser";
import type { bootAfterStory, Person } from "./factory";

type Story = Awaited<ReturnType<typeof bootAfterStory>>;

/** A page of somebody of the story who is signed in already, at a path. */
export async function enter(
  browser: Browser,
  story: Story,
  who: Person,
  path: string,
  look: Look = {},
): Promise<{ page: Page; wrongs: string[] }> {
  const opened = await openPage(browser, story.url, look);
  const answer = await opened.page.request.post("/api/v1/session", {
    data: { login: who, password: story.passwords[who] },
    headers: { origin: story.url },
  });
  if (!answer.ok()) throw new Error(`${who} could not sign in: ${await answer.text()}`);
  await opened.page.goto(path);
  return opened;
}

/** Waits until a page shows its object and nothing of it is still loading. */
export async function settled(page: Page, heading: string): Promise<void> {
  await page.getByRole("heading", { name: heading, level: 1 }).waitFor();
  await page.waitForFunction(() => !document.querySelector("[aria-label=Loading]"));
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
  await settled(page, (await page.getByRole("heading", { level: 1 }).textContent()) ?? "");
  const [needs, has] = await page.evaluate(() => {
    const all = document.scrollingElement as Element;
    return [all.scrollWidth, all.clientWidth];
  });
  expect(needs, `${where} at 390 px`).toBeLessThanOrEqual(has as number);
  await page.setViewportSize(size);
  await page.emulateMedia({ colorScheme: "light" });
}
