// SPDX-License-Identifier: EUPL-1.2

// A whole renewal in the page of a program that runs already and has a real reader: that of Windows, under Wine.
// It prints what is to be done with the card, "remove" and "insert", and at the end "renewed" with the new date.
// usage: node windows.js ADDRESS SERIES SCREENSHOTS
import assert from 'node:assert/strict'
import { open, PIN, PUK } from './window.js'

const [address, series, shots] = process.argv.slice(2)
const w = await open({ address })
/** Waits until the state is as asked, longer than a demonstration needs: card, chip and service are real. */
async function until(what, yes) {
  for (let i = 0; i < 1200; i++) {
    const s = await w.state()
    if (yes(s)) return s
    await w.tab.waitForTimeout(100)
  }
  assert.fail(`no ${what}: ${JSON.stringify(await w.state())}`)
}
const shot = async (name) => {
  await w.tab.waitForTimeout(200)
  await w.shot(`${shots}-${name}`)
}

const { card, demo } = await until('card', (s) => s.screen === 'card')
assert.equal(demo, undefined, 'a demonstration')
assert.equal(card.holder, 'BRUNILDE ESEMPIO')
await w.text('La tua tessera')
if (card.asksSeries) await w.tab.getByLabel(series, { exact: true }).check()
await shot('card')
await w.click('RINNOVA')
await until('prompt', (s) => s.screen === 'prompt')
await w.tab.getByRole('dialog', { name: 'Rinnovo certificato' }).waitFor()
await shot('pin')
await w.code('Codice PIN', PIN)
if (card.needsPuk) {
  await w.text('Inserisci il PUK corretto per continuare il rinnovo')
  await w.code('Codice PUK', PUK)
}
await until('end', (s) => s.screen === 'done' || s.screen === 'failed')
await w.text('Certificato rinnovato con successo')
await shot('done')
console.log('remove')
await until('wait', (s) => s.done?.phase === 'wait')
await w.click('Salta l’attesa')
await until('insert', (s) => s.done?.phase === 'insert')
console.log('insert')
await until('card seen', (s) => s.done?.phase === 'seen')
await w.text('Il nuovo certificato è sulla tessera.')
await w.click('PROVA L’ACCESSO')
await until('login', (s) => s.done?.phase === 'entered')
await w.tab.getByText(/Accesso riuscito: BRUNILDE ESEMPIO, codice fiscale SMPBNL…2H/).waitFor()
await shot('entered')
await w.click('CHIUDI')
await until('renewed card', (s) => s.screen === 'nothing' && s.failure?.code === 'already-renewed')
await shot('renewed')
await w.tab.goto('about:blank')
await w.tab.waitForTimeout(1000) // for its good-bye
await w.close()
console.log('renewed')
