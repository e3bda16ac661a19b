// Opens a page in Debian's Firefox over WebDriver BiDi, uses it, changes its route, hides it and closes it.
import puppeteer from 'puppeteer-core';

const [address, hide] = process.argv.slice(2);
const browser = await puppeteer.launch({ browser: 'firefox', executablePath: '/usr/bin/firefox-esr', headless: true });
try {
  const page = await browser.newPage();
  await page.goto(address);
  await page.waitForFunction(
    () => window.pantrywatch && performance.getEntriesByName('first-contentful-paint').length,
    { timeout: 60_000 },
  );
  const painted = () =>
    page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 50)))));
  await painted();
  await page.click('button');
  await painted();
  await page.click('a');
  await page.waitForFunction(() => window.isThere, { timeout: 60_000 });
  await painted();
  await painted();
  await page.evaluate((script) => (0, eval)(script), hide);
  const types = await page.evaluate(() => PerformanceObserver.supportedEntryTypes);
  await page.close();
  console.log(JSON.stringify({ types, version: await browser.version() }));
} finally {
  await browser.close();
}
