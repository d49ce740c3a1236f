import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { settled } from "../walk";

/** Where the documentation has its pictures. */
const album = fileURLToPath(new URL("../../../docs/pages", import.meta.url));

/** A folder to which each page is also taken in the dark and as a phone shows it, for who looks at how they are. */
const look = process.env.PICTURES_LOOK;

const size = { width: 1280, height: 800 };
const phone = { width: 390, height: 844 };

/** Takes a page as it stands, when nothing of it is on its way any more. */
export async function take(page: Page, name: string): Promise<void> {
  await still(page);
  await mkdir(album, { recursive: true });
  await writeFile(join(album, `${name}.webp`), await shot(page));
  if (!look) return;
  await mkdir(look, { recursive: true });
  await writeFile(join(look, `${name}.webp`), await shot(page, true));
  await page.emulateMedia({ colorScheme: "dark" });
  await page.setViewportSize({ width: 1440, height: 900 });
  await still(page);
  await writeFile(join(look, `${name}-dark.webp`), await shot(page, true));
  await page.setViewportSize(phone);
  await still(page);
  await writeFile(join(look, `${name}-phone.webp`), await shot(page, true));
  await page.setViewportSize(size);
  await page.emulateMedia({ colorScheme: "light" });
}

/** Waits until a page is whole: loaded, with its letters, and drawn twice since. */
async function still(page: Page): Promise<void> {
  await settled(page);
  await page.evaluate(async () => {
    await document.fonts.ready;
    for (let i = 0; i < 3; i++) await new Promise((drawn) => requestAnimationFrame(drawn));
  });
}

// Chromium itself writes WebP, a third as large as PNG; Playwright knows PNG and JPEG only.
async function shot(page: Page, whole = false): Promise<Buffer> {
  const camera = await page.context().newCDPSession(page);
  const { data } = await camera.send("Page.captureScreenshot", {
    format: "webp",
    quality: 66,
    captureBeyondViewport: whole,
  });
  await camera.detach();
  return Buffer.from(data, "base64");
}
