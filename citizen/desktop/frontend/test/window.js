// SPDX-License-Identifier: EUPL-1.2

// The real program in its demonstration, shown in Debian's Chromium: emulated cards, the real service in
// the same process.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'

export const artifacts = fileURLToPath(new URL('../artifacts/', import.meta.url))
mkdirSync(artifacts, { recursive: true })
const settings = artifacts + 'no-settings.json' // the computer's own are none of the tests'
writeFileSync(settings, '{}')

const candidates = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

/** How long a screen is waited for, in milliseconds: a renewal at a real card's pace takes sixteen seconds. */
const patience = 60000

/** Codes of the demonstration's cards. */
export const PIN = '12345'
export const PUK = '12345678'

/**
 * Starts program and browser. Flags go to the program; demo false is the computer's own readers. With an address the
 * program runs already.
 */
export async function open({
  address,
  program: path = artifacts + 'rinnova',
  demo = true,
  env = {},
  flags = ['--fast'],
  locale = 'it-IT',
  width = 1100,
  height = 860,
  ...context
} = {}) {
  const executablePath = candidates.find((c) => c && existsSync(c))
  assert.ok(executablePath, 'no Chromium on this computer')
  const program = address
    ? null
    : spawn(
        path,
        ['window', '--browser', ...(demo ? ['--demo'] : []), '--print-url', '--several', '--pause', '4s', ...flags],
        {
          stdio: ['ignore', 'pipe', 'inherit'],
          env: { ...process.env, XDG_DOWNLOAD_DIR: artifacts, RINNOVA_SETTINGS: settings, ...env },
        },
      )
  process.on('exit', () => program?.kill()) // a test that failed did not close it
  const url = address ?? (await once(createInterface({ input: program.stdout }), 'line'))[0]
  const browser = await chromium.launch({ executablePath, args: process.getuid() === 0 ? ['--no-sandbox'] : [] })
  const tab = await (
    await browser.newContext({ viewport: { width, height }, deviceScaleFactor: 1, locale, ...context })
  ).newPage()
  const errors = []
  tab.on('pageerror', (e) => errors.push(String(e)))
  tab.on('console', (m) => {
    if (m.type() === 'error' && !/status of 409/.test(m.text())) errors.push(m.text())
  })
  await tab.goto(url)
  await tab.evaluate(() => document.fonts.ready)
  await tab.waitForSelector('h1')
  assert.equal(new URL(tab.url()).hash, '', 'the code is out of the address')
  const w = {
    tab,
    program,
    errors,
    url,
    /** Works the bench. */
    async bench(action, series = '', fault = '') {
      const ok = await tab.evaluate(
        async (f) =>
          (
            await fetch('/api/demo', {
              method: 'POST',
              body: new URLSearchParams(f),
              headers: { 'X-Rinnova-Secret': sessionStorage.getItem('rinnova-secret') },
            })
          ).ok,
        { action, series, fault },
      )
      assert.ok(ok, `${action} ${series} ${fault}`)
    },
    async state() {
      return await tab.evaluate(async () => {
        const headers = { 'X-Rinnova-Secret': sessionStorage.getItem('rinnova-secret') }
        return (await fetch('/api/state', { headers })).json()
      })
    },
    /** Waits for a screen. */
    async screen(...names) {
      for (const end = Date.now() + patience; Date.now() < end; ) {
        const s = await w.state()
        if (names.includes(s.screen)) {
          await tab.waitForTimeout(60) // the page asks for the same state and draws it
          return s
        }
        await tab.waitForTimeout(25)
      }
      assert.fail(`no screen ${names}: ${JSON.stringify(await w.state())}`)
    },
    async phase(name) {
      for (const end = Date.now() + patience; Date.now() < end; ) {
        if ((await w.state()).done?.phase === name) return
        await tab.waitForTimeout(25)
      }
      assert.fail(`no phase ${name}: ${JSON.stringify((await w.state()).done)}`)
    },
    /** Types a code and goes on. */
    async code(label, value) {
      await tab.getByLabel(label, { exact: true }).fill(value)
      await tab.getByRole('button', { name: 'PROSEGUI', exact: true }).click()
    },
    async text(string) {
      await tab.getByText(string, { exact: true }).first().waitFor({ state: 'visible', timeout: patience })
    },
    async click(name) {
      await tab.getByRole('button', { name, exact: true }).click()
    },
    async shot(name) {
      await tab.screenshot({ path: `${artifacts}${name}.png` })
    },
    /** The series of the demonstration's cards for which test says yes. */
    async series(test) {
      const { demo } = await w.state()
      return demo.series.filter(test)
    },
    async close() {
      await browser.close()
      if (program) {
        program.kill()
        await once(program, 'exit')
      }
      assert.deepEqual(errors, [], 'errors in the page')
    },
  }
  return w
}
