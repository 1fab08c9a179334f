// SPDX-License-Identifier: EUPL-1.2
// node axe.mjs PACKAGE.JSON URL...: what axe-core finds on each page at two widths, as JSON.
import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'

const [manifest, ...urls] = process.argv.slice(2)
const require = createRequire(resolve(manifest))
const { chromium } = require('playwright-core')
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8')
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] })
const results = []
for (const width of [1280, 320]) {
  // The pages forbid scripts: only axe itself is let past their policy.
  const context = await browser.newContext({
    viewport: { width, height: 800 },
    ignoreHTTPSErrors: true,
    bypassCSP: true,
  })
  const page = await context.newPage()
  for (const url of urls) {
    await page.goto(url)
    await page.evaluate(axe)
    const found = await page.evaluate(() =>
      globalThis.axe.run(document, {
        runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'],
        resultTypes: ['violations'],
      }),
    )
    results.push({
      url,
      width,
      rules: found.passes.length,
      violations: found.violations.map((v) => v.id + ': ' + v.nodes.map((n) => n.html).join(' ')),
      overflow: await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth),
    })
  }
}
await browser.close()
console.log(JSON.stringify(results))
