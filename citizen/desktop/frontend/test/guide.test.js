// SPDX-License-Identifier: EUPL-1.2

// The guide, branch by branch, with its strings to the letter.
import assert from 'node:assert/strict'
import { readFileSync, rmSync } from 'node:fs'
import { after, afterEach, before, test } from 'node:test'
import { empty, withoutPuk, withPuk } from './tour.js'
import { artifacts, open, PIN, PUK } from './window.js'

let w
before(async () => {
  w = await open()
})
after(() => w.close())
afterEach(() => empty(w))

/** Everything that was on the screen at some time, so that no stage is missed. */
async function collectTexts() {
  await w.tab.evaluate(() => {
    window.texts = new Set()
    const take = () => {
      for (const e of document.querySelectorAll(
        'dialog h2, dialog p, dialog .dialog-title, main h1, main p, main button, dialog button, dialog label',
      ))
        window.texts.add(e.textContent)
    }
    new MutationObserver(take).observe(document.body, { subtree: true, childList: true, characterData: true })
    take()
  })
  return async () => new Set(await w.tab.evaluate(() => [...window.texts]))
}

/** Every drawing of the running renewal, so that a short stage is not missed. */
async function collectProgress({ tab }) {
  await tab.evaluate(() => {
    window.drawn = []
    const text = (selector) => document.querySelector(selector)?.textContent
    new MutationObserver(() => {
      if (text('dialog h2') !== 'Rinnovo del certificato in corso, attendere...' || !text('.stage')) return
      window.drawn.push({
        stage: text('.stage'),
        value: document.querySelector('[role=progressbar]').getAttribute('aria-valuenow'),
        keep: text('dialog .lead'),
        said: text('dialog > [role=status]'),
      })
    }).observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true })
  })
  return () => tab.evaluate(() => window.drawn)
}

const stages = {
  puk: ['Generazione filesystem di firma in corso ...'],
  all: ['Generazione chiave in corso ...', 'Installazione certificato in corso ...'],
}

test('a whole renewal on each series of 2020, steps 8 to 15', async (t) => {
  const series = ['AC2013', 'AC2014', 'AC2018', 'OT2015', 'OT2016', 'ID2019']
  const { demo } = await w.state()
  for (const s of series) {
    await t.test(s, async () => {
      assert.ok(demo.series.includes(s))
      const puk = s.startsWith('AC')
      await w.bench('insert', s)
      const { card } = await w.screen('card')
      await w.text('La tua tessera')
      await w.tab.getByRole('img', { name: /sigla/ }).waitFor()
      // The campaign of 2020 takes ID2019 and not the later siglas of its chip; elsewhere the answer changes nothing.
      assert.equal(card.asksSeries, s === 'ID2019')
      if (card.asksSeries) {
        await w.tab.getByLabel('Non lo so', { exact: true }).waitFor()
        await w.tab.getByLabel(s, { exact: true }).check()
        assert.equal(await w.tab.getByRole('img', { name: /sigla/ }).textContent(), s)
      } else assert.equal(await w.tab.getByRole('radio').count(), 0)
      await w.click('RINNOVA')
      await w.screen('prompt')
      const dialog = w.tab.getByRole('dialog', { name: 'Rinnovo certificato' })
      await dialog.waitFor()
      await w.text('Autenticazione')
      await w.text('Inserisci il PIN corretto per continuare il rinnovo')
      assert.equal(await w.tab.getByRole('button', { name: 'INDIETRO', exact: true }).count(), 1)
      assert.equal(await w.tab.evaluate(() => document.activeElement.id), 'code')
      assert.equal(await w.tab.getByLabel('Codice PIN').getAttribute('type'), 'password')
      await w.tab.getByRole('button', { name: 'Mostra il codice' }).click()
      assert.equal(await w.tab.getByLabel('Codice PIN').getAttribute('type'), 'text')
      await w.tab.getByRole('button', { name: 'Nascondi il codice' }).click()
      const texts = await collectTexts()
      await w.code('Codice PIN', PIN)
      if (puk) {
        await w.text('Inserisci il PUK corretto per continuare il rinnovo')
        await w.tab.getByText(/bloccano la tessera per sempre/).waitFor()
        await w.tab.getByText(/non è stato cambiato nulla/).waitFor()
        await w.code('Codice PUK', PUK)
      }
      await w.screen('done')
      await w.text('Certificato rinnovato con successo')
      await w.text('Il nuovo certificato è valido fino al 30/06/2020.')
      const seen = await texts()
      if (!puk) assert.ok(!seen.has('Inserisci il PUK corretto per continuare il rinnovo'), 'the PUK was asked')
      // Step 14
      await w.bench('remove')
      await w.phase('wait')
      await w.tab.getByText(/ancora \d second/).waitFor()
      await w.click('Salta l’attesa')
      await w.phase('insert')
      await w.bench('back')
      await w.phase('seen')
      await w.text('Il nuovo certificato è sulla tessera.')
      await w.click('Aggiungi ai browser')
      await w.text('Il modulo è stato aggiunto. Apri il browser e accedi con la tessera.')
      await w.click('Togli dai browser')
      await w.text('Il modulo è stato tolto: i browser sono come prima.')
      // Step 15
      await w.click('PROVA L’ACCESSO')
      await w.phase('entered')
      await w.tab
        .getByText(
          /Accesso riuscito: BRUNILDE ESEMPIO, codice fiscale SMPBNL…2H, certificato valido fino al 30\/06\/2020/,
        )
        .waitFor()
      await w.click('CHIUDI')
      // The same card again: T5, already renewed
      await w.screen('nothing')
      const { card: again } = await w.state()
      await w.text(`Nessun certificato rinnovabile presente nella carta: ${again.id}`)
      assert.match(again.id, /^\d{4}…\d{3}$/)
      await w.text('Già rinnovato')
      await empty(w)
    })
  }
})

test('T4 while a change is read, and the recovery list of scenario I after a limit', async () => {
  const slow = await open({ flags: ['--late', '1s'] })
  await slow.bench('insert', withPuk, 'slow-card')
  await slow.text('Rilevata modifica ai dispositivi. Caricamento in corso..')
  await slow.text('La lettura dura più del previsto')
  assert.equal(await slow.tab.locator('ol li').count(), 4)
  await slow.tab.getByText(/La tessera o il lettore non hanno ancora risposto/).waitFor()
  await slow.bench('remove')
  await slow.screen('no-card')
  await slow.bench('insert', withPuk, 'slow-service')
  await slow.tab.getByText(/il servizio di rinnovo non ha ancora risposto/).waitFor()
  await slow.close()
})

test('T13 above a real bar, stages below it, and the warning not to remove the card', async () => {
  const slow = await open({ flags: [] })
  await slow.bench('insert', withPuk)
  await slow.screen('card')
  await slow.click('RINNOVA')
  await slow.screen('prompt')
  await slow.code('Codice PIN', PIN)
  await slow.text('Codice PUK')
  const drawn = await collectProgress(slow)
  await slow.code('Codice PUK', PUK)
  await slow.screen('done')
  const seen = [],
    values = []
  for (const now of await drawn()) {
    if (seen.at(-1) !== now.stage) seen.push(now.stage)
    values.push(now.value)
    assert.equal(now.keep, 'Non rimuovere la tessera')
    assert.equal(now.said, now.stage)
  }
  for (const x of [...stages.puk, ...stages.all]) assert.ok(seen.includes(x), `${x} not in ${seen}`)
  const order = [...stages.puk, ...stages.all].map((x) => seen.indexOf(x))
  assert.deepEqual(
    order,
    [...order].sort((a, b) => a - b),
  )
  assert.ok(values.includes(null), 'the key is made without a percentage')
  const numbers = values.filter((v) => v !== null).map(Number)
  assert.deepEqual(
    numbers,
    [...numbers].sort((a, b) => a - b),
    'the bar went back',
  )
  const ends = [1, 2, 5, 6, 82, 90, 93, 96, 100] // of the steps (docs/RENEWAL.md)
  const within = new Set(numbers.filter((n) => !ends.includes(n)))
  assert.ok(within.size >= 2, `the bar stood still within the steps: ${[...new Set(numbers)]}`)
  await slow.close()
})

test('INDIETRO changes nothing, at the PIN and at the PUK', async () => {
  await w.bench('insert', withPuk)
  await w.screen('card')
  await w.click('RINNOVA')
  await w.screen('prompt')
  await w.click('INDIETRO')
  await w.screen('card')
  await w.click('RINNOVA')
  await w.screen('prompt')
  await w.code('Codice PIN', PIN)
  await w.text('Codice PUK')
  await w.click('INDIETRO')
  const s = await w.screen('card')
  assert.equal(s.card.begun, false)
  assert.equal(s.card.needsPuk, true)
  await empty(w)
})

test('T17 with T18, what happened, the card, what to do, the code', async () => {
  await w.bench('insert', withoutPuk, 'cut-install')
  await w.screen('card')
  await w.click('RINNOVA')
  await w.screen('prompt')
  await w.code('Codice PIN', PIN)
  await w.screen('failed')
  await w.text('Rinnovo certificato non riuscito')
  await w.tab.getByRole('button', { name: 'questi dati di errore', exact: true }).waitFor()
  await w.text('card-removed')
  await w.tab.getByText(/La tessera è integra/).waitFor()
  // The renewal can go on: the assistance is there for a second time, and folded.
  await w.tab.getByText(/Se succede ancora contatta l’assistenza e fornisci/).waitFor()
  await w.tab.getByRole('button', { name: 'RIPRENDI', exact: true }).waitFor()
  assert.equal(await w.tab.getByText('assistenza@rinnova.example').isVisible(), false)
  // The contents are told before the report is saved; the file is a CMS EnvelopedData.
  assert.equal(await w.tab.locator('.contents dl.explained').isVisible(), false)
  await w.tab.getByText('Che cosa contiene il file', { exact: true }).click()
  await w.tab.locator('.contents dl.explained').waitFor()
  const told = Object.fromEntries(
    await w.tab
      .locator('.contents dl.explained > div')
      .evaluateAll((rows) => rows.map((r) => [r.querySelector('dt').textContent, r.querySelector('dd').textContent])),
  )
  delete told['Driver dei lettori'] // where there are some
  assert.deepEqual(Object.keys(told), [
    'Data e ora',
    'Programma',
    'Sistema operativo',
    'Lettori',
    'Modello della tessera',
    'Errore',
    'Passi eseguiti, con l’ora',
    'Numeri delle richieste al servizio',
    'Comandi scambiati con la tessera',
  ])
  assert.match(told['Data e ora'], /^25\/05\/20, 10:0/)
  assert.match(told['Programma'], /^rinnova-window /)
  assert.equal(told['Lettori'], 'Lettore dimostrativo 1 (usato)')
  assert.match(told['Modello della tessera'], /OT2016.*ATR 3B/)
  assert.match(told['Errore'], /^card-removed/)
  assert.equal(
    told['Passi eseguiti, con l’ora'],
    'Lettura della tessera; Verifica della rinnovabilità; Verifica del PIN; ' +
      'Generazione filesystem di firma in corso; Generazione chiave in corso; ' +
      'Richiesta del certificato in corso; Controllo del certificato; ' +
      'Installazione certificato in corso',
  )
  assert.match(told['Comandi scambiati con la tessera'], /^\d{2,3}, senza codici e senza il contenuto dei file$/)
  await w.tab.getByText(/Non contiene PIN, PUK, nome/).waitFor()
  const { contents } = await w.state()
  assert.ok(
    !/BRUNILDE|ESEMPIO|SMPBNL|12345/.test(JSON.stringify({ ...contents, requests: [] })),
    'the report names the holder',
  )
  rmSync(artifacts + 'ErrorLogs.zip.p7e', { force: true })
  await w.click('questi dati di errore')
  await w.text(`Salvato in ${artifacts}ErrorLogs.zip.p7e`)
  const sealed = readFileSync(artifacts + 'ErrorLogs.zip.p7e')
  assert.ok(sealed.includes(Buffer.from('06092a864886f70d010703', 'hex')), 'no id-envelopedData')
  assert.ok(!sealed.includes('PK\x03\x04'))
  await w.click('CHIUDI')
  await w.screen('no-card')
  // Put back: offered first, in one button, and it ends.
  await w.bench('back')
  const s = await w.screen('card')
  assert.equal(s.card.begun, true)
  await w.click('RIPRENDI IL RINNOVO')
  await w.screen('prompt')
  await w.code('Codice PIN', PIN)
  await w.screen('done')
  await empty(w)
})

test('the card is pulled at each stage and the renewal resumed', async (t) => {
  const stages = {
    identify: 'Lettura della tessera',
    unlock: 'Verifica del PIN',
    prepare: 'Generazione filesystem di firma in corso',
    generate: 'Generazione chiave in corso',
    request: 'Richiesta del certificato in corso',
    install: 'Installazione certificato in corso',
    prove: 'Prova del nuovo certificato',
    confirm: 'Conferma al servizio',
  }
  // A Go test holds these to the steps that use the card.
  const steps = (await w.state()).demo.faults.filter((f) => f.startsWith('cut-')).map((f) => f.slice(4))
  assert.deepEqual(steps, Object.keys(stages))
  for (const [i, step] of steps.entries()) {
    await t.test(step, async () => {
      await w.bench('insert', withPuk, `cut-${step}`)
      await w.screen('card')
      await w.click('RINNOVA')
      if (i >= steps.indexOf('unlock')) {
        await w.text('Inserisci il PIN corretto per continuare il rinnovo')
        await w.code('Codice PIN', PIN)
      }
      if (i >= steps.indexOf('prepare')) {
        await w.text('Inserisci il PUK corretto per continuare il rinnovo')
        await w.code('Codice PUK', PUK)
      }
      const f = await w.screen('failed')
      assert.deepEqual([f.failure.code, f.failure.step], ['card-removed', step])
      await w.text('Rinnovo certificato non riuscito')
      assert.deepEqual(await w.tab.locator('dialog .dialog-body > dl.explained dd').allTextContents(), [
        'La tessera è stata tolta, o il lettore scollegato, durante il lavoro.',
        i >= steps.indexOf('prepare')
          ? 'La tessera è integra: il certificato attuale è al suo posto. Il rinnovo riprende da dove si è fermato.'
          : 'La tessera è integra: il certificato attuale è al suo posto e nulla è stato cambiato.',
        'Reinserisci la tessera e riprendi il rinnovo.',
        `card-removed (101, durante: ${stages[step]}) · Spiegato nella diagnosi`,
      ])
      await w.click('CHIUDI')
      await w.screen('no-card')
      await w.text('Inserisci la tessera')
      await w.bench('back')
      const s = await w.screen('card')
      const begun = i >= steps.indexOf('prepare')
      assert.equal(s.card.begun, begun)
      if (begun) await w.text('Un rinnovo di questa tessera è rimasto a metà')
      await w.click(begun ? 'RIPRENDI IL RINNOVO' : 'RINNOVA')
      await w.text('Inserisci il PIN corretto per continuare il rinnovo')
      await w.code('Codice PIN', PIN)
      if (!begun) {
        await w.text('Inserisci il PUK corretto per continuare il rinnovo')
        await w.code('Codice PUK', PUK)
      }
      await w.screen('done')
      await w.text('Certificato rinnovato con successo')
      await w.text('Il nuovo certificato è valido fino al 30/06/2020.')
      await empty(w)
    })
  }
})

test('the service is down and comes back', async () => {
  await w.bench('down')
  await w.bench('insert', withoutPuk)
  const s = await w.screen('unknown')
  assert.equal(s.failure.code, 'service-unreachable')
  assert.equal(await w.tab.getByRole('button', { name: 'RINNOVA', exact: true }).count(), 0)
  await w.bench('up')
  await w.click('Riprova')
  await w.screen('card')
  await empty(w)
  for (const fault of ['lost-request', 'lost-confirm']) {
    await w.bench('insert', withoutPuk, fault)
    await w.screen('card')
    await w.click('RINNOVA')
    await w.screen('prompt')
    await w.code('Codice PIN', PIN)
    // The message is sent again, without a PIN.
    await w.tab.getByText(/In attesa del servizio: nuovo tentativo fra \d+ secondi/).first().waitFor()
    await w.screen('done')
    await empty(w)
  }
})

test('two campaigns: chosen, never guessed', async () => {
  await w.bench('twice')
  await w.bench('insert', withoutPuk)
  await w.screen('card')
  await w.text('Più proroghe accettano questo certificato: scegli quella che vuoi.')
  await w.click('RINNOVA')
  await w.text('Scegli una proroga.')
  assert.equal((await w.state()).screen, 'card')
  await w.tab.getByLabel('Estensione al 31 dicembre 2020: valido fino al 31/12/2020', { exact: true }).check()
  await w.click('RINNOVA')
  await w.screen('prompt')
  await w.code('Codice PIN', PIN)
  await w.screen('done')
  await w.text('Il nuovo certificato è valido fino al 31/12/2020.')
  await empty(w)
})

test('two cards: chosen, never guessed', async () => {
  await w.bench('insert', withPuk)
  await w.screen('card')
  await w.bench('insert-second', withoutPuk)
  await w.screen('choose')
  assert.equal(await w.tab.getByRole('button', { name: 'RINNOVA', exact: true }).count(), 0)
  const label = /^Usa la tessera di BRUNILDE ESEMPIO, numero 6090…\d{3}, certificato fino al 14\/06\/2020$/
  const cards = w.tab.getByRole('button', { name: label })
  await cards.nth(1).waitFor()
  const item = w.tab.getByRole('listitem').filter({ hasText: 'Nel lettore «Lettore dimostrativo 2»' })
  await item.getByRole('button').click()
  const s = await w.screen('card')
  assert.ok(s.card.series.includes(withoutPuk))
  await w.click('Scegli un’altra tessera')
  await w.screen('choose')
  await empty(w)
})

test('RIPRENDI goes on with the renewal that failed', async () => {
  await w.bench('insert', withoutPuk, 'cut-request')
  await w.screen('card')
  await w.click('RINNOVA')
  await w.screen('prompt')
  await w.code('Codice PIN', PIN)
  await w.screen('failed')
  await w.bench('back')
  await w.click('RIPRENDI')
  await w.screen('prompt')
  await w.code('Codice PIN', PIN)
  await w.screen('done')
  await empty(w)
})

test('a blocked PIN is told until the card is taken out, and RINNOVA is not offered again', async () => {
  await w.bench('insert', withoutPuk, 'pin-last')
  await w.screen('card')
  await w.click('RINNOVA')
  await w.screen('prompt')
  await w.text(/Dopo 3 errori di seguito il PIN si blocca\./)
  await w.code('Codice PIN', '99999')
  await w.screen('failed')
  await w.text('pin-blocked')
  assert.equal(await w.tab.getByRole('button', { name: 'RIPRENDI', exact: true }).count(), 0)
  await w.click('CHIUDI')
  await w.screen('unknown')
  await w.tab.getByRole('heading', { name: 'Il PIN è bloccato' }).waitFor()
  assert.equal(await w.tab.getByRole('button', { name: 'RINNOVA', exact: true }).count(), 0)
  await w.click('Riprova')
  await w.screen('card')
  await empty(w)
})

test('the button of the first screen is in view at 1366 by 660', async () => {
  await w.tab.setViewportSize({ width: 1366, height: 660 })
  for (const series of [withPuk, withoutPuk, 'ID2019']) {
    await w.bench('insert', series)
    await w.screen('card')
    const button = w.tab.getByRole('button', { name: 'RINNOVA', exact: true })
    await button.waitFor()
    const box = await button.boundingBox()
    assert.ok(box.y + box.height <= 660, `${series}: the button ends at ${box.y + box.height}`)
  }
  await w.tab.setViewportSize({ width: 1100, height: 860 })
  await empty(w)
})

test('the guide in the window, while the service is down', async () => {
  await w.bench('down')
  await w.tab.locator('#nav-guide').click()
  await w.tab.getByRole('heading', { level: 2, name: 'Rinnovare', exact: true }).waitFor()
  assert.equal(await w.tab.locator('.guide figure').count(), 16)
  for (const picture of await w.tab.locator('.guide img').all()) {
    await picture.scrollIntoViewIfNeeded()
    const width = await picture.evaluate((p) => p.decode().then(() => p.naturalWidth))
    assert.ok(width > 0, await picture.getAttribute('src'))
  }
  for (const link of await w.tab.locator('.guide a').all()) {
    const place = await link.getAttribute('href')
    assert.match(place, /^#/, 'a link leaves the window')
    await link.click()
    assert.equal(await w.tab.evaluate(() => `#${document.activeElement.id}`), place)
    assert.equal(await w.tab.evaluate(() => location.hash), '#guide')
  }
  await w.bench('up')
  await w.tab.locator('#nav-card').click()
  await w.tab.getByRole('heading', { name: 'Inserisci la tessera' }).waitFor()
})
