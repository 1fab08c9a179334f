// SPDX-License-Identifier: EUPL-1.2

// The page that says what is wrong: where it is reached from, what it mends, how it is kept.
import assert from 'node:assert/strict'
import { readFile, rm } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import { empty, newPIN, NEW, pin, withPuk } from './tour.js'
import { artifacts, open, PIN, PUK } from './window.js'

let w
before(async () => {
  w = await open()
})
after(async () => {
  await w.close()
})

/** The finding that has the focus. */
const focused = () => w.tab.evaluate(() => document.activeElement.closest('li')?.textContent ?? '')

test('a failure leads to the finding that explains it, and that to what mends it', async () => {
  await pin(w, withPuk, 'pin-blocked')
  await w.code('Codice PIN', PIN)
  assert.equal((await w.screen('failed')).failure.code, 'pin-blocked')
  await w.click('Spiegato nella diagnosi')
  const mend = w.tab.getByRole('button', { name: 'Sblocca il PIN', exact: true })
  await mend.waitFor()
  assert.match(await focused(), /PIN e PUK.*bloccato.*pin-blocked \(203\)/)
  await mend.click()
  await w.text('Inserisci il PUK: subito dopo sceglierai un nuovo PIN')
  await w.code('Codice PUK', PUK)
  await newPIN(w, NEW)
  await w.screen('new-pin')
  await w.click('CHIUDI')
  await w.screen('card')
  await empty(w)
})

test('screens without a card, a reader, a service of cards, and of the network', async () => {
  await w.bench('readers-off')
  await w.screen('no-reader')
  await w.tab.getByRole('link', { name: 'Apri la diagnosi' }).click()
  await w.text('no-reader')
  assert.match(await focused(), /Lettori.*Non è collegato alcun lettore/)
  await w.bench('readers-on')
  await w.bench('down')
  await w.bench('insert', withPuk)
  await w.screen('unknown')
  await w.tab.locator('#nav-card').click()
  await w.tab.getByRole('link', { name: 'Spiegato nella diagnosi' }).click()
  await w.text('Il servizio di rinnovo non è raggiungibile.')
  assert.match(await focused(), /Servizio di rinnovo.*service-unreachable \(401\)/)
  await w.bench('up')
  await w.click('Aggiorna')
  await w.tab.locator('.findings', { hasText: 'service-unreachable' }).waitFor({ state: 'detached' })
  await w.click('Vai alla tessera')
  await w.tab.getByRole('heading', { name: 'La tua tessera' }).waitFor()
  await empty(w)
})

test('it is copied, printed, and saved as it was shown, also when nothing is wrong', async () => {
  await w.tab.context().grantPermissions(['clipboard-read', 'clipboard-write'])
  await w.tab.locator('#nav-diagnosis').click()
  await w.tab.getByText('Che cosa contiene', { exact: true }).click()
  const shown = await w.tab.locator('.keep pre').textContent()
  assert.match(shown, /^Rinnova .*\n\[va bene\] Servizio per le smart card: Il servizio risponde\.$/ms)
  assert.doesNotMatch(shown, /\[non va\]/)
  await w.click('Copia')
  await w.text('Copiata: incollala dove vuoi.')
  assert.equal(await w.tab.evaluate(() => navigator.clipboard.readText()), shown)
  await w.tab.evaluate(() => {
    window.print = () => (window.printed = document.querySelector('.keep details').open)
  })
  await w.click('Stampa')
  assert.equal(await w.tab.evaluate(() => window.printed), true)
  const file = artifacts + 'Rinnova-diagnosi.txt'
  await rm(file, { force: true })
  await w.click('Salva')
  await w.text(`Salvato in ${file}`)
  assert.equal(await readFile(file, 'utf8'), shown)
  const sealed = artifacts + 'Rinnova-diagnosi.zip.p7e'
  await rm(sealed, { force: true })
  await w.click('Salva cifrata per l’assistenza')
  await w.text(`Salvato in ${sealed}`)
  // A ContentInfo of EnvelopedData, RFC 5652 §6.1: 1.2.840.113549.1.7.3.
  assert.ok((await readFile(sealed)).subarray(0, 20).includes(Buffer.from('06092a864886f70d010703', 'hex')))
  await w.tab.emulateMedia({ media: 'print' })
  assert.equal(await w.tab.locator('header.head').isVisible(), false)
  assert.equal(await w.tab.locator('.keep pre').isVisible(), true)
  await w.tab.emulateMedia({ media: 'screen' })
})

test('a browser without the module gets it from its finding', async () => {
  await w.tab.locator('#nav-card').click()
  await w.tab.locator('#nav-diagnosis').click()
  const item = w.tab.locator('li.finding', { hasText: 'Il modulo di Rinnova non c’è' })
  await item.getByRole('button', { name: 'Aggiungi il modulo' }).click()
  await item.waitFor({ state: 'detached' })
  await w.text('Il modulo di Rinnova c’è.')
})
