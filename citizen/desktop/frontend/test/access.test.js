// SPDX-License-Identifier: EUPL-1.2

// Every screen in every look, and the window without a mouse, without a picture, without a network.
import AxeBuilder from '@axe-core/playwright'
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { examine, invisible, layout } from './look.js'
import { empty, screens, withoutPuk, withPuk } from './tour.js'
import { open, PIN, PUK } from './window.js'

let shared
after(async () => {
  await shared?.close()
})

for (const [name, go] of screens) {
  test(`screen ${name}`, async () => {
    shared ??= await open({ flags: ['--fast', '--late', '1s', '--pause', '20s'], reducedMotion: 'reduce' })
    const w = shared
    shared = undefined // given back when all went well
    try {
      await go(w)
      await w.tab.waitForTimeout(80)
      await examine(w, name)
      await empty(w)
      shared = w
    } catch (e) {
      await w.close().catch(() => {}) // or the program goes on
      throw e
    }
  })
}

test('the checks are not vacuous', async () => {
  const w = await open()
  await w.bench('insert', withoutPuk)
  await w.screen('card')
  await w.tab.evaluate(() => {
    document.documentElement.lang = ''
    document.querySelector('main p').style.color = '#ddd'
    document.querySelector('.actions').style.marginTop = '-60px'
    const name = document.querySelector('main dt')
    name.style.color = name.style.background = '#fff'
  })
  const { violations, incomplete } = await new AxeBuilder({ page: w.tab }).analyze()
  assert.equal(invisible(incomplete).length, 1)
  assert.deepEqual(violations.map((v) => v.id).sort(), ['color-contrast', 'html-has-lang'])
  assert.ok((await layout(w)).some((p) => / over /.test(p)))
  await w.tab.evaluate(() => {
    document.documentElement.lang = 'it'
  })
  await w.close()
})

test('forced colours and reduced motion', async () => {
  const w = await open({ forcedColors: 'active', reducedMotion: 'reduce' })
  await w.screen('no-card')
  assert.equal(await w.tab.locator('.d-moving').evaluate((e) => getComputedStyle(e).animationName), 'none')
  await w.bench('insert', withoutPuk)
  await w.screen('card')
  assert.notEqual(await w.tab.locator('#renew').evaluate((e) => getComputedStyle(e).borderTopStyle), 'none')
  const line = (link) => w.tab.locator(link).evaluate((e) => getComputedStyle(e).borderBottomColor)
  assert.notEqual(await line('#nav-card'), await line('#nav-guide'), 'the page that is open')
  await w.close()
})

test('text size, colours and language are the person’s', async () => {
  const w = await open()
  const size = () => w.tab.evaluate(() => parseFloat(getComputedStyle(document.querySelector('h1')).fontSize))
  const before = await size()
  for (let i = 0; i < 4; i++) await w.tab.getByRole('button', { name: 'Ingrandisci il testo' }).click()
  assert.equal(Math.round(((await size()) / before) * 100), 200)
  assert.equal(
    await w.tab.evaluate(() => document.activeElement.id),
    'smaller',
    'the focus goes to what can still be pressed',
  )
  await w.tab.getByLabel('Colori').selectOption('dark')
  assert.equal(await w.tab.evaluate(() => document.documentElement.dataset.theme), 'dark')
  await w.tab.getByLabel('Lingua').selectOption('de')
  await w.tab.getByRole('heading', { name: 'Stecken Sie die Karte ein' }).waitFor()
  assert.equal(await w.tab.evaluate(() => document.documentElement.lang), 'de')
  await w.tab.reload()
  await w.tab.getByRole('heading', { name: 'Stecken Sie die Karte ein' }).waitFor()
  assert.equal(Math.round(((await size()) / before) * 100), 200)
  await w.shot('german-200')
  await w.close()
})

test('nothing is asked of a network', async () => {
  const w = await open()
  const asked = new Set()
  w.tab.on('request', (r) => asked.add(new URL(r.url()).host))
  await w.tab.reload()
  await w.bench('insert', withPuk)
  await w.screen('card')
  assert.deepEqual([...asked], [new URL(w.url).host])
  assert.ok(await w.tab.evaluate(() => document.fonts.check('16px "Titillium Web"')))
  await w.close()
})

test('a whole renewal by keyboard only, with a visible focus that is never lost', async () => {
  const w = await open()
  const { tab } = w
  const focus = () =>
    tab.evaluate(() => {
      const e = document.activeElement
      const s = getComputedStyle(e)
      // WCAG 2.2, relative luminance and contrast of the ring with what lies under it.
      const parts = (c) => c.match(/[\d.]+/g).map(Number)
      const light = (c) => {
        const linear = (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
        const [r, g, b] = parts(c).map((v) => linear(v / 255))
        return 0.2126 * r + 0.7152 * g + 0.0722 * b
      }
      let under = e.parentElement
      while (under && (parts(getComputedStyle(under).backgroundColor)[3] ?? 1) < 1) under = under.parentElement
      const two = [light(s.outlineColor), under ? light(getComputedStyle(under).backgroundColor) : 1]
      return {
        contrast: (Math.max(...two) + 0.05) / (Math.min(...two) + 0.05),
        tag: e.tagName,
        id: e.id,
        text: (e.getAttribute('aria-label') ?? e.textContent).trim(),
        outline: s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2,
      }
    })
  /** Tabs to the element with this text, and sees the focus on the way. */
  const to = async (text) => {
    for (let i = 0; i < 60; i++) {
      const f = await focus()
      if (f.outline) assert.ok(f.contrast >= 3, `the ring of ${f.text} has a contrast of ${f.contrast}`)
      if (f.text === text && f.tag !== 'H2' && f.tag !== 'H1') {
        assert.ok(f.outline, `no visible focus on ${text}`)
        return
      }
      await tab.keyboard.press('Tab')
    }
    assert.fail(`${text} is not reached with Tab`)
  }
  // A state is known before its page is drawn.
  const asks = async (label) => {
    await w.text(label)
    await tab.waitForFunction(() => document.activeElement?.id === 'code')
  }
  const within = async () => assert.notEqual((await focus()).tag, 'BODY', 'the focus is lost')
  await w.bench('insert', withPuk)
  await w.screen('card')
  await to('RINNOVA')
  await tab.keyboard.press('Enter')
  await asks('Codice PIN')
  await tab.keyboard.press('Escape') // INDIETRO
  await w.screen('card')
  await within()
  await to('RINNOVA')
  await tab.keyboard.press('Space')
  await asks('Codice PIN')
  await tab.keyboard.type(PIN)
  await to('Mostra il codice')
  await tab.keyboard.press('Space')
  assert.equal(await tab.locator('#code').getAttribute('type'), 'text')
  await to('Tastiera a schermo')
  await tab.keyboard.press('Enter')
  await to('Cifra 7')
  await tab.keyboard.press('Enter')
  assert.equal(await tab.locator('#code').inputValue(), PIN + '7')
  await to('Cancella l’ultima cifra')
  await tab.keyboard.press('Enter')
  await to('PROSEGUI')
  await tab.keyboard.press('Enter')
  await asks('Codice PUK')
  await tab.keyboard.type(PUK)
  await tab.keyboard.press('Enter')
  await w.screen('done')
  await within()
  await w.bench('remove')
  await w.phase('wait')
  await tab.waitForTimeout(150)
  await within()
  await to('Salta l’attesa')
  await tab.keyboard.press('Enter')
  await w.phase('insert')
  await w.bench('back')
  await w.phase('seen')
  await tab.waitForTimeout(150)
  await to('PROVA L’ACCESSO')
  await tab.keyboard.press('Enter')
  await w.phase('entered')
  await to('CHIUDI')
  await tab.keyboard.press('Enter')
  await w.screen('nothing')
  await within()
  await w.close()
})

test('a whole renewal by the accessibility tree only', async () => {
  const w = await open()
  const { tab } = w
  const has = async (role, name) => {
    const e = tab.getByRole(role, { name, exact: true })
    await e.waitFor({ timeout: 10000 })
    return e
  }
  await w.bench('insert', withPuk)
  await has('heading', 'La tua tessera')
  assert.equal(await w.tab.getByRole('radio').count(), 0) // the sigla changes nothing here
  await (await has('button', 'RINNOVA')).click()
  await has('dialog', 'Rinnovo certificato')
  await (await has('textbox', 'Codice PIN')).fill(PIN)
  await (await has('button', 'PROSEGUI')).click()
  await (await has('textbox', 'Codice PUK')).fill(PUK)
  await (await has('button', 'PROSEGUI')).click()
  await has('heading', 'Certificato rinnovato con successo')
  assert.match(await tab.getByRole('dialog').ariaSnapshot(), /listitem[\s\S]*Rimuovi la tessera dal lettore/)
  await w.bench('remove')
  await (await has('button', 'Attendi un minuto in più')).click()
  await (await has('button', 'Salta l’attesa')).click()
  await w.bench('back')
  await (await has('button', 'PROVA L’ACCESSO')).click()
  await tab.getByRole('status').filter({ hasText: 'Accesso riuscito' }).waitFor()
  await (await has('button', 'CHIUDI')).click()
  await has('heading', /Nessun certificato rinnovabile presente nella carta: /)
  await w.close()
})

test('a new screen is announced with its lead and its first action, a failure with what to do', async () => {
  const w = await open()
  const { tab } = w
  await w.screen('no-card')
  await tab.getByRole('heading', { name: 'Inserisci la tessera' }).waitFor()
  await w.bench('insert', withoutPuk, 'cut-install')
  await w.screen('card')
  const said = tab.locator('p.visually-hidden[role=status]').first()
  assert.equal(await said.textContent(), 'La tua tessera. Il certificato è rinnovabile. RINNOVA')
  await w.click('RINNOVA')
  await w.screen('prompt')
  await w.code('Codice PIN', PIN)
  await w.screen('failed')
  const description = await tab.evaluate(() =>
    document.getElementById(document.activeElement.getAttribute('aria-describedby')).textContent)
  assert.match(description, /La tessera è integra.*Reinserisci la tessera e riprendi il rinnovo/)
  await w.close()
})
