// Opens a page and uses it, and prints as JSON what a user would see.
// node page.mjs DIRECTORY-WITH-NODE_MODULES PAGE PICTURES
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const [dir, page, pictures] = process.argv.slice(2);
const load = name => import(pathToFileURL(createRequire(`${dir}/`).resolve(name)));
const { default: chromium } = await load('@sparticuz/chromium');
const { default: puppeteer } = await load('puppeteer-core');
const browser = await puppeteer.launch({
  args: [...chromium.args, '--no-sandbox'], executablePath: await chromium.executablePath(), headless: 'shell',
});
const tab = await browser.newPage();
const seen = { errors: [], requests: [] };
tab.on('pageerror', error => seen.errors.push(error.message));
tab.on('console', message => seen.errors.push(message.text()));
tab.on('request', request => seen.requests.push(request.url()));
await tab.setViewport({ width: 1300, height: 800 });
await tab.goto(pathToFileURL(page));

const look = () => tab.evaluate(() => ({
  count: document.getElementById('count').textContent,
  ground: getComputedStyle(document.body).backgroundColor,
  rows: [...document.querySelectorAll('tbody tr')].filter(row => row.checkVisibility()).map(row =>
    [...row.cells].filter(cell => cell.checkVisibility()).map(cell => cell.innerText.trim().replace(/\s+/g, ' '))),
  form: document.querySelector('form').checkVisibility(),
}));
const type = async (id, text) => {
  await tab.$eval(`#${id}`, field => { field.value = ''; field.dispatchEvent(new Event('input', { bubbles: true })); });
  await tab.type(`#${id}`, text);
};
seen.first = await look();
await tab.screenshot({ path: `${pictures}/light.png` });
await type('member', 'USER:ANA');
seen.member = await look();
await type('member', '');
await type('model', 'fraud');
seen.model = await look();
await tab.select('#verb', 'predict');
seen.verb = await look();
await tab.select('#verb', '');
await tab.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'dark' }]);
seen.dark = await look();
await tab.screenshot({ path: `${pictures}/dark.png` });
await tab.click('#theme');
seen.lightAgain = await look();
await tab.emulateMediaType('print');
seen.print = await look();
await browser.close();
console.log(JSON.stringify(seen));
