// SPDX-License-Identifier: EUPL-1.2

// The PIN, as a person changes it, forgets it, blocks it, and goes on.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { changing, empty, NEW, newPIN, pin, withoutPuk, withPuk } from './tour.js'
import { open, PIN, PUK } from './window.js'

let w
before(async () => {
  w = await open()
})
after(async () => {
  await w.close()
})

test('from a blocked PIN to a login, in the window alone', async () => {
  await pin(w, withPuk)
  for (const code of ['99991', '99992']) {
    await w.code('Codice PIN', code)
    await w.text('Il PIN non è corretto.').catch(() => {})
  }
  await w.text('Resta un solo tentativo')
  await w.click('USA L’ULTIMO TENTATIVO')
  await w.code('Codice PIN', '99993')
  assert.equal((await w.screen('failed')).failure.code, 'pin-blocked')
  await w.click('SBLOCCA IL PIN')
  await w.text('Inserisci il PUK: subito dopo sceglierai un nuovo PIN')
  await w.tab.getByText(/bloccano la tessera per sempre/).waitFor()
  await w.code('Codice PUK', PUK)
  await w.text('Scegli un nuovo PIN')
  await newPIN(w, NEW)
  await w.screen('new-pin')
  await w.text('PIN sbloccato')
  await w.click('CHIUDI')
  await w.screen('card')
  await w.click('RINNOVA')
  await w.screen('prompt')
  await w.code('Codice PIN', NEW)
  await w.text('Inserisci il PUK corretto per continuare il rinnovo')
  await w.code('Codice PUK', PUK)
  await w.screen('done')
  await w.bench('remove')
  await w.phase('wait')
  await w.click('Salta l’attesa')
  await w.phase('insert')
  await w.bench('back')
  await w.phase('seen')
  await w.click('PROVA L’ACCESSO')
  await w.phase('entered')
  await w.tab.getByText(/^Accesso riuscito/).waitFor()
  await w.click('CHIUDI')
  await empty(w)
})

test('a PIN that was blocked before is unblocked from the card’s page', async () => {
  await pin(w, withoutPuk, 'pin-blocked')
  await w.code('Codice PIN', PIN)
  await w.screen('failed')
  await w.click('CHIUDI')
  await w.screen('unknown')
  assert.equal(await w.tab.getByRole('button', { name: 'Cambia il PIN' }).count(), 0)
  await w.click('SBLOCCA IL PIN')
  await w.code('Codice PUK', '00000000')
  await w.text('Scegli un nuovo PIN')
  await newPIN(w, NEW)
  // The PUK was wrong. The new PIN is not asked for again.
  await w.text('Il PUK non è corretto.')
  await w.code('Codice PUK', PUK)
  await w.screen('new-pin')
  await w.click('CHIUDI')
  await w.screen('card')
  await empty(w)
})

test('the PIN is changed, after all that is refused', async () => {
  await changing(w)
  assert.equal(await w.tab.getByRole('dialog', { name: 'PIN della tessera' }).count(), 1)
  await w.code('Codice PIN', '9999')
  await w.tab.getByText(/nessun tentativo è stato usato/).waitFor()
  await w.code('Codice PIN', PIN)
  await w.text('Scegli un nuovo PIN')
  const field = w.tab.getByLabel('Nuovo PIN', { exact: true })
  const described = async () =>
    await field.evaluate((e) =>
      e
        .getAttribute('aria-describedby')
        .split(' ')
        .map((i) => document.getElementById(i).textContent)
        .join(' '),
    )
  assert.match(await described(), /Da 5 a 8 cifre.*Niente sequenze/)
  assert.equal(await w.tab.evaluate(() => document.activeElement.id), 'new-pin')
  await newPIN(w, NEW, '80358')
  await w.text('I due PIN non sono uguali: scrivili di nuovo.')
  assert.match(await described(), /non sono uguali/)
  assert.equal(await w.tab.evaluate(() => document.activeElement.id), 'new-pin')
  assert.equal(await field.inputValue(), '')
  for (const [weak, why] of [
    ['54321', 'Il nuovo PIN è una sequenza di cifre: si indovina facilmente.'],
    ['121212', 'Il nuovo PIN ripete le stesse cifre: si indovina facilmente.'],
    [PIN, 'Il nuovo PIN è uguale a quello di prima.'],
  ]) {
    await newPIN(w, weak)
    await w.text(why)
    assert.match(await described(), new RegExp(why))
  }
  await newPIN(w, NEW)
  await w.screen('new-pin')
  await w.text('PIN cambiato')
  await w.click('CHIUDI')
  await w.screen('card')
  await w.click('RINNOVA')
  await w.screen('prompt')
  await w.code('Codice PIN', NEW)
  await w.screen('done')
  await w.click('CHIUDI')
  await empty(w)
})

test('INDIETRO changes nothing, at each question', async () => {
  await changing(w)
  await w.click('INDIETRO')
  await w.screen('card')
  await w.click('Cambia il PIN')
  await w.code('Codice PIN', PIN)
  await w.text('Scegli un nuovo PIN')
  await w.click('INDIETRO')
  await w.screen('card')
  await w.click('Ho dimenticato il PIN')
  await w.code('Codice PUK', '87654321')
  await w.text('Scegli un nuovo PIN')
  await w.click('INDIETRO')
  await w.screen('card')
  await w.click('RINNOVA')
  await w.screen('prompt')
  assert.equal((await w.state()).prompt.tries, undefined, 'no try was spent')
  await w.code('Codice PIN', PIN)
  await w.screen('done')
  await w.click('CHIUDI')
  await empty(w)
})

test('the card leaves at the new PIN: the page says that it is not known, and asks for the new one first', async () => {
  await changing(w, 'pin-lost')
  await w.code('Codice PIN', PIN)
  await newPIN(w, NEW)
  assert.equal((await w.screen('failed')).failure.code, 'pin-unknown')
  await w.text('Non si sa quale PIN vale')
  await w.click('CHIUDI')
  await w.bench('back')
  await w.screen('card')
  await w.click('RINNOVA')
  await w.screen('prompt')
  await w.tab.getByText(/prova per primo quello nuovo/).waitFor()
  await w.code('Codice PIN', NEW)
  await w.screen('done')
  await w.click('CHIUDI')
  await empty(w)
})

test('a card of which no source gives the command', async () => {
  await w.bench('insert', 'ACe2025')
  await w.screen('nothing')
  await w.tab.getByText(/Nessuna fonte pubblica dice come questa tessera cambia o sblocca il PIN/).waitFor()
  for (const name of ['Cambia il PIN', 'Ho dimenticato il PIN'])
    assert.equal(await w.tab.getByRole('button', { name }).count(), 0)
  await empty(w)
})

test('at a reader with a keypad nothing is typed at the computer', async () => {
  await pin(w, withoutPuk, 'pinpad')
  await w.text('Di norma il lettore chiederà il PIN 2 volte: te lo dirà questa finestra.')
  await w.click('SCRIVI SUL LETTORE')
  await w.text('Scrivi il PIN sul lettore')
  await w.tab.getByText(/^Restano \d+ secondi$/).waitFor()
  await w.text('Il codice non è stato scritto in tempo sul lettore: nessun tentativo è stato usato.')
  await w.click('SCRIVI SUL LETTORE')
  await w.screen('done')
  await empty(w)
})
