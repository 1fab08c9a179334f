// SPDX-License-Identifier: EUPL-1.2

// Cards that cannot be renewed, codes that are wrong, input that is hostile.
import assert from 'node:assert/strict'
import { readFileSync, rmSync } from 'node:fs'
import { after, afterEach, before, test } from 'node:test'
import { empty, withoutPuk, withPuk } from './tour.js'
import { artifacts, open, PIN } from './window.js'

let w
before(async () => {
  w = await open()
})
after(() => w.close())
afterEach(() => empty(w))

test('each wrong card has a message of its own', async () => {
  const texts = new Set()
  for (const [fault, screen, code] of [
    ['mute', 'unreadable', 'card-mute'],
    ['contactless', 'unreadable', 'card-contactless'],
    ['not-cns', 'unreadable', 'card-not-cns'],
    ['cie', 'unreadable', 'card-cie'],
    ['foreign', 'unreadable', 'card-foreign'],
    ['other-cns', 'unreadable', 'card-not-health'],
    ['unknown-model', 'unreadable', 'card-model-unknown'],
    ['busy', 'unreadable', 'card-busy'],
    ['empty', 'nothing', 'no-certificate'],
    ['unreadable', 'nothing', 'certificate-unreadable'],
    ['unregistered', 'nothing', 'not-in-registry'],
    ['renewed', 'nothing', 'already-renewed'],
  ]) {
    await w.bench('insert', withPuk, fault)
    const s = await w.screen(screen)
    assert.equal(s.failure.code, code, fault)
    await w.text(code)
    texts.add(await w.tab.locator('main .lead').first().textContent())
    assert.equal(await w.tab.getByRole('button', { name: 'RINNOVA', exact: true }).count(), 0)
    await empty(w)
  }
  assert.equal(texts.size, 12)
})

test('a certificate that cannot be read: the error report is offered before any renewal', async () => {
  await w.bench('insert', withPuk, 'unreadable')
  const s = await w.screen('nothing')
  assert.equal(s.contents.failure.code, 'certificate-unreadable')
  assert.ok(s.contents.transcript.entries > 10, 'the report has the exchanges with the card')
  await w.tab.getByText('Che cosa contiene il file', { exact: true }).waitFor()
  const file = artifacts + 'ErrorLogs.zip.p7e'
  rmSync(file, { force: true })
  await w.click('questi dati di errore')
  await w.text(`Salvato in ${file}`)
  assert.ok(readFileSync(file).includes(Buffer.from('06092a864886f70d010703', 'hex')), 'no id-envelopedData')
  await w.shot('unreadable-certificate')
  await empty(w)
  // The next card has no word of it.
  await w.bench('insert', withPuk, 'empty')
  const next = await w.screen('nothing')
  assert.equal(next.report, undefined)
  assert.equal(await w.tab.getByText('questi dati di errore').count(), 0)
  await empty(w)
})

test('a closed campaign points to SPID, CIE and the new card; TEAM does not change', async () => {
  await w.bench('shut')
  await w.bench('insert', withPuk)
  const s = await w.screen('nothing')
  assert.ok(['campaign-closed', 'no-campaign'].includes(s.failure.code), s.failure.code)
  await w.tab.getByText(/SPID o la CIE; alla scadenza riceverai la nuova tessera/).waitFor()
  await w.tab.getByText(/la validità della Tessera Sanitaria e della TEAM .* non cambia/).waitFor()
  await empty(w)
})

test('series that cannot be renewed say so before any PIN', async () => {
  for (const s of await w.series((s) => s.startsWith('ST') || s.endsWith('2025'))) {
    await w.bench('insert', s)
    assert.equal((await w.screen('nothing')).failure.code, 'series-not-renewable', s)
    await empty(w)
  }
})

test('a program that is too old says so before any PIN, with the version that is wanted', async () => {
  await w.bench('insert', withPuk, 'too-old')
  const s = await w.screen('unknown')
  assert.equal(s.failure.code, 'program-too-old')
  await w.tab.getByRole('heading', { name: 'Il programma va aggiornato' }).waitFor()
  await w.tab.getByText(/troppo vecchio per il servizio, che ne vuole almeno la versione 0\.1\.0-0\./).first().waitFor()
  await w.tab.getByText(/Scarica la versione corrente dalla pagina «Elenco driver»/).waitFor()
  assert.equal(await w.tab.getByRole('button', { name: 'RINNOVA', exact: true }).count(), 0)
  await empty(w)
})

async function pin(series, fault = '') {
  await w.bench('insert', series, fault)
  await w.screen('card')
  await w.click('RINNOVA')
  await w.screen('prompt')
}

test('a wrong PIN: tries left, tied to its field, and consent before the last', async () => {
  await pin(withoutPuk)
  await w.code('Codice PIN', '99999')
  await w.text('Il PIN non è corretto.')
  await w.tab.getByText(/Restano 2 tentativi/).waitFor()
  const field = w.tab.getByLabel('Codice PIN')
  assert.equal(await field.getAttribute('aria-invalid'), 'true')
  assert.match(
    await field.evaluate((e) =>
      e
        .getAttribute('aria-describedby')
        .split(' ')
        .map((i) => document.getElementById(i).textContent)
        .join(' '),
    ),
    /Il PIN non è corretto.*Restano 2/,
  )
  assert.equal(await field.inputValue(), '')
  await w.code('Codice PIN', '99998')
  await w.text('Resta un solo tentativo')
  assert.equal(await w.tab.evaluate(() => document.activeElement.tagName), 'H2', 'a last try is nobody’s default')
  await w.click('FERMATI QUI')
  assert.equal((await w.screen('failed')).failure.code, 'last-try')
  await w.click('CHIUDI')
  await w.screen('card')
  await w.click('RINNOVA')
  await w.text('Resta un solo tentativo')
  await w.click('USA L’ULTIMO TENTATIVO')
  await w.code('Codice PIN', '99997')
  const s = await w.screen('failed')
  assert.equal(s.failure.code, 'pin-blocked')
  await w.tab.getByText(/Se hai il PUK, scegli un nuovo PIN con SBLOCCA IL PIN/).waitFor()
  await empty(w)
})

test('the diagnosis without a smart-card service has the steps of this system alone', async () => {
  await w.bench('pcsc-off')
  await w.screen('no-service')
  await w.tab.getByRole('link', { name: 'Apri la diagnosi' }).click()
  await w.text('no-smartcard-service')
  const page = await w.tab.locator('.findings').textContent()
  assert.match(page, /sudo systemctl enable --now pcscd.socket/)
  assert.doesNotMatch(page, /Windows/)
  await w.bench('pcsc-on')
  await w.click('Aggiorna')
  await w.tab.locator('.findings', { hasText: 'no-smartcard-service' }).waitFor({ state: 'detached' })
  await empty(w)
})

test('a blocked PUK, which only the assistance can mend', async () => {
  await pin(withPuk, 'puk-last')
  await w.code('Codice PIN', PIN)
  await w.text('Codice PUK')
  await w.code('Codice PUK', '00000000')
  assert.equal((await w.screen('failed')).failure.code, 'puk-blocked')
  assert.equal(await w.tab.getByRole('button', { name: 'RIPRENDI', exact: true }).count(), 0)
  await w.tab.getByText(/Per superare il problema contatta l’assistenza e fornisci/).waitFor()
  // How to reach the assistance, which the text sends to.
  for (const text of ['Assistenza', '000 000000', 'assistenza@rinnova.example', 'lun–ven 8–18']) await w.text(text)
  await w.shot('failed-assistance')
  await empty(w)
})

test('a card that was never activated', async () => {
  await pin(withoutPuk, 'not-activated')
  await w.code('Codice PIN', PIN)
  assert.equal((await w.screen('failed')).failure.code, 'card-not-activated')
  await w.text('La tessera non è attiva: il PIN, o i suoi dati, non sono ancora in uso.')
  await w.text('Rivolgiti con un documento allo sportello che attiva le tessere e consegna PIN e PUK.')
  await empty(w)
})

test('a wrong PUK: tries left, and a way out', async () => {
  await pin(withPuk)
  await w.code('Codice PIN', PIN)
  await w.text('Codice PUK')
  await w.code('Codice PUK', '00000000')
  await w.text('Il PUK non è corretto.')
  await w.tab.getByText(/Restano \d tentativi/).waitFor()
  await w.click('INDIETRO')
  const s = await w.screen('card')
  assert.equal(s.card.begun, false)
  await empty(w)
})

test('what is no code never reaches the card', async () => {
  await pin(withoutPuk)
  await w.click('PROSEGUI')
  await w.text('Scrivi il codice.')
  for (const bad of ['abcde', '7'.repeat(200), '🦆🦆🦆🦆🦆', '1'.repeat(5000), '1 2']) {
    await w.code('Codice PIN', bad)
    await w.tab.getByText(/nessun tentativo è stato usato/).waitFor()
    await w.tab.waitForTimeout(150)
  }
  const field = w.tab.getByLabel('Codice PIN')
  await field.fill(' 12 34\t5 ')
  assert.equal(await field.inputValue(), PIN, 'pasted blanks go')
  await w.click('PROSEGUI')
  await w.screen('done')
  await empty(w)
})

test('hostile names are text', async () => {
  await w.bench('insert', withPuk, 'hostile')
  const s = await w.screen('card')
  assert.match(s.card.holder, /^<img src=x onerror=alert\(1\)>"'& NOME/)
  assert.equal(await w.tab.locator('main img').count(), 0)
  assert.ok(!/[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/.test(s.card.holder))
  assert.ok(await w.tab.evaluate(() => document.documentElement.scrollWidth <= innerWidth))
  await empty(w)
})

test('a card that is taken out while the PIN is typed', async () => {
  await pin(withoutPuk)
  await w.bench('remove')
  assert.equal((await w.screen('failed')).failure.code, 'card-removed')
  await w.click('CHIUDI')
  await w.screen('no-card')
})

test('another card after the renewal', async () => {
  await pin(withoutPuk)
  await w.code('Codice PIN', PIN)
  await w.screen('done')
  await w.bench('remove')
  await w.phase('wait')
  await w.bench('insert', withoutPuk)
  await w.tab.getByText(/una tessera diversa da quella di prima/).waitFor()
  assert.equal((await w.state()).done.phase, 'insert')
  await empty(w)
})

test('hints for caps lock, num lock and letters', async () => {
  await pin(withoutPuk)
  const field = w.tab.getByLabel('Codice PIN')
  await field.pressSequentially('a')
  await w.text('Il codice è fatto di sole cifre.')
  await field.fill('')
  await field.evaluate((e) =>
    e.dispatchEvent(Object.assign(new KeyboardEvent('keydown', { code: 'Numpad5', key: 'Clear', bubbles: true }))),
  )
  await w.tab.getByText(/Bloc Num non è attivo/).waitFor()
  await field.evaluate((e) =>
    e.dispatchEvent(new KeyboardEvent('keydown', { code: 'KeyA', key: 'A', modifierCapsLock: true, bubbles: true })),
  )
  await w.text('Bloc Maiusc è attivo.')
  await empty(w)
})

test('no code is in a state, the page or the browser’s storage', async () => {
  await pin(withoutPuk)
  await w.code('Codice PIN', '97531')
  await w.text('Il PIN non è corretto.')
  const everything = await w.tab.evaluate(async () => {
    const headers = { 'X-Rinnova-Secret': sessionStorage.getItem('rinnova-secret') }
    return (
      document.documentElement.outerHTML +
      JSON.stringify(await (await fetch('/api/state', { headers })).json()) +
      JSON.stringify({ ...localStorage, ...sessionStorage }) +
      JSON.stringify(await (await fetch('/api/diagnosis', { headers })).json())
    )
  })
  assert.ok(!everything.includes('97531'))
  await empty(w)
})
