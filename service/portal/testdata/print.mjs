// SPDX-License-Identifier: EUPL-1.2
// node print.mjs PACKAGE.JSON URL FILE: prints a page on sheets of A4, as PDF, as a person does from the browser.
import { createRequire } from 'node:module'
import { resolve } from 'node:path'

const [manifest, url, path] = process.argv.slice(2)
const { chromium } = createRequire(resolve(manifest))('playwright-core')
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] })
const page = await browser.newPage({ colorScheme: 'dark' })
await page.goto(url)
await page.evaluate(() => document.fonts.ready)
await page.pdf({ path, format: 'A4', margin: { top: '15mm', bottom: '15mm', left: '15mm', right: '15mm' } })
await browser.close()
