// SPDX-License-Identifier: EUPL-1.2
import { PIN, PUK } from './window.js'

// One card of each kind, by what the guide says of it.
export const withPuk = 'AC2014'
export const withoutPuk = 'OT2016'
const ambiguous = 'ID2019'

/** How to come to every screen. Each leaves the window ready for the next by empty(). */
export const screens = [
  [
    'no-service',
    async (w) => {
      await w.bench('pcsc-off')
      await w.screen('no-service')
    },
  ],
  [
    'no-reader',
    async (w) => {
      await w.bench('pcsc-on')
      await w.bench('readers-off')
      await w.screen('no-reader')
    },
  ],
  [
    'no-card',
    async (w) => {
      await w.bench('readers-on')
      await w.screen('no-card')
    },
  ],
  [
    'choose',
    async (w) => {
      await w.bench('insert', withPuk)
      await w.screen('card')
      await w.bench('insert-second', withoutPuk)
      await w.screen('choose')
    },
  ],
  [
    'loading',
    async (w) => {
      await w.bench('insert', withPuk, 'slow-card')
      await w.screen('loading')
    },
  ],
  [
    'loading-late',
    async (w) => {
      await w.bench('insert', withPuk, 'slow-card')
      await w.tab.getByRole('heading', { name: 'La lettura dura più del previsto' }).waitFor()
    },
  ],
  ...['mute', 'contactless', 'not-cns', 'cie', 'foreign', 'other-cns', 'unknown-model', 'busy'].map((f) => [
    `unreadable-${f}`,
    async (w) => {
      await w.bench('insert', withPuk, f)
      await w.screen('unreadable')
    },
  ]),
  [
    'unknown',
    async (w) => {
      await w.bench('down')
      await w.bench('insert', withPuk)
      await w.screen('unknown')
    },
  ],
  [
    'unknown-too-old',
    async (w) => {
      await w.bench('insert', withPuk, 'too-old')
      await w.screen('unknown')
    },
  ],
  ...['renewed', 'empty', 'unregistered'].map((f) => [
    `nothing-${f}`,
    async (w) => {
      await w.bench('insert', withPuk, f)
      await w.screen('nothing')
    },
  ]),
  [
    'nothing-closed',
    async (w) => {
      await w.bench('shut')
      await w.bench('insert', withPuk)
      await w.screen('nothing')
    },
  ],
  [
    'card',
    async (w) => {
      await w.bench('insert', withoutPuk)
      await w.screen('card')
    },
  ],
  [
    'card-puk',
    async (w) => {
      await w.bench('insert', withPuk)
      await w.screen('card')
    },
  ],
  [
    'card-sigla',
    async (w) => {
      await w.bench('insert', ambiguous)
      await w.screen('card')
      await w.tab.getByLabel('Non lo so', { exact: true }).waitFor()
    },
  ],
  [
    'card-begun',
    async (w) => {
      await w.bench('insert', withPuk, 'begun')
      await w.screen('card')
    },
  ],
  [
    'card-campaigns',
    async (w) => {
      await w.bench('twice')
      await w.bench('insert', withPuk)
      await w.screen('card')
      await w.click('RINNOVA')
      await w.text('Scegli una proroga.')
    },
  ],
  [
    'card-hostile',
    async (w) => {
      await w.bench('insert', withPuk, 'hostile')
      await w.screen('card')
    },
  ],
  [
    'series',
    async (w) => {
      await w.bench('insert', ambiguous)
      await w.screen('card')
      await w.click('RINNOVA')
      await w.screen('prompt')
    },
  ],
  [
    'pin',
    async (w) => {
      await pin(w, withPuk)
    },
  ],
  [
    'pin-keypad',
    async (w) => {
      await pin(w, withPuk)
      await w.click('Tastiera a schermo')
    },
  ],
  [
    'pin-wrong',
    async (w) => {
      await pin(w, withPuk)
      await w.code('Codice PIN', '99999')
      await w.text('Il PIN non è corretto.')
    },
  ],
  [
    'pin-malformed',
    async (w) => {
      await pin(w, withPuk)
      await w.code('Codice PIN', 'abc')
      await w.tab.getByText(/nessun tentativo è stato usato/).waitFor()
    },
  ],
  [
    'last-try',
    async (w) => {
      await pin(w, withPuk, 'pin-last')
      await w.code('Codice PIN', '99999')
      await w.screen('failed')
    },
    'failed',
  ],
  [
    'last-try-consent',
    async (w) => {
      await pin(w, withPuk)
      for (let i = 0; i < 2; i++) {
        await w.code('Codice PIN', '9999' + i)
        await w.tab.waitForTimeout(300)
      }
      await w.text('Resta un solo tentativo')
    },
  ],
  [
    'puk',
    async (w) => {
      await puk(w)
    },
  ],
  [
    'running',
    async (w) => {
      await pin(w, withoutPuk, 'slow-key')
      await w.code('Codice PIN', PIN)
      await w.text('Generazione chiave in corso ...')
    },
  ],
  [
    'failed',
    async (w) => {
      await pin(w, withoutPuk, 'cut-install')
      await w.code('Codice PIN', PIN)
      await w.screen('failed')
    },
  ],
  [
    'failed-blocked',
    async (w) => {
      await pin(w, withoutPuk, 'pin-blocked')
      await w.code('Codice PIN', PIN)
      await w.screen('failed')
    },
  ],
  [
    'pin-blocked',
    async (w) => {
      await pin(w, withPuk, 'pin-blocked')
      await w.code('Codice PIN', PIN)
      await w.screen('failed')
      await w.click('CHIUDI')
      await w.screen('unknown')
    },
  ],
  [
    'pinpad',
    async (w) => {
      await pin(w, withPuk, 'pinpad')
      await w.text('Usa la tastiera del lettore')
    },
  ],
  [
    'pinpad-typing',
    async (w) => {
      await pin(w, withPuk, 'pinpad')
      await w.click('SCRIVI SUL LETTORE')
      await w.text('Scrivi il PUK sul lettore, non il PIN')
    },
  ],
  [
    'pinpad-timeout',
    async (w) => {
      await pin(w, withPuk, 'pinpad')
      await w.click('SCRIVI SUL LETTORE')
      await w.text('Il codice non è stato scritto in tempo sul lettore: nessun tentativo è stato usato.')
    },
  ],
  [
    'pinpad-change',
    async (w) => {
      await w.bench('insert', withoutPuk, 'pinpad')
      await w.screen('card')
      await w.click('Cambia il PIN')
      await w.text('Il lettore chiederà il PIN di adesso, poi due volte il nuovo PIN.')
    },
  ],
  [
    'pin-now',
    async (w) => {
      await changing(w)
    },
  ],
  [
    'pin-puk',
    async (w) => {
      await w.bench('insert', withPuk)
      await w.screen('card')
      await w.click('Ho dimenticato il PIN')
      await w.text('Codice PUK')
    },
  ],
  [
    'pin-new',
    async (w) => {
      await changing(w)
      await w.code('Codice PIN', PIN)
      await w.text('Scegli un nuovo PIN')
    },
  ],
  [
    'pin-weak',
    async (w) => {
      await changing(w)
      await w.code('Codice PIN', PIN)
      await newPIN(w, '11111')
      await w.text('Il nuovo PIN ripete le stesse cifre: si indovina facilmente.')
    },
  ],
  [
    'pin-changed',
    async (w) => {
      await changing(w)
      await w.code('Codice PIN', PIN)
      await newPIN(w, NEW)
      await w.screen('new-pin')
    },
  ],
  [
    'pin-unknown',
    async (w) => {
      await changing(w, 'pin-lost')
      await w.code('Codice PIN', PIN)
      await newPIN(w, NEW)
      await w.screen('failed')
    },
  ],
  [
    'pin-doubt',
    async (w) => {
      await changing(w, 'pin-lost')
      await w.code('Codice PIN', PIN)
      await newPIN(w, NEW)
      await w.screen('failed')
      await w.click('CHIUDI')
      await w.bench('back')
      await w.screen('card')
      await w.click('RINNOVA')
      await w.screen('prompt')
    },
  ],
  [
    'pin-no-command',
    async (w) => {
      await w.bench('insert', 'ACe2025')
      await w.screen('nothing')
      await w.tab.getByRole('heading', { name: 'PIN', exact: true }).scrollIntoViewIfNeeded()
    },
  ],
  [
    'done',
    async (w) => {
      await done(w)
    },
  ],
  [
    'done-wait',
    async (w) => {
      await done(w)
      await w.bench('remove')
      await w.phase('wait')
    },
  ],
  [
    'done-insert',
    async (w) => {
      await done(w)
      await w.bench('remove')
      await w.phase('wait')
      await w.click('Salta l’attesa')
      await w.phase('insert')
    },
  ],
  [
    'done-seen',
    async (w) => {
      await done(w)
      await w.bench('remove')
      await w.phase('wait')
      await w.bench('back')
      await w.phase('seen')
    },
  ],
  [
    'done-entered',
    async (w) => {
      await done(w)
      await w.bench('remove')
      await w.phase('wait')
      await w.bench('back')
      await w.phase('seen')
      await w.click('PROVA L’ACCESSO')
      await w.phase('entered')
    },
  ],
  [
    'done-browsers',
    async (w) => {
      await done(w)
      await w.click('Aggiungi ai browser')
      await w.click('Togli dai browser')
      await w.text('Il modulo è stato tolto: i browser sono come prima.')
    },
  ],
  [
    'diagnosis',
    async (w) => {
      await w.tab.locator('#nav-diagnosis').click()
      await w.tab.getByRole('heading', { name: 'Servizio di rinnovo' }).waitFor()
    },
  ],
  [
    'diagnosis-card',
    async (w) => {
      await w.bench('down')
      await w.bench('insert', withPuk, 'pin-last')
      await w.screen('unknown')
      await w.tab.locator('#nav-diagnosis').click()
      await w.text('Il servizio di rinnovo non è raggiungibile.')
    },
  ],
  [
    'diagnosis-saved',
    async (w) => {
      await w.tab.locator('#nav-diagnosis').click()
      await w.tab.getByText('Che cosa contiene', { exact: true }).click()
      await w.click('Salva')
      await w.tab.getByText(/^Salvato in .*Rinnova-diagnosi\.txt$/).waitFor()
    },
  ],
  [
    'diagnosis-explains',
    async (w) => {
      await pin(w, withPuk, 'pin-blocked')
      await w.code('Codice PIN', PIN)
      await w.screen('failed')
      await w.click('Spiegato nella diagnosi')
      await w.tab.getByRole('button', { name: 'Sblocca il PIN', exact: true }).waitFor()
    },
  ],
  [
    'browsers',
    async (w) => {
      await w.tab.locator('#nav-diagnosis').click()
      await w.click('Aggiungi ai browser')
      await w.tab.getByRole('button', { name: 'Togli dai browser', exact: true }).waitFor()
    },
  ],
  [
    'guide',
    async (w) => {
      await w.tab.locator('#nav-guide').click()
      await w.tab.getByRole('heading', { name: 'Rinnovare', exact: true }).waitFor()
    },
  ],
  [
    'about',
    async (w) => {
      await w.tab.locator('#nav-about').click()
      await w.tab.getByRole('heading', { name: 'Informazioni' }).waitFor()
    },
  ],
  [
    'accessibility',
    async (w) => {
      await w.tab.locator('#nav-accessibility').click()
      await w.tab.getByRole('heading', { name: 'Accessibilità' }).waitFor()
    },
  ],
]

/** Comes to the question for the PIN. */
export async function pin(w, series, fault = '') {
  await w.bench('insert', series, fault)
  await w.screen('card')
  await w.click('RINNOVA')
  await w.screen('prompt')
}

/** Comes to the question for the PUK. */
export async function puk(w, fault = '') {
  await pin(w, withPuk, fault)
  await w.code('Codice PIN', PIN)
  await w.text('Codice PUK')
}

/** Comes to the question for the PIN that is to be changed. */
export async function changing(w, fault = '') {
  await w.bench('insert', withoutPuk, fault)
  await w.screen('card')
  await w.click('Cambia il PIN')
  await w.text('Inserisci il PIN di adesso')
}

/** Types a new PIN twice, the second time as told. */
export async function newPIN(w, pin, again = pin) {
  await w.tab.getByLabel('Nuovo PIN', { exact: true }).fill(pin)
  await w.code('Ripeti il nuovo PIN', again)
}

/** A PIN that is not easy to guess. */
export const NEW = '80357'

async function done(w) {
  await puk(w)
  await w.code('Codice PUK', PUK)
  await w.screen('done')
}

/** Back to a reader without a card. */
export async function empty(w) {
  const s = await w.state()
  if (s.screen === 'prompt') {
    const back = { 'last-try': 'FERMATI QUI' }[s.prompt.kind] ?? 'INDIETRO'
    await w.click(back)
    await w.screen('card', 'failed', 'nothing', 'unknown')
  }
  if (s.screen === 'running') {
    await w.bench('remove')
    await w.screen('done', 'failed', 'new-pin')
  }
  if (['failed', 'done', 'new-pin'].includes((await w.state()).screen)) {
    await w.tab.getByRole('button', { name: 'CHIUDI', exact: true }).last().click()
    await w.tab.waitForTimeout(150)
  }
  await w.tab.locator('#nav-card').click()
  for (const a of ['up', 'reopen', 'once', 'pcsc-on', 'readers-on', 'remove', 'remove-second']) await w.bench(a)
  await w.screen('no-card')
}
