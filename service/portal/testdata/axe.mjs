// SPDX-License-Identifier: EUPL-1.2
// node axe.mjs PACKAGE.JSON FOLDER URL...: what axe-core finds on each page in each look, as JSON. A picture of each goes
// to the folder.
import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'

const [manifest, pictures, ...urls] = process.argv.slice(2)
const require = createRequire(resolve(manifest))
const { chromium } = require('playwright-core')
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8')
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] })
const results = []
const looks = [
  { width: 1366, height: 660 },
  { width: 320, height: 800 },
  { width: 1366, height: 660, colorScheme: 'dark' },
  { width: 1366, height: 660, forcedColors: 'active' },
  { width: 1366, height: 660, contrast: 'more' },
]
for (const { width, height, ...media } of looks) {
  // The pages forbid scripts: only axe itself is let past their policy.
  const context = await browser.newContext({
    ...media,
    viewport: { width, height },
    ignoreHTTPSErrors: true,
    bypassCSP: true,
    // The package for this computer is on the page for a system that the browser names in full.
    userAgent: 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
  })
  const page = await context.newPage()
  for (const url of urls) {
    await page.goto(url)
    await page.evaluate(() => document.fonts.ready)
    const name = url.startsWith('https') ? 'accesso' : new URL(url).pathname.replace(/\W/g, '') || 'inizio'
    const look = Object.values(media).join('') || width
    await page.screenshot({ path: `${pictures}/${name}-${look}.png`, fullPage: true })
    await page.evaluate(axe)
    const found = await page.evaluate(() =>
      globalThis.axe.run(document, {
        runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'],
        resultTypes: ['violations', 'incomplete'],
      }),
    )
    // axe does not decide on text in the very colour of its ground: it may be hidden on purpose. Here none is. With
    // forced colours the browser paints a ground of its own behind text.
    const hidden = (media.forcedColors ? [] : found.incomplete)
      .flatMap((v) => v.nodes)
      .filter((n) => n.any.some((c) => c.data?.messageKey === 'equalRatio'))
    results.push({
      url,
      look: `${width} ${Object.values(media).join('')}`,
      rules: found.passes.length,
      violations: [
        ...found.violations.map((v) => v.id + ': ' + v.nodes.map((n) => n.html).join(' ')),
        ...hidden.map((n) => 'invisible: ' + n.html),
      ],
      overflow: await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth),
    })
  }
}
await browser.close()
console.log(JSON.stringify(results))
