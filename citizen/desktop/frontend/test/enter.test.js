// SPDX-License-Identifier: EUPL-1.2

// The page in a browser: its address works once, a reload goes on, no cookie is set.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { open } from './window.js'

test('the address works once: a reload goes on, a second page is refused and the program ends', async () => {
  const w = await open()
  assert.match(w.url, /#[A-Z2-7]{26}$/)
  await w.screen('no-card')
  await w.tab.reload()
  await w.tab.getByRole('heading', { name: 'Inserisci la tessera' }).waitFor()
  assert.deepEqual(await w.tab.context().cookies(), [], 'no cookie')
  const ended = once(w.program, 'exit')
  const second = await (await w.tab.context().browser().newContext({ locale: 'it-IT' })).newPage()
  await second.goto(w.url)
  await second.getByText('è stata aperta con un indirizzo già usato').waitFor()
  await second.screenshot({ path: new URL('../artifacts/refused.png', import.meta.url).pathname })
  await ended
  await w.tab.context().browser().close()
})
